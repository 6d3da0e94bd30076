//! Replicas over one store in memory. Each has caches and leases of its own, dies at some call of
//! the store, and is followed by a new one with an empty memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mapping::clock::TimerClock;
use mapping::limits::FolderLimits;
use mapping::random::{Random, SeededRandom};
use mapping::store::Store;
use mapping::store::faulty::{Faults, FaultyStore, Kill, Moment};
use mapping::store::memory::{MemoryStore, Repeat};
use mapping::sweep::Turn;
use mapping::{Account, Bucket, Clock, Secret, Settings, Usage, testing};

use super::report::Report;
use super::{ACCOUNTS, Plan, REPLICAS};
use crate::quota::rough::{Reach, RoughStore};

/// The smallest part of the store.
const FLOOR: u64 = 50;

/// How often a replica wants to sweep.
const SWEEP_EVERY: Duration = Duration::from_secs(20);

/// How often it looks for jobs that nobody works on.
const TEND_EVERY: Duration = Duration::from_millis(1500);

/// The most that a folder may hold: less than its clients want to put there.
const LIMIT: Usage = Usage { bytes: 6000, files: 36 };

/// All replicas and what is below them.
#[derive(Debug)]
pub struct Cluster {
    /// What is below all replicas.
    pub memory: Arc<MemoryStore>,
    /// The same, looked at after each write.
    pub watched: Arc<RoughStore>,
    /// The clock of all.
    pub clock: Arc<TimerClock>,
    /// How they behave.
    pub settings: Settings,
    plan: Plan,
    report: Arc<Report>,
    random: SeededRandom,
    replicas: Mutex<Vec<Option<Arc<Replica>>>>,
    kills: AtomicU64,
    calls: AtomicU64,
}

/// One process.
#[derive(Debug)]
pub struct Replica {
    /// The process itself.
    pub bucket: Bucket,
    store: Arc<FaultyStore>,
}

/// Somebody, and what he shows.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub account: Account,
    /// His token.
    pub token: Secret,
}

/// Times that pass in a run: everything half done grows old in it. In most runs directories move at once, in
/// some file by file.
fn settings(seed: u64) -> Settings {
    let most_moves = match seed % 8 {
        0 => 0,
        1 => 2,
        _ => 16,
    };
    Settings {
        most_moves,
        part_floor: FLOOR,
        hold_chunks_for: Duration::from_millis(100),
        claim_grace: Duration::from_secs(20),
        late_writes: Duration::from_secs(60),
        lease_for: Duration::from_secs(8),
        session_life: Duration::from_secs(120),
        hold_dead_after: Duration::from_secs(20),
        job_after: Duration::from_millis(150),
        job_page: 2,
        job_lease_for: Duration::from_secs(3),
        job_late: Duration::from_secs(2),
        job_kept_for: Duration::from_secs(600),
        trash_for: Some(Duration::from_secs(60)),
        folder_limits: FolderLimits { bytes: Some(LIMIT.bytes), files: Some(LIMIT.files) },
        ..Settings::default()
    }
}

impl Cluster {
    /// A cluster whose replicas start when they are asked for.
    pub async fn new(plan: Plan, report: Arc<Report>) -> Self {
        let clock = Arc::new(TimerClock::new());
        let repeat = if plan.seed.is_multiple_of(2) { Repeat::Succeeds } else { Repeat::NoSuchUpload };
        let memory = MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>).with_least_part(FLOOR).with_repeat(repeat);
        let memory = Arc::new(memory);
        let watched = RoughStore::new(Arc::clone(&memory) as Store, plan.seed);
        watched.watch_each(LIMIT);
        let (random, replicas) = (SeededRandom::new(plan.seed), Mutex::new(vec![None; REPLICAS]));
        let (kills, calls) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { memory, watched, clock, settings: settings(plan.seed), plan, report, random, replicas, kills, calls }
    }

    /// The accounts, made by a process that does not fail.
    ///
    /// # Panics
    /// When one cannot be made.
    pub async fn people(&self) -> Vec<Person> {
        let bucket = self.steady().await;
        let mut people = Vec::new();
        for number in 0..ACCOUNTS {
            let made = testing::add_account(&bucket, &format!("a{number}@example.org")).await;
            let (account, credentials) = made.expect("an account");
            people.push(Person { account, token: credentials.api_token });
        }
        bucket.tasks().stopping().cancel();
        people
    }

    /// A process that does not fail.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn steady(&self) -> Bucket {
        self.steady_with(self.settings.clone()).await
    }

    /// The same, with settings of its own.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn steady_with(&self, settings: Settings) -> Bucket {
        let (store, clock) = (Arc::clone(&self.memory) as Store, Arc::clone(&self.clock));
        testing::open(store, clock, settings, self.below(u64::MAX)).await.expect("a bucket")
    }

    /// Some replica; a dead one is followed by another first.
    pub async fn replica(&self, which: u64) -> Arc<Replica> {
        let place = usize::try_from(which).unwrap_or_default() % REPLICAS;
        loop {
            let there = self.replicas()[place].clone();
            match there {
                Some(replica) if !replica.store.is_dead() => return replica,
                _ => self.follow(place).await,
            }
        }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Ends every replica: in peace or not.
    pub async fn stop(&self) {
        let all: Vec<_> = self.replicas().iter_mut().filter_map(Option::take).collect();
        for (number, replica) in all.into_iter().enumerate() {
            if number == 0 && !replica.store.is_dead() {
                replica.store.set_faults(Faults::default());
                replica.bucket.drain(Duration::from_secs(30)).await;
            }
            self.bury(&replica);
        }
    }

    pub(super) fn figures(&self) -> (u64, u64, Duration) {
        (self.kills.load(Ordering::SeqCst), self.calls.load(Ordering::SeqCst), self.now())
    }

    /// Puts a new replica in the place of a dead one, unless somebody else has.
    async fn follow(&self, place: usize) {
        let (seed, born) = (self.below(u64::MAX), self.below(2 * self.plan.life) + 1);
        let store = Arc::new(FaultyStore::new(Arc::new(Reach(Arc::clone(&self.watched))) as Store, Faults::default()));
        let (below, clock) = (Arc::clone(&store) as Store, Arc::clone(&self.clock));
        let bucket = testing::open(below, clock, self.settings.clone(), seed).await.expect("a bucket");
        let replica = Arc::new(Replica { bucket, store });
        {
            let mut replicas = self.replicas();
            match &replicas[place] {
                Some(there) if !there.store.is_dead() => return,
                Some(there) => {
                    self.kills.fetch_add(1, Ordering::SeqCst);
                    self.bury(there);
                }
                None => {}
            }
            replicas[place] = Some(Arc::clone(&replica));
        }
        let moment = if seed.is_multiple_of(2) { Moment::Before } else { Moment::After };
        replica.store.set_faults(self.faults(seed));
        replica.store.kill_at(Kill { at: replica.store.calls() + born, moment, only_writes: false });
        replica.bucket.tasks().background(sweep(replica.bucket.clone(), Arc::clone(&self.report), seed));
        replica.bucket.tasks().background(tend(replica.bucket.clone(), Arc::clone(&self.report)));
    }

    /// A network with some latency that sometimes loses things.
    fn faults(&self, seed: u64) -> Faults {
        let most = Duration::from_millis(1 + self.below(12));
        Faults { seed, refused: 4, conflicts: 4, lost: 6, latency: most, answers: most, ..Faults::default() }
    }

    fn bury(&self, replica: &Replica) {
        self.calls.fetch_add(replica.store.calls(), Ordering::SeqCst);
        replica.store.kill_at(Kill { at: 0, moment: Moment::Before, only_writes: false });
        replica.bucket.tasks().stopping().cancel();
    }

    fn below(&self, below: u64) -> u64 {
        (&self.random as &dyn Random).below(below)
    }

    fn replicas(&self) -> std::sync::MutexGuard<'_, Vec<Option<Arc<Replica>>>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What each replica does by itself besides answering.
async fn sweep(bucket: Bucket, report: Arc<Report>, seed: u64) {
    let stopping = bucket.tasks().stopping();
    let mut pause = Duration::from_millis(seed % 20_000);
    while stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        let turn = bucket.sweep_in_turn(SWEEP_EVERY).await;
        pause = SWEEP_EVERY;
        match &turn {
            Ok(Turn::Elsewhere { look_again, .. }) => pause = *look_again,
            Ok(Turn::Stopping) => return,
            _ => {}
        }
        report.answered("sweep", &turn);
    }
}

async fn tend(bucket: Bucket, report: Arc<Report>) {
    let stopping = bucket.tasks().stopping();
    while stopping.run_until_cancelled(tokio::time::sleep(TEND_EVERY)).await.is_some() {
        let taken = bucket.tend_jobs().await;
        if taken.as_ref().is_ok_and(|taken| *taken > 0) {
            report.answered("job taken over", &taken);
        }
    }
}
