//! Jobs are listed, cancelled, forgotten, and end when their account may not go on.

use super::*;
use crate::access::{Delete, Permission};
use crate::folders::{FolderLimitsChange, Setting};
use crate::store::faulty::{Kill, Moment};
use crate::testing::add_account;

async fn with_files(count: usize) -> Scene {
    let scene = Scene::new(3).await;
    let names: Vec<String> = (0..count).map(|n| format!("a/{n:04}")).collect();
    scene.fill(scene.one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    scene
}

fn slow(replica: &Replica) {
    replica.faulty.set_faults(Faults { latency: Duration::from_millis(100), ..Faults::default() });
}

async fn job_of(begun: Result<Underway>) -> JobId {
    match begun.unwrap().begun().await.unwrap() {
        Begun::Job(id) => id,
        Begun::Done(outcome) => panic!("{outcome:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_move_leaves_each_file_at_one_place() {
    for elsewhere in [false, true] {
        let scene = with_files(90).await;
        let (replica, other) = (scene.replica(7).await, scene.replica(8).await);
        slow(&replica);
        let id = job_of(replica.moved(&scene, "a", "t", ConflictPolicy::Reject).await).await;
        let asked = if elsewhere { &other } else { &replica };
        let job = asked.bucket.cancel_job(id).await.unwrap();
        assert_eq!(job.state, JobState::Cancelling);
        let job = other.over(id).await;
        assert_eq!(job.state, JobState::Cancelled);
        let names = scene.names(scene.one).await;
        for n in 0..90 {
            let places = [format!("a/{n:04}"), format!("t/{n:04}")];
            assert_eq!(places.iter().filter(|place| names.contains(place)).count(), 1, "{n}");
        }
        let moved = names.iter().filter(|name| name.starts_with("t/0")).count() as u64;
        assert!(moved > 0 && moved < 90, "{moved}");
        assert_eq!(job.progress.done.files, moved);
        // Once more changes nothing.
        assert_eq!(asked.bucket.cancel_job(id).await.unwrap().state, JobState::Cancelled);
        replica.faulty.set_faults(Faults::default());
        scene.usage_is_right(&replica, scene.one).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_of_a_dead_replica_does_nothing_more() {
    let scene = with_files(30).await;
    let (mortal, heir) = (scene.replica(7).await, scene.replica(8).await);
    slow(&mortal);
    let id = job_of(mortal.moved(&scene, "a", "t", ConflictPolicy::Reject).await).await;
    mortal.faulty.kill_at(Kill { at: 0, moment: Moment::Before, only_writes: false });
    tokio::time::sleep(Duration::from_secs(1)).await;
    heir.bucket.cancel_job(id).await.unwrap();
    let left = scene.seen(scene.one).await;
    assert_eq!(heir.bucket.tend_jobs().await.unwrap(), 0);
    scene.test.clock.advance(SILENCE);
    assert_eq!(heir.bucket.tend_jobs().await.unwrap(), 0);
    assert_eq!(heir.over(id).await.state, JobState::Cancelled);
    assert_eq!(scene.seen(scene.one).await, left);
}

#[tokio::test(start_paused = true)]
async fn who_takes_a_job_over_asks_again_whether_its_account_may() {
    for revoke in ["member", "account", "folder"] {
        let scene = with_files(30).await;
        let (bob, _) = add_account(&scene.test.bucket, "bob@example.org").await.unwrap();
        scene.test.open::<Manage>().await.share(bob.id, Permission::Delete).await.unwrap();
        let (mortal, heir) = (scene.replica(7).await, scene.replica(8).await);
        slow(&mortal);
        let folder: Folder<Delete> = mortal.bucket.folder(&bob, &FolderRef::Id(scene.one)).await.unwrap();
        let id = job_of(folder.move_to(&path("a"), &folder, &path("t"), ConflictPolicy::Reject).await).await;
        mortal.faulty.kill_at(Kill { at: 0, moment: Moment::Before, only_writes: false });
        tokio::time::sleep(Duration::from_secs(1)).await;
        match revoke {
            "member" => scene.test.open::<Manage>().await.unshare(bob.id).await.unwrap(),
            "account" => scene.test.bucket.set_disabled(bob.id, true).await.unwrap(),
            _ => {
                let deleted = scene.test.bucket.folder::<Manage>(account(&scene), &FolderRef::Id(scene.one)).await;
                scene.settle_deletion(deleted.unwrap()).await;
            }
        }
        let left = scene.seen(scene.one).await;
        scene.test.clock.advance(SILENCE);
        assert_eq!(heir.bucket.tend_jobs().await.unwrap(), 0);
        scene.test.clock.advance(SILENCE);
        heir.bucket.tend_jobs().await.unwrap();
        let job = heir.over(id).await;
        assert_eq!(job.state, JobState::Failed, "{revoke}");
        assert!(job.error.is_some_and(|error| !error.is_empty()));
        assert_eq!(scene.seen(scene.one).await, left, "{revoke}");
    }
}

impl Scene {
    /// Deletes the folder and lets its data go.
    async fn settle_deletion(&self, folder: Folder<Manage>) {
        folder.delete().await.unwrap();
        while !self.names(self.one).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_permission_ends_a_job_that_runs() {
    let scene = with_files(90).await;
    let (bob, _) = add_account(&scene.test.bucket, "bob@example.org").await.unwrap();
    let replica = scene.replica(7).await;
    let owner = replica.open::<Manage>(&scene, scene.one).await;
    owner.share(bob.id, Permission::Write).await.unwrap();
    slow(&replica);
    let folder: Folder<crate::access::Write> = replica.bucket.folder(&bob, &FolderRef::Id(scene.one)).await.unwrap();
    let id = job_of(folder.copy_to(&path("a"), &folder, &path("t"), ConflictPolicy::Reject).await).await;
    owner.unshare(bob.id).await.unwrap();
    let job = replica.over(id).await;
    assert_eq!(job.state, JobState::Failed);
    assert!(job.progress.done.files < 90);
}

fn of(account: crate::id::AccountId) -> JobFilter {
    JobFilter { account: Some(account), ..JobFilter::default() }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_account_ends_its_job_and_a_lowered_limit_holds_for_it() {
    for disabled in [true, false] {
        let scene = with_files(90).await;
        let replica = scene.replica(7).await;
        slow(&replica);
        let id = job_of(replica.copy(&scene, "a", "t", ConflictPolicy::Reject).await).await;
        if disabled {
            replica.bucket.set_disabled(account(&scene).id, true).await.unwrap();
        } else {
            let change = FolderLimitsChange { files: Setting::To(50), ..FolderLimitsChange::default() };
            replica.bucket.set_account_limits(account(&scene).id, Setting::Keep, change).await.unwrap();
        }
        let job = replica.over(id).await;
        let expected = if disabled { ErrorKind::Forbidden } else { ErrorKind::OverQuota };
        assert_eq!((job.state, job.error_kind), (JobState::Failed, Some(expected)), "{job:?}");
        // What another program stored is not counted yet.
        let copies = scene.names(scene.one).await.iter().filter(|name| name.starts_with("t/0")).count();
        assert!(copies < 90 && (disabled || copies <= 50), "{copies} copies");
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_are_listed_for_their_account_and_forgotten_in_time() {
    let scene = with_files(10).await;
    let (bob, _) = add_account(&scene.test.bucket, "bob@example.org").await.unwrap();
    let replica = scene.replica(7).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let underway = replica.copy(&scene, "a", &format!("t{n}"), ConflictPolicy::Reject).await.unwrap();
        ids.push(underway.id());
        underway.ended().await.unwrap();
    }
    ids.sort();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = replica.bucket.jobs_page(of(account(&scene).id), after, 2).await.unwrap();
        listed.extend(page.jobs.iter().map(|job| job.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    listed.sort();
    assert_eq!(listed, ids);
    assert!(replica.bucket.jobs_page(of(bob.id), None, 100).await.unwrap().jobs.is_empty());
    assert_eq!(replica.bucket.jobs_page(JobFilter::default(), None, 0).await.unwrap_err().kind(), ErrorKind::Invalid);
    replica.bucket.job_of(account(&scene).id, ids[0]).await.unwrap();
    assert_eq!(replica.bucket.job_of(bob.id, ids[0]).await.unwrap_err().kind(), ErrorKind::NotFound);
    scene.test.clock.advance(scene.settings.job_kept_for - Duration::from_secs(1));
    assert_eq!(replica.bucket.sweep().await.unwrap().jobs_removed, 0);
    scene.test.clock.advance(Duration::from_secs(1));
    assert_eq!(replica.bucket.sweep().await.unwrap().jobs_removed, 3);
    assert_eq!(replica.bucket.job(ids[0]).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(replica.bucket.cancel_job(ids[0]).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_replica_looks_at_what_is_over_once() {
    let scene = with_files(10).await;
    let replica = scene.replica(7).await;
    done(replica.copy(&scene, "a", "t", ConflictPolicy::Reject).await).await;
    assert_eq!(replica.job().await.unwrap().state, JobState::Done);
    let other = scene.replica(8).await;
    other.bucket.tend_jobs().await.unwrap();
    other.counted.reset();
    other.bucket.tend_jobs().await.unwrap();
    assert_eq!(other.counted.reset().to_string(), "list 1");
}

#[tokio::test(start_paused = true)]
async fn jobs_are_found_by_either_folder_and_by_what_became_of_them() {
    let scene = with_files(10).await;
    let replica = scene.replica(7).await;
    let (one, other) = (replica.open::<Manage>(&scene, scene.one).await, replica.open(&scene, scene.other).await);
    let across = one.copy_to::<Manage>(&path("a"), &other, &path("t"), ConflictPolicy::Reject).await.unwrap();
    let across = (across.id(), across.ended().await.unwrap()).0;
    let within = replica.copy(&scene, "a", "t", ConflictPolicy::Reject).await.unwrap();
    let within = (within.id(), within.ended().await.unwrap()).0;
    let found = async |folder, state| {
        let filter = JobFilter { folder, state, ..JobFilter::default() };
        let page = replica.bucket.jobs_page(filter, None, 100).await.unwrap();
        page.jobs.iter().map(|job| job.id).collect::<std::collections::BTreeSet<_>>()
    };
    let both = [across, within].into();
    assert_eq!(found(None, None).await, both);
    assert_eq!(found(Some(scene.one), None).await, both);
    assert_eq!(found(Some(scene.other), Some(JobState::Done)).await, [across].into());
    assert!(found(None, Some(JobState::Running)).await.is_empty());
    for state in JobState::ALL {
        assert_eq!(state.name().parse::<JobState>().unwrap(), state);
    }
    assert!("ended".parse::<JobState>().unwrap_err().message().contains("running, cancelling"));
}
