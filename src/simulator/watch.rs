//! Waiting for messages by their Message-ID, where another server stands between.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::store::{Delivered, Store};

/// Most copies of its messages that a watch gives: one is wanted, and a server that sends
/// ever more must cost no more than so many.
const COPIES: usize = 100;

/// What arrives at a front door under some Message-IDs. It ends when it is dropped.
#[derive(Debug)]
pub struct Watch {
    store: Arc<Store>,
    arriving: mpsc::Receiver<Arc<Delivered>>,
    missed: bool,
    /// How many it will give yet.
    left: usize,
}

impl Watch {
    pub(super) fn new(store: &Arc<Store>, door: usize, ids: &[String], since: Instant) -> Self {
        let (to, arriving) = mpsc::channel(COPIES);
        let missed = store.watch(door, ids, since, to);
        Self { store: Arc::clone(store), arriving, missed, left: COPIES }
    }

    /// Waits for the next message; `None` after a hundred. Dropping the wait loses none.
    pub async fn next(&mut self) -> Option<Arc<Delivered>> {
        if self.left == 0 {
            return None;
        }
        // The store drops its end after ours.
        let message = self.arriving.recv().await;
        self.left -= 1;
        message
    }

    /// Whether messages may have arrived, and been given up for lack of room, before the
    /// watch began: then nothing follows from what it has not seen.
    #[must_use]
    pub const fn has_missed(&self) -> bool {
        self.missed
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.arriving.close();
        self.store.forget();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::exchange::{Account, Endpoint};
    use crate::smtp::ReversePath;

    fn message(door: usize, id: &str, at: Instant) -> Delivered {
        Delivered {
            door,
            session: "08DD842467C8274D".to_owned(),
            message_id: Some(id.to_owned()),
            at,
            endpoint: Endpoint::Mx,
            address: [127, 0, 0, 1].into(),
            tls: None,
            mail_from: ReversePath::Null,
            rcpt_to: Vec::new(),
            attribution: None,
            account: Account::default(),
            head: Vec::new(),
            size: 0,
        }
    }

    async fn next(watch: &mut Watch) -> Option<Arc<Delivered>> {
        timeout(Duration::from_millis(50), watch.next()).await.ok().flatten()
    }

    #[tokio::test]
    async fn messages_are_seen_whether_they_came_before_or_come_later() {
        let store = Arc::new(Store::default());
        let now = Instant::now();
        let ids = ["<1@a>".to_owned(), "<2@a>".to_owned()];
        store.keep(message(0, "<1@a>", now - Duration::from_secs(1)));
        store.keep(message(0, "<1@a>", now));
        let mut watch = Watch::new(&store, 0, &ids, now);
        assert!(!watch.has_missed());
        store.keep(message(1, "<2@a>", now));
        store.keep(message(0, "<3@a>", now));
        let later = tokio::spawn({
            let store = Arc::clone(&store);
            async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                store.keep(message(0, "<2@a>", now));
            }
        });
        let seen = [next(&mut watch).await, next(&mut watch).await]
            .map(|seen| seen.and_then(|m| m.message_id.clone()));
        assert_eq!(seen, [Some("<1@a>".to_owned()), Some("<2@a>".to_owned())]);
        later.await.expect("it only keeps a message");
        assert!(next(&mut watch).await.is_none(), "of that door, those ids and that time there are two");
    }

    #[tokio::test]
    async fn a_flood_costs_no_more_than_so_many_copies() {
        let store = Arc::new(Store::default());
        let now = Instant::now();
        let mut watch = Watch::new(&store, 0, &["<1@a>".to_owned()], now);
        (0..COPIES * 3).for_each(|_| store.keep(message(0, "<1@a>", now)));
        let mut seen = 0;
        while next(&mut watch).await.is_some() {
            seen += 1;
            store.keep(message(0, "<1@a>", now));
        }
        assert_eq!(seen, COPIES);
    }

    #[test]
    fn what_had_to_go_before_the_watch_began_may_have_been_missed() {
        let store = Arc::new(Store::default());
        let began = Instant::now();
        (0..1_001).for_each(|_| store.keep(message(0, "<1@a>", began)));
        assert!(Watch::new(&store, 0, &["<2@a>".to_owned()], began).has_missed());
        let later = began + Duration::from_millis(1);
        assert!(!Watch::new(&store, 0, &["<2@a>".to_owned()], later).has_missed());
    }
}
