//! How many requests of bulk work run at once, over all of a replica: fewer as soon as the store
//! asks to slow down, more again while it does not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// The most requests at once.
pub(crate) const MOST_AT_ONCE: u32 = 32;

/// How many run at once at first.
const AT_FIRST: u32 = 8;

/// The pause before a request is sent again for the first time; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest of those pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A limit on requests that follows what the store can take: halved when it refuses, raised by one
/// for each full round without a refusal.
#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limit: u32,
    running: u32,
    /// Answers in a row since the limit last changed.
    answered: u32,
    /// How often the limit was halved: requests that were under way then do not halve it again.
    cuts: u64,
}

/// Leave to send one request, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'p> {
    pace: &'p Pace,
    cuts: u64,
}

impl Default for Pace {
    fn default() -> Self {
        let state = State { limit: AT_FIRST, running: 0, answered: 0, cuts: 0 };
        Self { state: Mutex::new(state), freed: Notify::new() }
    }
}

impl Pace {
    /// Waits until one more request may run.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        loop {
            let freed = self.freed.notified();
            if let Some(turn) = self.try_turn() {
                return turn;
            }
            freed.await;
        }
    }

    fn try_turn(&self) -> Option<Turn<'_>> {
        let mut state = self.state();
        if state.running >= state.limit {
            return None;
        }
        state.running += 1;
        Some(Turn { pace: self, cuts: state.cuts })
    }

    /// How many may run at once now.
    #[cfg(test)]
    pub(crate) fn limit(&self) -> u32 {
        self.state().limit
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The store took the request.
    pub(crate) fn answered(self) {
        let mut state = self.pace.state();
        state.answered += 1;
        if state.answered >= state.limit && state.limit < MOST_AT_ONCE {
            state.limit += 1;
            state.answered = 0;
            drop(state);
            self.pace.freed.notify_one();
        }
    }

    /// The store did not: throttled, timed out, or cut off.
    pub(crate) fn refused(self) {
        let mut state = self.pace.state();
        state.answered = 0;
        if state.cuts == self.cuts {
            state.limit = (state.limit / 2).max(1);
            state.cuts += 1;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pace.state().running -= 1;
        self.pace.freed.notify_one();
    }
}

/// How long to wait before the try after `attempt` (from 0): about twice as long each time, at
/// random so that those who were refused together do not come back together.
pub(crate) fn pause(random: &dyn crate::random::Random, attempt: u32) -> Duration {
    let ceiling = FIRST_PAUSE.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE);
    let half = ceiling / 2;
    half + Duration::from_micros(random.below(u64::try_from(half.as_micros()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;

    async fn turns(pace: &Pace) -> Vec<Turn<'_>> {
        let limit = pace.limit() as usize;
        join_all((0..limit).map(|_| pace.turn())).await
    }

    #[tokio::test]
    async fn it_grows_by_one_a_round_and_is_halved_once_a_round() {
        let pace = Pace::default();
        turns(&pace).await.into_iter().for_each(Turn::answered);
        assert_eq!(pace.limit(), AT_FIRST + 1);
        turns(&pace).await.into_iter().for_each(Turn::refused);
        assert_eq!(pace.limit(), AT_FIRST.div_ceil(2));
        for _ in 0..10 {
            turns(&pace).await.into_iter().for_each(Turn::refused);
        }
        assert_eq!(pace.limit(), 1);
        for _ in 0..100 {
            turns(&pace).await.into_iter().for_each(Turn::answered);
        }
        assert_eq!(pace.limit(), MOST_AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_limit_run_and_all_get_their_turn() {
        let pace = Pace::default();
        let (running, most) = (std::cell::Cell::new(0_u32), std::cell::Cell::new(0_u32));
        let work = (0..200).map(|n| {
            let (pace, running, most) = (&pace, &running, &most);
            async move {
                let turn = pace.turn().await;
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                assert!(running.get() <= pace.limit().max(AT_FIRST));
                tokio::time::sleep(Duration::from_millis(n % 7)).await;
                running.set(running.get() - 1);
                drop(turn);
            }
        });
        join_all(work).await;
        assert_eq!((running.get(), most.get()), (0, AT_FIRST));
    }
}
