//! Which of the faults on demand strike.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::exchange::Faults;

/// The faults of one front door, and how often each key has been drawn for.
#[derive(Debug, Default)]
pub(super) struct Luck {
    pub(super) faults: Faults,
    drawn: Mutex<HashMap<String, u32>>,
}

/// Most keys that are counted; past it they all begin anew.
const KEYS: usize = 100_000;

impl Luck {
    pub(super) fn new(faults: Faults) -> Self {
        Self { faults, drawn: Mutex::default() }
    }

    /// Whether the fault strikes whom the key names, this time.
    pub(super) fn strikes(&self, percent: u8, key: String) -> bool {
        if percent == 0 {
            return false;
        }
        // Nothing panics while it holds the lock.
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.len() >= KEYS {
            drawn.clear();
        }
        let n = *drawn.entry(key.clone()).and_modify(|n| *n = n.wrapping_add(1)).or_insert(0);
        self.faults.strike(percent, &key, n)
    }
}
