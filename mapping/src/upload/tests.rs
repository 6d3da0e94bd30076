//! The engine over a bucket in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Upload, UploadOptions};
use crate::access::{Folder, Write};
use crate::bucket::Settings;
use crate::clock::ManualClock;
use crate::error::ErrorKind;
use crate::files::{Overwrite, WriteOptions};
use crate::key::ObjectKey;
use crate::store::counted::CountedStore;
use crate::store::memory::MemoryStore;
use crate::store::operation::Operation;
use crate::store::{Attributes, BodyStream, GetOptions, ObjectStore, Store};
use crate::testing::TestBucket;

mod ends;
mod orphans;
mod pressure;
mod sequence;
mod watched;

pub(super) fn content(range: std::ops::Range<u64>) -> Bytes {
    range.map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<u8>>().into()
}

pub(super) fn body(range: std::ops::Range<u64>) -> BodyStream {
    let bytes = content(range);
    let chunks: Vec<_> = bytes.chunks(7_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

async fn start(folder: &Folder<Write>, name: &str, length: Option<u64>) -> Upload {
    let id = folder.start_upload(name.parse().unwrap(), length, UploadOptions::default()).await.unwrap();
    folder.upload(&id).await.unwrap()
}

async fn read(folder: &Folder<Write>, name: &str) -> Vec<u8> {
    let key = ObjectKey::file(folder.prefix(), &name.parse().unwrap());
    let object = folder.bucket().store().get(&key, GetOptions::default()).await.unwrap();
    object
        .body
        .try_fold(Vec::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await
        .unwrap()
}

/// The real client's order: a window of six, shuffled.
fn shuffled(total: u64, chunk: u64) -> Vec<std::ops::Range<u64>> {
    let mut chunks: Vec<_> = (0..total.div_ceil(chunk)).map(|n| n * chunk..((n + 1) * chunk).min(total)).collect();
    for (at, window) in chunks.chunks_mut(6).enumerate() {
        let length = window.len();
        window.rotate_left(at % length);
        window.swap(0, (at * 7) % length);
    }
    chunks
}

fn counted() -> (Arc<CountedStore>, Arc<MemoryStore>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let memory = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
    (Arc::new(CountedStore::new(Arc::clone(&memory) as Store)), memory, clock)
}

async fn append(upload: &Upload, range: std::ops::Range<u64>) -> crate::error::Result<()> {
    upload.append(range.start, range.end - range.start, body(range)).await
}

#[tokio::test(start_paused = true)]
async fn twenty_five_megabytes_in_ten_kib_chunks_cost_ten_writes() {
    let (counted, _, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, clock, Settings::default()).await;
    let folder = test.open::<Write>().await;
    let before = counted.counts();
    let total = 25_000_000;
    let upload = start(&folder, "big.bin", Some(total)).await;
    let appends = stream::iter(shuffled(total, 10_240)).map(|chunk| {
        let upload = upload.clone();
        async move { append(&upload, chunk).await }
    });
    appends.buffer_unordered(5).try_collect::<Vec<_>>().await.unwrap();
    let meta = upload.finish().await.unwrap();
    test.bucket.drain(Duration::from_secs(5)).await;
    let cost = counted.counts().since(&before);
    assert_eq!(meta.size, total);
    assert!(read(&folder, "big.bin").await == content(0..total));
    assert!(cost.writes() <= 10, "{cost}");
    assert!(cost.reads() <= 12, "a chunk costs no read: {cost}");
}

#[tokio::test(start_paused = true)]
async fn a_small_file_is_one_write_of_data() {
    let test = TestBucket::new().await;
    let folder = test.open::<Write>().await;
    for total in [0, 1, 10_240, 10_241, 100_000] {
        let upload = start(&folder, "small.bin", Some(total)).await;
        for chunk in shuffled(total, 10_240) {
            upload.append(chunk.start, chunk.end - chunk.start, body(chunk)).await.unwrap();
        }
        assert_eq!(upload.finish().await.unwrap().size, total);
        assert_eq!(upload.finish().await.unwrap().size, total);
        assert!(read(&folder, "small.bin").await == content(0..total));
    }
}

#[tokio::test(start_paused = true)]
async fn chunks_of_a_part_each_go_straight_into_their_parts() {
    let (counted, _, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, clock, Settings::default()).await;
    let folder = test.open::<Write>().await;
    let part = 5 << 20;
    let total = 2 * part + 3;
    let upload = start(&folder, "parts.bin", Some(total)).await;
    counted.reset();
    for range in [part..2 * part, 0..part, 2 * part..total] {
        append(&upload, range).await.unwrap();
        assert_eq!(test.bucket.budget().held(), 0, "nothing stays in memory");
    }
    assert_eq!(counted.counts().of(Operation::PutPart), 3);
    append(&upload, 0..part).await.unwrap();
    assert_eq!(counted.counts().of(Operation::PutPart), 3, "a chunk sent again is not stored again");
    upload.finish().await.unwrap();
    assert!(read(&folder, "parts.bin").await == content(0..total));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_stores_no_part() {
    let (counted, memory, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, clock, Settings::default()).await;
    let upload = start(&test.open::<Write>().await, "f", Some(12 << 20)).await;
    let part = 6 << 20;
    let long = upload.append(0, part, body(0..part + 1)).await.unwrap_err();
    assert_eq!((long.kind(), long.message()), (ErrorKind::Invalid, "the body is longer than announced"));
    let (key, multipart) = memory.unfinished().remove(0);
    assert_eq!(memory.list_parts(&key, &multipart).await.unwrap(), []);
    let missing = upload.missing().await.unwrap();
    assert_eq!((missing.len(), missing[0].clone()), (1, 0..12 << 20));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_the_store_dropped_says_so() {
    let (counted, memory, clock) = counted();
    let test = TestBucket::over(counted, clock, Settings::default()).await;
    let upload = start(&test.open::<Write>().await, "f", Some(18 << 20)).await;
    let part = 6 << 20;
    append(&upload, 0..part).await.unwrap();
    memory.drop_upload(&memory.unfinished()[0].1);
    for error in [append(&upload, part..2 * part).await.unwrap_err(), upload.finish().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.message(), "the store has dropped this unfinished upload: start it again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_given_up_elsewhere_takes_no_chunk_after_the_cache_time() {
    let test = TestBucket::new().await;
    let upload = start(&test.open::<Write>().await, "f", Some(100)).await;
    append(&upload, 0..10).await.unwrap();
    let other = test.replica(2).await;
    let which = crate::access::FolderRef::Id(test.folder.id);
    let there = other.folder::<Write>(&test.account, &which).await.unwrap();
    there.upload(upload.id()).await.unwrap().abort().await.unwrap();
    test.clock.advance(test.bucket.settings().cache_for);
    assert_eq!(append(&upload, 10..20).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(test.bucket.budget().held(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_stopping_replica_holds_is_stored() {
    let test = TestBucket::new().await;
    let upload = start(&test.open::<Write>().await, "f", Some(20)).await;
    append(&upload, 0..20).await.unwrap();
    test.bucket.drain(Duration::from_secs(5)).await;
    let other = test.replica(2).await;
    let which = crate::access::FolderRef::Id(test.folder.id);
    let there = other.folder::<Write>(&test.account, &which).await.unwrap();
    let before = tokio::time::Instant::now();
    assert_eq!(there.upload(upload.id()).await.unwrap().finish().await.unwrap().size, 20);
    assert_eq!(before.elapsed(), Duration::ZERO, "nobody has to wait for it");
}

#[tokio::test(start_paused = true)]
async fn a_session_lives_its_life_and_no_longer() {
    let test = TestBucket::new().await;
    let life = test.bucket.settings().session_life;
    let upload = start(&test.open::<Write>().await, "f", Some(1000)).await;
    for day in 0..3 {
        test.clock.advance(life);
        append(&upload, day..day + 1).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(test.bucket.sweep_uploads().await.unwrap().expired, 0, "life {day}");
    }
    test.clock.advance(life);
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().expired, 1, "the last life is over");
    assert_eq!(append(&upload, 5..6).await.unwrap_err().kind(), ErrorKind::NotFound);

    let idle = start(&test.open::<Write>().await, "g", Some(1000)).await;
    append(&idle, 0..1).await.unwrap();
    test.clock.advance(life + life / 8);
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().expired, 1, "nothing was stored for a life");
    assert_eq!(idle.finish().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_found_in_its_own_folder_only() {
    let test = TestBucket::new().await;
    let upload = start(&test.open::<Write>().await, "f", Some(20)).await;
    let other = test.bucket.create_folder(&test.account, "other".parse().unwrap()).await.unwrap();
    let other = test.bucket.folder::<Write>(&test.account, &crate::access::FolderRef::Id(other.id)).await.unwrap();
    assert_eq!(other.upload(upload.id()).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_one_write_or_an_upload_and_never_half() {
    let (counted, memory, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, clock, Settings::default()).await;
    let folder = test.open::<Write>().await;
    let path = "s".parse().unwrap();
    for (length, parts) in [(0, 0), (5_000_000, 0), (8 << 20, 2), (20_000_000, 3)] {
        let before = counted.counts();
        let meta = folder.write(&path, None, body(0..length), WriteOptions::default()).await.unwrap();
        let cost = counted.counts().since(&before);
        assert_eq!((meta.size, cost.of(Operation::PutPart)), (length, parts.min(length.div_ceil(8 << 20))), "{cost}");
        assert!(read(&folder, "s").await == content(0..length));
    }
    let broken = body(0..10 << 20).chain(stream::iter([Err(std::io::ErrorKind::ConnectionReset.into())])).boxed();
    let error = folder.write(&path, None, broken, WriteOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), memory.unfinished().len()), (ErrorKind::Invalid, 0));
    let kept = WriteOptions { overwrite: Overwrite::No, ..WriteOptions::default() };
    let error = folder.write(&path, None, body(0..9 << 20), kept).await.unwrap_err();
    assert_eq!((error.kind(), memory.unfinished().len()), (ErrorKind::AlreadyExists, 0));
    assert!(read(&folder, "s").await == content(0..20_000_000));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_spares_the_detour_of_a_copy_that_is_under_way() {
    let (counted, memory, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, Arc::clone(&clock), Settings::default()).await;
    let folder = test.open::<Write>().await;
    start(&folder, "x", Some(1)).await.abort().await.unwrap();
    let key = ObjectKey::file(folder.prefix(), &"x".parse().unwrap());
    memory.create_multipart(&key, Attributes::default()).await.unwrap();
    let swept = folder.bucket().sweep_uploads().await.unwrap();
    assert_eq!((swept.orphans, swept.forgotten, memory.unfinished().len()), (0, 0, 1));
    clock.advance(Settings::default().session_life);
    let swept = folder.bucket().sweep_uploads().await.unwrap();
    assert_eq!((swept.orphans, swept.forgotten, memory.unfinished().len()), (1, 1, 0));
}
