//! A replica dies at any request of its work; another goes on with it.

use super::*;
use crate::error::{Error, Subject};
use crate::files::STAMP;
use crate::files::tree::Work;
use crate::store::faulty::{Kill, Moment};
use crate::sweep::{Mode, Run};

const FILES: [&str; 7] = ["a/", "a/1", "a/b/", "a/b/2", "a/c/3", "a/c/4", "a/c/5"];

async fn work(replica: &Replica, scene: &Scene, work: Work) -> Result<Outcome> {
    match work {
        Work::Copy => replica.copy(scene, "a", "t", ConflictPolicy::Rename).await?.ended().await,
        Work::Move | Work::Relocate | Work::Clone => {
            replica.moved(scene, "a", "t", ConflictPolicy::Rename).await?.ended().await
        }
        Work::Delete => {
            let folder = replica.bucket.folder::<Manage>(account(scene), &FolderRef::Id(scene.one)).await?;
            folder.remove_tree(&path("a")).await?.ended().await
        }
    }
}

/// What a process answers that dies at some moment, or nothing.
async fn until_dead(mortal: &Replica, scene: &Scene, what: Work) -> Result<Outcome> {
    let dead = async {
        while !mortal.faulty.is_dead() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What it had in hand may still be answered.
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        answer = work(mortal, scene, what) => answer,
        () = dead => Err(Error::new(ErrorKind::Unavailable, Subject::Job, "it died")),
    }
}

async fn scene() -> Scene {
    let scene = Scene::new(3).await;
    scene.fill(scene.one, &FILES).await;
    scene
}

async fn calls_of(what: Work) -> u64 {
    let scene = scene().await;
    let replica = scene.replica(7).await;
    let before = replica.faulty.calls();
    work(&replica, &scene, what).await.unwrap();
    assert!(replica.job().await.is_some() || what == Work::Delete, "the work is large enough to be a job");
    replica.faulty.calls() - before
}

/// Every file is somewhere, with its own bytes.
fn check_nothing_lost(seen: &BTreeMap<String, Seen>, what: Work) {
    for name in FILES.iter().filter(|name| !name.ends_with('/')) {
        let places = [(*name).to_owned(), name.replacen('a', "t", 1)];
        let found = places.iter().filter_map(|place| seen.get(place)).inspect(|file| assert_eq!(file.text, **name));
        assert!(found.count() > 0 || what == Work::Delete, "`{name}` is gone");
    }
}

fn check_done(seen: &BTreeMap<String, Seen>, what: Work) {
    let copies: Vec<_> = seen.keys().filter(|name| name.starts_with('t')).collect();
    let sources = seen.keys().filter(|name| name.starts_with("a/")).count();
    match what {
        Work::Copy => assert_eq!((copies.len(), sources), (7, 7), "{seen:?}"),
        Work::Move | Work::Relocate | Work::Clone => assert_eq!((copies.len(), sources), (7, 0), "{seen:?}"),
        Work::Delete => assert_eq!((copies.len(), sources), (0, 0), "{seen:?}"),
    }
}

async fn check_killed(what: Work, at: u64, moment: Moment) {
    let scene = scene().await;
    let (mortal, heir) = (scene.replica(7).await, scene.replica(8).await);
    mortal.faulty.kill_at(Kill { at: mortal.faulty.calls() + at, moment, only_writes: false });
    let answer = until_dead(&mortal, &scene, what).await;
    let left = scene.seen(scene.one).await;
    check_nothing_lost(&left, what);
    let job = heir.job().await;
    if answer.as_ref().is_ok_and(|outcome| outcome.progress.failed == 0) {
        check_done(&left, what);
    }
    match job {
        Some(job) if !job.state.is_over() => {
            heir.take_over(&scene).await;
            let job = heir.over(job.id).await;
            assert_eq!((job.state, job.progress.failures), (JobState::Done, vec![]), "{what:?} {moment:?} {at}");
            let seen = scene.seen(scene.one).await;
            check_done(&seen, what);
            for (name, copy) in left.iter().filter(|(name, _)| name.starts_with("t/")) {
                assert_eq!(&seen[name], copy, "made twice: {what:?} {moment:?} {at}");
            }
        }
        Some(_) => check_done(&left, what),
        // It died in its request: whoever asked got no answer and asks again.
        None if answer.is_err() => {}
        None => assert_eq!(what, Work::Delete),
    }
    scene.usage_is_right(&heir, scene.one).await;
    scene.test.clock.advance(scene.settings.late_writes + scene.settings.job_kept_for);
    heir.bucket.sweep_jobs(&Run::new(Mode::Remove)).await.unwrap();
    for prefix in [KeyPrefix::jobs(), KeyPrefix::job_leases()] {
        let page = scene.store.list(ListRequest::all(prefix)).await.unwrap();
        assert_eq!(page.objects, [], "swept: {what:?} {moment:?} {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_a_copy_is_gone_on_with_and_nothing_is_done_twice() {
    let calls = calls_of(Work::Copy).await;
    assert!(calls > 30, "{calls}");
    for moment in [Moment::Before, Moment::After] {
        for at in 1..=calls {
            check_killed(Work::Copy, at, moment).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_a_move_loses_no_file_and_leaves_none_behind() {
    let calls = calls_of(Work::Move).await;
    assert!(calls > 30, "{calls}");
    for moment in [Moment::Before, Moment::After] {
        for at in 1..=calls {
            check_killed(Work::Move, at, moment).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_a_removal_is_gone_on_with() {
    for moment in [Moment::Before, Moment::After] {
        for at in 1..=calls_of(Work::Delete).await {
            check_killed(Work::Delete, at, moment).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_survives_a_restart_of_everything_and_is_handed_over_at_once() {
    let scene = Scene::new(3).await;
    let names: Vec<String> = (0..60).map(|n| format!("a/{n:03}")).collect();
    scene.fill(scene.one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let first = scene.replica(7).await;
    first.faulty.set_faults(Faults { latency: Duration::from_millis(50), ..Faults::default() });
    let Begun::Job(id) = first.moved(&scene, "a", "t", ConflictPolicy::Reject).await.unwrap().begun().await.unwrap()
    else {
        panic!("no job")
    };
    first.bucket.drain(Duration::from_secs(30)).await;
    let left = scene.seen(scene.one).await;
    let there = |at: &str| left.keys().filter(|name| name.starts_with(at)).count();
    assert!(there("a/") > 0 && there("t/") > 1, "{left:?}");
    assert_eq!(there("a/") + there("t/"), 61, "each file is at one place, and the new directory is made");
    // Nobody is alive; the next one needs not wait.
    let next = scene.replica(8).await;
    assert_eq!(next.bucket.tend_jobs().await.unwrap(), 1);
    let job = next.over(id).await;
    assert_eq!((job.state, job.progress.done.files, job.progress.found.files), (JobState::Done, 60, 60));
    assert_eq!(scene.names(scene.one).await.len(), 61);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_was_only_slow_does_not_come_back() {
    let scene = Scene::new(3).await;
    let names: Vec<String> = (0..30).map(|n| format!("a/{n:03}")).collect();
    scene.fill(scene.one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (slow, heir) = (scene.replica(7).await, scene.replica(8).await);
    slow.faulty.set_faults(Faults { latency: Duration::from_millis(200), ..Faults::default() });
    let Begun::Job(id) = slow.copy(&scene, "a", "t", ConflictPolicy::Reject).await.unwrap().begun().await.unwrap()
    else {
        panic!("no job")
    };
    heir.take_over(&scene).await;
    assert_eq!(heir.over(id).await.state, JobState::Done);
    let seen = scene.seen(scene.one).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(scene.seen(scene.one).await, seen, "somebody went on");
    let folder = heir.open::<Manage>(&scene, scene.one).await;
    let head = folder.head(&path("t/000")).await.unwrap().unwrap();
    assert!(head.metadata[STAMP].starts_with(&id.uuid().as_simple().to_string()));
}

/// What is left below `a` when a removal that died at call `at` was taken over after something new was
/// written; `None` when it did not become a job.
async fn left_by_removal(at: u64, moment: Moment) -> Option<Vec<String>> {
    let scene = Scene::new(3).await;
    let names: Vec<String> = (0..20).map(|n| format!("a/{n:02}")).collect();
    scene.fill(scene.one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (mortal, heir) = (scene.replica(7).await, scene.replica(8).await);
    mortal.faulty.kill_at(Kill { at: mortal.faulty.calls() + at, moment, only_writes: false });
    let _unanswered = until_dead(&mortal, &scene, Work::Delete).await;
    let job = heir.job().await.filter(|job| !job.state.is_over())?;
    // Whoever asked got no answer, asked another replica, and went on.
    let again = work(&heir, &scene, Work::Delete).await;
    assert!(again.is_ok() || scene.names(scene.one).await.is_empty(), "{again:?}");
    scene.test.clock.advance(Duration::from_secs(1));
    scene.fill(scene.one, &["a/00", "a/b/"]).await;
    heir.take_over(&scene).await;
    assert_eq!(heir.over(job.id).await.state, JobState::Done);
    scene.usage_is_right(&heir, scene.one).await;
    Some(scene.names(scene.one).await)
}

#[tokio::test(start_paused = true)]
async fn what_was_written_after_a_removal_became_a_job_stays() {
    let mut jobs = 0;
    for moment in [Moment::Before, Moment::After] {
        for at in 1..60 {
            if let Some(left) = left_by_removal(at, moment).await {
                jobs += 1;
                assert_eq!(left, ["a/00", "a/b/"], "{moment:?} {at}");
            }
        }
    }
    assert!(jobs > 8, "{jobs} jobs");
}
