//! A replica dies at any request of a move: a client finds each file at exactly one of the two places, at
//! once and ever after, and another brings what did not follow.

use super::*;
use crate::error::{Error, Subject};
use crate::store::faulty::{Kill, Moment};
use crate::sweep::{Mode, Run};

const FILES: [&str; 7] = ["a/", "a/1", "a/b/", "a/b/2", "a/c/3", "a/c/4", "z"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Move,
    Trash,
    Restore,
}

impl Deed {
    fn places(self) -> (&'static str, &'static str) {
        match self {
            Self::Move => ("a/", "t/u/"),
            Self::Trash => ("a/", "Trash/a/"),
            Self::Restore => ("Trash/a/", "a/"),
        }
    }

    async fn perform(self, replica: &Replica) -> Result<Outcome> {
        match self {
            Self::Move => replica.moved("a", "t/u").await,
            Self::Trash => replica.folder.trash(&path("a")).await?.ended().await,
            Self::Restore => {
                replica.folder.restore(&path("Trash/a"), None, ConflictPolicy::Reject).await?.ended().await
            }
        }
    }
}

async fn scene(deed: Deed) -> Scene {
    let scene = Scene::of(&FILES).await;
    if deed == Deed::Restore {
        let replica = scene.replica(3).await;
        replica.folder.trash(&path("a")).await.unwrap().ended().await.unwrap();
        scene.settled().await;
        replica.bucket.drain(Duration::from_secs(60)).await;
    }
    scene
}

/// What a process answers that dies at some moment, or comes to the end of it all.
async fn until_dead(deed: Deed, scene: &Scene, mortal: &Replica) -> Result<Outcome> {
    let dead = async {
        while !mortal.faulty.is_dead() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What it had in hand may still be answered.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err(Error::new(ErrorKind::Unavailable, Subject::Request, "it died"))
    };
    let all = async {
        let answer = deed.perform(mortal).await;
        scene.settled().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        answer
    };
    tokio::select! { answer = all => answer, died = dead => died }
}

async fn calls_of(deed: Deed) -> u64 {
    let scene = scene(deed).await;
    let replica = scene.replica(7).await;
    let before = replica.faulty.calls();
    deed.perform(&replica).await.unwrap();
    scene.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    replica.faulty.calls() - before
}

async fn check_killed(deed: Deed, at: u64, moment: Moment) {
    let at_what = format!("{deed:?} {moment:?} {at}");
    let scene = scene(deed).await;
    let mortal = scene.replica(7).await;
    mortal.faulty.kill_at(Kill { at: mortal.faulty.calls() + at, moment, only_writes: false });
    let answer = until_dead(deed, &scene, &mortal).await;
    let heir = scene.replica(8).await;
    let (from, to) = deed.places();
    let (stayed, moved) = (follow(&FILES, "a/", from), follow(&FILES, "a/", to));
    let seen = heir.files().await;
    assert!(seen == stayed || seen == moved, "{at_what}: {seen:?}");
    assert!(seen == moved || answer.is_err(), "{at_what}: answered for and not done");

    heir.tend(&scene).await;
    scene.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.test.clock.advance(scene.settings.cache_for);
    assert_eq!(heir.files().await, seen, "{at_what}");
    let objects: Vec<String> = scene.objects().await.into_iter().filter(|name| !name.ends_with('/')).collect();
    assert_eq!(objects, seen.keys().cloned().collect::<Vec<_>>(), "{at_what}");
    assert_eq!(heir.usage().await, scene.stored().await, "{at_what}");
    // Asked again, it is done, or is said to be done. An empty directory may have been left at the target.
    match deed.perform(&heir).await {
        Ok(_) => assert_eq!(seen, stayed, "{at_what}"),
        Err(error) if seen == stayed => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{at_what}: {error}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{at_what}: {error}"),
    }
    scene.settled().await;
    assert_eq!(heir.files().await.len(), moved.len(), "{at_what}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.test.clock.advance(scene.settings.late_writes * 4 + scene.settings.job_kept_for);
    let run = Run::new(Mode::Remove);
    heir.bucket.sweep_trash(&run).await.unwrap();
    heir.bucket.sweep_jobs(&run).await.unwrap();
    for left in [KeyPrefix::jobs(), KeyPrefix::job_leases(), KeyPrefix::passages(scene.id())] {
        let page = scene.store.list(ListRequest::all(left)).await.unwrap();
        assert_eq!(page.objects, [], "{at_what}");
    }
    let records = scene.store.list(ListRequest::all(KeyPrefix::trashed(scene.id()))).await.unwrap().objects.len();
    let trashed = heir.folder.trashed(PageRequest::default()).await.unwrap();
    let with_origin = trashed.entries.iter().filter(|entry| entry.origin.is_some());
    assert_eq!(records, with_origin.count(), "{at_what}");
}

async fn check(deed: Deed) {
    let calls = calls_of(deed).await;
    assert!(calls > 20, "{calls}");
    for moment in [Moment::Before, Moment::After] {
        for at in 1..=calls {
            check_killed(deed, at, moment).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_a_move_at_once() {
    check(Deed::Move).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_a_trash_at_once() {
    check(Deed::Trash).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_a_restore_at_once() {
    check(Deed::Restore).await;
}
