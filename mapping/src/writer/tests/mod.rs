//! That one writes alone, and that it loses nothing over a store that looks at no condition.

mod contest;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use super::seat::Seat;
use super::*;
use crate::clock::TimerClock;
use crate::error::ErrorKind;
use crate::key::ObjectKey;
use crate::random::SeededRandom;
use crate::store::faulty::{Fault, Faults, FaultyStore};
use crate::store::memory::MemoryStore;
use crate::store::odd::{Conditions, Odd};
use crate::store::{Attributes, Body, Condition, ObjectStore};

/// A store for which conditions are as `conditions` says, and the clock that goes with the timers.
fn careless(conditions: Conditions) -> (Store, Arc<TimerClock>) {
    let clock = Arc::new(TimerClock::new());
    let memory = MemoryStore::new(Arc::clone(&clock) as Arc<_>).with_least_part(1000);
    (Arc::new(Odd { conditions, ..Odd::around(Arc::new(memory)) }), clock)
}

/// A process that wants to write, and what can befall its requests.
struct Process {
    faulty: Arc<FaultyStore>,
    clock: Arc<TimerClock>,
    random: SeededRandom,
}

impl Process {
    fn over((store, clock): &(Store, Arc<TimerClock>), seed: u64) -> Self {
        let faulty = Arc::new(FaultyStore::new(Arc::clone(store), Faults::default()));
        Self { faulty, clock: Arc::clone(clock), random: SeededRandom::new(seed) }
    }

    async fn take(&self) -> Result<WriterPlace> {
        WriterPlace::take(Arc::clone(&self.faulty) as Store, Arc::clone(&self.clock) as Arc<_>, &self.random).await
    }

    /// From now on no request of it has an answer.
    fn cut_off(&self) {
        self.faulty.set_faults(Faults { refused: 1000, ..Faults::default() });
    }

    async fn may_serve(&self) -> Result<()> {
        nobody_writes_alone(Arc::clone(&self.faulty) as Store, Arc::clone(&self.clock) as Arc<_>).await
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

fn two() -> [Process; 2] {
    let world = careless(Conditions::Ignored);
    [1, 2].map(|seed| Process::over(&world, seed))
}

#[tokio::test(start_paused = true)]
async fn who_comes_second_is_refused_until_the_first_has_gone() {
    let [one, other] = two();
    let place = one.take().await.unwrap();
    for _ in 0..5 {
        let error = other.take().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Conflict && error.message().contains("--single-writer"), "{error}");
        assert!(place.is_held());
        tokio::time::sleep(Duration::from_mins(10)).await;
    }
    place.give_back(Duration::from_secs(1)).await;
    let before = other.elapsed();
    let next = other.take().await.unwrap();
    assert!(next.is_held());
    assert_eq!(other.elapsed() - before, SETTLE, "at once, but for those who begin at the same moment");
}

#[tokio::test(start_paused = true)]
async fn who_has_died_is_followed_when_nothing_it_sent_can_arrive() {
    let [one, other] = two();
    let place = one.take().await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    one.cut_off();
    let died = one.elapsed();
    let mut lost_after = None;
    let (next, ()) = tokio::join!(other.take(), async {
        place.lost().await;
        lost_after = Some(one.elapsed() - died);
        assert!(!place.is_held());
    });
    let taken_after = other.elapsed() - died;
    assert!(next.unwrap().is_held());
    let lost_after = lost_after.unwrap();
    assert!(lost_after <= LIFE, "{lost_after:?}");
    assert!(taken_after >= lost_after + SETTLE, "{taken_after:?} after, lost {lost_after:?} after");
    assert!(taken_after <= SILENCE + SETTLE + BEAT, "{taken_after:?}");
}

#[tokio::test(start_paused = true)]
async fn of_two_that_begin_at_once_one_writes() {
    for apart in 0..60 {
        let [one, other] = two();
        let late = async {
            tokio::time::sleep(Duration::from_millis(apart * 200)).await;
            other.take().await
        };
        let (first, second) = tokio::join!(one.take(), late);
        assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1, "{apart}: {first:?} {second:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_beat_that_fails_now_and_then_loses_nothing() {
    let [one, _] = two();
    let place = one.take().await.unwrap();
    for _ in 0..20 {
        let next = one.faulty.calls() + 1;
        one.faulty
            .set_faults(Faults { at: [(next, Fault::Refuse), (next + 1, Fault::Refuse)].into(), ..Faults::default() });
        tokio::time::sleep(LIFE).await;
        assert!(place.is_held());
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_somebody_else_in_its_place_writes_no_more() {
    let [one, other] = two();
    let place = one.take().await.unwrap();
    let store = LoneStore::new(Arc::clone(&one.faulty) as Store, place.clone());
    let key = ObjectKey::scratch("r", "x");
    let write = || store.put(&key, Body::from(vec![1]), Attributes::default(), Condition::Always);
    write().await.unwrap();
    // As a request does that was under way for very long.
    let record = record::WriterRecord {
        writer: Some(crate::id::ReplicaId::random(&other.random)),
        beat: 7,
        since: other.clock.now(),
    };
    Seat::new(Arc::clone(&other.faulty) as Store, Arc::clone(&other.clock) as Arc<_>).write(record).await.unwrap();
    place.lost().await;
    assert!(write().await.unwrap_err().is_unknown());
    place.give_back(Duration::from_secs(1)).await;
    let before = other.elapsed();
    other.take().await.unwrap();
    assert!(other.elapsed() - before >= SILENCE, "what is not ours is not given back");
}

#[tokio::test(start_paused = true)]
async fn nobody_else_serves_beside_it() {
    let world = careless(Conditions::Kept);
    let [one, other] = [1, 2].map(|seed| Process::over(&world, seed));
    other.may_serve().await.unwrap();
    assert_eq!(other.faulty.calls(), 1, "one request");
    let place = one.take().await.unwrap();
    assert_eq!(other.may_serve().await.unwrap_err().kind(), ErrorKind::Conflict);
    one.cut_off();
    place.lost().await;
    let before = other.elapsed();
    other.may_serve().await.unwrap();
    assert!(other.elapsed() - before >= SILENCE);
    let (before, calls) = (other.elapsed(), other.faulty.calls());
    other.may_serve().await.unwrap();
    assert_eq!((other.elapsed() - before, other.faulty.calls() - calls), (Duration::ZERO, 1), "it was cleared");
}
