//! How many invitations there may be, and what they cost.

use super::*;
use crate::store::counted::CountedStore;
use crate::store::operation::Operation;

async fn accounts(scene: &Scene, count: usize) -> Vec<Account> {
    let mut made = Vec::new();
    for n in 0..count {
        made.push(add_account(scene.bucket(), &format!("guest-{n}@example.org")).await.unwrap().0);
    }
    made
}

#[tokio::test]
async fn a_folder_has_so_many_invitations_and_no_more() {
    let scene = Scene::with(Settings { most_invited: 2, ..Settings::default() }).await;
    let photos = scene.photos().await;
    let guests = accounts(&scene, 3).await;
    let full = (ErrorKind::OverQuota, Subject::Folder);
    let all: Vec<_> = guests.iter().map(|guest| guest.email.clone()).collect();
    assert_eq!(refused(photos.invite(&all, Permission::Read).await), full);
    let first = invite(&photos, &guests[0], Permission::Read).await.id;
    assert_eq!(refused(photos.invite(&all[1..], Permission::Read).await), full);
    invite(&photos, &guests[1], Permission::Read).await;
    assert_eq!(refused(photos.invite(&all[2..], Permission::Read).await), full);
    assert_eq!(scene.pointers().await.len(), 2, "nothing was made in vain");
    // Who has one is not one more.
    assert_eq!(photos.invite(&all[..2], Permission::Read).await.unwrap().len(), 2);
    scene.bucket().accept_invitation(&guests[0], &first).await.unwrap();
    invite(&photos, &guests[2], Permission::Read).await;
}

#[tokio::test]
async fn an_account_has_so_many_invitations_and_no_more() {
    let scene = Scene::with(Settings { most_invitations: 2, ..Settings::default() }).await;
    let (bob, ann) = (&scene.bob, &scene.test.account);
    let mut folders = Vec::new();
    for name in ["first", "second", "third"] {
        scene.bucket().create_folder(ann, named(name)).await.unwrap();
        folders.push(scene.bucket().folder::<Manage>(ann, &by_name(name)).await.unwrap());
    }
    let first = invite(&folders[0], bob, Permission::Read).await.id;
    invite(&folders[1], bob, Permission::Read).await;
    let answer = folders[2].invite(&[scene.carol.email.clone(), bob.email.clone()], Permission::Read).await;
    assert_eq!(refused(answer), (ErrorKind::OverQuota, Subject::Account));
    assert_eq!(scene.pointers().await.len(), 2, "nothing was made in vain");
    // What leads nowhere does not count: this one's object is still there.
    let (obstructed, elsewhere) = scene.obstructed(2).await;
    obstructed.hold(Operation::Delete, KeyPrefix::invitations().as_str());
    {
        let reject = elsewhere.reject_invitation(bob, &first);
        tokio::pin!(reject);
        while !obstructed.is_holding() {
            assert!(futures::poll!(reject.as_mut()).is_pending());
        }
    }
    assert_eq!(scene.pointers().await.len(), 2);
    invite(&folders[2], bob, Permission::Read).await;
    assert_eq!(scene.got(bob).await.len(), 2);
}

#[tokio::test]
async fn who_cannot_join_keeps_the_invitation() {
    let settings = Settings { most_members: 1, most_joined: 1, ..Settings::default() };
    let scene = Scene::with(settings).await;
    let (ann, bob, carol) = (&scene.test.account, &scene.bob, &scene.carol);
    let (bucket, photos) = (scene.bucket(), scene.photos().await);
    let (first, second) = (scene.invite(bob, Permission::Read).await, scene.invite(carol, Permission::Read).await);
    bucket.accept_invitation(bob, &first).await.unwrap();
    assert_eq!(refused(bucket.accept_invitation(carol, &second).await), (ErrorKind::OverQuota, Subject::Folder));
    bucket.create_folder(ann, named("letters")).await.unwrap();
    let letters = bucket.folder::<Manage>(ann, &by_name("letters")).await.unwrap();
    let third = invite(&letters, bob, Permission::Read).await.id;
    assert_eq!(refused(bucket.accept_invitation(bob, &third).await), (ErrorKind::OverQuota, Subject::Account));
    assert_eq!((scene.got(bob).await, scene.got(carol).await), (vec![third], vec![second]));
    photos.unshare(bob.id).await.unwrap();
    bucket.accept_invitation(bob, &third).await.unwrap();
    bucket.accept_invitation(carol, &second).await.unwrap();
}

#[tokio::test]
async fn a_list_costs_a_read_for_each_folder_and_a_change_costs_a_few_calls() {
    let scene = Scene::new().await;
    let (ann, bob) = (&scene.test.account, &scene.bob);
    for n in 0..20 {
        let name = format!("folder {n}");
        scene.bucket().create_folder(ann, named(&name)).await.unwrap();
        let folder = scene.bucket().folder(ann, &by_name(&name)).await.unwrap();
        invite(&folder, bob, Permission::Read).await;
    }
    let counted = Arc::new(CountedStore::new(Arc::clone(&scene.inner)));
    let store = Arc::clone(&counted) as Store;
    let bucket = testing::open(store, Arc::clone(&scene.test.clock), Settings::default(), 9).await.unwrap();
    let calls = || {
        let counts = counted.reset();
        [Operation::Get, Operation::List, Operation::Put, Operation::Delete].map(|operation| counts.of(operation))
    };
    calls();
    assert_eq!(bucket.invitations(bob).await.unwrap().len(), 20);
    assert_eq!(calls(), [22, 1, 0, 0], "the folders, and the two accounts");
    assert_eq!(bucket.sent_invitations(ann).await.unwrap().len(), 20);
    assert_eq!(calls(), [22, 0, 0, 0], "the names, and every folder of hers");
    let folder = bucket.folder::<Manage>(ann, &FolderRef::Id(scene.test.folder.id)).await.unwrap();
    calls();
    let id = invite(&folder, bob, Permission::Read).await.id;
    assert_eq!(calls(), [3, 1, 2, 0], "the address, the folder, twice");
    bucket.change_invitation(ann, &id, Permission::Write).await.unwrap();
    assert_eq!(calls(), [1, 0, 1, 0]);
    bucket.accept_invitation(bob, &id).await.unwrap();
    assert_eq!(calls(), [4, 0, 2, 1], "the folder and the names, twice");
}
