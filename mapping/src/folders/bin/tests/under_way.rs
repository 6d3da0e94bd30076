//! The bin while something is under way: slow restores, slow writes, directories that move, the sweeper.

use super::*;
use crate::files::tree::ConflictPolicy;

/// A restore that has taken the name and has not written the record.
async fn half_restored(test: &TestBucket) -> impl Future<Output = Result<()>> + use<> {
    test.open::<Manage>().await.move_to_bin().await.unwrap();
    let faults = Faults { seed: 5, latency: Duration::from_millis(5), ..Faults::default() };
    let faulty = Arc::new(FaultyStore::new(Arc::clone(&test.store), faults));
    let store = Arc::clone(&faulty) as Store;
    let bucket = testing::open(store, Arc::clone(&test.clock), Settings::default(), 11).await.unwrap();
    let (ann, which) = (test.account.clone(), photos(test));
    let mut work = Box::pin(async move { bucket.restore_folder(&ann, &which).await.map(drop) });
    let writes = faulty.writes();
    while faulty.writes() == writes || !has_name(test).await {
        assert!(futures::poll!(work.as_mut()).is_pending());
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    work
}

async fn has_name(test: &TestBucket) -> bool {
    let names = test.bucket.names(test.account.id).read().await.unwrap().unwrap();
    names.name_of(test.folder.id).is_some()
}

#[tokio::test(start_paused = true)]
async fn a_restore_under_way_keeps_the_name_and_one_that_takes_too_long_is_given_up() {
    let test = TestBucket::new().await;
    let (bucket, ann) = (&test.bucket, &test.account);
    let work = half_restored(&test).await;
    assert_eq!(binned(bucket, ann).await, ["photos"], "still in the bin");
    bucket.sweep().await.unwrap();
    assert!(has_name(&test).await);
    assert_eq!(kind(bucket.create_folder(ann, named("photos")).await), ErrorKind::Busy);
    test.clock.advance(Settings::default().claim_grace);
    bucket.sweep().await.unwrap();
    assert!(!has_name(&test).await);
    bucket.create_folder(ann, named("photos")).await.unwrap();
    assert_eq!(kind(work.await), ErrorKind::Conflict);
    assert_eq!((called(bucket, ann).await, binned(bucket, ann).await), (owned(&["photos"]), owned(&["photos"])));
    bucket.purge_folder(ann, &photos(&test)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_the_name_gives_a_slow_restore_up_too_and_loses_no_folder() {
    let test = TestBucket::new().await;
    let (bucket, ann) = (&test.bucket, &test.account);
    let work = half_restored(&test).await;
    test.clock.advance(Settings::default().claim_grace);
    bucket.create_folder(ann, named("photos")).await.unwrap();
    assert_eq!(kind(work.await), ErrorKind::Conflict);
    assert_eq!((called(bucket, ann).await, binned(bucket, ann).await), (owned(&["photos"]), owned(&["photos"])));
}

#[tokio::test(start_paused = true)]
async fn a_purge_in_the_middle_of_a_restore_wins_and_leaves_no_name() {
    let test = TestBucket::new().await;
    let (bucket, ann) = (&test.bucket, &test.account);
    let work = half_restored(&test).await;
    bucket.purge_folder(ann, &photos(&test)).await.unwrap();
    assert_eq!(kind(work.await), ErrorKind::NotFound);
    assert!(!has_name(&test).await);
    bucket.create_folder(ann, named("photos")).await.unwrap();
}

#[tokio::test]
async fn the_sweeper_purges_what_was_in_the_bin_for_long_enough() {
    let test = TestBucket::new().await;
    let (bucket, ann) = (&test.bucket, &test.account);
    test.open::<Manage>().await.move_to_bin().await.unwrap();
    let trash_for = Settings::default().trash_for.unwrap();
    test.clock.advance(trash_for - Duration::from_millis(1));
    assert_eq!(bucket.sweep().await.unwrap().folders_purged, 0);
    let keeps = Settings { trash_for: None, ..Settings::default() };
    let keeping = testing::open(Arc::clone(&test.store), Arc::clone(&test.clock), keeps, 8).await.unwrap();
    test.clock.advance(Duration::from_millis(1));
    assert_eq!(keeping.sweep().await.unwrap().folders_purged, 0);
    let dry = bucket.sweep_as(Mode::DryRun).await.unwrap();
    assert_eq!(dry.report.folders_purged, 1);
    let finding = dry.findings.iter().find(|finding| finding.what == What::Binned).unwrap();
    assert_eq!(finding.reason, "it was in the bin for long enough");
    assert_eq!(binned(bucket, ann).await, ["photos"], "a dry run");
    assert_eq!(bucket.sweep().await.unwrap(), dry.report);
    assert!(binned(bucket, ann).await.is_empty());
    assert_eq!(kind(bucket.restore_folder(ann, &photos(&test)).await), ErrorKind::NotFound);
    test.clock.advance(Settings::default().late_writes);
    assert_eq!(bucket.sweep().await.unwrap().folders_removed, 1);
}

#[tokio::test]
async fn a_write_that_ends_after_its_folder_went_into_the_bin_stays() {
    let test = TestBucket::new().await;
    let folder: Folder<Write> = test.bucket.folder(&test.account, &photos(&test)).await.unwrap();
    test.clock.advance(Settings::default().late_writes);
    test.open::<Manage>().await.move_to_bin().await.unwrap();
    folder.put(&"late".parse().unwrap(), Body::from(vec![1]), WriteOptions::default()).await.unwrap();
    test.bucket.restore_folder(&test.account, &photos(&test)).await.unwrap();
    test.open::<Read>().await.read(&"late".parse().unwrap(), ReadOptions::default()).await.map(drop).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_moves_goes_on_doing_so_in_the_bin() {
    let test = TestBucket::new().await;
    let (bucket, folder) = (&test.bucket, test.open::<Manage>().await);
    folder.put(&"old/a".parse().unwrap(), Body::from(vec![1]), WriteOptions::default()).await.unwrap();
    let (old, new) = ("old".parse().unwrap(), "new".parse().unwrap());
    folder.move_to(&old, &folder, &new, ConflictPolicy::Reject).await.unwrap().ended().await.unwrap();
    assert_eq!(record(&test).await.moves.len(), 1);
    folder.move_to_bin().await.unwrap();
    while !record(&test).await.moves.is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(record(&test).await.state, FolderState::Binned);
    bucket.restore_folder(&test.account, &photos(&test)).await.unwrap();
    test.open::<Read>().await.read(&"new/a".parse().unwrap(), ReadOptions::default()).await.map(drop).unwrap();
}

#[tokio::test]
async fn a_bucket_without_bins_is_read() {
    let test = TestBucket::new().await;
    let key = ObjectKey::names(test.account.id);
    let names = test.bucket.manifest::<NamesRecord>(key).read().await.unwrap().unwrap();
    let mut stored = serde_json::to_value(&names).unwrap();
    stored["entries"]["photos"].as_object_mut().unwrap().remove("epoch");
    assert!(stored.get("binned").is_none(), "nothing is written of an empty bin");
    assert_eq!(serde_json::from_value::<NamesRecord>(stored).unwrap().entries, names.entries);
    let keep = |record: &mut FolderRecord| Ok(Change::Keep(record.clone()));
    let record = test.bucket.manifest(ObjectKey::folder(test.folder.id)).update(keep).await.unwrap();
    let mut stored = serde_json::to_value(&record).unwrap();
    stored.as_object_mut().unwrap().remove("epoch");
    assert_eq!(serde_json::from_value::<FolderRecord>(stored).unwrap().epoch, 0);
}
