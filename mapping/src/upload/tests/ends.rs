//! Finishes that many ask for, that fail, or that died; and what the sweep makes of them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{sleep, timeout};

use super::pressure::{KIB, over, small};
use super::*;
use crate::key::KeyPrefix;
use crate::store::ListRequest;
use crate::upload::record::State;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(start_paused = true)]
async fn finishes_that_nobody_waits_for_leave_little_work() {
    let (store, test) = over(small(32 << 20)).await;
    let upload = start(&test.open::<Write>().await, "f", Some(100 * KIB)).await;
    upload.append(0, KIB, body(0..KIB)).await.unwrap();
    let before = store.calls.load(Ordering::SeqCst);
    join_all((0..200).map(|_| timeout(Duration::from_millis(1), upload.finish()))).await;
    sleep(Duration::from_secs(600)).await;
    let calls = store.calls.load(Ordering::SeqCst) - before;
    assert!(calls < 100, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn finishes_that_wait_for_one_another_name_the_same_holes() {
    let (store, test) = over(small(32 << 20)).await;
    let upload = start(&test.open::<Write>().await, "f", Some(100 * KIB)).await;
    upload.append(0, KIB, body(0..KIB)).await.unwrap();
    let before = store.calls.load(Ordering::SeqCst);
    let answers = timeout(Duration::from_secs(4), join_all((0..200).map(|_| upload.finish()))).await.unwrap();
    for answer in answers {
        assert_eq!(answer.unwrap_err().missing(), std::slice::from_ref(&(KIB..100 * KIB)));
    }
    let calls = store.calls.load(Ordering::SeqCst) - before;
    assert!(calls < 100, "{calls} calls");
    upload.append(KIB, 99 * KIB, body(KIB..100 * KIB)).await.unwrap();
    assert_eq!(upload.finish().await.unwrap().size, 100 * KIB);
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_finish_died_can_be_given_up_and_expires_but_not_while_it_runs() {
    let (store, test) = over(Settings { session_life: Duration::from_secs(60), ..small(32 << 20) }).await;
    let folder = test.open::<Write>().await;
    let (given_up, left) = (start(&folder, "f", Some(KIB)).await, start(&folder, "g", Some(KIB)).await);
    store.refuse_files.store(true, Ordering::SeqCst);
    for upload in [&given_up, &left] {
        upload.append(0, KIB, body(0..KIB)).await.unwrap();
        assert_eq!(upload.finish().await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    test.clock.advance(Duration::from_secs(590));
    assert_eq!(given_up.abort().await.unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().expired, 0);
    // Another try is another sign of life.
    assert_eq!(left.finish().await.unwrap_err().kind(), ErrorKind::Unavailable);
    test.clock.advance(Duration::from_secs(20));
    given_up.abort().await.unwrap();
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().expired, 0);
    test.clock.advance(Duration::from_secs(600));
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().expired, 1);
}

#[tokio::test(start_paused = true)]
async fn a_finish_that_died_after_the_file_was_there_is_neither_given_up_nor_expired() {
    let (_, test) = over(small(32 << 20)).await;
    let folder = test.open::<Write>().await;
    for (name, abort) in [("f", true), ("g", false)] {
        let upload = start(&folder, name, Some(KIB)).await;
        upload.append(0, KIB, body(0..KIB)).await.unwrap();
        upload.finish().await.unwrap();
        let unnoted = |record: &mut crate::upload::UploadRecord| {
            record.state = State::Finishing;
            Ok(crate::manifest::Change::Save(()))
        };
        upload.session.record().update(unnoted).await.unwrap();
        test.clock.advance(8 * DAY);
        if abort {
            assert_eq!(upload.abort().await.unwrap_err().kind(), ErrorKind::Conflict);
        }
        let swept = test.bucket.sweep_uploads().await.unwrap();
        assert_eq!((swept.expired, swept.forgotten), (0, if abort { 0 } else { 2 }));
        assert!(read(&folder, name).await == content(0..KIB));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_finish_failed_is_given_up_at_once() {
    let (store, test) = over(small(32 << 10)).await;
    let folder = test.open::<Write>().await;
    store.refuse_files.store(true, Ordering::SeqCst);
    let path = "f".parse().unwrap();
    let answer = folder.write(&path, None, body(0..100 * KIB), WriteOptions::default()).await;
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable);
    let multiparts = store.list_multiparts(&ObjectKey::file(folder.prefix(), &path)).await.unwrap();
    assert!(multiparts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn bundles_are_not_deleted_because_a_listing_shows_no_session() {
    let (store, test) = over(small(32 << 20)).await;
    let upload = start(&test.open::<Write>().await, "f", Some(100 * KIB)).await;
    upload.append_durable(0, KIB, body(0..KIB)).await.unwrap();
    store.hide_sessions.store(true, Ordering::SeqCst);
    test.bucket.sweep_uploads().await.unwrap();
    store.hide_sessions.store(false, Ordering::SeqCst);
    let bundles = test.store.list(ListRequest::all(KeyPrefix::bundles(upload.id()))).await.unwrap();
    assert_eq!(bundles.objects.len(), 1);
}
