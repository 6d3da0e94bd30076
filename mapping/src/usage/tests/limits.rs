//! What limits allow and refuse, what they say, and what they cost.

use futures::{StreamExt, stream};

use super::*;
use crate::access::FolderRef;
use crate::error::Error;
use crate::folders::{FolderLimitsChange, Setting};
use crate::upload::UploadOptions;

/// The fixture's folder, which may hold so much from now on.
async fn limited(fixture: &Fixture, bytes: u64, files: u64) -> Folder<Manage> {
    let bucket = fixture.folder.bucket();
    let change = FolderLimitsChange { bytes: Setting::To(bytes), files: Setting::To(files) };
    bucket.set_folder_limits(fixture.folder.id(), change).await.unwrap();
    bucket.folder(fixture.folder.account(), &FolderRef::Id(fixture.folder.id())).await.unwrap()
}

#[track_caller]
fn assert_full(refused: Result<impl Sized>, parts: &[&str]) {
    let error: Error = refused.err().expect("a refusal");
    assert_eq!(error.kind(), ErrorKind::OverQuota, "{error}");
    for part in parts {
        assert!(error.message().contains(part), "`{part}` is not in: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_small_file_below_a_far_limit_costs_hardly_more_than_itself() {
    const FILES: u32 = 400;
    let fixture = Fixture::new().await;
    let folder = &limited(&fixture, 1 << 40, 1_000_000).await;
    fixture.slow(5);
    fixture.counted.reset();
    let names = stream::iter(0..FILES).map(|n| async move { write(folder, &format!("d/{n}"), 4096).await });
    names.buffer_unordered(16).collect::<Vec<()>>().await;
    fixture.clock.advance(Duration::from_secs(5));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let counts = fixture.counted.reset();
    assert!(counts.writes() * 10 <= u64::from(FILES) * 11, "{counts}");
    assert_eq!(exact(&fixture).await.files, u64::from(FILES));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_kept_to_the_last_byte_and_the_last_file() {
    let fixture = Fixture::new().await;
    let folder = &limited(&fixture, 100, 3).await;
    write(folder, "a", 60).await;
    write(folder, "b", 40).await;
    let raise = format!("folderbridge folder limits {} --max-bytes N", folder.id());
    assert_full(try_write(folder, "c", 1).await, &["100 bytes", "100 are used", "needs 1", &raise]);
    write(folder, "c", 0).await;
    assert_full(try_write(folder, "d", 0).await, &["3 files", "3 are used", "--max-files N"]);
    assert_full(try_write(folder, "d", 101).await, &["can never fit", "100 bytes", "needs 101"]);
    assert_eq!(exact(&fixture).await, Usage { bytes: 100, files: 3 });
}

#[tokio::test(start_paused = true)]
async fn what_went_makes_room_for_the_next_write() {
    let fixture = Fixture::new().await;
    let folder = &limited(&fixture, 100, 3).await;
    for round in 0..5 {
        write(folder, "a", 100).await;
        assert_full(try_write(folder, "b", 1).await, &["100 are used"]);
        remove(folder, "a").await;
        write(folder, "b", 100).await;
        remove(folder, "b").await;
        assert_eq!(fixture.listed().await.files, 0, "round {round}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_replaced_where_there_is_room_for_both() {
    let fixture = Fixture::new().await;
    let folder = &limited(&fixture, 100, 2).await;
    write(folder, "a", 50).await;
    for size in [50, 20, 30] {
        write(folder, "a", size).await;
    }
    assert_full(try_write(folder, "a", 71).await, &["30 are used", "needs 71"]);
    assert_eq!(exact(&fixture).await, Usage { bytes: 30, files: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_limit_below_what_is_used_refuses_more_and_takes_nothing_away() {
    let fixture = Fixture::new().await;
    let folder = &limited(&fixture, 1000, 100).await;
    for n in 0..5 {
        write(folder, &n.to_string(), 100).await;
    }
    // At once, although this replica had room for more of its own.
    let folder = &limited(&fixture, 300, 100).await;
    assert_full(try_write(folder, "more", 1).await, &["300 bytes", "500 are used"]);
    assert_eq!(exact(&fixture).await, Usage { bytes: 500, files: 5 });
    for n in 0..3 {
        remove(folder, &n.to_string()).await;
    }
    write(folder, "more", 100).await;
    assert_full(try_write(folder, "still more", 1).await, &["300 are used"]);
    let folder = &limited(&fixture, 0, 0).await;
    write(folder, "no limit", 5000).await;
}

#[tokio::test(start_paused = true)]
async fn copies_and_uploads_are_charged_before_they_are_seen() {
    let fixture = Fixture::new().await;
    let folder = &limited(&fixture, 100, 10).await;
    write(folder, "a", 60).await;
    assert_full(folder.copy_file(&path("a"), &path("b"), Overwrite::No).await, &["60 are used", "needs 60"]);
    assert_full(folder.start_upload(path("c"), Some(101), UploadOptions::default()).await, &["can never fit"]);
    let id = folder.start_upload(path("c"), Some(50), UploadOptions::default()).await.unwrap();
    let upload = folder.upload(&id).await.unwrap();
    upload.append(0, 50, zeros(50)).await.unwrap();
    assert_full(upload.finish().await, &["60 are used", "needs 50"]);
    assert_eq!(exact(&fixture).await.files, 1);
    // Nothing of it is lost: it is finished once there is room.
    remove(folder, "a").await;
    upload.finish().await.unwrap();
    assert_eq!(exact(&fixture).await, Usage { bytes: 50, files: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_once_it_is_more_than_fits() {
    let fixture = Fixture::new().await;
    let folder = &limited(&fixture, 1 << 20, 10).await;
    let read = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = std::sync::Arc::clone(&read);
    let endless = stream::repeat_with(move || {
        count.fetch_add(10_000, std::sync::atomic::Ordering::SeqCst);
        Ok(bytes::Bytes::from_static(&[7; 10_000]))
    });
    let written = folder.write(&path("a"), None, endless.boxed(), WriteOptions::default()).await;
    assert_full(written, &["can never fit", "1048576 bytes"]);
    assert!(read.load(std::sync::atomic::Ordering::SeqCst) < 2 << 20, "it read on");
    assert_eq!(fixture.listed().await, Usage::default());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_folder_that_only_grew_lists_nothing() {
    let fixture = Fixture::new().await;
    let folder = &limited(&fixture, 100, 1000).await;
    for n in 0..10 {
        write(folder, &n.to_string(), 10).await;
    }
    fixture.counted.reset();
    let refused = stream::iter(0..50).map(|n| async move { try_write(folder, &format!("x{n}"), 5).await });
    assert!(refused.buffer_unordered(50).all(|refused| async move { refused.is_err() }).await);
    let counts = fixture.counted.reset();
    assert_eq!(counts.writes(), 0, "{counts}");
    remove(folder, "0").await;
    fixture.counted.reset();
    let refused = stream::iter(0..50).map(|n| async move { try_write(folder, &format!("y{n}"), 11).await });
    assert!(refused.buffer_unordered(50).all(|refused| async move { refused.is_err() }).await);
    // A look for a directory of each name lists, too: 50 of them, and one or two counts.
    let counts = fixture.counted.reset();
    assert!(counts.writes() <= 6, "{counts}");
}

#[tokio::test(start_paused = true)]
async fn a_check_tells_drift_and_repairs_it() {
    let fixture = Fixture::new().await;
    let (folder, bucket) = (&fixture.folder, fixture.folder.bucket());
    write(folder, "a", 10).await;
    exact(&fixture).await;
    let check = async |repair| bucket.check_folder(folder.id(), repair).await.unwrap();
    let well = check(crate::usage::Repair::No).await;
    assert!(!well.has_drifted() && !well.unsettled && !well.repaired, "{well:?}");
    for (name, size) in [("b", 5), ("a/x", 1)] {
        let key = crate::key::ObjectKey::file(folder.prefix(), &path(name));
        let body = crate::store::Body::from(vec![0; size]);
        fixture.memory.put(&key, body, Default::default(), Default::default()).await.unwrap();
    }
    let looked = check(crate::usage::Repair::No).await;
    assert!(looked.has_drifted() && !looked.repaired, "{looked:?}");
    assert_eq!((looked.recorded.bytes, looked.listed.bytes, looked.clashes), (10, 16, vec!["a".to_owned()]));
    assert_eq!(folder.usage().await.unwrap().bytes, 10, "it only looked");
    let repaired = check(crate::usage::Repair::Yes).await;
    assert!(repaired.has_drifted() && repaired.repaired, "{repaired:?}");
    assert_eq!(exact(&fixture).await, Usage { bytes: 16, files: 3 });
}
