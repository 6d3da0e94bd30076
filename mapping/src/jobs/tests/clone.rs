//! Folders that are made out of others: what is in them, and what is left when that ends in the middle.

use super::*;
use crate::access::{Permission, Read};
use crate::error::{Error, Subject};
use crate::files::tree::Work;
use crate::folders::{FolderInfo, FolderLimitsChange, FolderOptions, FolderOptionsChange, NewFolder, Setting};
use crate::limits::LimitProfile;
use crate::path::DirPath;
use crate::store::faulty::{Kill, Moment};
use crate::testing::add_account;

const FILES: [&str; 8] = ["a/", "a/1", "a/b/2", "a/c/3", "a/c/4", "a/c/5", "empty/", "z"];

async fn scene_of(names: &[&str]) -> Scene {
    let scene = Scene::new(3).await;
    scene.fill(scene.one, names).await;
    scene
}

async fn with_files(count: usize) -> Scene {
    let names: Vec<String> = (0..count).map(|n| format!("a/{n:04}")).collect();
    scene_of(&names.iter().map(String::as_str).collect::<Vec<_>>()).await
}

fn slow(replica: &Replica) {
    replica.faulty.set_faults(Faults { latency: Duration::from_millis(100), ..Faults::default() });
}

/// Clones the first folder of the scene as `who`, who may read it.
async fn cloned(replica: &Replica, scene: &Scene, who: &Account) -> Result<(FolderInfo, Underway)> {
    let source = replica.bucket.folder::<Read>(who, &FolderRef::Id(scene.one)).await?;
    replica.bucket.clone_folder(&source, "copy".parse().unwrap(), NewFolder::default()).await
}

async fn job_of(begun: Result<(FolderInfo, Underway)>) -> (FolderInfo, JobId) {
    let (folder, underway) = begun.unwrap();
    match underway.begun().await.unwrap() {
        Begun::Job(id) => (folder, id),
        Begun::Done(outcome) => panic!("{outcome:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_clone_has_all_that_is_seen_in_its_source_and_belongs_to_its_maker() {
    let scene = scene_of(&FILES).await;
    scene.fill(scene.one, &["Trash/old", "Trash/", "Trash/a//b", "Trashy"]).await;
    let (bob, _) = add_account(&scene.test.bucket, "bob@example.org").await.unwrap();
    let (eve, _) = add_account(&scene.test.bucket, "eve@example.org").await.unwrap();
    let replica = scene.replica(7).await;
    let owner = replica.open::<Manage>(&scene, scene.one).await;
    owner.share(bob.id, Permission::Read).await.unwrap();
    owner.share(eve.id, Permission::Delete).await.unwrap();
    let before = scene.seen(scene.one).await;
    let source = replica.bucket.folder::<Read>(&bob, &FolderRef::Id(scene.one)).await.unwrap();
    let options = FolderOptions { cloneable: false, ..FolderOptions::default() };
    let made = NewFolder { profile: LimitProfile::Bounded, options };
    let (folder, underway) = replica.bucket.clone_folder(&source, "copy".parse().unwrap(), made).await.unwrap();
    assert_eq!((folder.owner, folder.permission, folder.options), (bob.id, Permission::Manage, options));
    let outcome = underway.ended().await.unwrap();
    assert_eq!((outcome.progress.done.files, outcome.progress.failures.len()), (7, 0), "{outcome:?}");
    assert_eq!((outcome.target, outcome.progress.found), (None, outcome.progress.done));

    assert_eq!(scene.seen(scene.one).await, before);
    let copy = scene.seen(folder.id).await;
    let expected: Vec<&str> = ["Trashy"].into_iter().chain(FILES).collect();
    assert_eq!(copy.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    assert!(copy.iter().all(|(name, file)| name.ends_with('/') || file.text == *name), "{copy:?}");
    let opened: Folder<Read> = replica.bucket.folder(&bob, &FolderRef::Name("copy".parse().unwrap())).await.unwrap();
    let meta = opened.head(&path("a/1")).await.unwrap().unwrap();
    assert_eq!((meta.content_type.as_deref(), meta.metadata["colour"].as_str()), (Some("text/x"), "red"));
    let usage = opened.usage().await.unwrap();
    assert_eq!((usage.files, usage.bytes), (7, outcome.progress.done.bytes));
    assert_eq!(opened.limits().await.unwrap().files.unwrap().most, 1000);
    for other in [&scene.test.account, &eve] {
        let refused = replica.bucket.folder::<Read>(other, &FolderRef::Id(folder.id)).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound, "members do not come along");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_cloned_is_told_one_by_one() {
    let scene = scene_of(&["a/1", "a//2", "b"]).await;
    let replica = scene.replica(7).await;
    let (folder, underway) = cloned(&replica, &scene, account(&scene)).await.unwrap();
    let progress = underway.ended().await.unwrap().progress;
    assert_eq!((progress.done.files, progress.failed), (2, 1), "{progress:?}");
    assert_eq!(progress.failures[0].path, "a//2");
    assert_eq!(scene.names(folder.id).await, ["a/1", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_folder_is_cloned_by_others_only_if_its_owner_lets_them() {
    let scene = scene_of(&FILES).await;
    let (bob, _) = add_account(&scene.test.bucket, "bob@example.org").await.unwrap();
    let replica = scene.replica(7).await;
    let owner = replica.open::<Manage>(&scene, scene.one).await;
    owner.share(bob.id, Permission::Manage).await.unwrap();
    let change = FolderOptionsChange { cloneable: Some(false), ..FolderOptionsChange::default() };
    assert!(!owner.set_options(change).await.unwrap().cloneable);
    let other = scene.replica(8).await;
    let refused = cloned(&other, &scene, &bob).await.map(drop).unwrap_err();
    assert_eq!((refused.kind(), refused.subject()), (ErrorKind::Forbidden, Subject::Folder));
    assert_eq!(other.bucket.folders(&bob).await.unwrap().len(), 1, "nothing was made");
    let (folder, underway) = cloned(&replica, &scene, account(&scene)).await.unwrap();
    underway.ended().await.unwrap();
    assert_eq!(scene.names(folder.id).await, FILES);
    let taken = cloned(&replica, &scene, account(&scene)).await.map(drop).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
}

/// What a process answers that dies at some moment, or nothing.
async fn until_dead(mortal: &Replica, scene: &Scene) -> Result<Outcome> {
    let dead = async {
        while !mortal.faulty.is_dead() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What it had in hand may still be answered.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err(Error::new(ErrorKind::Unavailable, Subject::Job, "it died"))
    };
    let all = async { cloned(mortal, scene, account(scene)).await?.1.ended().await };
    tokio::select! { answer = all => answer, died = dead => died }
}

async fn check_killed(at: u64, moment: Moment) {
    let at_what = format!("{moment:?} {at}");
    let scene = scene_of(&FILES).await;
    let (mortal, heir) = (scene.replica(7).await, scene.replica(8).await);
    mortal.faulty.kill_at(Kill { at: mortal.faulty.calls() + at, moment, only_writes: false });
    let answer = until_dead(&mortal, &scene).await;
    let folders = heir.bucket.folders(account(&scene)).await.unwrap();
    let copy = folders.into_iter().find(|folder| folder.name.as_str() == "copy").map(|folder| folder.id);
    let left = match copy {
        Some(copy) => scene.seen(copy).await,
        None => BTreeMap::new(),
    };
    let job = heir.job().await;
    if answer.as_ref().is_ok_and(|outcome| outcome.progress.failed == 0) {
        assert_eq!(left.keys().collect::<Vec<_>>(), FILES, "{at_what}");
    }
    match (job, copy) {
        (Some(job), Some(copy)) if !job.state.is_over() => {
            heir.take_over(&scene).await;
            let job = heir.over(job.id).await;
            assert_eq!((job.state, job.progress.failures), (JobState::Done, vec![]), "{at_what}");
            assert_eq!(job.progress.done.files, 6, "{at_what}");
            let seen = scene.seen(copy).await;
            assert_eq!(seen.keys().collect::<Vec<_>>(), FILES, "{at_what}");
            for (name, file) in left {
                assert_eq!(seen[&name], file, "made twice: {at_what}");
            }
        }
        (Some(_), copy) => assert!(copy.is_some() && left.len() == FILES.len(), "{at_what}"),
        // It died in its request: whoever asked got no answer.
        (None, _) => assert!(answer.is_err(), "{at_what}"),
    }
    if let Some(copy) = copy {
        scene.usage_is_right(&heir, copy).await;
    }
    assert_eq!(scene.names(scene.one).await, FILES, "{at_what}");
    scene.test.clock.advance(Duration::from_secs(61));
    match cloned(&heir, &scene, account(&scene)).await {
        Err(error) => assert!(copy.is_some() && error.kind() == ErrorKind::AlreadyExists, "{at_what}: {error}"),
        Ok((folder, underway)) => {
            assert_eq!(copy, None, "{at_what}");
            underway.ended().await.unwrap();
            assert_eq!(scene.names(folder.id).await, FILES, "{at_what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_of_a_clone_leaves_part_of_a_folder_and_a_job_goes_on() {
    let scene = scene_of(&FILES).await;
    let replica = scene.replica(7).await;
    let before = replica.faulty.calls();
    cloned(&replica, &scene, account(&scene)).await.unwrap().1.ended().await.unwrap();
    assert!(replica.job().await.is_some(), "it is large enough to be a job");
    let calls = replica.faulty.calls() - before;
    assert!(calls > 30, "{calls}");
    for moment in [Moment::Before, Moment::After] {
        for at in 1..=calls {
            check_killed(at, moment).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clone_ends_with_what_its_maker_may_and_leaves_a_folder_that_can_be_deleted() {
    for what in ["member", "account", "source", "option", "target"] {
        let scene = with_files(90).await;
        let (bob, _) = add_account(&scene.test.bucket, "bob@example.org").await.unwrap();
        let replica = scene.replica(7).await;
        let owner = replica.open::<Manage>(&scene, scene.one).await;
        owner.share(bob.id, Permission::Read).await.unwrap();
        slow(&replica);
        let (folder, id) = job_of(cloned(&replica, &scene, &bob).await).await;
        let copy: Folder<Manage> = replica.bucket.folder(&bob, &FolderRef::Id(folder.id)).await.unwrap();
        let change = FolderOptionsChange { cloneable: Some(false), ..FolderOptionsChange::default() };
        match what {
            "member" => owner.unshare(bob.id).await.unwrap(),
            "account" => replica.bucket.set_disabled(bob.id, true).await.unwrap(),
            "source" => owner.delete().await.unwrap(),
            "option" => drop(owner.set_options(change).await.unwrap()),
            _ => copy.delete().await.unwrap(),
        }
        let job = replica.over(id).await;
        let expected = if ["account", "option"].contains(&what) { ErrorKind::Forbidden } else { ErrorKind::NotFound };
        assert_eq!((job.state, job.error_kind), (JobState::Failed, Some(expected)), "{what}: {job:?}");
        assert!(job.progress.done.files < 90, "{what}");
        if what != "target" && what != "account" {
            copy.delete().await.unwrap();
            assert_eq!(replica.bucket.folders(&bob).await.unwrap().iter().filter(|it| it.id == folder.id).count(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_read_its_source_to_the_end_is_not_done() {
    for work in [Work::Copy, Work::Move, Work::Clone] {
        for wait in 0..40 {
            let scene = with_files(20).await;
            let (replica, other) = (scene.replica(7).await, scene.replica(8).await);
            slow(&replica);
            let source = replica.open::<Manage>(&scene, scene.one).await;
            let target = replica.open::<Manage>(&scene, scene.other).await;
            let (into, underway) = match work {
                Work::Clone => {
                    let (folder, underway) = cloned(&replica, &scene, account(&scene)).await.unwrap();
                    (folder.id, Ok(underway))
                }
                Work::Copy => {
                    let to = path("a");
                    (scene.other, source.copy_to(&path("a"), &target, &to, ConflictPolicy::Reject).await)
                }
                _ => (scene.other, source.move_to(&path("a"), &target, &path("a"), ConflictPolicy::Reject).await),
            };
            tokio::time::sleep(Duration::from_millis(100 * wait)).await;
            other.open::<Manage>(&scene, scene.one).await.delete().await.unwrap();
            let ended = underway.unwrap().ended().await;
            let there = scene.names(into).await.iter().filter(|name| !name.ends_with('/')).count();
            match ended {
                Ok(outcome) => {
                    assert_eq!((outcome.progress.done.files, there), (20, 20), "{work:?} {wait}: {outcome:?}");
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{work:?} {wait}: {error}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clone_fills_its_folder_to_the_limit_and_no_further() {
    let scene = with_files(90).await;
    let replica = scene.replica(7).await;
    slow(&replica);
    let (folder, id) = job_of(cloned(&replica, &scene, account(&scene)).await).await;
    let change = FolderLimitsChange { files: Setting::To(50), ..FolderLimitsChange::default() };
    replica.bucket.set_folder_limits(folder.id, change).await.unwrap();
    let job = replica.over(id).await;
    assert_eq!((job.state, job.error_kind), (JobState::Failed, Some(ErrorKind::OverQuota)), "{job:?}");
    let there = scene.names(folder.id).await.len();
    assert!(there > 3 && there <= 50, "{there}");
    replica.faulty.set_faults(Faults::default());
    scene.usage_is_right(&replica, folder.id).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_clone_stops_and_keeps_what_it_has() {
    let scene = with_files(90).await;
    let (replica, other) = (scene.replica(7).await, scene.replica(8).await);
    slow(&replica);
    let (folder, id) = job_of(cloned(&replica, &scene, account(&scene)).await).await;
    let running = other.bucket.job_of(account(&scene).id, id).await.unwrap();
    assert_eq!((running.work, running.work.name(), running.source.path), (Work::Clone, "clone", DirPath::root()));
    other.bucket.cancel_job(id).await.unwrap();
    let job = other.over(id).await;
    assert_eq!(job.state, JobState::Cancelled);
    let there = scene.names(folder.id).await.len();
    assert!(there > 3 && there < 90 && there as u64 == job.progress.done.files, "{there} {job:?}");
}

#[tokio::test(start_paused = true)]
async fn what_its_owner_writes_into_a_clone_meanwhile_is_left_alone() {
    let scene = with_files(90).await;
    let replica = scene.replica(7).await;
    slow(&replica);
    let (folder, id) = job_of(cloned(&replica, &scene, account(&scene)).await).await;
    scene.fill(folder.id, &["a/0080"]).await;
    let before = scene.seen(folder.id).await["a/0080"].clone();
    let job = replica.over(id).await;
    assert_eq!((job.state, job.progress.failed, job.progress.done.files), (JobState::Done, 1, 89), "{job:?}");
    assert_eq!(job.progress.failures[0].path, "a/0080");
    assert_eq!(scene.seen(folder.id).await["a/0080"], before);
}
