//! What is made once for all cases.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Values that are made once, failures too.
#[derive(Debug)]
pub(super) struct Once<K, V, E = String>(Mutex<HashMap<K, Result<V, E>>>);

impl<K, V, E> Default for Once<K, V, E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone, E: Clone> Once<K, V, E> {
    pub(super) fn get(&self, key: K, make: impl FnOnce(&K) -> Result<V, E>) -> Result<V, E> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = map.get(&key) {
            return value.clone();
        }
        let value = make(&key);
        map.insert(key, value.clone());
        value
    }
}
