//! Three real processes over one bucket, killed with SIGKILL at random and started again, while clients
//! write, replace, remove and read files through whichever is there, one removes directories that are so
//! large that this is a job, and one renames directories, whose files follow later. What was acknowledged is there at every later look, through every process; in the
//! end `folderbridge fsck` is clean and every job has come to its end.
//!
//! `FOLDERBRIDGE_TEST_KILLING=600` does it for so many seconds, `FOLDERBRIDGE_TEST_KILLING_SEED` with the
//! choices of an earlier run (their moments are the machine's).

mod client;
mod closing;
mod fleet;
mod moves;
mod oracle;
mod trees;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use mapping::random::{Random, SystemRandom};
use mapping::store::s3::S3Settings;
use suites::environment::{killing_seconds, killing_seed};
use suites::s3::Endpoint;
use suites::stores::differences::Kind;
use suites::stores::installed::title;
use suites::stores::minio::{self, MinIo};
use suites::stores::named::NamedStore;
use suites::stores::processes::StoreProcess;
use suites::stores::say;

use client::Client;
use fleet::Fleet;

/// How long the short form kills.
const SECONDS: u64 = 20;

/// How many clients call at one time.
const CLIENTS: u64 = 6;

async fn nothing_acknowledged_is_lost(title: &str, settings: &S3Settings) {
    let random: &dyn Random = &SystemRandom;
    let seed = killing_seed().unwrap_or_else(|| random.below(1 << 32));
    let seconds = killing_seconds().unwrap_or(SECONDS);
    say(&format!("{title}: FOLDERBRIDGE_TEST_KILLING_SEED={seed} FOLDERBRIDGE_TEST_KILLING={seconds}"));
    let fleet = Arc::new(Fleet::start(settings.clone(), seed).await);
    let (token, folder, keys) = fleet.somebody().await;
    let until = Instant::now() + Duration::from_secs(seconds);
    let clients = (0..CLIENTS).map(|number| {
        let mut client = Client::new(Arc::clone(&fleet), seed, number, &token, &folder);
        async move {
            client.work(until).await;
            client
        }
    });
    let store = fleet.store().await;
    let mut large = Client::new(Arc::clone(&fleet), seed, CLIENTS, &token, &folder);
    let large_trees = large.remove_large_trees(&store, until);
    let mut renames = Client::new(Arc::clone(&fleet), seed, CLIENTS + 1, &token, &folder);
    let renamed = renames.rename_trees(&keys, until);
    let (mut clients, (), (), ()) = futures::join!(join_all(clients), large_trees, renamed, fleet.kill_until(until));
    assert!(!large.left.is_empty(), "no process was killed with a job in its hands");
    say(&format!("{title}: {} large directories, {} jobs left by the dead", large.operations, large.left.len()));
    say(&format!("{title}: {} directories renamed", renames.operations));
    clients.extend([large, renames]);
    let operations: u64 = clients.iter().map(|client| client.operations).sum();
    let unanswered: u64 = clients.iter().map(|client| client.unanswered).sum();
    let kills = fleet.kills();
    say(&format!("{title}: {operations} operations, {kills} kills, {unanswered} requests without an answer"));
    assert!(operations >= seconds && kills >= seconds / 10, "too little of it to say anything");
    assert!(unanswered > 0, "nobody was killed in the middle of anything");
    closing::check(&fleet, &mut clients).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_store_of_the_environment_or_an_embedded_one() {
    if let Some(named) = NamedStore::of_environment() {
        let bucket = named.scratch().await;
        return nothing_acknowledged_is_lost(named.kind.name(), bucket.settings()).await;
    }
    let place = tempfile::tempdir().expect("a directory");
    let endpoint = Endpoint::open(place.path(), ([127, 0, 0, 1], 0).into()).await;
    endpoint.make_bucket("folders").await;
    nothing_acknowledged_is_lost("embedded", &endpoint.settings("folders")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_seaweedfs() {
    let Some(server) = StoreProcess::start(Kind::SeaweedFs, "processes killed over SeaweedFS").await else { return };
    let bucket = server.store.scratch().await;
    nothing_acknowledged_is_lost(&title(Kind::SeaweedFs), bucket.settings()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_minio_in_a_container() {
    let Some(server) = MinIo::start("processes killed over MinIO").await else { return };
    let bucket = server.store.scratch().await;
    nothing_acknowledged_is_lost(minio::TITLE, bucket.settings()).await;
}
