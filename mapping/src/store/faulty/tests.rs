//! That each fault does what it says, and that a seed replays.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;

use super::*;
use crate::clock::ManualClock;
use crate::store::memory::{MemoryStore, Repeat};

fn store(faults: Faults) -> FaultyStore {
    FaultyStore::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::new()))), faults)
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::scratch("r", name)
}

async fn put(store: &FaultyStore, name: &str) -> StoreResult<ETag> {
    store.put(&key(name), Body::from(vec![7; 100]), Attributes::default(), Condition::Absent).await
}

fn kind<T>(result: StoreResult<T>) -> Option<StoreErrorKind> {
    result.err().map(|error| error.kind())
}

#[tokio::test]
async fn a_refused_call_is_not_done_and_a_lost_answer_is() {
    for (fault, answer, done) in [
        (Fault::Refuse, StoreErrorKind::Unavailable, false),
        (Fault::Conflict, StoreErrorKind::Conflict, false),
        (Fault::LoseAnswer, StoreErrorKind::Unavailable, true),
        (Fault::CutBody, StoreErrorKind::Unavailable, false),
    ] {
        let store = store(Faults::once(1, fault));
        assert_eq!(kind(put(&store, "x").await), Some(answer), "{fault:?}");
        assert_eq!(store.head(&key("x")).await.is_ok(), done, "{fault:?}");
    }
}

#[tokio::test]
async fn a_cut_read_breaks_half_way() {
    let store = store(Faults::once(2, Fault::CutBody));
    put(&store, "x").await.unwrap();
    let body = store.get(&key("x"), GetOptions::default()).await.unwrap().body;
    let mut seen = 0;
    let end = body.try_for_each(|chunk| {
        seen += chunk.len();
        futures::future::ready(Ok(()))
    });
    assert!(end.await.is_err());
    assert_eq!(seen, 50);
}

#[tokio::test]
async fn a_dropped_upload_is_gone() {
    let store = store(Faults::once(2, Fault::DropUpload));
    let upload = store.create_multipart(&key("x"), Attributes::default()).await.unwrap();
    let part = store.put_part(&key("x"), &upload, 1, Body::from(vec![1])).await;
    assert_eq!(kind(part), Some(StoreErrorKind::NoSuchUpload));
}

#[tokio::test]
async fn the_dead_do_nothing_more() {
    for (at, moment, only_writes, answered, stored) in [
        (4, Moment::Before, false, 1, 1),
        (4, Moment::After, false, 1, 2),
        (3, Moment::Before, true, 2, 2),
        (3, Moment::After, true, 2, 3),
    ] {
        let store = store(Faults::default());
        store.kill_at(Kill { at, moment, only_writes });
        let (mut seen, mut there) = (0, 0);
        for name in ["a", "b", "c", "d"] {
            let _ = store.head(&key(name)).await;
            seen += u64::from(put(&store, name).await.is_ok());
        }
        for name in ["a", "b", "c", "d"] {
            there += u64::from(store.inner.head(&key(name)).await.is_ok());
        }
        assert_eq!((seen, there), (answered, stored), "at {at}, {moment:?}");
        assert!(store.is_dead());
        assert_eq!(if only_writes { store.writes() } else { store.calls() }, at);
    }
}

#[tokio::test(start_paused = true)]
async fn one_seed_fails_the_same_calls() {
    let faults = Faults { seed: 11, refused: 200, lost: 200, latency: Duration::from_millis(5), ..Faults::default() };
    let mut runs = Vec::new();
    for seed in [11, 11, 12] {
        let store = store(Faults { seed, ..faults.clone() });
        let mut run = Vec::new();
        for number in 0..200 {
            run.push(kind(put(&store, &number.to_string()).await));
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    let failed = runs[0].iter().filter(|answer| answer.is_some()).count();
    assert!((40..120).contains(&failed), "{failed} of 200 failed");
}

#[tokio::test]
async fn a_call_sent_twice_answers_what_the_store_says_of_the_second() {
    let faulty = store(Faults::once(1, Fault::Resend));
    assert_eq!(kind(put(&faulty, "x").await), Some(StoreErrorKind::PreconditionFailed));
    assert!(faulty.head(&key("x")).await.is_ok());
    for (repeat, answer) in [(Repeat::Succeeds, None), (Repeat::NoSuchUpload, Some(StoreErrorKind::NoSuchUpload))] {
        let memory = MemoryStore::new(Arc::new(ManualClock::new())).with_repeat(repeat);
        let store = FaultyStore::new(Arc::new(memory), Faults::once(3, Fault::Resend));
        let upload = store.create_multipart(&key("x"), Attributes::default()).await.unwrap();
        let etag = store.put_part(&key("x"), &upload, 1, Body::from(vec![1])).await.unwrap();
        let parts = [Part { number: 1, size: 1, etag }];
        assert_eq!(kind(store.complete_multipart(&key("x"), &upload, &parts, Condition::Absent).await), answer);
        assert_eq!(store.head(&key("x")).await.unwrap().size, 1);
    }
}
