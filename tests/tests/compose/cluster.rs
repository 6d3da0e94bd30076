//! The profile `cluster` loses a MinIO node and a replica in the middle of an upload.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use suites::caller::{Caller, pattern};
use suites::compose::Project;

const CHUNK: usize = 8 << 20;
const CHUNKS: usize = 128;
const SIZE: u64 = (CHUNK * CHUNKS) as u64;
/// How many chunks are acknowledged when the node goes, and when the replica goes.
const NODE_GOES: usize = 40;
const REPLICA_GOES: usize = 80;
/// How long the whole upload may take, with both accidents in it.
const DEADLINE: Duration = Duration::from_secs(240);
/// How often a client repeats a chunk, and for how long it waits at most before it does.
const TRIES: u32 = 20;
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The file: chunk after chunk, none like another.
fn chunk(index: usize) -> Bytes {
    pattern(CHUNK, 1000 + index as u64)
}

/// An upload under way through the load balancer.
struct Upload {
    caller: Caller,
    folder: String,
    id: String,
    project: Arc<Project>,
    acknowledged: AtomicUsize,
    /// Why chunks were repeated.
    repeated: Mutex<Vec<String>>,
}

impl Upload {
    async fn begin(caller: Caller, project: Arc<Project>) -> Self {
        let folder = caller.created("large").await;
        let id = caller.started(&folder, "dir/large.bin", SIZE).await;
        Self { caller, folder, id, project, acknowledged: AtomicUsize::new(0), repeated: Mutex::default() }
    }

    /// Sends one chunk until it is acknowledged, then causes the accident that is due, while the
    /// other chunks are on their way.
    async fn send(&self, index: usize) {
        let mut wait = Duration::from_millis(100);
        for _ in 0..TRIES {
            let Err(why) = self.try_to_send(index).await else {
                let before = self.acknowledged.fetch_add(1, Ordering::Relaxed);
                return self.accident(before + 1).await;
            };
            self.repeated().push(format!("chunk {index}: {why}"));
            tokio::time::sleep(wait).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
        panic!("chunk {index} is not taken: {:?}", self.repeated());
    }

    /// END is exclusive, as the real client means it.
    async fn try_to_send(&self, index: usize) -> Result<(), String> {
        let start = index * CHUNK;
        let request = self.caller.file(Method::PUT, &self.folder, "dir/large.bin");
        let request = request.header("content-range", format!("[{}]:{start}-{}", self.id, start + CHUNK));
        let answer = request.body(chunk(index)).send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let said = answer.text().await.unwrap_or_default();
        assert!(status == StatusCode::OK || status.is_server_error(), "chunk {index}: {status}: {said}");
        if status == StatusCode::OK { Ok(()) } else { Err(format!("{status}: {said}")) }
    }

    fn repeated(&self) -> MutexGuard<'_, Vec<String>> {
        self.repeated.lock().expect("nobody panics while holding it")
    }

    async fn accident(&self, acknowledged: usize) {
        match acknowledged {
            NODE_GOES => kill(&self.project, "minio-2", 1).await,
            REPLICA_GOES => kill(&self.project, "replica", 2).await,
            _ => {}
        }
    }
}

async fn kill(project: &Arc<Project>, service: &'static str, number: usize) {
    let project = Arc::clone(project);
    tokio::task::spawn_blocking(move || project.kill(service, number)).await.expect("docker kill");
}

/// The digest of what comes back, and how much it was.
async fn downloaded(caller: &Caller, folder: &str) -> (u64, Vec<u8>) {
    let answer = caller.file(Method::GET, folder, "dir/large.bin").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let (mut digest, mut size) = (Sha256::new(), 0);
    let mut body = answer.bytes_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.expect("the whole body");
        size += piece.len() as u64;
        digest.update(&piece);
    }
    (size, digest.finalize().to_vec())
}

fn expected() -> (u64, Vec<u8>) {
    let mut digest = Sha256::new();
    (0..CHUNKS).for_each(|index| digest.update(chunk(index)));
    (SIZE, digest.finalize().to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_survives_the_loss_of_a_node_and_of_a_replica() {
    let began = Instant::now();
    let Some(project) = Project::up("the cluster", &["nginx"]).map(Arc::new) else { return };
    println!("the cluster is up after {:?}", began.elapsed());
    let ann = project.account("replica", "ann@example.org");
    let caller = Caller::nobody(&[project.cluster]).with_token(ann["api_token"].as_str().expect("a token"));

    let began = Instant::now();
    let upload = Upload::begin(caller.clone(), Arc::clone(&project)).await;
    let chunks = stream::iter(0..CHUNKS).map(|index| upload.send(index)).buffer_unordered(5).collect::<()>();
    let sent = tokio::time::timeout(DEADLINE, chunks).await;
    assert!(sent.is_ok(), "not sent in time; repeated: {:#?}", upload.repeated());
    caller.complete(&upload.folder, "dir/large.bin", &upload.id).await.expect(200);
    println!("uploaded after {:?}; repeated: {:#?}", began.elapsed(), upload.repeated());
    for (service, number) in [("minio-2", 1), ("replica", 2)] {
        assert_eq!(project.inspect(service, number, "{{.State.Running}}"), "false", "{service} is still there");
    }

    let began = Instant::now();
    let expected = expected();
    assert!(downloaded(&caller, &upload.folder).await == expected, "the file is another one");
    println!("downloaded after {:?}", began.elapsed());

    // Both come back; then others go, and what was written without the first ones is still there.
    project.start("minio-2", 1);
    project.start("replica", 2);
    project.kill("minio-3", 1);
    project.kill("replica", 1);
    assert!(downloaded(&caller, &upload.folder).await == expected, "the file is another one");
    let small = pattern(100_000, 7);
    caller.upload(&upload.folder, "small.bin", &small, 10_240).await;
    assert!(caller.download(&upload.folder, "small.bin").await.expect(200).body == small);
    assert_eq!(caller.names(&upload.folder, "dir").await.1, ["large.bin"]);
}
