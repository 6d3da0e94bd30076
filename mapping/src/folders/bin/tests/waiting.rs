//! What waits for a folder in the bin, and what is refused by those who have not heard that it is there.

use super::*;

#[tokio::test]
async fn who_leaves_without_having_heard_takes_no_invitation_along() {
    let (test, bob) = with_bob().await;
    let (carol, _) = add_account(&test.bucket, "carol@example.org").await.unwrap();
    let elsewhere = test.replica(2).await;
    let folder = test.open::<Manage>().await;
    folder.share(bob.id, Permission::Read).await.unwrap();
    folder.invite(std::slice::from_ref(&carol.email), Permission::Read).await.unwrap();
    let heard_late = elsewhere.folder::<Manage>(&test.account, &photos(&test)).await.unwrap();
    elsewhere.folder::<Read>(&bob, &photos(&test)).await.unwrap();
    folder.move_to_bin().await.unwrap();
    assert_eq!(kind(elsewhere.leave_folder(&bob, &photos(&test)).await), ErrorKind::NotFound);
    assert_eq!(kind(heard_late.unshare(bob.id).await), ErrorKind::NotFound);
    test.bucket.restore_folder(&test.account, &photos(&test)).await.unwrap();
    assert_eq!(test.bucket.invitations(&carol).await.unwrap().len(), 1);
    assert_eq!(called(&test.bucket, &bob).await, ["photos"]);
}

#[tokio::test]
async fn who_was_about_to_take_a_members_name_does_not_once_the_folder_is_back() {
    let (test, bob) = with_bob().await;
    let folder = test.open::<Manage>().await;
    folder.share(bob.id, Permission::Read).await.unwrap();
    folder.move_to_bin().await.unwrap();
    let before = test.bucket.names(bob.id).read().await.unwrap().unwrap();
    let (_, entry) = before.entry_of(test.folder.id).unwrap();
    test.clock.advance(Duration::from_secs(1));
    test.bucket.restore_folder(&test.account, &photos(&test)).await.unwrap();
    let mut names = test.bucket.names(bob.id).read().await.unwrap().unwrap();
    let (seen, now) = (GivenUp { entry, left: Left::Binned(entry.created) }, test.bucket.clock().now());
    let wanted = NameEntry { folder: FolderId::random(test.bucket.random()), kind: NameKind::Owned, ..entry };
    assert!(matches!(names.put(&named("photos"), wanted, now, Some(seen)), Change::Keep(Taken::By(_))));
    // Who has lost it all the same gets one by restoring it once more.
    let lose = |names: &mut NamesRecord| {
        names.entries.clear();
        Ok(Change::Save(()))
    };
    test.bucket.names(bob.id).update(lose).await.unwrap();
    test.bucket.restore_folder(&test.account, &photos(&test)).await.unwrap();
    assert_eq!(called(&test.bucket, &bob).await, ["photos"]);
}

#[tokio::test]
async fn deleting_for_good_by_a_name_never_reaches_into_the_bin() {
    let test = TestBucket::new().await;
    let (bucket, ann) = (&test.bucket, &test.account);
    test.open::<Manage>().await.move_to_bin().await.unwrap();
    bucket.create_folder(ann, named("photos")).await.unwrap();
    bucket.delete_folder_for_good(ann, &by_name("photos")).await.unwrap();
    // The answer was lost, and it is asked again.
    assert_eq!(kind(bucket.delete_folder_for_good(ann, &by_name("photos")).await), ErrorKind::NotFound);
    assert_eq!(binned(bucket, ann).await, ["photos"]);
}

#[tokio::test]
async fn what_no_list_leads_to_is_removed_all_the_same_once_it_is_purged() {
    let test = TestBucket::new().await;
    test.open::<Manage>().await.move_to_bin().await.unwrap();
    let lose = |names: &mut NamesRecord| {
        names.binned.clear();
        Ok(Change::Save(()))
    };
    test.bucket.names(test.account.id).update(lose).await.unwrap();
    test.bucket.purge_folder(&test.account, &photos(&test)).await.unwrap();
    test.clock.advance(Settings::default().late_writes);
    assert_eq!(test.bucket.sweep().await.unwrap().folders_removed, 1);
}

#[tokio::test]
async fn a_clone_by_one_who_has_not_heard_makes_nothing() {
    let test = TestBucket::new().await;
    let elsewhere = test.replica(2).await;
    let source = elsewhere.folder::<Read>(&test.account, &photos(&test)).await.unwrap();
    test.open::<Manage>().await.move_to_bin().await.unwrap();
    let made = elsewhere.clone_folder(&source, named("copy"), NewFolder::default()).await;
    assert_eq!(made.map(drop).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(called(&test.bucket, &test.account).await.is_empty());
}
