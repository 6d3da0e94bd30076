//! A replica dies, or an answer is lost, at any request: a client finds each file at exactly one of the
//! two places, at once and after everything was swept.

use super::*;
use crate::error::{Error, Subject};
use crate::jobs::JobFilter;
use crate::store::faulty::{Fault, Kill, Moment};

const FILES: [&str; 5] = ["a/1", "a/b/2", "a/c/3", "a/c/4", "a/c/5"];

/// What is under way when the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Trash,
    /// By a process that dies before it is a job.
    TrashInOneGo,
    TrashFile,
    Restore,
    RestoreOver,
    Purge,
}

async fn scene(deed: Deed) -> Scene {
    let in_one_go = matches!(deed, Deed::TrashInOneGo | Deed::RestoreOver);
    let job_page = if in_one_go { 1000 } else { 3 };
    let scene = Scene::with(Settings { job_page, ..Settings::default() }).await;
    scene.fill(&FILES).await;
    scene.fill(&["a/", "a/empty/"]).await;
    let replica = scene.replica(3).await;
    if matches!(deed, Deed::Restore | Deed::RestoreOver | Deed::Purge) {
        done(replica.trash("a").await);
    }
    if deed == Deed::RestoreOver {
        scene.fill(&["a/1", "a/c/4"]).await;
    }
    replica.bucket.drain(Duration::from_secs(60)).await;
    if deed == Deed::Purge {
        scene.test.clock.advance(scene.settings.trash_for.unwrap());
    }
    scene
}

async fn perform(deed: Deed, replica: &Replica) -> Result<()> {
    let outcome = match deed {
        Deed::Trash | Deed::TrashInOneGo => replica.trash("a").await?,
        Deed::TrashFile => replica.trash("a/1").await?,
        Deed::Restore => replica.restore("Trash/a", None, ConflictPolicy::Rename).await?,
        Deed::RestoreOver => replica.restore("Trash/a", None, ConflictPolicy::Replace).await?,
        Deed::Purge => return replica.bucket.sweep_trash(&crate::sweep::Run::new(crate::sweep::Mode::Remove)).await,
    };
    assert_eq!(outcome.progress.failures, [] as [Failure; 0]);
    Ok(())
}

/// What a process answers that dies at some moment, or nothing.
async fn until_dead(deed: Deed, mortal: &Replica) -> Result<()> {
    let dead = async {
        while !mortal.faulty.is_dead() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What it had in hand may still be answered.
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        answer = perform(deed, mortal) => answer,
        () = dead => Err(Error::new(ErrorKind::Unavailable, Subject::Job, "it died")),
    }
}

/// Each file is seen once: where it was, or where it goes.
async fn check_seen(deed: Deed, scene: &Scene, done: bool, case: &str) {
    let observer = scene.replica(99).await;
    let files = observer.files().await;
    for name in FILES {
        let others = [format!("Trash/{name}"), format!("Trash/{}", name.trim_start_matches("a/"))];
        let mut seen = Vec::new();
        for at in [name.to_owned()].iter().chain(&others) {
            if observer.sees(at).await {
                seen.push(at.clone());
                let content = text(&observer.folder, at).await;
                assert_eq!(content, name, "{case}: `{at}`");
            }
        }
        seen.sort();
        let listed: Vec<&String> = files.iter().filter(|at| *at == name || others.contains(at)).collect();
        assert_eq!(listed, seen.iter().collect::<Vec<_>>(), "{case}");
        match deed {
            Deed::Purge => assert!(seen.len() <= 1, "{case}: {seen:?}"),
            // What is to be replaced is there beside what replaces it.
            Deed::RestoreOver if ["a/1", "a/c/4"].contains(&name) => assert!(!seen.is_empty(), "{case}"),
            _ => assert_eq!(seen.len(), 1, "{case}: {seen:?} of {:?}", scene.objects().await),
        }
        let moved = match deed {
            Deed::Trash | Deed::TrashInOneGo => seen == others[..1],
            Deed::TrashFile => name != "a/1" || seen == ["Trash/1"],
            Deed::Restore | Deed::RestoreOver => seen == [name],
            Deed::Purge => seen.is_empty(),
        };
        assert!(moved || !done, "{case}: `{name}` is at {seen:?}");
    }
}

/// While something may be moved once more, nobody else may have it in hand.
async fn check_nothing_runs_on(scene: &Scene, case: &str) {
    let jobs = scene.replica(98).await.bucket.jobs_page(JobFilter::default(), None, 100).await.unwrap().jobs;
    let running = jobs.iter().any(|job| !job.state.is_over());
    assert!(!running || scene.passages().await > 0, "{case}: a job goes on without its passage");
}

/// Another replica takes over and sweeps; then nothing needs to be hidden any more.
async fn check_settled(deed: Deed, scene: &Scene, acknowledged: bool, case: &str) {
    let heir = scene.replica(8).await;
    heir.bucket.tend_jobs().await.unwrap();
    scene.test.clock.advance(scene.settings.job_lease_for + scene.settings.job_late);
    let taken = heir.bucket.tend_jobs().await.unwrap();
    heir.wait_for_jobs().await;
    let done = acknowledged || taken > 0;
    check_seen(deed, scene, done, case).await;
    scene.test.clock.advance(scene.settings.late_writes);
    heir.bucket.sweep().await.unwrap();
    heir.wait_for_jobs().await;
    assert_eq!(scene.passages().await, 0, "{case}");
    check_seen(deed, scene, done || deed == Deed::Purge, case).await;
    let objects = scene.objects().await;
    let files = objects.iter().filter(|name| !name.ends_with('/')).count();
    assert_eq!(files, heir.files().await.len(), "{case}: something is hidden for ever: {objects:?}");
    let usage = heir.folder.usage().await.unwrap();
    assert_eq!(usage.files, files as u64, "{case}");
    let again = perform_again(deed, &heir).await;
    assert!(again.is_ok() || again.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound), "{again:?}");
    check_seen(Deed::Purge, scene, false, case).await;
}

async fn perform_again(deed: Deed, replica: &Replica) -> Result<()> {
    // What is left of a restore that was not over goes where the rest went.
    let deed = if deed == Deed::Restore { Deed::RestoreOver } else { deed };
    perform(deed, replica).await
}

impl Replica {
    async fn wait_for_jobs(&self) {
        for job in self.bucket.jobs_page(JobFilter::default(), None, 100).await.unwrap().jobs {
            let mut looks = 0;
            while !self.bucket.job(job.id).await.unwrap().state.is_over() {
                looks += 1;
                assert!(looks < 1000, "a job does not end: {:?}", self.bucket.job(job.id).await.unwrap());
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn check_deaths(deed: Deed) {
    let calls = {
        let scene = scene(deed).await;
        let replica = scene.replica(7).await;
        let before = replica.faulty.calls();
        perform(deed, &replica).await.unwrap();
        replica.faulty.calls() - before
    };
    assert!(calls > 10, "{calls}");
    for moment in [Moment::Before, Moment::After] {
        for at in 1..=calls {
            let case = format!("{deed:?} {moment:?} {at}");
            let scene = scene(deed).await;
            let mortal = scene.replica(7).await;
            mortal.faulty.kill_at(Kill { at: mortal.faulty.calls() + at, moment, only_writes: false });
            let answer = until_dead(deed, &mortal).await;
            let acknowledged = answer.is_ok() && deed != Deed::Purge;
            check_seen(deed, &scene, acknowledged, &case).await;
            check_nothing_runs_on(&scene, &case).await;
            check_settled(deed, &scene, acknowledged, &case).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_trashing_a_tree_leaves_each_file_at_one_place() {
    check_deaths(Deed::Trash).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_trashing_a_small_tree_leaves_each_file_at_one_place() {
    check_deaths(Deed::TrashInOneGo).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_trashing_a_file_leaves_it_at_one_place() {
    check_deaths(Deed::TrashFile).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_putting_back_leaves_each_file_at_one_place() {
    check_deaths(Deed::Restore).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_putting_back_over_others_loses_no_file() {
    check_deaths(Deed::RestoreOver).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_removing_for_good_is_gone_on_with() {
    check_deaths(Deed::Purge).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_any_call_moves_each_file_once() {
    for deed in [Deed::TrashInOneGo, Deed::TrashFile, Deed::RestoreOver] {
        let calls = {
            let scene = scene(deed).await;
            let replica = scene.replica(7).await;
            let before = replica.faulty.calls();
            perform(deed, &replica).await.unwrap();
            replica.faulty.calls() - before
        };
        for fault in [Fault::LoseAnswer, Fault::Conflict, Fault::Refuse, Fault::Resend] {
            for at in 1..=calls {
                let case = format!("{deed:?} {fault:?} {at}");
                let scene = scene(deed).await;
                let replica = scene.replica(7).await;
                replica.faulty.set_faults(Faults::once(replica.faulty.calls() + at, fault));
                let answer = perform(deed, &replica).await;
                check_seen(deed, &scene, answer.is_ok(), &case).await;
                check_settled(deed, &scene, answer.is_ok(), &case).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_dead_were_moving_is_not_removed_beside_whoever_ends_it() {
    let mut refused = 0;
    for at in 1..60 {
        let scene = scene(Deed::TrashInOneGo).await;
        let mortal = scene.replica(7).await;
        mortal.faulty.kill_at(Kill { at: mortal.faulty.calls() + at, moment: Moment::After, only_writes: false });
        let _unanswered = until_dead(Deed::TrashInOneGo, &mortal).await;
        if scene.passages().await == 0 || scene.objects().await.iter().all(|key| !key.contains("Trash/")) {
            continue;
        }
        // Long after the grace time, and before the sweeper has let go of it.
        scene.test.clock.advance(scene.settings.claim_grace * 2);
        let heir = scene.replica(8).await;
        assert_eq!(kind(heir.folder.empty_trash().await), ErrorKind::Busy, "killed at {at}");
        check_seen(Deed::TrashInOneGo, &scene, false, &format!("killed at {at}")).await;
        scene.test.clock.advance(scene.settings.late_writes);
        heir.bucket.sweep_trash(&crate::sweep::Run::new(crate::sweep::Mode::Remove)).await.unwrap();
        drop(heir.folder.empty_trash().await.unwrap());
        refused += 1;
    }
    assert!(refused > 5, "{refused} were refused");
}

#[tokio::test(start_paused = true)]
async fn what_is_written_anew_where_the_dead_took_something_is_not_taken_for_it() {
    let mut cases = 0;
    for at in 1..40 {
        let scene = scene(Deed::TrashFile).await;
        let mortal = scene.replica(7).await;
        mortal.faulty.kill_at(Kill { at: mortal.faulty.calls() + at, moment: Moment::After, only_writes: false });
        let _unanswered = until_dead(Deed::TrashFile, &mortal).await;
        if scene.passages().await == 0 || scene.objects().await.contains(&"a/1".to_owned()) {
            continue;
        }
        // The same bytes: on most stores the same ETag.
        let heir = scene.replica(8).await;
        write(&heir.folder, "a/1", "a/1").await;
        for swept in [false, true] {
            assert!(heir.sees("a/1").await && heir.sees("Trash/1").await, "killed at {at}, swept: {swept}");
            scene.test.clock.advance(scene.settings.late_writes);
            heir.bucket.sweep().await.unwrap();
            assert_eq!(scene.passages().await, 0);
        }
        cases += 1;
    }
    assert!(cases > 0, "nobody died with a passage left behind");
}
