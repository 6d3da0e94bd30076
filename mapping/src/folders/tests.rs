//! Folders over a store in memory.

use super::FolderInfo;
use crate::access::{Delete, FolderRef, Manage, Permission, Read, Write};
use crate::error::ErrorKind;
use crate::testing::{TestBucket, add_account};

fn names(folders: &[FolderInfo]) -> Vec<&str> {
    folders.iter().map(|folder| folder.name.as_str()).collect()
}

#[tokio::test]
async fn a_folder_is_found_by_its_id_and_by_its_name() {
    let test = TestBucket::new().await;
    let by_name = FolderRef::Name("photos".parse().unwrap());
    let folder = test.bucket.folder::<Manage>(&test.account, &by_name).await.unwrap();
    assert_eq!(folder.id(), test.open::<Read>().await.id());
    assert_eq!(test.bucket.folders(&test.account).await.unwrap().first(), Some(&test.folder));
}

#[tokio::test]
async fn a_stranger_finds_nothing() {
    let test = TestBucket::new().await;
    let (bob, _) = add_account(&test.bucket, "bob@example.org").await.unwrap();
    let refused = test.bucket.folder::<Read>(&bob, &FolderRef::Id(test.folder.id)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert!(test.bucket.folders(&bob).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_member_may_do_what_was_granted_and_no_more() {
    let test = TestBucket::new().await;
    let (bob, _) = add_account(&test.bucket, "bob@example.org").await.unwrap();
    test.open::<Manage>().await.share(bob.id, Permission::Write).await.unwrap();
    let which = FolderRef::Name("photos".parse().unwrap());
    test.bucket.folder::<Write>(&bob, &which).await.unwrap();
    let refused = test.bucket.folder::<Delete>(&bob, &which).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn own_folders_are_listed_before_joined_ones() {
    let test = TestBucket::new().await;
    let (bob, _) = add_account(&test.bucket, "bob@example.org").await.unwrap();
    for name in ["zebra", "photos"] {
        test.bucket.create_folder(&bob, name.parse().unwrap()).await.unwrap();
    }
    test.open::<Manage>().await.share(bob.id, Permission::Read).await.unwrap();
    let listed = test.bucket.folders(&bob).await.unwrap();
    assert_eq!(names(&listed), ["photos", "zebra", "photos (1)"]);
    assert_eq!(listed[2].permission, Permission::Read);
}
