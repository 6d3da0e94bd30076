//! Work that takes so long that it looks as if whoever does it had died.

use super::*;
use crate::store::faulty::{Kill, Moment};
use crate::store::operation::Operation;

#[tokio::test(start_paused = true)]
async fn an_inviter_who_was_too_slow_fails_and_leaves_nothing() {
    let scene = Scene::new().await;
    let (obstructed, slow) = scene.obstructed(7).await;
    let photos: Folder<Manage> = slow.folder(&scene.test.account, &by_name("photos")).await.unwrap();
    obstructed.hold(Operation::Put, KeyPrefix::folders().as_str());
    let emails = [scene.bob.email.clone()];
    let work = photos.invite(&emails, Permission::Read);
    tokio::pin!(work);
    while !obstructed.is_holding() {
        assert!(futures::poll!(work.as_mut()).is_pending());
    }
    scene.test.clock.advance(scene.settings.late_writes);
    assert_eq!(scene.bucket().sweep().await.unwrap().invitations_removed, 1, "it looks as if its maker were dead");
    obstructed.let_go();
    assert_eq!(refused(work.await), (ErrorKind::Conflict, Subject::Invitation));
    assert_eq!((scene.got(&scene.bob).await, scene.record().await.invited.len()), (vec![], 0));
    scene.invite(&scene.bob, Permission::Read).await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_there_also_when_the_sweeper_took_it_from_a_slow_member_to_be() {
    let scene = Scene::new().await;
    let id = scene.invite(&scene.bob, Permission::Read).await;
    let (obstructed, slow) = scene.obstructed(7).await;
    obstructed.hold(Operation::Put, KeyPrefix::folders().as_str());
    let work = slow.accept_invitation(&scene.bob, &id);
    tokio::pin!(work);
    while !obstructed.is_holding() {
        assert!(futures::poll!(work.as_mut()).is_pending());
    }
    scene.test.clock.advance(scene.settings.claim_grace);
    assert_eq!(scene.bucket().sweep().await.unwrap().names_removed, 1, "it looks as if its taker were dead");
    scene.bucket().create_folder(&scene.bob, named("photos")).await.unwrap();
    obstructed.let_go();
    assert_eq!(work.await.unwrap().name, named("photos (1)"));
    assert_eq!(scene.bucket().folders(&scene.bob).await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sweeper_that_looked_before_the_membership_was_there_takes_no_name_after_it() {
    let scene = Scene::new().await;
    let bob = &scene.bob;
    let id = scene.invite(bob, Permission::Read).await;
    let (accepting, slow) = scene.obstructed(7).await;
    accepting.hold(Operation::Put, KeyPrefix::folders().as_str());
    let work = slow.accept_invitation(bob, &id);
    tokio::pin!(work);
    while !accepting.is_holding() {
        assert!(futures::poll!(work.as_mut()).is_pending());
    }
    scene.test.clock.advance(scene.settings.claim_grace);
    let (sweeping, sweeper) = scene.obstructed(8).await;
    sweeping.hold(Operation::Put, ObjectKey::names(bob.id).as_str());
    let sweep = sweeper.sweep();
    tokio::pin!(sweep);
    while !sweeping.is_holding() {
        assert!(futures::poll!(sweep.as_mut()).is_pending());
    }
    accepting.let_go();
    work.await.unwrap();
    sweeping.let_go();
    sweep.await.unwrap();
    assert_eq!(scene.replica(Faults::default(), 2).await.folders(bob).await.unwrap()[0].name, named("photos"));
}

#[tokio::test(start_paused = true)]
async fn who_accepts_again_after_a_crash_has_all_the_time_again() {
    let scene = Scene::new().await;
    let bob = &scene.bob;
    let id = scene.invite(bob, Permission::Read).await;
    let store = Arc::new(FaultyStore::new(Arc::clone(&scene.inner), Faults::default()));
    let (there, clock) = (Arc::clone(&store) as Store, Arc::clone(&scene.test.clock));
    let mortal = testing::open(there, clock, scene.settings.clone(), 6).await.unwrap();
    store.kill_at(Kill { at: store.writes() + 1, moment: Moment::After, only_writes: true });
    mortal.accept_invitation(bob, &id).await.unwrap_err();
    scene.test.clock.advance(scene.settings.claim_grace);
    let (obstructed, slow) = scene.obstructed(7).await;
    obstructed.hold(Operation::Put, KeyPrefix::folders().as_str());
    let work = slow.accept_invitation(bob, &id);
    tokio::pin!(work);
    while !obstructed.is_holding() {
        assert!(futures::poll!(work.as_mut()).is_pending());
    }
    assert_eq!(scene.bucket().sweep().await.unwrap().names_removed, 0, "it is under way");
    obstructed.let_go();
    assert_eq!(work.await.unwrap().name, named("photos"));
}
