//! A lease is held by one at a time, whatever happens to those who want it.

mod contest;

use std::sync::Arc;
use std::time::Duration;

use super::{Attempt, Done, Lease, Terms, Watch};
use crate::bucket::{Bucket, Settings};
use crate::clock::{Clock, ManualClock, TimerClock};
use crate::error::ErrorKind;
use crate::key::ObjectKey;
use crate::store::Store;
use crate::store::faulty::{Fault, Faults, FaultyStore, Kill, Moment};
use crate::store::memory::MemoryStore;
use crate::testing;

const LIFE: Duration = Duration::from_secs(60);
const LATE: Duration = Duration::from_secs(300);
const MOMENT: Duration = Duration::from_millis(1);
const TERMS: Terms = Terms { life: LIFE, late: LATE };

/// A replica, what can befall its store, and its watch over the one lease.
struct Replica {
    bucket: Bucket,
    faulty: Arc<FaultyStore>,
    watch: Watch,
}

impl Replica {
    async fn over<C: Clock + 'static>(inner: &Store, clock: Arc<C>, seed: u64, terms: Terms) -> Self {
        let faulty = Arc::new(FaultyStore::new(Arc::clone(inner), Faults::default()));
        let store = Arc::clone(&faulty) as Store;
        let bucket = testing::open(store, clock, Settings::default(), seed).await.unwrap();
        Self { bucket, faulty, watch: Watch::new(ObjectKey::lease("test"), terms) }
    }

    async fn take(&self) -> Lease {
        match self.watch.try_take(&self.bucket).await.unwrap() {
            Attempt::Taken(lease) => lease,
            Attempt::Held { by, .. } => panic!("held by {by}"),
        }
    }

    async fn is_kept_out(&self) -> Duration {
        match self.watch.try_take(&self.bucket).await.unwrap() {
            Attempt::Taken(_) => panic!("taken"),
            Attempt::Held { look_again, .. } => look_again,
        }
    }
}

/// Two replicas whose clocks go with the timers.
async fn two() -> [Replica; 2] {
    let clock = Arc::new(TimerClock::new());
    let inner: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
    [1, 2].map(|seed| Replica::over(&inner, Arc::clone(&clock), seed, TERMS)).map(futures::executor::block_on)
}

#[tokio::test(start_paused = true)]
async fn one_holds_it_for_as_long_as_it_wants_and_then_the_next_at_once() {
    let [one, other] = two().await;
    let lease = one.take().await;
    for _ in 0..100 {
        assert_eq!(other.is_kept_out().await, LIFE + LATE);
        assert!(lease.is_mine_for(LIFE / 2));
        assert!(!lease.is_mine_for(LIFE + MOMENT));
        tokio::time::sleep(LIFE).await;
    }
    assert_eq!(lease.while_mine(async { 7 }).await.unwrap(), 7);
    lease.release(Done::Yes).await.unwrap();
    other.take().await;
}

#[tokio::test(start_paused = true)]
async fn who_died_is_followed_when_it_has_been_silent_for_the_whole_time() {
    let [one, other] = two().await;
    let lease = one.take().await;
    one.faulty.kill_at(Kill { at: 0, moment: Moment::Before, only_writes: false });
    tokio::time::sleep(LIFE).await;
    assert!(!lease.is_mine_for(Duration::ZERO));
    // Silent for long, but nobody has watched.
    tokio::time::sleep(LATE + LIFE).await;
    assert_eq!(other.is_kept_out().await, LIFE + LATE);
    tokio::time::sleep(LIFE + LATE - MOMENT).await;
    assert_eq!(other.is_kept_out().await, MOMENT);
    tokio::time::sleep(MOMENT).await;
    other.take().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_dropped_is_not_renewed() {
    let [one, other] = two().await;
    drop(one.take().await);
    other.is_kept_out().await;
    let calls = one.faulty.calls();
    tokio::time::sleep(LIFE + LATE).await;
    assert_eq!(one.faulty.calls(), calls);
    other.take().await;
}

#[tokio::test(start_paused = true)]
async fn who_cannot_renew_stops_in_time_and_does_not_come_back() {
    let [one, other] = two().await;
    let lease = one.take().await;
    one.faulty.set_faults(Faults { refused: 1000, ..Faults::default() });
    let work = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let began = tokio::time::Instant::now();
    let error = lease.while_mine::<()>(work).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(began.elapsed() <= LIFE && began.elapsed() >= LIFE / 2, "{:?}", began.elapsed());
    one.faulty.set_faults(Faults::default());
    other.is_kept_out().await;
    tokio::time::sleep(LIFE + LATE).await;
    let taken = other.take().await;
    assert!(!lease.is_mine_for(Duration::ZERO));
    // It gives back nothing that is not its own any more.
    lease.release(Done::Yes).await.unwrap();
    one.is_kept_out().await;
    assert!(taken.is_mine_for(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_is_lost_renews() {
    let [one, other] = two().await;
    let lease = one.take().await;
    // A renewal reads, writes, and looks whether the write was done.
    let writes = (0..200).map(|renewal| one.faulty.calls() + 3 * renewal + 2);
    let at = writes.map(|call| (call, Fault::LoseAnswer)).collect();
    one.faulty.set_faults(Faults { at, ..Faults::default() });
    for _ in 0..50 {
        tokio::time::sleep(LIFE / 2).await;
        assert!(lease.is_mine_for(Duration::ZERO));
        other.is_kept_out().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_too_slowly_is_not_held() {
    let [one, other] = two().await;
    one.faulty.set_faults(Faults { answers: LIFE * 4, seed: 1, ..Faults::default() });
    let error = one.watch.try_take(&one.bucket).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    other.is_kept_out().await;
    tokio::time::sleep(LIFE + LATE).await;
    other.take().await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_does_not_believe_in_its_lease() {
    /// A clock whose elapsed time stands still while the machine sleeps.
    #[derive(Debug, Default)]
    struct Suspended(ManualClock);
    impl Clock for Suspended {
        fn now(&self) -> crate::Timestamp {
            self.0.now()
        }
        fn elapsed(&self) -> Duration {
            Duration::from_secs(1)
        }
    }
    let clock = Arc::new(Suspended::default());
    let inner: Store = Arc::new(MemoryStore::new(Arc::new(ManualClock::new())));
    let one = Replica::over(&inner, Arc::clone(&clock), 1, TERMS).await;
    let lease = one.take().await;
    assert!(lease.is_mine_for(LIFE / 2));
    clock.0.advance(LIFE);
    assert!(!lease.is_mine_for(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stops_renews_no_more_and_keeps_what_is_left_of_its_lease() {
    let [one, _] = two().await;
    let lease = one.take().await;
    tokio::time::sleep(LIFE * 3).await;
    one.bucket.drain(Duration::from_secs(5)).await;
    assert!(lease.is_mine_for(LIFE / 2));
    tokio::time::sleep(LIFE).await;
    assert!(!lease.is_mine_for(Duration::ZERO));
}
