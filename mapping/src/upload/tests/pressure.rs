//! The budget when it is small, and clients when they are slow.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, timeout};

use super::watched::Watched;
use super::*;
use crate::error::ErrorKind;
use crate::files::WriteOptions;
use crate::key::KeyPrefix;
use crate::store::ListRequest;

pub(super) const KIB: u64 = 1 << 10;

/// Cells of 8 KiB.
pub(super) fn small(budget_bytes: u32) -> Settings {
    Settings { part_floor: 5 * KIB, budget_bytes, ..Settings::default() }
}

pub(super) async fn over(settings: Settings) -> (Arc<Watched>, TestBucket) {
    let clock = Arc::new(ManualClock::new());
    let store = Watched::new(&clock);
    let test = TestBucket::over(Arc::clone(&store) as Store, clock, settings).await;
    (store, test)
}

fn pending() -> BodyStream {
    stream::pending().boxed()
}

#[tokio::test(start_paused = true)]
async fn streams_of_unknown_length_never_wait_for_themselves() {
    for (budget, streams) in [(32 << 10, 2), (32 << 10, 4), (8 << 10, 1), (8 << 10, 3)] {
        let (_, test) = over(small(budget)).await;
        let folder = test.open::<Write>().await;
        let began = Instant::now();
        let writes: FuturesUnordered<_> = (0..streams)
            .map(|n| {
                let folder = folder.clone();
                let path = format!("f{n}").parse().unwrap();
                async move { folder.write(&path, None, body(0..100 * KIB), WriteOptions::default()).await }
            })
            .collect();
        let written: Vec<_> = timeout(Duration::from_secs(59), writes.try_collect()).await.unwrap().unwrap();
        assert_eq!(written.len(), streams);
        assert!(began.elapsed() < Duration::from_secs(59));
        for n in 0..streams {
            assert!(read(&folder, &format!("f{n}")).await == content(0..100 * KIB));
        }
        test.bucket.drain(Duration::from_secs(5)).await;
        assert_eq!(test.bucket.budget().held(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn clients_that_send_nothing_leave_room_for_those_who_do() {
    let (_, test) = over(Settings::default()).await;
    let folder = test.open::<Write>().await;
    let cell = 8 << 20;
    let stalled = start(&folder, "stalled", Some(10 * cell)).await;
    let other = start(&folder, "other", Some(100 * KIB)).await;
    let waiting: FuturesUnordered<_> = (0..4).map(|n| stalled.append(n * cell, cell, pending())).collect();
    let sent = async {
        sleep(Duration::from_millis(100)).await;
        timeout(Duration::from_secs(1), other.append(0, 10 * KIB, body(0..10 * KIB))).await
    };
    tokio::select! {
        sent = sent => sent.unwrap().unwrap(),
        _ = waiting.collect::<Vec<_>>() => panic!("nothing was sent"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_piece_that_does_not_come_loses_its_room() {
    let (_, test) = over(small(8 << 10)).await;
    let folder = test.open::<Write>().await;
    let upload = start(&folder, "stalled", Some(100 * KIB)).await;
    let waiting: FuturesUnordered<_> = (0..4).map(|n| upload.append(n * 9 * KIB, 2 * KIB, pending())).collect();
    let answers: Vec<_> = timeout(Duration::from_secs(31), waiting.collect()).await.unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().kind() == ErrorKind::Invalid));
    assert_eq!(test.bucket.budget().held(), 0);
    let path = "f".parse().unwrap();
    let stream = folder.write(&path, None, pending(), WriteOptions::default());
    let answer = timeout(Duration::from_secs(31), stream).await.unwrap();
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn a_tiny_piece_is_charged_what_it_costs() {
    let (_, test) = over(Settings::default()).await;
    let folder = test.open::<Write>().await;
    let upload = start(&folder, "tiny", Some(100 * KIB)).await;
    for at in 0..10 {
        upload.append(at * 2, 1, body(at * 2..at * 2 + 1)).await.unwrap();
    }
    assert_eq!(test.bucket.budget().held(), 5120);
}

#[tokio::test(start_paused = true)]
async fn chunks_are_stored_in_time_while_another_cell_is_on_its_way() {
    let (store, test) = over(small(32 << 20)).await;
    let folder = test.open::<Write>().await;
    let upload = start(&folder, "f", Some(100 * KIB)).await;
    store.parts.forget_permits(usize::MAX);
    upload.append(0, 4 * KIB, body(0..4 * KIB)).await.unwrap();
    let last = upload.append(4 * KIB, 4 * KIB, body(4 * KIB..8 * KIB));
    let next = async {
        sleep(Duration::from_secs(3)).await;
        upload.append(8 * KIB, KIB, body(8 * KIB..9 * KIB)).await.unwrap();
        sleep(Duration::from_secs(2)).await;
        test.store.list(ListRequest::all(KeyPrefix::bundles(upload.id()))).await.unwrap().objects.len()
    };
    tokio::select! {
        bundles = next => assert_eq!(bundles, 1),
        answer = last => panic!("a part passed: {answer:?}"),
    }
    store.parts.add_permits(1);
}
