//! The bin over a store in memory. What a crash leaves, `sweep/tests.rs` shows for each call of each verb.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use crate::access::{Folder, FolderRef, Manage, Permission, Read, Write};
use crate::accounts::Account;
use crate::bucket::{Bucket, Settings};
use crate::error::{ErrorKind, Result};
use crate::files::{ReadOptions, WriteOptions};
use crate::folders::tests::{by_name, kind, named, with_bob};
use crate::folders::{GivenUp, Left, NewFolder, Taken};
use crate::id::FolderId;
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::records::{FolderRecord, FolderState, NameEntry, NameKind, NamesRecord};
use crate::store::faulty::{Faults, FaultyStore};
use crate::store::{Body, Store};
use crate::sweep::{Mode, What};
use crate::testing::{self, TestBucket, add_account};

/// The folder `photos` of a test bucket.
fn photos(test: &TestBucket) -> FolderRef {
    FolderRef::Id(test.folder.id)
}

async fn called(bucket: &Bucket, account: &Account) -> Vec<String> {
    bucket.folders(account).await.unwrap().into_iter().map(|folder| folder.name.to_string()).collect()
}

async fn binned(bucket: &Bucket, account: &Account) -> Vec<String> {
    bucket.binned_folders(account).await.unwrap().into_iter().map(|folder| folder.name.to_string()).collect()
}

async fn record(test: &TestBucket) -> FolderRecord {
    test.bucket.manifest::<FolderRecord>(ObjectKey::folder(test.folder.id)).read().await.unwrap().unwrap()
}

#[tokio::test]
async fn a_folder_in_the_bin_is_seen_by_its_owner_in_the_bin_and_by_nobody_else() {
    let (test, bob) = with_bob().await;
    let (bucket, ann) = (&test.bucket, &test.account);
    let folder = test.open::<Manage>().await;
    folder.share(bob.id, Permission::Manage).await.unwrap();
    bucket.folder::<Manage>(&bob, &photos(&test)).await.unwrap().move_to_bin().await.unwrap();
    for account in [ann, &bob] {
        assert!(called(bucket, account).await.is_empty());
        for which in [photos(&test), by_name("photos")] {
            assert_eq!(kind(bucket.folder::<Read>(account, &which).await), ErrorKind::NotFound);
        }
    }
    for verb in [folder.move_to_bin().await, folder.delete().await, folder.members().await.map(drop)] {
        assert_eq!(kind(verb), ErrorKind::NotFound);
    }
    assert_eq!(kind(folder.share(bob.id, Permission::Read).await), ErrorKind::NotFound);
    assert_eq!(kind(folder.invite(std::slice::from_ref(&ann.email), Permission::Read).await), ErrorKind::NotFound);
    let seen = bucket.binned_folders(ann).await.unwrap();
    assert_eq!((seen.len(), seen[0].id, seen[0].name.as_str()), (1, test.folder.id, "photos"));
    assert_eq!(bucket.find_folder_id(ann, &by_name("photos")).await.unwrap(), test.folder.id);
    assert!(binned(bucket, &bob).await.is_empty());
    for stranger in [&bob] {
        assert_eq!(kind(bucket.restore_folder(stranger, &photos(&test)).await), ErrorKind::NotFound);
        assert_eq!(kind(bucket.purge_folder(stranger, &photos(&test)).await), ErrorKind::NotFound);
        assert_eq!(kind(bucket.delete_folder_for_good(stranger, &photos(&test)).await), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn a_restored_folder_is_as_it_was() {
    let (test, bob) = with_bob().await;
    let (carol, _) = add_account(&test.bucket, "carol@example.org").await.unwrap();
    let (bucket, ann) = (&test.bucket, &test.account);
    let folder = test.open::<Manage>().await;
    folder.put(&"a".parse().unwrap(), Body::from(vec![1]), WriteOptions::default()).await.unwrap();
    folder.share(bob.id, Permission::Write).await.unwrap();
    folder.invite(std::slice::from_ref(&carol.email), Permission::Read).await.unwrap();
    bucket.rename_folder(&bob, &photos(&test), named("ann's")).await.unwrap();
    bucket.rename_folder(ann, &photos(&test), named("pictures")).await.unwrap();
    let before = record(&test).await;
    folder.move_to_bin().await.unwrap();
    assert!(bucket.invitations(&carol).await.unwrap().is_empty());
    test.clock.advance(Duration::from_secs(24 * 60 * 60));
    // What waits for the folder is no rubbish.
    bucket.sweep().await.unwrap();
    assert_eq!(bucket.sweep().await.unwrap(), crate::sweep::SweepReport::default());
    let restored = bucket.restore_folder(ann, &by_name("pictures")).await.unwrap();
    assert_eq!((restored.id, restored.name.as_str()), (test.folder.id, "pictures"));
    assert_eq!(bucket.restore_folder(ann, &photos(&test)).await.unwrap(), restored, "done once more");
    assert_eq!(
        (called(bucket, ann).await, called(bucket, &bob).await),
        (vec!["pictures".into()], vec!["ann's".into()])
    );
    bucket.folder::<Write>(&bob, &by_name("ann's")).await.unwrap();
    bucket.accept_invitation(&carol, &bucket.invitations(&carol).await.unwrap()[0].id).await.unwrap();
    let opened = bucket.folder::<Read>(&carol, &photos(&test)).await.unwrap();
    opened.read(&"a".parse().unwrap(), ReadOptions::default()).await.map(drop).unwrap();
    let after = record(&test).await;
    assert_eq!(
        (after.state, after.binned, after.limits, after.created),
        (FolderState::Live, None, before.limits, before.created)
    );
    assert!(binned(bucket, ann).await.is_empty());
}

#[tokio::test]
async fn the_name_of_a_folder_in_the_bin_is_free_and_who_wants_it_back_is_told() {
    let (test, bob) = with_bob().await;
    let (bucket, ann) = (&test.bucket, &test.account);
    let folder = test.open::<Manage>().await;
    folder.share(bob.id, Permission::Read).await.unwrap();
    folder.move_to_bin().await.unwrap();
    let second = bucket.create_folder(ann, named("photos")).await.unwrap();
    bucket.create_folder(&bob, named("photos")).await.unwrap();
    assert_eq!(bucket.find_folder_id(ann, &by_name("photos")).await.unwrap(), second.id);
    let refused = bucket.restore_folder(ann, &by_name("photos")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert!(refused.message().contains("rename it"), "{refused}");
    assert_eq!(binned(bucket, ann).await, ["photos"]);
    bucket.folder::<Manage>(ann, &by_name("photos")).await.unwrap().move_to_bin().await.unwrap();
    let ambiguous = bucket.restore_folder(ann, &by_name("photos")).await.unwrap_err();
    assert_eq!(ambiguous.kind(), ErrorKind::Invalid);
    for id in [test.folder.id, second.id] {
        assert!(ambiguous.message().contains(&id.to_string()), "{ambiguous}");
    }
    assert_eq!(kind(bucket.purge_folder(ann, &by_name("photos")).await), ErrorKind::Invalid);
    assert_eq!(kind(bucket.find_folder_id(ann, &by_name("photos")).await), ErrorKind::Invalid);
    bucket.restore_folder(ann, &photos(&test)).await.unwrap();
    assert_eq!(called(bucket, ann).await, ["photos"]);
    let other = bucket.restore_folder(ann, &photos(&test)).await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Invalid);
    assert!(other.message().contains(&second.id.to_string()), "{other}");
    // Bob gave the name away: he gets another one.
    assert_eq!(called(bucket, &bob).await, ["photos", "photos (1)"]);
    bucket.purge_folder(ann, &FolderRef::Id(second.id)).await.unwrap();
    assert!(binned(bucket, ann).await.is_empty());
}

#[tokio::test]
async fn what_is_purged_is_gone_and_what_is_not_in_the_bin_is_not_purged() {
    let (test, bob) = with_bob().await;
    let (bucket, ann) = (&test.bucket, &test.account);
    let folder = test.open::<Manage>().await;
    folder.share(bob.id, Permission::Manage).await.unwrap();
    assert_eq!(kind(bucket.purge_folder(ann, &photos(&test)).await), ErrorKind::Invalid);
    assert_eq!(kind(bucket.purge_folder(&bob, &photos(&test)).await), ErrorKind::Forbidden);
    assert_eq!(kind(bucket.restore_folder(&bob, &photos(&test)).await), ErrorKind::Forbidden);
    folder.move_to_bin().await.unwrap();
    for _ in 0..2 {
        bucket.purge_folder(ann, &photos(&test)).await.unwrap();
        assert_eq!(kind(bucket.restore_folder(ann, &photos(&test)).await), ErrorKind::NotFound);
        assert!(binned(bucket, ann).await.is_empty());
    }
    let music = bucket.create_folder(ann, named("music")).await.unwrap();
    for state in ["live", "binned"] {
        let folder = bucket.create_folder(ann, named(state)).await.unwrap();
        if state == "binned" {
            bucket.folder::<Manage>(ann, &by_name(state)).await.unwrap().move_to_bin().await.unwrap();
        }
        bucket.delete_folder_for_good(ann, &FolderRef::Id(folder.id)).await.unwrap();
        assert_eq!(record_of(bucket, folder.id).await.state, FolderState::Deleted);
    }
    assert_eq!(bucket.folders(ann).await.unwrap()[0].id, music.id);
    test.clock.advance(Settings::default().late_writes);
    assert_eq!(bucket.sweep().await.unwrap().folders_removed, 3);
    assert_eq!(kind(bucket.purge_folder(ann, &photos(&test)).await), ErrorKind::NotFound);
}

async fn record_of(bucket: &Bucket, id: crate::id::FolderId) -> FolderRecord {
    bucket.manifest::<FolderRecord>(ObjectKey::folder(id)).read().await.unwrap().unwrap()
}

#[tokio::test]
async fn what_is_in_the_bin_counts_as_owned() {
    let test = TestBucket::new().await;
    let settings = Settings { most_folders: Some(2), ..Settings::default() };
    let bucket = testing::open(Arc::clone(&test.store), Arc::clone(&test.clock), settings, 9).await.unwrap();
    let ann = &test.account;
    bucket.folder::<Manage>(ann, &photos(&test)).await.unwrap().move_to_bin().await.unwrap();
    bucket.create_folder(ann, named("photos")).await.unwrap();
    let full = bucket.create_folder(ann, named("music")).await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::OverQuota);
    assert!(full.message().contains("1 of them in the bin"), "{full}");
    bucket.purge_folder(ann, &photos(&test)).await.unwrap();
    bucket.create_folder(ann, named("music")).await.unwrap();
}

#[tokio::test]
async fn the_bin_is_known_elsewhere_within_the_cache_time() {
    let test = TestBucket::new().await;
    let elsewhere = test.replica(2).await;
    let ann = &test.account;
    elsewhere.folder::<Write>(ann, &by_name("photos")).await.unwrap();
    test.open::<Manage>().await.move_to_bin().await.unwrap();
    test.clock.advance(Settings::default().cache_for);
    assert_eq!(kind(elsewhere.folder::<Read>(ann, &by_name("photos")).await), ErrorKind::NotFound);
    assert_eq!(binned(&elsewhere, ann).await, ["photos"]);
    // That it is gone is never said from memory.
    test.bucket.restore_folder(ann, &photos(&test)).await.unwrap();
    elsewhere.folder::<Write>(ann, &by_name("photos")).await.unwrap();
    assert_eq!(called(&elsewhere, ann).await, ["photos"]);
}

#[tokio::test(start_paused = true)]
async fn of_many_who_move_restore_and_purge_at_once_the_record_decides() {
    for seed in 0..24 {
        let test = TestBucket::new().await;
        let ann = &test.account;
        let mut replicas = Vec::new();
        for replica in 0..4 {
            let faults = Faults { seed: seed * 4 + replica, latency: Duration::from_millis(20), ..Faults::default() };
            let store: Store = Arc::new(FaultyStore::new(Arc::clone(&test.store), faults));
            let clock = Arc::clone(&test.clock);
            replicas.push(testing::open(store, clock, Settings::default(), seed * 4 + replica + 10).await.unwrap());
        }
        let purges = seed % 2;
        let work = (0..32).map(|n| {
            let (bucket, which) = (&replicas[n % 4], photos(&test));
            async move {
                let answer = match n % 8 {
                    0..4 => match bucket.folder::<Manage>(ann, &which).await {
                        Ok(folder) => folder.move_to_bin().await,
                        Err(error) => Err(error),
                    },
                    7 if purges == 1 => bucket.purge_folder(ann, &which).await,
                    _ => bucket.restore_folder(ann, &which).await.map(drop),
                };
                let expected = [ErrorKind::NotFound, ErrorKind::Invalid, ErrorKind::Conflict, ErrorKind::Busy];
                answer.err().map(|error| assert!(expected.contains(&error.kind()), "{error}"))
            }
        });
        join_all(work).await;
        let record = record(&test).await;
        for step in ["at once", "swept"] {
            let (live, in_bin) = (called(&test.bucket, ann).await, binned(&test.bucket, ann).await);
            let expected: (&[&str], &[&str]) = match record.state {
                FolderState::Live => (&["photos"], &[]),
                FolderState::Binned => (&[], &["photos"]),
                FolderState::Deleted | FolderState::Fenced => (&[], &[]),
            };
            assert_eq!((live, in_bin), (owned(expected.0), owned(expected.1)), "{step}, {:?}", record.state);
            test.clock.advance(Settings::default().late_writes);
            test.bucket.sweep().await.unwrap();
        }
        let names: NamesRecord = test.bucket.names(ann.id).read().await.unwrap().unwrap();
        let places = names.entries.len() + names.binned.len();
        assert_eq!(places, usize::from(record.is_kept()), "{names:?}");
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

mod under_way;
mod waiting;
