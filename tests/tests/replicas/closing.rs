//! What must hold once nobody is killed any more.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mapping::jobs::JobFilter;
use mapping::random::SystemRandom;
use mapping::store::Store;
use mapping::usage::Repair;
use mapping::{Bucket, Parts, Settings};
use serde_json::Value;
use suites::ahead::AheadClock;
use suites::app::ADMIN_TOKEN;
use suites::bucket::{below, snapshot};
use suites::process::{MASTER_KEY, binary};

use super::client::Client;
use super::fleet::{Fleet, REPLICAS};
use super::moves;

/// Longer than a dead process is believed alive, and what it sent may be under way.
const DEAD: Duration = Duration::from_secs(6 * 60);
const OVER: Duration = Duration::from_secs(16 * 60);

/// Longer than a job is left to a process that gives no sign of life.
const SILENCE: Duration = Duration::from_secs(121);

/// How long it may take until jobs that were left are over.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long what was taken over is left alone: it waits for news of a move, twice, and must not lose its lease.
const UNDISTURBED: Duration = Duration::from_secs(15);

/// Longer than an upload that nobody goes on with is kept.
const LONG: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// All that was acknowledged is there; `folderbridge fsck` calls nothing wrong at once, and everything
/// right once the dead are known to be; a sweep leaves nothing of what they began.
pub(crate) async fn check(fleet: &Fleet, clients: &mut [Client]) {
    all_is_there(clients).await;
    for url in fleet.urls() {
        let (code, said) = fsck(url).await;
        assert_eq!(code, Some(0), "{said}");
    }
    fleet.terminate().await;
    let (core, clock, _) = later(fleet).await;
    clock.advance(OVER);
    moves::adopt(&core, &clients[0]).await;
    end_jobs(&core, &clock).await;
    moves::all_has_followed(&fleet.store().await, clients).await;
    settle(&core, &clock).await;
    core.drain(Duration::from_secs(20)).await;
    for place in 0..REPLICAS {
        fleet.start_one(place).await;
    }
    all_is_there(clients).await;
    all_jobs_are_over(fleet, clients).await;
    fleet.terminate().await;
    let (core, clock, store) = later(fleet).await;
    for _ in 0..3 {
        clock.advance(LONG);
        core.sweep().await.expect("a sweep");
    }
    core.drain(Duration::from_secs(20)).await;
    let left = below(snapshot(&store).await, ".folderbridge/uploads/");
    assert!(left.is_empty(), "uploads that nobody goes on with are left: {left:?}");
    let left = below(snapshot(&store).await, ".folderbridge/jobs/");
    assert!(left.is_empty(), "jobs that are over for long are left: {left:?}");
    for place in 0..REPLICAS {
        fleet.start_one(place).await;
    }
    all_is_there(clients).await;
    for url in fleet.urls() {
        let (code, said) = fsck(url).await;
        let right = |line: &&str| line.contains("  ok: ") || line.contains("names were not compared");
        let wrong: Vec<_> = said.lines().filter(|line| !right(line)).collect();
        assert!(code == Some(0) && wrong.len() == 1 && wrong[0].ends_with("0 wrong, 0 not counted"), "{said}");
    }
    fleet.terminate().await;
}

async fn all_is_there(clients: &mut [Client]) {
    for client in clients {
        // Through any process, and as often as there are some.
        for _ in 0..REPLICAS {
            let paths: Vec<_> = client.oracle.all().map(|(path, _)| path.clone()).collect();
            for path in paths {
                client.read(&path).await;
            }
        }
        let (directories, folders) = client.look_around().await;
        let gone: Vec<_> = client.oracle.made.iter().filter(|name| !directories.contains(name)).collect();
        assert!(gone.is_empty(), "directories are gone: {gone:?}");
        for (name, there) in &client.oracle.folders {
            let count = folders.iter().filter(|known| *known == name).count();
            assert_eq!(count, usize::from(*there), "folder `{name}`");
        }
    }
}

/// Another replica, whose time passes faster, goes on with what the dead have left.
async fn end_jobs(core: &Bucket, clock: &AheadClock) {
    let (began, mut taken_at) = (Instant::now(), None::<Instant>);
    loop {
        let mut taken = core.tend_jobs().await.expect("a look at all jobs");
        let page = core.jobs_page(JobFilter::default(), None, 1000).await.expect("the jobs");
        assert!(page.next.is_none(), "more jobs than a page has");
        let stuck: Vec<_> = page.jobs.into_iter().filter(|job| !job.state.is_over()).collect();
        if stuck.is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "jobs are stuck: {stuck:?}");
        // Only what nobody works on: a step of what it has taken over itself is to come to its end.
        if taken == 0 && taken_at.is_none_or(|at| at.elapsed() >= UNDISTURBED) {
            clock.advance(SILENCE);
            taken = core.tend_jobs().await.expect("a look at all jobs");
        }
        if taken > 0 {
            taken_at = Some(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// `folderbridge job list` knows each job that the dead have left, and of none that is not over.
async fn all_jobs_are_over(fleet: &Fleet, clients: &[Client]) {
    for url in fleet.urls() {
        let (code, said) = asked(url, &["job", "list", "--json"]).await;
        assert_eq!(code, Some(0), "{said}");
        let jobs: Vec<Value> = serde_json::from_str(&said).expect("a list");
        let states: BTreeMap<&str, &str> = jobs.iter().map(|job| (text(&job["job_id"]), text(&job["state"]))).collect();
        assert!(states.values().all(|state| *state == "done"), "{said}");
        for left in clients.iter().flat_map(|client| &client.left) {
            assert!(states.contains_key(left.as_str()), "job {left} is not listed: {said}");
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// `folderbridge fsck --all`: its status, and what it said.
async fn fsck(url: String) -> (Option<i32>, String) {
    asked(url, &["fsck", "--all"]).await
}

async fn asked(url: String, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(binary());
    command.env_clear().env("FOLDERBRIDGE_URL", url).env("FOLDERBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
    command.args(words);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    let output = output.expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// The core over the bucket, with a clock that can be moved ahead.
async fn later(fleet: &Fleet) -> (Bucket, Arc<AheadClock>, Store) {
    let store = fleet.store().await;
    let clock = Arc::new(AheadClock::default());
    let parts = Parts {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock) as Arc<_>,
        random: Arc::new(SystemRandom),
        keys: MASTER_KEY.parse().expect("a master key"),
        settings: Settings::default(),
    };
    (Bucket::open(parts).await.expect("the bucket"), clock, store)
}

/// Lets the time pass after which what the dead had taken is counted away.
async fn settle(core: &Bucket, clock: &AheadClock) {
    let folders = core.all_folders(None, 1000).await.expect("the folders");
    assert!(folders.next.is_none(), "more folders than a page has");
    for wait in [DEAD, OVER, Duration::ZERO] {
        for folder in &folders.folders {
            core.folder_usage(folder.id).await.expect("a usage");
        }
        clock.advance(wait);
    }
    for folder in &folders.folders {
        let checked = core.check_folder(folder.id, Repair::No).await.expect("a check");
        assert!(!checked.has_drifted() && !checked.unsettled, "{}: {checked:?}", folder.id);
        assert_eq!(checked.recorded, checked.listed, "{}", folder.id);
    }
}
