//! Expiry, and what the sweeper makes of it.

use super::*;
use crate::manifest::Change;
use crate::store::operation::Operation;
use crate::store::{Attributes, Body, Condition};
use crate::sweep::{Finding, Mode, Swept, What};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_invitation_can_be_accepted_for_so_long_and_no_longer() {
    let scene = Scene::with(Settings { invitation_life: Some(7 * DAY), ..Settings::default() }).await;
    let (ann, bob, carol) = (&scene.test.account, &scene.bob, &scene.carol);
    let (old, of_carol) = (scene.invite(bob, Permission::Read).await, scene.invite(carol, Permission::Read).await);
    scene.test.clock.advance(7 * DAY - SECOND);
    assert_eq!(scene.got(bob).await, [old]);
    // A change does not prolong it.
    scene.bucket().change_invitation(ann, &old, Permission::Write).await.unwrap();
    scene.bucket().accept_invitation(carol, &of_carol).await.unwrap();
    scene.test.clock.advance(SECOND);
    let bucket = scene.bucket();
    assert_eq!((scene.got(bob).await, bucket.sent_invitations(ann).await.unwrap()), (vec![], vec![]));
    assert_eq!(scene.photos().await.invitations().await.unwrap(), []);
    assert_eq!(refused(bucket.accept_invitation(bob, &old).await), UNKNOWN);
    assert_eq!(refused(bucket.reject_invitation(bob, &old).await), UNKNOWN);
    assert_eq!(refused(bucket.cancel_invitation(ann, &old).await), UNKNOWN);
    assert_eq!(refused(bucket.change_invitation(ann, &old, Permission::Read).await), UNKNOWN);
    bucket.accept_invitation(carol, &of_carol).await.unwrap();
    let new = scene.invite(bob, Permission::Read).await;
    assert_eq!((new == old, scene.got(bob).await), (false, vec![new]));
    assert_eq!(refused(bucket.accept_invitation(bob, &old).await), UNKNOWN);
    bucket.accept_invitation(bob, &new).await.unwrap();
}

#[tokio::test]
async fn an_invitation_that_never_expires_stays() {
    let scene = Scene::with(Settings { invitation_life: None, ..Settings::default() }).await;
    let made = invite(&scene.photos().await, &scene.bob, Permission::Read).await;
    assert_eq!(made.expires, None);
    scene.test.clock.advance(3650 * DAY);
    assert_eq!(scene.bucket().sweep().await.unwrap().invitations_removed, 0);
    assert_eq!(scene.got(&scene.bob).await, [made.id]);
    scene.bucket().accept_invitation(&scene.bob, &made.id).await.unwrap();
}

/// Sweeps. A dry run before it says the same and changes nothing.
async fn swept(scene: &Scene) -> Swept {
    let before = (scene.pointers().await, scene.record().await.invited);
    let announced = scene.replica(Faults::default(), 600).await.sweep_as(Mode::DryRun).await.unwrap();
    assert_eq!((scene.pointers().await, scene.record().await.invited), before);
    let done = scene.replica(Faults::default(), 601).await.sweep_as(Mode::Remove).await.unwrap();
    assert_eq!(done, announced);
    done
}

fn finding(id: InvitationId, reason: &'static str, age: Duration) -> Finding {
    let place = ObjectKey::invitation(&id).to_string();
    Finding { what: What::Invitation, place, reason, age: Some(age), objects: 1 }
}

#[tokio::test]
async fn what_expired_is_swept_and_what_is_pending_stays() {
    let scene = Scene::new().await;
    let old = scene.invite(&scene.bob, Permission::Read).await;
    scene.test.clock.advance(15 * DAY);
    let young = scene.invite(&scene.carol, Permission::Read).await;
    assert_eq!(swept(&scene).await.findings, []);
    scene.test.clock.advance(15 * DAY);
    let done = swept(&scene).await;
    assert_eq!(done.findings, [finding(old, "it was not accepted in time", 30 * DAY)]);
    assert_eq!(done.report.invitations_removed, 1);
    let invited: Vec<_> = scene.record().await.invited.into_keys().collect();
    assert_eq!((scene.pointers().await, invited), (vec![young], vec![scene.carol.id]));
    assert_eq!(swept(&scene).await.findings, []);
}

#[tokio::test]
async fn what_leads_nowhere_is_swept_once_nobody_can_be_making_it() {
    let scene = Scene::new().await;
    let id = scene.invite(&scene.bob, Permission::Read).await;
    // As a process that died right after the answer leaves it, and one that died before it.
    let end = |record: &mut FolderRecord| {
        record.invited.clear();
        Ok(Change::Save(()))
    };
    scene.bucket().manifest(ObjectKey::folder(id.folder())).update(end).await.unwrap();
    let late = scene.settings.late_writes;
    scene.test.clock.advance(late - SECOND);
    assert_eq!(swept(&scene).await.findings, []);
    scene.test.clock.advance(SECOND);
    assert_eq!(swept(&scene).await.findings, [finding(id, "it is over, or was never made", late)]);
    assert_eq!(scene.pointers().await, []);
    let forgotten = format!("{}{}{}", &id.to_string()[..32], "a".repeat(32), "0".repeat(16));
    let forgotten: InvitationId = forgotten.parse().unwrap();
    let (key, empty) = (ObjectKey::invitation(&forgotten), Attributes::default());
    scene.inner.put(&key, Body::from(vec![1]), empty, Condition::Always).await.unwrap();
    assert_eq!(swept(&scene).await.findings, [finding(forgotten, "its folder is no more", Duration::ZERO)]);
    let id = scene.invite(&scene.bob, Permission::Read).await;
    scene.photos().await.delete().await.unwrap();
    let found = swept(&scene).await.findings;
    assert!(found.contains(&finding(id, "its folder is no more", Duration::ZERO)), "{found:?}");
    assert_eq!(scene.pointers().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_hits_nothing_that_is_made_in_the_same_moment() {
    let folder = KeyPrefix::folders();
    for (operation, key) in [(Operation::Put, folder), (Operation::Delete, KeyPrefix::invitations())] {
        let scene = Scene::new().await;
        let old = scene.invite(&scene.bob, Permission::Read).await;
        scene.test.clock.advance(30 * DAY);
        let (obstructed, sweeping) = scene.obstructed(7).await;
        // As some stores do.
        obstructed.forget_conditions();
        obstructed.hold(operation, key.as_str());
        let sweep = sweeping.sweep();
        tokio::pin!(sweep);
        while !obstructed.is_holding() {
            assert!(futures::poll!(sweep.as_mut()).is_pending());
        }
        let new = scene.invite(&scene.bob, Permission::Write).await;
        obstructed.let_go();
        sweep.await.unwrap();
        assert_eq!((scene.got(&scene.bob).await, scene.pointers().await), (vec![new], vec![new]), "{operation:?}");
        assert_eq!(refused(scene.bucket().accept_invitation(&scene.bob, &old).await), UNKNOWN);
        let joined = scene.bucket().accept_invitation(&scene.bob, &new).await.unwrap();
        assert_eq!(joined.permission, Permission::Write);
    }
}
