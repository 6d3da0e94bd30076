//! Many at once, on as many replicas.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::*;

fn slow(seed: u64) -> Faults {
    Faults { seed, latency: Duration::from_millis(5), ..Faults::default() }
}

#[tokio::test(start_paused = true)]
async fn of_32_who_accept_folders_of_one_name_one_does_and_31_stay_pending() {
    let scene = Scene::new().await;
    let bob = &scene.bob;
    let mut invitations = Vec::new();
    for n in 0..32 {
        let (owner, _) = add_account(scene.bucket(), &format!("owner-{n}@example.org")).await.unwrap();
        scene.bucket().create_folder(&owner, named("music")).await.unwrap();
        let music = scene.bucket().folder::<Manage>(&owner, &by_name("music")).await.unwrap();
        invitations.push(invite(&music, bob, Permission::Read).await.id);
    }
    let replicas = join_all((0..32).map(|n| scene.replica(slow(n), 100 + n))).await;
    let accepts = replicas.iter().zip(&invitations).map(|(bucket, id)| bucket.accept_invitation(bob, id));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(accepts).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert_eq!(refused(answer), (ErrorKind::AlreadyExists, Subject::Folder));
    }
    let joined = scene.replica(Faults::default(), 2).await.folders(bob).await.unwrap();
    assert_eq!((joined.len(), joined[0].id), (1, won[0].as_ref().unwrap().id));
    let pending: BTreeSet<_> = scene.got(bob).await.into_iter().collect();
    let expected = invitations.into_iter().filter(|id| id.folder() != joined[0].id).collect();
    assert_eq!(pending, expected);
}

/// Begins in one of five moments.
async fn beginning<T>(moment: u64, work: impl Future<Output = T>) -> T {
    tokio::time::sleep(Duration::from_millis(6 * (moment % 5))).await;
    work.await
}

#[tokio::test(start_paused = true)]
async fn of_all_who_decide_at_once_one_does() {
    let mut outcomes = BTreeSet::new();
    for seed in 0..125 {
        let scene = Scene::new().await;
        let (ann, bob) = (&scene.test.account, &scene.bob);
        let id = scene.invite(bob, Permission::Read).await;
        let replicas = join_all((0..5).map(|n| scene.replica(slow(seed * 10 + n), seed * 10 + n))).await;
        let [accepting, rejecting, cancelling, changing, deleting] = &replicas[..] else { unreachable!() };
        let photos: Folder<Manage> = deleting.folder(ann, &FolderRef::Id(id.folder())).await.unwrap();
        let delete = async { if seed % 3 == 0 { Some(photos.delete().await) } else { None } };
        // Accepting takes more calls than the others: they begin at any moment of it.
        let (accepted, rejected, cancelled, changed, deleted) = tokio::join!(
            accepting.accept_invitation(bob, &id),
            beginning(seed, rejecting.reject_invitation(bob, &id)),
            beginning(seed / 5, cancelling.cancel_invitation(ann, &id)),
            beginning(seed / 25, changing.change_invitation(ann, &id, Permission::Write)),
            beginning(seed / 3, delete),
        );
        let ends = [accepted.is_ok(), rejected.is_ok(), cancelled.is_ok()];
        outcomes.insert((ends, changed.is_ok()));
        let is_deleted = deleted.transpose().unwrap().is_some();
        let ended = ends.iter().filter(|ended| **ended).count();
        assert!(ended == 1 || (ended == 0 && is_deleted), "{seed}: {ends:?}");
        for other in
            [accepted.as_ref().err(), rejected.as_ref().err(), cancelled.as_ref().err(), changed.as_ref().err()]
        {
            assert!(other.is_none_or(|error| (error.kind(), error.subject()) == UNKNOWN), "{seed}: {other:?}");
        }
        let offered = if changed.is_ok() { Permission::Write } else { Permission::Read };
        assert!(accepted.as_ref().is_ok_and(|joined| joined.permission == offered) || !ends[0], "{seed}");
        let record = scene.record().await;
        let member = record.members.get(&bob.id).map(|member| member.permission);
        assert_eq!(member, ends[0].then_some(offered), "{seed}");
        assert!(record.invited.is_empty() || is_deleted && ended == 0, "{seed}");
        assert_eq!(scene.got(bob).await, [], "{seed}");
    }
    let won = |place: usize| outcomes.iter().any(|(ends, _)| ends[place]);
    assert!(won(0) && won(1) && won(2) && outcomes.contains(&([false; 3], false)), "{outcomes:?}");
    assert!(outcomes.contains(&([true, false, false], true)) && outcomes.contains(&([true, false, false], false)));
}

#[tokio::test(start_paused = true)]
async fn of_16_who_invite_one_account_one_makes_the_invitation() {
    for seed in 0..10 {
        let scene = Scene::new().await;
        let replicas = join_all((0..16).map(|n| scene.replica(slow(seed * 16 + n), seed * 16 + n))).await;
        let invites = replicas.iter().map(async |bucket| {
            let photos: Folder<Manage> = bucket.folder(&scene.test.account, &by_name("photos")).await?;
            photos.invite(from_ref(&scene.bob.email), Permission::Read).await
        });
        let answers: Vec<_> = join_all(invites).await.into_iter().map(|answer| answer.unwrap().remove(0)).collect();
        let new = answers.iter().filter(|answer| answer.novelty == Novelty::New).count();
        assert_eq!(new, 1, "{seed}");
        let id = answers[0].invitation.id;
        assert!(answers.iter().all(|answer| answer.invitation.id == id), "{seed}");
        assert_eq!((scene.got(&scene.bob).await, scene.pointers().await), (vec![id], vec![id]), "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_that_ends_while_one_invites_again_is_made_anew_or_was_still_there() {
    let mut seen = BTreeSet::new();
    for seed in 0..120 {
        let scene = Scene::new().await;
        let (ann, bob) = (&scene.test.account, &scene.bob);
        let old = scene.invite(bob, Permission::Read).await;
        let (inviting, cancelling) =
            (scene.replica(slow(seed), seed).await, scene.replica(slow(seed + 500), 900).await);
        let photos: Folder<Manage> = inviting.folder(ann, &by_name("photos")).await.unwrap();
        let emails = [bob.email.clone()];
        let (invited, cancelled) =
            tokio::join!(photos.invite(&emails, Permission::Write), cancelling.cancel_invitation(ann, &old));
        cancelled.unwrap();
        let answer = invited.unwrap().remove(0);
        seen.insert(answer.novelty == Novelty::New);
        match answer.novelty {
            Novelty::Pending => assert_eq!((answer.invitation.id, scene.got(bob).await), (old, vec![]), "{seed}"),
            Novelty::New => assert_eq!(scene.got(bob).await, [answer.invitation.id], "{seed}"),
        }
        assert_eq!(scene.pointers().await, scene.got(bob).await, "{seed}");
    }
    assert_eq!(seen.len(), 2, "both happen");
}

#[tokio::test(start_paused = true)]
async fn accepting_many_times_at_once_makes_one_membership() {
    for seed in 0..10 {
        let scene = Scene::new().await;
        let bob = &scene.bob;
        let id = scene.invite(bob, Permission::Write).await;
        let replicas = join_all((0..8).map(|n| scene.replica(slow(seed * 8 + n), seed * 8 + n))).await;
        let answers = join_all(replicas.iter().map(|bucket| bucket.accept_invitation(bob, &id))).await;
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap().name == named("photos")), "{seed}");
        let names = scene.bucket().names(bob.id).read().await.unwrap().unwrap();
        assert_eq!((scene.record().await.members.len(), names.entries.len()), (1, 1), "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_who_accept_where_there_is_room_for_one_one_joins() {
    for seed in 0..20 {
        let scene = Scene::with(Settings { most_members: 1, ..Settings::default() }).await;
        let (bob, carol) = (&scene.bob, &scene.carol);
        let (one, other) = (scene.invite(bob, Permission::Read).await, scene.invite(carol, Permission::Read).await);
        let (here, there) = (scene.replica(slow(seed), seed).await, scene.replica(slow(seed + 500), 900).await);
        let answers = tokio::join!(here.accept_invitation(bob, &one), there.accept_invitation(carol, &other));
        assert!(answers.0.is_ok() != answers.1.is_ok(), "{seed}");
        let lost = if answers.0.is_ok() { answers.1 } else { answers.0 };
        assert_eq!(refused(lost), (ErrorKind::OverQuota, Subject::Folder), "{seed}");
        let record = scene.record().await;
        assert_eq!((record.members.len(), record.invited.len()), (1, 1), "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn on_a_bad_network_nothing_is_done_twice_and_what_was_said_holds() {
    let (mut failed, mut done) = (0, 0);
    for seed in 0..150 {
        let scene = Scene::new().await;
        let (ann, bob) = (&scene.test.account, &scene.bob);
        let id = scene.invite(bob, Permission::Read).await;
        let (one, other) = (on_a_bad_network(&scene, seed).await, on_a_bad_network(&scene, seed + 7000).await);
        let (accepted, cancelled) = tokio::join!(one.accept_invitation(bob, &id), other.cancel_invitation(ann, &id));
        assert!(accepted.is_err() || cancelled.is_err(), "{seed}: both");
        failed += usize::from(accepted.is_err() && cancelled.is_err());
        done += usize::from(accepted.is_ok());
        let member = scene.permission_of(bob).await.is_some();
        assert!(member || accepted.is_err(), "{seed}: an answered membership is lost");
        assert!(!member || cancelled.is_err(), "{seed}: a membership from a cancelled invitation");
        // Whoever got no answer asks again.
        let again = scene.bucket().accept_invitation(bob, &id).await;
        if cancelled.is_ok() || (!member && scene.got(bob).await.is_empty() && again.is_err()) {
            assert_eq!(refused(again), UNKNOWN, "{seed}");
            continue;
        }
        if again.as_ref().is_err_and(|error| error.kind() == ErrorKind::Busy) {
            scene.test.clock.advance(scene.settings.claim_grace);
        }
        assert_eq!(scene.bucket().accept_invitation(bob, &id).await.unwrap().permission, Permission::Read, "{seed}");
        assert_eq!(scene.record().await.members.len(), 1, "{seed}");
    }
    assert!(failed > 0 && done > 20, "{failed} failed, {done} were done");
}

/// A replica that was opened in time.
async fn on_a_bad_network(scene: &Scene, seed: u64) -> Bucket {
    let store = Arc::new(FaultyStore::new(Arc::clone(&scene.inner), Faults::default()));
    let (there, clock) = (Arc::clone(&store) as Store, Arc::clone(&scene.test.clock));
    let bucket = testing::open(there, clock, scene.settings.clone(), seed).await.unwrap();
    store.set_faults(Faults { refused: 30, conflicts: 50, lost: 60, ..slow(seed) });
    bucket
}
