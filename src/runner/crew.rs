//! A handful of futures played side by side on one task, each polled only when
//! it was woken.
//!
//! Tasks of their own would have to own all they use; these borrow, and are gone
//! when the crew is dropped.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Futures played side by side; ready when all have ended.
pub(super) struct Crew<'a> {
    members: Vec<Option<Member<'a>>>,
    /// How many have not ended.
    alive: usize,
    /// Who is polled in this round; kept for its memory.
    round: Vec<usize>,
    board: Arc<Board>,
}

struct Member<'a> {
    future: Pin<Box<dyn Future<Output = ()> + 'a>>,
    waker: Waker,
}

/// Who wants to be polled.
#[derive(Default)]
struct Board {
    state: Mutex<Wanted>,
}

#[derive(Default)]
struct Wanted {
    members: Vec<usize>,
    /// Whether each member is on the board already.
    listed: Vec<bool>,
    /// Wakes whoever polls the crew.
    outer: Option<Waker>,
}

impl Board {
    fn with<T>(&self, look: impl FnOnce(&mut Wanted) -> T) -> T {
        // Nothing panics while it holds the lock.
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Puts one member on the board.
struct Call {
    member: usize,
    board: Arc<Board>,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let outer = self.board.with(|wanted| {
            if !std::mem::replace(&mut wanted.listed[self.member], true) {
                wanted.members.push(self.member);
            }
            wanted.outer.take()
        });
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

impl<'a> Crew<'a> {
    /// Plays these futures.
    pub(super) fn new<F: Future<Output = ()> + 'a>(futures: impl IntoIterator<Item = F>) -> Self {
        let board = Arc::new(Board::default());
        let members: Vec<_> = futures
            .into_iter()
            .enumerate()
            .map(|(member, future)| {
                let waker = Arc::new(Call { member, board: Arc::clone(&board) }).into();
                Some(Member { future: Box::pin(future), waker })
            })
            .collect();
        board.with(|wanted| {
            wanted.members.extend(0..members.len());
            wanted.listed.resize(members.len(), true);
        });
        let alive = members.len();
        Self { members, alive, round: Vec::new(), board }
    }
}

impl Future for Crew<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        // One round: who is woken meanwhile has to wait for the next, so that
        // sockets and timers are looked at in between.
        this.board.with(|wanted| {
            std::mem::swap(&mut wanted.members, &mut this.round);
            for member in &this.round {
                wanted.listed[*member] = false;
            }
            wanted.outer = Some(context.waker().clone());
        });
        for next in this.round.drain(..) {
            let Some(member) = &mut this.members[next] else { continue };
            let mut own = Context::from_waker(&member.waker);
            if member.future.as_mut().poll(&mut own).is_ready() {
                this.members[next] = None;
                this.alive -= 1;
            }
        }
        if this.alive == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn members_run_side_by_side_and_borrow_what_they_use() {
        let ended = RefCell::new(Vec::new());
        let member = async |n: u64| {
            sleep(Duration::from_secs(n)).await;
            ended.borrow_mut().push(n);
        };
        let start = tokio::time::Instant::now();
        Crew::new([member(3), member(1), member(2)]).await;
        assert_eq!(*ended.borrow(), [1, 2, 3]);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_is_polled_only_when_it_was_woken() {
        let polls = Cell::new(0);
        let sleeper = async {
            let mut sleep = std::pin::pin!(sleep(Duration::from_secs(9)));
            std::future::poll_fn(|context| {
                polls.set(polls.get() + 1);
                sleep.as_mut().poll(context)
            })
            .await;
        };
        let busy = async {
            for _ in 0..50 {
                sleep_briefly().await;
            }
        };
        let both: [Pin<Box<dyn Future<Output = ()>>>; 2] = [Box::pin(sleeper), Box::pin(busy)];
        Crew::new(both).await;
        assert_eq!(polls.get(), 2);
    }

    async fn sleep_briefly() {
        sleep(Duration::from_millis(10)).await;
    }

    #[tokio::test]
    async fn nobody_at_all_is_done_at_once() {
        Crew::new(std::iter::empty::<std::future::Ready<()>>()).await;
    }
}
