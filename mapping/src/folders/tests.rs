//! Folders over a store in memory.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::FolderInfo;
use crate::access::{Delete, FolderRef, Manage, Permission, Read, Write};
use crate::accounts::Account;
use crate::bucket::{Bucket, Settings};
use crate::error::{ErrorKind, Result};
use crate::key::ObjectKey;
use crate::manifest::Change;
use crate::name::FolderName;
use crate::records::AccountRecord;
use crate::store::Store;
use crate::store::counted::CountedStore;
use crate::store::faulty::{Faults, FaultyStore, Kill, Moment};
use crate::testing::{self, TestBucket, add_account};

fn names(folders: &[FolderInfo]) -> Vec<&str> {
    folders.iter().map(|folder| folder.name.as_str()).collect()
}

pub(super) fn named(name: &str) -> FolderName {
    name.parse().unwrap()
}

pub(super) fn by_name(name: &str) -> FolderRef {
    FolderRef::Name(named(name))
}

pub(super) fn kind<T: std::fmt::Debug>(answer: Result<T>) -> ErrorKind {
    answer.unwrap_err().kind()
}

pub(super) async fn with_bob() -> (TestBucket, Account) {
    let test = TestBucket::new().await;
    let (bob, _) = add_account(&test.bucket, "bob@example.org").await.unwrap();
    (test, bob)
}

/// A replica whose store may fail, be slow, or kill it.
async fn mortal(test: &TestBucket, faults: Faults, seed: u64) -> (Arc<FaultyStore>, Bucket) {
    let faulty = Arc::new(FaultyStore::new(Arc::clone(&test.store), faults));
    let store = Arc::clone(&faulty) as Store;
    (faulty, testing::open(store, Arc::clone(&test.clock), Settings::default(), seed).await.unwrap())
}

fn slow(seed: u64) -> Faults {
    Faults { seed, latency: Duration::from_millis(5), ..Faults::default() }
}

#[tokio::test]
async fn a_folder_is_found_by_its_id_and_by_its_name() {
    let test = TestBucket::new().await;
    let folder = test.bucket.folder::<Manage>(&test.account, &by_name("photos")).await.unwrap();
    assert_eq!(folder.id(), test.open::<Read>().await.id());
    assert_eq!(test.bucket.folders(&test.account).await.unwrap().first(), Some(&test.folder));
    assert_eq!(kind(test.bucket.create_folder(&test.account, named("photos")).await), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn a_stranger_finds_nothing() {
    let (test, bob) = with_bob().await;
    for which in [FolderRef::Id(test.folder.id), by_name("photos")] {
        assert_eq!(kind(test.bucket.folder::<Read>(&bob, &which).await), ErrorKind::NotFound);
        assert_eq!(kind(test.bucket.rename_folder(&bob, &which, named("mine")).await), ErrorKind::NotFound);
        assert_eq!(kind(test.bucket.leave_folder(&bob, &which).await), ErrorKind::NotFound);
    }
    assert!(test.bucket.folders(&bob).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_member_may_do_what_was_granted_and_no_more() {
    let (test, bob) = with_bob().await;
    test.open::<Manage>().await.share(bob.id, Permission::Write).await.unwrap();
    test.bucket.folder::<Write>(&bob, &by_name("photos")).await.unwrap();
    assert_eq!(kind(test.bucket.folder::<Delete>(&bob, &by_name("photos")).await), ErrorKind::Forbidden);
    assert_eq!(kind(test.bucket.folder::<Manage>(&bob, &FolderRef::Id(test.folder.id)).await), ErrorKind::Forbidden);
}

#[tokio::test]
async fn own_folders_are_listed_before_joined_ones() {
    let (test, bob) = with_bob().await;
    for name in ["zebra", "photos"] {
        test.bucket.create_folder(&bob, named(name)).await.unwrap();
    }
    test.open::<Manage>().await.share(bob.id, Permission::Read).await.unwrap();
    let listed = test.bucket.folders(&bob).await.unwrap();
    assert_eq!(names(&listed), ["photos", "zebra", "photos (1)"]);
    assert_eq!((listed[2].id, listed[2].permission), (test.folder.id, Permission::Read));
}

#[tokio::test]
async fn sharing_is_for_others_and_once() {
    let (test, bob) = with_bob().await;
    let folder = test.open::<Manage>().await;
    let nobody = crate::id::AccountId::random(test.bucket.random());
    assert_eq!(kind(folder.share(nobody, Permission::Read).await), ErrorKind::NotFound);
    assert_eq!(kind(folder.share(test.account.id, Permission::Read).await), ErrorKind::Invalid);
    assert_eq!(kind(folder.unshare(bob.id).await), ErrorKind::NotFound);
    folder.share(bob.id, Permission::Read).await.unwrap();
    assert_eq!(kind(folder.share(bob.id, Permission::Write).await), ErrorKind::AlreadyExists);
    let members = folder.members().await.unwrap();
    assert_eq!((members.len(), members[0].account, members[0].permission), (1, bob.id, Permission::Read));
    assert_eq!(kind(test.bucket.leave_folder(&test.account, &by_name("photos")).await), ErrorKind::Invalid);
    test.bucket.leave_folder(&bob, &by_name("photos")).await.unwrap();
    assert!(folder.members().await.unwrap().is_empty());
    assert!(test.bucket.folders(&bob).await.unwrap().is_empty());
}

#[tokio::test]
async fn each_account_has_its_own_name_for_a_folder() {
    let (test, bob) = with_bob().await;
    test.open::<Manage>().await.share(bob.id, Permission::Read).await.unwrap();
    test.bucket.rename_folder(&bob, &by_name("photos"), named("ann's")).await.unwrap();
    test.bucket.rename_folder(&test.account, &by_name("photos"), named("pictures")).await.unwrap();
    assert_eq!(names(&test.bucket.folders(&bob).await.unwrap()), ["ann's"]);
    assert_eq!(names(&test.bucket.folders(&test.account).await.unwrap()), ["pictures"]);
    assert_eq!(kind(test.bucket.folder::<Read>(&test.account, &by_name("photos")).await), ErrorKind::NotFound);
    test.bucket.create_folder(&test.account, named("photos")).await.unwrap();
    let taken = test.bucket.rename_folder(&test.account, &by_name("pictures"), named("photos")).await;
    assert_eq!(kind(taken), ErrorKind::AlreadyExists);
    test.bucket.rename_folder(&test.account, &by_name("pictures"), named("pictures")).await.unwrap();
}

#[tokio::test]
async fn a_deleted_folder_is_gone_for_everybody_and_its_name_is_free() {
    let (test, bob) = with_bob().await;
    let folder = test.open::<Manage>().await;
    folder.share(bob.id, Permission::Manage).await.unwrap();
    test.bucket.folder::<Manage>(&bob, &by_name("photos")).await.unwrap().delete().await.unwrap();
    for account in [&test.account, &bob] {
        assert!(test.bucket.folders(account).await.unwrap().is_empty());
        let found = test.bucket.folder::<Read>(account, &FolderRef::Id(test.folder.id)).await;
        assert_eq!(kind(found), ErrorKind::NotFound);
        let anew = test.bucket.create_folder(account, named("photos")).await.unwrap();
        assert_ne!(anew.id, test.folder.id);
    }
    assert_eq!(kind(folder.delete().await), ErrorKind::NotFound);
    assert_eq!(kind(folder.share(bob.id, Permission::Read).await), ErrorKind::NotFound);
    assert_eq!(kind(folder.members().await), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn of_32_who_make_one_name_one_does() {
    let test = TestBucket::new().await;
    let replicas = join_all((0..32).map(|n| mortal(&test, slow(n), 100 + n))).await;
    let makers = replicas.iter().map(|(_, bucket)| bucket.create_folder(&test.account, named("music")));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(makers).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.into_iter().all(|answer| kind(answer) == ErrorKind::AlreadyExists));
    assert_eq!(names(&test.bucket.folders(&test.account).await.unwrap()), ["music", "photos"]);
}

#[tokio::test(start_paused = true)]
async fn a_maker_who_was_too_slow_fails_and_does_not_come_back() {
    let test = TestBucket::new().await;
    let (faulty, bucket) = mortal(&test, slow(1), 7).await;
    let slow_work = bucket.create_folder(&test.account, named("music"));
    tokio::pin!(slow_work);
    // The names are read and written: the record is next.
    let stop = faulty.calls() + 3;
    while faulty.calls() < stop {
        assert!(futures::poll!(slow_work.as_mut()).is_pending());
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    assert_eq!(kind(test.bucket.create_folder(&test.account, named("music")).await), ErrorKind::Busy);
    assert_eq!(
        kind(test.bucket.rename_folder(&test.account, &by_name("photos"), named("music")).await),
        ErrorKind::Busy
    );
    assert_eq!(names(&test.bucket.folders(&test.account).await.unwrap()), ["photos"]);
    test.clock.advance(Settings::default().claim_grace);
    let made = test.bucket.create_folder(&test.account, named("music")).await.unwrap();
    assert_eq!(kind(slow_work.await), ErrorKind::Conflict);
    let listed = test.bucket.folders(&test.account).await.unwrap();
    assert_eq!((listed[0].id, listed.len()), (made.id, 2));
}

#[tokio::test(start_paused = true)]
async fn a_rename_takes_the_name_of_a_folder_that_never_came_to_be() {
    let test = TestBucket::new().await;
    let (faulty, bucket) = mortal(&test, Faults::default(), 7).await;
    faulty.kill_at(Kill { at: faulty.writes() + 1, moment: Moment::After, only_writes: true });
    bucket.create_folder(&test.account, named("music")).await.unwrap_err();
    test.clock.advance(Settings::default().claim_grace);
    test.bucket.rename_folder(&test.account, &by_name("photos"), named("music")).await.unwrap();
    assert_eq!(names(&test.bucket.folders(&test.account).await.unwrap()), ["music"]);
}

#[tokio::test]
async fn a_revocation_holds_here_at_once_and_elsewhere_within_the_cache_time() {
    let (test, bob) = with_bob().await;
    let elsewhere = test.replica(2).await;
    let folder = test.open::<Manage>().await;
    folder.share(bob.id, Permission::Write).await.unwrap();
    elsewhere.folder::<Write>(&bob, &by_name("photos")).await.unwrap();
    folder.unshare(bob.id).await.unwrap();
    assert_eq!(kind(test.bucket.folder::<Read>(&bob, &by_name("photos")).await), ErrorKind::NotFound);
    test.clock.advance(Settings::default().cache_for);
    assert_eq!(kind(elsewhere.folder::<Read>(&bob, &by_name("photos")).await), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_was_not_found_is_found_as_soon_as_it_is_there() {
    let (test, bob) = with_bob().await;
    let elsewhere = test.replica(2).await;
    // Kept there: the names without `music`, and the record without Bob.
    elsewhere.folder::<Read>(&test.account, &by_name("photos")).await.unwrap();
    assert_eq!(kind(elsewhere.folder::<Read>(&test.account, &by_name("music")).await), ErrorKind::NotFound);
    assert_eq!(kind(elsewhere.folder::<Read>(&bob, &by_name("photos")).await), ErrorKind::NotFound);
    test.bucket.create_folder(&test.account, named("music")).await.unwrap();
    test.open::<Manage>().await.share(bob.id, Permission::Read).await.unwrap();
    elsewhere.folder::<Read>(&test.account, &by_name("music")).await.unwrap();
    elsewhere.folder::<Read>(&bob, &by_name("photos")).await.unwrap();
    assert_eq!(names(&elsewhere.folders(&bob).await.unwrap()), ["photos"]);
}

#[tokio::test]
async fn a_kept_name_of_a_deleted_folder_leads_to_the_new_one() {
    let test = TestBucket::new().await;
    let elsewhere = test.replica(2).await;
    elsewhere.folder::<Read>(&test.account, &by_name("photos")).await.unwrap();
    // The name is read again before the deletion, so it is kept longer than the record.
    test.clock.advance(Settings::default().cache_for / 2);
    elsewhere.names(test.account.id).read().await.unwrap();
    test.open::<Manage>().await.delete().await.unwrap();
    let anew = test.bucket.create_folder(&test.account, named("photos")).await.unwrap();
    test.clock.advance(Settings::default().cache_for / 2);
    let found = elsewhere.folder::<Read>(&test.account, &by_name("photos")).await.unwrap();
    assert_eq!(found.id(), anew.id);
}

#[tokio::test]
async fn sharing_has_its_limits() {
    let (test, bob) = with_bob().await;
    let (carol, _) = add_account(&test.bucket, "carol@example.org").await.unwrap();
    let settings = Settings { most_joined: 2, most_members: 1, ..Settings::default() };
    let (store, clock) = (Arc::clone(&test.store), Arc::clone(&test.clock));
    let bucket = testing::open(store, clock, settings, 9).await.unwrap();
    for name in ["first", "second", "third"] {
        bucket.create_folder(&test.account, named(name)).await.unwrap();
    }
    let share = async |name: &str, grantee: &Account| {
        bucket.folder::<Manage>(&test.account, &by_name(name)).await?.share(grantee.id, Permission::Read).await
    };
    share("first", &bob).await.unwrap();
    assert_eq!(kind(share("first", &bob).await), ErrorKind::AlreadyExists);
    assert_eq!(kind(share("first", &carol).await), ErrorKind::OverQuota);
    share("second", &bob).await.unwrap();
    let refused = share("third", &bob).await.unwrap_err();
    assert_eq!((refused.kind(), refused.subject()), (ErrorKind::OverQuota, crate::error::Subject::Account));
    assert_eq!(bucket.folders(&bob).await.unwrap().len(), 2);
    bucket.leave_folder(&bob, &by_name("first")).await.unwrap();
    share("third", &bob).await.unwrap();
    share("first", &carol).await.unwrap();
}

#[tokio::test]
async fn a_limit_on_folders_holds() {
    let test = TestBucket::new().await;
    let record = test.bucket.manifest::<AccountRecord>(ObjectKey::account(test.account.id));
    let limit = |record: &mut AccountRecord| {
        record.limits.folders = Some(2);
        Ok(Change::Save(()))
    };
    record.update(limit).await.unwrap();
    let account = test.bucket.account(test.account.id).await.unwrap();
    test.bucket.create_folder(&account, named("second")).await.unwrap();
    assert_eq!(kind(test.bucket.create_folder(&account, named("third")).await), ErrorKind::OverQuota);
    assert_eq!(test.bucket.folders(&account).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_known_folder_costs_no_request_and_a_list_costs_one() {
    let test = TestBucket::new().await;
    for n in 0..20 {
        test.bucket.create_folder(&test.account, named(&format!("folder {n}"))).await.unwrap();
    }
    let counted = Arc::new(CountedStore::new(Arc::clone(&test.store)));
    let store = Arc::clone(&counted) as Store;
    let bucket = testing::open(store, Arc::clone(&test.clock), Settings::default(), 9).await.unwrap();
    let reads = || counted.reset().reads();
    reads();
    assert_eq!(bucket.folders(&test.account).await.unwrap().len(), 21);
    assert_eq!(reads(), 22);
    bucket.folders(&test.account).await.unwrap();
    assert_eq!(reads(), 1);
    bucket.folder::<Write>(&test.account, &by_name("photos")).await.unwrap();
    bucket.folder::<Read>(&test.account, &FolderRef::Id(test.folder.id)).await.unwrap();
    assert_eq!(reads(), 0);
    bucket.create_folder(&test.account, named("new")).await.unwrap();
    assert_eq!(counted.reset().writes(), 2);
}
