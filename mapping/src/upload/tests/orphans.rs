//! Multipart uploads that no session leads to, as a copy by parts leaves one that dies.

use super::*;
use crate::key::FolderPrefix;
use crate::store::{Body, MultipartId};
use crate::sweep::{Mode, What};

/// As a copy by parts begins; nobody ends it.
async fn begin(memory: &MemoryStore, prefix: &FolderPrefix, name: &str) -> (ObjectKey, MultipartId) {
    let key = ObjectKey::file(prefix, &name.parse().unwrap());
    let id = memory.create_multipart(&key, Attributes::default()).await.unwrap();
    (key, id)
}

fn sorted(mut uploads: Vec<(ObjectKey, MultipartId)>) -> Vec<(ObjectKey, MultipartId)> {
    uploads.sort_by(|one, two| (&one.0, &one.1.0).cmp(&(&two.0, &two.1.0)));
    uploads
}

#[tokio::test(start_paused = true)]
async fn what_a_copy_left_that_died_is_swept_once_it_is_old() {
    let (counted, memory, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, Arc::clone(&clock), Settings::default()).await;
    let (folder, life) = (test.open::<Write>().await, Settings::default().session_life);
    let dead = begin(&memory, folder.prefix(), "to/copy").await;
    let of_another_program = begin(&memory, &"adopted/".parse().unwrap(), "x").await;
    // One under the very name of the dead copy, which is alive.
    let upload = start(&folder, "to/copy", Some(20 << 20)).await;
    append(&upload, 0..8 << 20).await.unwrap();
    let held: Vec<_> =
        memory.unfinished().into_iter().filter(|one| *one != dead && *one != of_another_program).collect();
    assert_eq!(held.len(), 1);

    clock.advance(life / 2);
    append(&upload, 8 << 20..16 << 20).await.unwrap();
    clock.advance(life / 2 - Duration::from_secs(1));
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().orphans, 0, "it may be under way");
    clock.advance(Duration::from_secs(1));
    let young = begin(&memory, folder.prefix(), "to/young").await;

    let dry = test.bucket.sweep_as(Mode::DryRun).await.unwrap();
    let places = dry.findings.iter().filter(|finding| finding.what == What::Multipart).map(|finding| &finding.place);
    assert_eq!(places.collect::<Vec<_>>(), [&format!("{} ({})", dead.0, dead.1.0)]);
    assert_eq!(memory.unfinished().len(), 4, "a dry run removes nothing");

    assert_eq!(test.bucket.sweep_uploads().await.unwrap().orphans, 1);
    let left = [held[0].clone(), of_another_program, young];
    assert_eq!(sorted(memory.unfinished()), sorted(left.to_vec()));
    append(&upload, 16 << 20..20 << 20).await.unwrap();
    upload.finish().await.unwrap();
    assert!(read(&folder, "to/copy").await == content(0..20 << 20));
}

/// SeaweedFS shows an upload after it was completed when it dies before it forgets it; an abort takes the bytes of
/// the file then.
#[tokio::test(start_paused = true)]
async fn an_upload_that_the_file_may_be_made_of_is_left_alone() {
    let (counted, memory, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, Arc::clone(&clock), Settings::default()).await;
    let folder = test.open::<Write>().await;
    let part = async |(key, id): &(ObjectKey, MultipartId), number, bytes: usize| {
        memory.put_part(key, id, number, Body::from(vec![1; bytes])).await.unwrap();
    };
    let file = async |name: &str| {
        drop(folder.write(&name.parse().unwrap(), None, body(0..3000), WriteOptions::default()).await.unwrap())
    };

    file("older").await;
    clock.advance(Duration::from_secs(60));
    let (whole, rest) = (begin(&memory, folder.prefix(), "f").await, begin(&memory, folder.prefix(), "f").await);
    let (_empty, newer) = (begin(&memory, folder.prefix(), "f").await, begin(&memory, folder.prefix(), "older").await);
    for upload in [&whole, &newer] {
        part(upload, 1, 2000).await;
        part(upload, 2, 1000).await;
    }
    part(&rest, 2, 1000).await;
    file("f").await;
    clock.advance(Settings::default().session_life);
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().orphans, 2);
    assert_eq!(sorted(memory.unfinished()), sorted(vec![whole, rest]));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_looks_at_every_page_of_what_is_unfinished() {
    let (counted, memory, clock) = counted();
    let test = TestBucket::over(Arc::clone(&counted) as Store, Arc::clone(&clock), Settings::default()).await;
    let folder = test.open::<Write>().await;
    for n in 0..2100 {
        begin(&memory, folder.prefix(), &format!("{}.bin", n / 2)).await;
    }
    let before = counted.counts();
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().orphans, 0);
    assert_eq!(counted.counts().since(&before).of(Operation::ListMultiparts), 3, "the young ones are looked at once");
    clock.advance(Settings::default().session_life);
    assert_eq!(test.bucket.sweep_uploads().await.unwrap().orphans, 2100);
    assert!(memory.unfinished().is_empty());
}
