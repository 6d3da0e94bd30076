//! What is refused, and how a client can tell.

use super::*;
use crate::name::Email;

#[tokio::test]
async fn who_has_the_folder_or_does_not_exist_is_not_invited() {
    let scene = Scene::new().await;
    let (ann, bob, carol) = (&scene.test.account, &scene.bob, &scene.carol);
    scene.photos().await.share(bob.id, Permission::Manage).await.unwrap();
    scene.photos().await.share(carol.id, Permission::Read).await.unwrap();
    let nobody: Email = "nobody@example.org".parse().unwrap();
    let cases = [
        (ann, vec![], (ErrorKind::Invalid, Subject::Invitation)),
        (ann, vec![&ann.email], (ErrorKind::Invalid, Subject::Account)),
        (bob, vec![&bob.email], (ErrorKind::Invalid, Subject::Account)),
        (bob, vec![&ann.email], (ErrorKind::Invalid, Subject::Account)),
        (ann, vec![&carol.email], (ErrorKind::AlreadyExists, Subject::Account)),
        (ann, vec![&nobody], (ErrorKind::NotFound, Subject::Account)),
    ];
    for (inviter, invitees, expected) in cases {
        let addresses: Vec<Email> = invitees.iter().map(|address| (*address).clone()).collect();
        let answer = scene.photos_of(inviter).await.invite(&addresses, Permission::Read).await;
        assert_eq!(refused(answer), expected, "{} invites {invitees:?}", inviter.email);
    }
    assert_eq!((scene.pointers().await, scene.record().await.invited.len()), (vec![], 0));
}

#[tokio::test]
async fn an_invitation_of_somebody_else_is_not_found() {
    let scene = Scene::new().await;
    let (ann, bob, carol) = (&scene.test.account, &scene.bob, &scene.carol);
    let id = scene.invite(bob, Permission::Read).await;
    let bucket = scene.bucket();
    let (dave, _) = add_account(bucket, "dave@example.org").await.unwrap();
    scene.photos().await.share(dave.id, Permission::Delete).await.unwrap();
    bucket.create_folder(carol, named("mine")).await.unwrap();
    for stranger in [carol, &dave, ann] {
        assert_eq!(refused(bucket.accept_invitation(stranger, &id).await), UNKNOWN);
        assert_eq!(refused(bucket.reject_invitation(stranger, &id).await), UNKNOWN);
    }
    for stranger in [carol, &dave, bob] {
        assert_eq!(refused(bucket.cancel_invitation(stranger, &id).await), UNKNOWN);
        assert_eq!(refused(bucket.change_invitation(stranger, &id, Permission::Manage).await), UNKNOWN);
    }
    assert_eq!(refused(bucket.end_invitation(carol, &id).await), UNKNOWN);
    let mine = bucket.folder::<Manage>(carol, &by_name("mine")).await.unwrap();
    assert_eq!(refused(mine.cancel_invitation(&id).await), UNKNOWN);
    assert_eq!(refused(mine.change_invitation(&id, Permission::Manage).await), UNKNOWN);
    for other in [carol, &dave] {
        assert_eq!((scene.got(other).await, bucket.sent_invitations(other).await.unwrap()), (vec![], vec![]));
    }
    assert_eq!(bucket.accept_invitation(bob, &id).await.unwrap().permission, Permission::Read);
}

#[tokio::test]
async fn an_id_that_was_made_up_is_not_found() {
    let scene = Scene::new().await;
    let (bob, id) = (&scene.bob, scene.invite(&scene.bob, Permission::Read).await);
    let text = id.to_string();
    let other_mark: InvitationId = format!("{}{:016x}", &text[..64], 7).parse().unwrap();
    let other_folder: InvitationId = format!("{}{}{}", &text[..32], "0".repeat(32), &text[64..]).parse().unwrap();
    for wrong in [other_mark, other_folder] {
        let bucket = scene.bucket();
        assert_eq!(refused(bucket.accept_invitation(bob, &wrong).await), UNKNOWN);
        assert_eq!(refused(bucket.reject_invitation(bob, &wrong).await), UNKNOWN);
        assert_eq!(refused(bucket.cancel_invitation(&scene.test.account, &wrong).await), UNKNOWN);
        assert_eq!(refused(bucket.change_invitation(&scene.test.account, &wrong, Permission::Write).await), UNKNOWN);
    }
    assert_eq!(scene.got(bob).await, [id]);
}

#[tokio::test]
async fn a_name_that_is_taken_leaves_the_invitation_pending() {
    let scene = Scene::new().await;
    let bob = &scene.bob;
    let id = scene.invite(bob, Permission::Read).await;
    scene.bucket().create_folder(bob, named("photos")).await.unwrap();
    let taken = scene.bucket().accept_invitation(bob, &id).await.unwrap_err();
    assert_eq!((taken.kind(), taken.subject()), (ErrorKind::AlreadyExists, Subject::Folder));
    assert!(taken.message().contains("`photos`"), "{taken}");
    assert_eq!((scene.got(bob).await, scene.permission_of(bob).await), (vec![id], None));
    scene.bucket().rename_folder(bob, &by_name("photos"), named("mine")).await.unwrap();
    assert_eq!(scene.bucket().accept_invitation(bob, &id).await.unwrap().name, named("photos"));
    assert_eq!(scene.bucket().folders(bob).await.unwrap().len(), 2);
}
