//! How invitations end, and that an end is an end.

use super::*;
use crate::store::operation::Operation;

/// The ways in which an invitation of Bob's ends.
const ENDS: [&str; 6] = ["rejected", "cancelled", "left", "unshared", "shared", "ended by its invitee"];

async fn end(scene: &Scene, id: &InvitationId, how: &str) {
    let (bucket, ann, bob) = (scene.bucket(), &scene.test.account, &scene.bob);
    match how {
        "rejected" => bucket.reject_invitation(bob, id).await.unwrap(),
        "cancelled" => bucket.end_invitation(ann, id).await.unwrap(),
        "ended by its invitee" => bucket.end_invitation(bob, id).await.unwrap(),
        "shared" => {
            scene.photos().await.share(bob.id, Permission::Read).await.unwrap();
            assert_eq!(refused(bucket.accept_invitation(bob, id).await), UNKNOWN, "he has it already");
            bucket.leave_folder(bob, &by_name("photos")).await.unwrap();
        }
        _ => {
            bucket.accept_invitation(bob, id).await.unwrap();
            match how {
                "left" => bucket.leave_folder(bob, &by_name("photos")).await.unwrap(),
                _ => scene.photos().await.unshare(bob.id).await.unwrap(),
            }
        }
    }
}

#[tokio::test]
async fn after_its_end_one_is_invited_again_by_another_id() {
    for how in ENDS {
        let scene = Scene::new().await;
        let (ann, bob) = (&scene.test.account, &scene.bob);
        let old = scene.invite(bob, Permission::Read).await;
        end(&scene, &old, how).await;
        assert_eq!((scene.got(bob).await, scene.permission_of(bob).await), (vec![], None), "{how}");
        let new = scene.invite(bob, Permission::Write).await;
        assert_ne!(new, old, "{how}");
        let bucket = scene.bucket();
        assert_eq!(refused(bucket.accept_invitation(bob, &old).await), UNKNOWN, "{how}");
        assert_eq!(refused(bucket.reject_invitation(bob, &old).await), UNKNOWN, "{how}");
        assert_eq!(refused(bucket.cancel_invitation(ann, &old).await), UNKNOWN, "{how}");
        assert_eq!(refused(bucket.change_invitation(ann, &old, Permission::Manage).await), UNKNOWN, "{how}");
        assert_eq!(scene.got(bob).await, [new], "{how}");
        bucket.accept_invitation(bob, &new).await.unwrap();
        assert_eq!(refused(bucket.accept_invitation(bob, &old).await), UNKNOWN, "{how}");
        assert_eq!(scene.permission_of(bob).await, Some(Permission::Write), "{how}");
    }
}

#[tokio::test]
async fn accepting_twice_is_accepting_once() {
    let scene = Scene::new().await;
    let (ann, bob) = (&scene.test.account, &scene.bob);
    let id = scene.invite(bob, Permission::Read).await;
    let joined = scene.bucket().accept_invitation(bob, &id).await.unwrap();
    let member = scene.record().await.members[&bob.id];
    scene.test.clock.advance(Duration::from_secs(90 * 24 * 60 * 60));
    scene.photos().await.set_permission(bob.id, Permission::Write).await.unwrap();
    scene.bucket().rename_folder(bob, &by_name("photos"), named("ann's")).await.unwrap();
    let again = scene.bucket().accept_invitation(bob, &id).await.unwrap();
    assert_eq!((again.id, again.permission, again.name), (joined.id, Permission::Write, named("ann's")));
    assert_eq!(scene.record().await.members[&bob.id].since, member.since);
    assert_eq!(refused(scene.bucket().reject_invitation(bob, &id).await), UNKNOWN);
    assert_eq!(refused(scene.bucket().cancel_invitation(ann, &id).await), UNKNOWN);
    let (letters, elsewhere) = (scene.invite_into("letters", bob).await, scene.replica(Faults::default(), 2).await);
    elsewhere.accept_invitation(bob, &letters).await.unwrap();
    let which = FolderRef::Id(letters.folder());
    scene.bucket().folder::<Manage>(ann, &which).await.unwrap().delete().await.unwrap();
    assert_eq!(refused(elsewhere.accept_invitation(bob, &letters).await), UNKNOWN);
    scene.bucket().leave_folder(bob, &by_name("ann's")).await.unwrap();
    assert_eq!(refused(scene.bucket().accept_invitation(bob, &id).await), UNKNOWN);
    assert_eq!(scene.permission_of(bob).await, None);
}

#[tokio::test]
async fn an_invitation_ends_with_its_folder_and_with_its_inviter() {
    for how in ["deleted", "unshared", "demoted", "left"] {
        let scene = Scene::new().await;
        let (bob, carol) = (&scene.bob, &scene.carol);
        let photos = scene.photos().await;
        photos.share(carol.id, Permission::Manage).await.unwrap();
        let by_carol = scene.photos_of(carol).await;
        let id = invite(&by_carol, bob, Permission::Read).await.id;
        match how {
            "deleted" => photos.delete().await.unwrap(),
            "unshared" => photos.unshare(carol.id).await.unwrap(),
            "demoted" => photos.set_permission(carol.id, Permission::Delete).await.unwrap(),
            _ => scene.bucket().leave_folder(carol, &by_name("photos")).await.unwrap(),
        }
        assert_eq!(scene.got(bob).await, [], "{how}");
        let elsewhere = scene.replica(Faults::default(), 2).await;
        assert_eq!(elsewhere.sent_invitations(carol).await.unwrap(), [], "{how}");
        assert_eq!(refused(elsewhere.accept_invitation(bob, &id).await), UNKNOWN, "{how}");
        assert_eq!(refused(elsewhere.reject_invitation(bob, &id).await), UNKNOWN, "{how}");
        assert_eq!(refused(by_carol.cancel_invitation(&id).await), UNKNOWN, "{how}");
        assert_eq!(refused(by_carol.change_invitation(&id, Permission::Write).await), UNKNOWN, "{how}");
        let kind = if how == "demoted" { ErrorKind::Forbidden } else { ErrorKind::NotFound };
        let late = by_carol.invite(from_ref(&bob.email), Permission::Read).await;
        assert_eq!(refused(late), (kind, Subject::Folder), "{how}");
        assert_eq!(refused(by_carol.invitations().await), (kind, Subject::Folder), "{how}");
        assert_eq!(scene.permission_of(bob).await, None, "{how}");
        if how != "deleted" {
            photos.set_permission(carol.id, Permission::Manage).await.ok();
            photos.share(carol.id, Permission::Manage).await.ok();
            assert_eq!(scene.got(bob).await, [], "{how}: what is over stays over");
        }
    }
}

#[tokio::test]
async fn who_may_not_manage_any_more_ends_and_changes_nothing() {
    let scene = Scene::new().await;
    let (ann, bob, carol) = (&scene.test.account, &scene.bob, &scene.carol);
    let photos = scene.photos().await;
    photos.share(carol.id, Permission::Manage).await.unwrap();
    let (id, by_carol) = (scene.invite(bob, Permission::Read).await, scene.photos_of(carol).await);
    for last in [Some(Permission::Delete), None] {
        match last {
            Some(permission) => photos.set_permission(carol.id, permission).await.unwrap(),
            None => photos.unshare(carol.id).await.unwrap(),
        }
        assert_eq!(refused(by_carol.cancel_invitation(&id).await), UNKNOWN, "{last:?}");
        assert_eq!(refused(by_carol.change_invitation(&id, Permission::Manage).await), UNKNOWN, "{last:?}");
    }
    assert_eq!(scene.bucket().sent_invitations(ann).await.unwrap()[0].permission, Permission::Read);
}

#[tokio::test]
async fn who_loses_the_folder_while_inviting_invites_nobody() {
    let scene = Scene::new().await;
    let (bob, carol) = (&scene.bob, &scene.carol);
    scene.photos().await.share(carol.id, Permission::Manage).await.unwrap();
    let (obstructed, elsewhere) = scene.obstructed(7).await;
    let by_carol: Folder<Manage> = elsewhere.folder(carol, &by_name("photos")).await.unwrap();
    obstructed.hold(Operation::Put, KeyPrefix::invitations().as_str());
    let work = by_carol.invite(from_ref(&bob.email), Permission::Read);
    tokio::pin!(work);
    while !obstructed.is_holding() {
        assert!(futures::poll!(work.as_mut()).is_pending());
    }
    scene.photos().await.unshare(carol.id).await.unwrap();
    obstructed.let_go();
    assert_eq!(refused(work.await), (ErrorKind::NotFound, Subject::Folder));
    assert_eq!((scene.got(bob).await, scene.record().await.invited.len()), (vec![], 0));
}

#[tokio::test]
async fn the_permission_of_a_member_is_changed_and_of_nobody_else() {
    let scene = Scene::new().await;
    let (ann, bob, carol) = (&scene.test.account, &scene.bob, &scene.carol);
    let photos = scene.photos().await;
    for stranger in [ann, bob] {
        let answer = photos.set_permission(stranger.id, Permission::Read).await;
        assert_eq!(refused(answer), (ErrorKind::NotFound, Subject::Account));
    }
    photos.share(bob.id, Permission::Read).await.unwrap();
    photos.share(carol.id, Permission::Manage).await.unwrap();
    let elsewhere = scene.replica(Faults::default(), 2).await;
    let which = FolderRef::Id(scene.test.folder.id);
    elsewhere.folder::<Manage>(carol, &which).await.unwrap();
    photos.set_permission(bob.id, Permission::Write).await.unwrap();
    elsewhere.folder::<Write>(bob, &which).await.unwrap();
    let by_carol = scene.photos_of(carol).await;
    photos.set_permission(carol.id, Permission::Write).await.unwrap();
    let refusal = refused(by_carol.set_permission(bob.id, Permission::Manage).await);
    assert_eq!(refusal, (ErrorKind::Forbidden, Subject::Folder));
    scene.test.clock.advance(scene.settings.cache_for);
    assert_eq!(refused(elsewhere.folder::<Manage>(carol, &which).await).0, ErrorKind::Forbidden);
    photos.delete().await.unwrap();
    assert_eq!(refused(photos.set_permission(bob.id, Permission::Read).await).0, ErrorKind::NotFound);
}
