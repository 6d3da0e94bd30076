//! The engine over a bucket in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Upload, UploadOptions};
use crate::access::{Folder, Write};
use crate::bucket::Settings;
use crate::clock::ManualClock;
use crate::key::ObjectKey;
use crate::store::counted::CountedStore;
use crate::store::memory::MemoryStore;
use crate::store::{BodyStream, GetOptions, Store};
use crate::testing::TestBucket;

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

#[tokio::test(start_paused = true)]
async fn twenty_five_megabytes_in_ten_kib_chunks_cost_ten_writes() {
    let clock = Arc::new(ManualClock::new());
    let counted = Arc::new(CountedStore::new(Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>))));
    let test = TestBucket::over(Arc::clone(&counted) as Store, clock, Settings::default()).await;
    let folder = test.open::<Write>().await;
    let before = counted.counts().writes();
    let total = 25_000_000;
    let upload = start(&folder, "big.bin", Some(total)).await;
    let appends = stream::iter(shuffled(total, 10_240)).map(|chunk| {
        let upload = upload.clone();
        async move { upload.append(chunk.start, chunk.end - chunk.start, body(chunk)).await }
    });
    appends.buffer_unordered(5).try_collect::<Vec<_>>().await.unwrap();
    let meta = upload.finish().await.unwrap();
    test.bucket.drain(Duration::from_secs(5)).await;
    let writes = counted.counts().writes() - before;
    assert_eq!(meta.size, total);
    assert!(read(&folder, "big.bin").await == content(0..total));
    assert!(writes <= 10, "{writes} writes");
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
