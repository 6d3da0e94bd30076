//! Uploads in sequence: acknowledged is stored, whichever replica is asked, and the offset is the truth.

use super::*;
use crate::access::FolderRef;
use crate::bucket::Bucket;
use crate::id::UploadId;
use crate::random::SystemRandom;
use crate::store::faulty::{Fault, Faults, FaultyStore};

const MIB: u64 = 1 << 20;

async fn taken_up(test: &TestBucket, bucket: &Bucket, id: &UploadId, total: u64) -> Upload {
    let folder = bucket.folder::<Write>(&test.account, &FolderRef::Id(test.folder.id)).await.unwrap();
    folder.take_up_upload(id, &"f.bin".parse().unwrap(), total, UploadOptions::default()).await.unwrap()
}

async fn next(upload: &Upload, range: std::ops::Range<u64>) -> crate::error::Result<u64> {
    upload.append_in_sequence(range.start, range.end - range.start, body(range)).await
}

#[tokio::test(start_paused = true)]
async fn every_chunk_may_go_through_another_replica() {
    let test = TestBucket::new().await;
    let replicas = [test.bucket.clone(), test.replica(2).await, test.replica(3).await];
    let total = 20 * MIB + 5;
    for chunk in [16 * MIB, 5 * MIB, 3 * MIB + 1] {
        let (id, mut at, mut turn) = (UploadId::random(&SystemRandom), 0, 0);
        while at < total {
            turn += 1;
            let upload = taken_up(&test, &replicas[turn % 3], &id, total).await;
            assert_eq!(upload.offset().await.unwrap(), at);
            let end = next(&upload, at..(at + chunk).min(total)).await.unwrap();
            for replica in &replicas {
                assert_eq!(taken_up(&test, replica, &id, total).await.offset().await.unwrap(), end);
            }
            at = end;
        }
        taken_up(&test, &replicas[(turn + 1) % 3], &id, total).await.finish().await.unwrap();
        assert!(read(&test.open().await, "f.bin").await == content(0..total));
        let late = taken_up(&test, &replicas[turn % 3], &id, total).await;
        assert_eq!(late.offset().await.unwrap(), total);
        assert!(late.is_finished());
        assert_eq!(next(&late, total - 5..total).await.unwrap(), total, "a chunk that comes late");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_leaves_a_hole_is_refused_and_one_that_comes_again_is_not() {
    let test = TestBucket::new().await;
    let upload = taken_up(&test, &test.bucket, &UploadId::random(&SystemRandom), 1000).await;
    let refused = next(&upload, 1..10).await.unwrap_err();
    assert_eq!((refused.kind(), refused.message()), (ErrorKind::Conflict, "the next byte to be sent is the one at 0"));
    assert_eq!(next(&upload, 0..100).await.unwrap(), 100);
    assert_eq!(next(&upload, 101..200).await.unwrap_err().kind(), ErrorKind::Conflict);
    for again in [0..100, 50..150, 100..150] {
        assert_eq!(next(&upload, again.clone()).await.unwrap(), again.end);
    }
    assert_eq!(upload.offset().await.unwrap(), 150);
    assert_eq!(next(&upload, 150..1001).await.unwrap_err().kind(), ErrorKind::Invalid, "past the end");
    next(&upload, 150..1000).await.unwrap();
    upload.finish().await.unwrap();
    assert!(read(&test.open().await, "f.bin").await == content(0..1000));
}

/// A body that breaks off after `whole` bytes of `range`.
fn broken(range: std::ops::Range<u64>, whole: u64) -> BodyStream {
    let cut = stream::iter([Err(std::io::ErrorKind::ConnectionReset.into())]);
    body(range.start..range.start + whole).chain(cut).boxed()
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_chunk_that_broke_off_is_kept_for_every_replica() {
    let test = TestBucket::new().await;
    let other = test.replica(2).await;
    let total = 40 * MIB;
    // Cells of 8 MiB, as the first chunk is small, and of 16 MiB: all but the one that broke is there.
    for (first, kept) in [(MIB, 24 * MIB), (0, 16 * MIB)] {
        let id = UploadId::random(&SystemRandom);
        let upload = taken_up(&test, &test.bucket, &id, total).await;
        next(&upload, 0..first).await.unwrap();
        let rest = broken(first..total, 31 * MIB - first);
        let error = upload.append_in_sequence(first, total - first, rest).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let there = taken_up(&test, &other, &id, total).await;
        let offset = there.offset().await.unwrap();
        assert_eq!(offset, kept);
        next(&there, offset..total).await.unwrap();
        there.finish().await.unwrap();
        assert!(read(&test.open().await, "f.bin").await == content(0..total));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_held_of_a_chunk_that_broke_off_is_stored_at_once() {
    let test = TestBucket::new().await;
    let other = test.replica(2).await;
    let (id, total) = (UploadId::random(&SystemRandom), 4 * MIB);
    let upload = taken_up(&test, &test.bucket, &id, total).await;
    let error = upload.append_in_sequence(0, total, broken(0..total, 3 * MIB)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let there = taken_up(&test, &other, &id, total).await;
    let offset = there.missing().await.unwrap()[0].start;
    assert!((3 * MIB - (256 << 10)..=3 * MIB).contains(&offset), "{offset}");
    assert_eq!(there.offset().await.unwrap(), offset);
    next(&there, offset..total).await.unwrap();
    there.finish().await.unwrap();
    assert!(read(&test.open().await, "f.bin").await == content(0..total));
}

#[tokio::test(start_paused = true)]
async fn chunks_of_one_place_at_the_same_time_make_one_file() {
    let test = TestBucket::new().await;
    let other = test.replica(2).await;
    let (id, total) = (UploadId::random(&SystemRandom), 12 * MIB);
    let (one, two) = (taken_up(&test, &test.bucket, &id, total).await, taken_up(&test, &other, &id, total).await);
    for at in [0, 6 * MIB] {
        let (first, second) = tokio::join!(next(&one, at..at + 6 * MIB), next(&two, at..at + 6 * MIB));
        assert_eq!((first.unwrap(), second.unwrap()), (at + 6 * MIB, at + 6 * MIB));
    }
    let (first, second) = tokio::join!(one.finish(), two.finish());
    assert_eq!(first.unwrap().size, second.unwrap().size);
    assert!(read(&test.open().await, "f.bin").await == content(0..total));
}

#[tokio::test(start_paused = true)]
async fn a_chunk_through_the_same_replica_costs_one_write_and_no_look() {
    let (counted, _, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, clock, Settings::default()).await;
    let total = 16 * 4 * MIB;
    let upload = taken_up(&test, &test.bucket, &UploadId::random(&SystemRandom), total).await;
    next(&upload, 0..16 * MIB).await.unwrap();
    counted.reset();
    for at in [16, 32, 48] {
        next(&upload, at * MIB..(at + 16) * MIB).await.unwrap();
    }
    assert_eq!(counted.reset().to_string(), "put_part 3");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_at_any_call_leaves_an_offset_to_go_on_from() {
    let total = 6 * MIB + 3;
    for fault in [Fault::Refuse, Fault::LoseAnswer] {
        for call in 1..30 {
            let clock = Arc::new(ManualClock::new());
            let memory: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
            let faulty = Arc::new(FaultyStore::new(memory, Faults::default()));
            let test = TestBucket::over(Arc::clone(&faulty) as Store, clock, Settings::default()).await;
            let id = UploadId::random(&SystemRandom);
            faulty.set_faults(Faults::once(faulty.calls() + call, fault));
            send_all(&test, &id, total).await;
            faulty.set_faults(Faults::default());
            assert!(read(&test.open().await, "f.bin").await == content(0..total), "{fault:?} at call {call}");
        }
    }
}

/// As a client does it: on a failure it asks where to go on.
async fn send_all(test: &TestBucket, id: &UploadId, total: u64) {
    for _ in 0..20 {
        let sent = async {
            let folder = test.bucket.folder::<Write>(&test.account, &FolderRef::Id(test.folder.id)).await?;
            let path = "f.bin".parse()?;
            let upload = folder.take_up_upload(id, &path, total, UploadOptions::default()).await?;
            let mut at = upload.offset().await?;
            while at < total {
                at = next(&upload, at..(at + 5 * MIB).min(total)).await?;
            }
            upload.finish().await
        };
        if sent.await.is_ok() {
            return;
        }
    }
    panic!("not sent after 20 attempts");
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_comes_again_when_the_file_is_there_and_that_is_not_noted_is_taken() {
    let test = TestBucket::new().await;
    let (id, total) = (UploadId::random(&SystemRandom), 16 * MIB + 5);
    let upload = taken_up(&test, &test.bucket, &id, total).await;
    next(&upload, 0..total).await.unwrap();
    upload.finish().await.unwrap();
    let unnoted = |record: &mut crate::upload::UploadRecord| {
        record.state = crate::upload::record::State::Finishing;
        Ok(crate::manifest::Change::Save(()))
    };
    upload.session.record().update(unnoted).await.unwrap();
    let again = taken_up(&test, &test.replica(2).await, &id, total).await;
    assert_eq!(next(&again, 0..total).await.unwrap(), total);
    assert_eq!(again.finish().await.unwrap().size, total);
    assert!(read(&test.open().await, "f.bin").await == content(0..total));
}
