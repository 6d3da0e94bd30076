//! What lists show on which replica, and in which order.

use super::*;
use crate::key::KeyPrefix;

#[tokio::test]
async fn lists_are_never_answered_from_memory() {
    let scene = Scene::new().await;
    let (ann, bob) = (&scene.test.account, &scene.bob);
    let elsewhere = scene.replica(Faults::default(), 2).await;
    let lists = async || {
        let (got, sent) = (elsewhere.invitations(bob).await.unwrap(), elsewhere.sent_invitations(ann).await.unwrap());
        let folder: Folder<Manage> = elsewhere.folder(ann, &FolderRef::Id(scene.test.folder.id)).await.unwrap();
        let of_folder = folder.invitations().await.unwrap();
        [got, sent, of_folder].map(|list| list.into_iter().map(|one| one.permission).collect::<Vec<_>>())
    };
    let all = |expected: &[Permission]| [expected.to_vec(), expected.to_vec(), expected.to_vec()];
    assert_eq!(lists().await, all(&[]));
    let id = scene.invite(bob, Permission::Read).await;
    assert_eq!(lists().await, all(&[Permission::Read]));
    scene.bucket().change_invitation(ann, &id, Permission::Write).await.unwrap();
    assert_eq!(lists().await, all(&[Permission::Write]));
    scene.bucket().cancel_invitation(ann, &id).await.unwrap();
    assert_eq!(lists().await, all(&[]));
    let id = scene.invite(bob, Permission::Delete).await;
    elsewhere.accept_invitation(bob, &id).await.unwrap();
    assert_eq!(lists().await, all(&[]));
    scene.opened::<Delete>(bob).await.unwrap();
}

#[tokio::test]
async fn each_sees_his_own_oldest_first() {
    let scene = Scene::new().await;
    let (ann, bob, carol) = (&scene.test.account, &scene.bob, &scene.carol);
    scene.photos().await.share(carol.id, Permission::Manage).await.unwrap();
    let (dave, _) = add_account(scene.bucket(), "dave@example.org").await.unwrap();
    let mut by_ann = Vec::new();
    for (n, name) in ["e", "d", "c", "b", "a"].iter().enumerate() {
        scene.bucket().create_folder(ann, named(name)).await.unwrap();
        let folder = scene.bucket().folder::<Manage>(ann, &by_name(name)).await.unwrap();
        by_ann.push(invite(&folder, if n % 2 == 0 { bob } else { &dave }, Permission::Read).await);
        scene.test.clock.advance(Duration::from_secs(1));
    }
    let by_carol = invite(&scene.photos_of(carol).await, bob, Permission::Read).await;
    let bucket = scene.replica(Faults::default(), 2).await;
    assert_eq!(bucket.sent_invitations(ann).await.unwrap(), by_ann);
    assert_eq!(bucket.sent_invitations(carol).await.unwrap(), from_ref(&by_carol));
    let of_bob = [&by_ann[0], &by_ann[2], &by_ann[4], &by_carol].map(Clone::clone);
    assert_eq!(bucket.invitations(bob).await.unwrap(), of_bob);
    assert_eq!(scene.photos().await.invitations().await.unwrap(), [by_carol], "the owner sees hers too");
}

#[tokio::test]
async fn an_object_that_is_no_invitation_is_in_nobodys_way() {
    let scene = Scene::new().await;
    let id = scene.invite(&scene.bob, Permission::Read).await;
    let strange = format!("{}strange", KeyPrefix::invitations_of(scene.bob.id));
    let (body, attributes) = (crate::store::Body::from(vec![1]), crate::store::Attributes::default());
    let condition = crate::store::Condition::Always;
    scene.inner.put(&ObjectKey::listed(strange.clone()), body, attributes, condition).await.unwrap();
    assert_eq!(scene.got(&scene.bob).await, [id]);
    scene.test.clock.advance(Duration::from_secs(365 * 24 * 60 * 60));
    assert_eq!(scene.bucket().sweep().await.unwrap().invitations_removed, 1);
    scene.inner.head(&ObjectKey::listed(strange)).await.unwrap();
}
