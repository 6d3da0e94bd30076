//! How requests per second grow with replicas, over a store that takes 20 ms for everything: what
//! replicas cost each other, since the store is never busy and neither are they.
//!
//!   cargo run --release -p suites --example scaling [SECONDS [CLIENTS]]
//!
//! Each replica has CLIENTS clients of its own (8), and each of these makes a new file of 4 KiB (three
//! requests), reads it, and lists its directory, for SECONDS (20). Read the ratios; seconds mean little on
//! a shared machine. All replicas and clients share this process: `busy` says how much of the machine
//! they took, and above 70 percent the ratios say something of the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bridge::app::{AppSettings, Running, start};
use futures::future::join_all;
use mapping::clock::SystemClock;
use mapping::random::SystemRandom;
use mapping::store::Store;
use mapping::store::faulty::{Faults, FaultyStore};
use mapping::store::memory::MemoryStore;
use mapping::{MasterKeys, NewAccount, Parts, Settings};
use suites::caller::{Caller, pattern};

/// Each request to the store waits for as long as chance says, up to twice what they wait on average.
const LATENCY: Duration = Duration::from_millis(20);

const REPLICAS: [usize; 3] = [1, 2, 4];

/// What is not measured at the beginning of each run.
const WARM_UP: Duration = Duration::from_secs(2);

const FILE: usize = 4096;

#[derive(Clone, Copy, Debug)]
enum Folders {
    /// A folder for each client.
    Own,
    /// One for all.
    Shared,
}

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u64>().expect("a number"));
    let seconds = Duration::from_secs(numbers.next().unwrap_or(20));
    let clients = usize::try_from(numbers.next().unwrap_or(8)).expect("a number of clients");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{cores} cores, {clients} clients for each replica, {} ms for each request to the store",
        LATENCY.as_millis()
    );
    for folders in [Folders::Own, Folders::Shared] {
        let mut alone = None;
        for replicas in REPLICAS {
            let (rate, busy) = Run::new(replicas, clients, folders).await.measured(seconds).await;
            let ratio = rate / *alone.get_or_insert(rate);
            println!("{folders:?} folders, {replicas} replicas: {rate:.0} requests/s, x{ratio:.2}, busy {busy:.0} %");
        }
    }
}

/// Replicas with clients.
struct Run {
    replicas: Vec<Running>,
    clients: Vec<Client>,
    requests: Arc<AtomicU64>,
}

/// One client, its replica, and its directory.
struct Client {
    calls: Caller,
    folder: String,
    directory: String,
}

impl Run {
    async fn new(count: usize, clients: usize, folders: Folders) -> Self {
        let memory: Store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
        let key = MasterKeys::generate(&SystemRandom);
        let mut replicas = Vec::new();
        for number in 0..count {
            let faults = Faults { seed: number as u64, latency: 2 * LATENCY, ..Faults::default() };
            let parts = Parts {
                store: Arc::new(FaultyStore::new(Arc::clone(&memory), faults)),
                clock: Arc::new(SystemClock::new()),
                random: Arc::new(SystemRandom),
                keys: key.expose().parse().expect("a master key"),
                settings: Settings::default(),
            };
            replicas.push(start(parts, AppSettings::default()).await.expect("a replica"));
        }
        let mut run = Self { replicas, clients: Vec::new(), requests: Arc::default() };
        let shared = run.somebody(0, "shared").await;
        for number in 0..count * clients {
            let (token, folder) = match folders {
                Folders::Own => run.somebody(number % count, &format!("c{number}")).await,
                Folders::Shared => shared.clone(),
            };
            let calls = Caller::nobody(&[run.replicas[number % count].address]).with_token(&token);
            run.clients.push(Client { calls, folder, directory: format!("d{number}") });
        }
        run
    }

    /// An account with a folder: its token, and the folder's id.
    async fn somebody(&self, replica: usize, name: &str) -> (String, String) {
        let replica = &self.replicas[replica];
        let email = format!("{name}@example.org").parse().expect("an address");
        let new = NewAccount { email, name: name.parse().expect("a name"), password: None, issued: None };
        let (_, credentials) = replica.state.bucket().create_account(new).await.expect("an account");
        let token = credentials.api_token.expose().to_owned();
        let folder = Caller::nobody(&[replica.address]).with_token(&token).created("files").await;
        (token, folder)
    }

    /// Requests in a second, and how busy the machine was with them, in percent.
    async fn measured(self, time: Duration) -> (f64, f64) {
        let stop = AtomicBool::new(false);
        let all = join_all(self.clients.iter().map(|client| client.work(&stop, &self.requests)));
        let measure = async {
            tokio::time::sleep(WARM_UP).await;
            let (began, before, ticks) = (Instant::now(), self.requests.load(Ordering::Relaxed), cpu());
            tokio::time::sleep(time).await;
            let (after, ticked, took) = (self.requests.load(Ordering::Relaxed), cpu() - ticks, began.elapsed());
            stop.store(true, Ordering::Relaxed);
            let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
            ((after - before) as f64 / took.as_secs_f64(), 100.0 * ticked / took.as_secs_f64() / cores)
        };
        let (_, measured) = futures::join!(all, measure);
        for replica in self.replicas {
            replica.shutdown().await;
        }
        measured
    }
}

impl Client {
    async fn work(&self, stop: &AtomicBool, requests: &AtomicU64) {
        let (folder, calls) = (&self.folder, &self.calls);
        let content = pattern(FILE, 7);
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            let path = format!("{}/s{}/{number}.bin", self.directory, number / 100);
            calls.upload(folder, &path, &content, FILE).await;
            requests.fetch_add(3, Ordering::Relaxed);
            calls.download(folder, &path).await.expect(200);
            requests.fetch_add(1, Ordering::Relaxed);
            calls.list(folder, &format!("{}/s{}", self.directory, number / 100)).await.expect(200);
            requests.fetch_add(1, Ordering::Relaxed);
            number += 1;
        }
    }
}

/// Seconds that this process has computed for, where the system says it.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<i64> =
        stat.rsplit(')').next().unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    // Without what stands before it: `utime` and `stime`, in hundredths.
    fields.get(10).zip(fields.get(11)).map_or(0.0, |(user, system)| (user + system) as f64 / 100.0)
}
