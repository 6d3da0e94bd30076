//! Some hundred operations, one after the other, on a network where anything may happen: held against
//! a reference that knows what may be there. `FOLDERBRIDGE_TEST_SOAK=5000` makes it longer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bytes::Bytes;
use mapping::random::{Random, SeededRandom, SystemRandom};
use suites::caller::pattern;
use suites::environment::{soak_operations, soak_seed};
use suites::proxy::Fault;
use suites::reply::Reply;

use super::case::PART;
use super::world::World;

/// Operations of the short form.
const OPERATIONS: u64 = 200;

/// Requests to the store of a thousand that something befalls.
const TROUBLED: u64 = 120;

/// Paths that files come and go at, in four directories.
const PATHS: u64 = 12;

/// How often a client tries an operation that is answered "try again".
const TRIES: u32 = 40;

/// What may be at each path: all that was answered for, and what was not.
struct Reference {
    files: BTreeMap<String, Vec<Option<Bytes>>>,
    made: BTreeSet<String>,
}

struct Soak {
    world: World,
    reference: Reference,
    chance: SeededRandom,
    seed: u64,
    /// Operations that were not done in all tries.
    given_up: u64,
}

impl Soak {
    fn below(&self, below: u64) -> u64 {
        let chance: &dyn Random = &self.chance;
        chance.below(below)
    }

    /// From now on things happen to requests, by chance.
    fn trouble(&self) {
        let chance = SeededRandom::new(self.seed ^ 0x5EED);
        self.world.shaky.proxy().script(move |request| {
            let chance: &dyn Random = &chance;
            let fault = Fault::ALL[usize::try_from(chance.below(Fault::ALL.len() as u64)).expect("small")];
            // What stalls costs a time-out: less of that.
            let spared = format!("{fault:?}").starts_with("Stall") && chance.below(3) > 0;
            (chance.below(1000) < TROUBLED && fault.can_befall(request) && !spared).then_some(fault)
        });
    }

    async fn step(&mut self, number: u64) {
        let path = format!("d{}/f{}.bin", self.below(4), self.below(PATHS / 4));
        match self.below(10) {
            0..=3 => self.upload(&path, number).await,
            4 | 5 => self.remove(&path).await,
            6 => self.mkdir(&format!("made{number}")).await,
            7 => self.list(&path).await,
            _ => self.download(&path).await,
        }
    }

    /// A file of any size: small ones in one chunk or some, a large one in a part and a tail.
    async fn upload(&mut self, path: &str, number: u64) {
        let (size, chunk) = match self.below(12) {
            0 => (PART + 7000, PART),
            1..=4 => (30_000, 7_000),
            _ => (usize::try_from(self.below(4000)).expect("small"), 4_000),
        };
        let content = pattern(size, self.seed.wrapping_mul(31).wrapping_add(number));
        let possible = self.reference.files.entry(path.to_owned()).or_insert_with(|| vec![None]);
        possible.push(Some(content.clone()));
        for _ in 0..TRIES {
            match self.try_upload(path, &content, chunk).await {
                Attempt::Done => return drop(self.reference.files.insert(path.to_owned(), vec![Some(content)])),
                Attempt::Again => {}
            }
        }
        self.given_up += 1;
    }

    async fn try_upload(&self, path: &str, content: &Bytes, chunk: usize) -> Attempt {
        let (ann, folder) = (&self.world.ann.calls, &self.world.folder);
        let started = ann.post_file(folder, path, &serde_json::json!({ "size": content.len() })).await;
        if self.failed(&started) {
            return Attempt::Again;
        }
        let upload = started.expect(200).json()["uploadId"].as_str().expect("an id").to_owned();
        for at in (0..content.len()).step_by(chunk) {
            let bytes = content.slice(at..content.len().min(at + chunk));
            let sent = self.insist(async || ann.chunk(folder, path, &upload, at as u64, bytes.clone()).await).await;
            if sent.is_none_or(|reply| reply.expect_one_of(&[200, 404]) == 404) {
                return Attempt::Again;
            }
        }
        match self.insist(async || ann.complete(folder, path, &upload).await).await {
            Some(reply) if reply.expect_one_of(&[200, 404, 409]) == 200 => Attempt::Done,
            _ => Attempt::Again,
        }
    }

    async fn remove(&mut self, path: &str) {
        let (ann, folder) = (&self.world.ann.calls, &self.world.folder);
        let possible = self.reference.files.entry(path.to_owned()).or_insert_with(|| vec![None]);
        let surely_there = !possible.contains(&None);
        possible.push(None);
        let mut first = true;
        for _ in 0..TRIES {
            let reply = ann.remove(folder, path).await;
            if !self.failed(&reply) {
                let status = reply.expect_one_of(&[200, 400]);
                assert!(status == 200 || !(surely_there && first), "seed {}: {path} was there", self.seed);
                self.reference.files.insert(path.to_owned(), vec![None]);
                return;
            }
            first = false;
        }
        self.given_up += 1;
    }

    async fn mkdir(&mut self, name: &str) {
        let (ann, folder) = (&self.world.ann.calls, &self.world.folder);
        match self.insist(async || ann.mkdir(folder, name).await).await {
            // 409: one before this was done, only its answer was not.
            Some(reply) => drop((reply.expect_one_of(&[200, 409]), self.reference.made.insert(name.to_owned()))),
            None => self.given_up += 1,
        }
    }

    async fn list(&mut self, path: &str) {
        let (ann, folder) = (&self.world.ann.calls, &self.world.folder);
        let (directory, name) = path.split_once('/').expect("a path in a directory");
        let Some(reply) = self.insist(async || ann.list(folder, directory).await).await else {
            return self.given_up += 1;
        };
        let listed = reply.expect(200).json()["files"].as_array().expect("a list").iter().any(|file| file == name);
        let possible = self.reference.files.entry(path.to_owned()).or_insert_with(|| vec![None]);
        assert!(possible.iter().any(|file| file.is_some() == listed), "seed {}: {path} is listed: {listed}", self.seed);
    }

    async fn download(&mut self, path: &str) {
        let (ann, folder) = (&self.world.ann.calls, &self.world.folder);
        for _ in 0..TRIES {
            let request = ann.file(reqwest::Method::GET, folder, path);
            let Some(reply) = ann.try_send(request).await.filter(|reply| !self.failed(reply)) else { continue };
            return self.check(path, &reply);
        }
        self.given_up += 1;
    }

    fn check(&mut self, path: &str, reply: &Reply) {
        let found = (reply.expect_one_of(&[200, 404]) == 200).then(|| reply.body.clone());
        let possible = self.reference.files.entry(path.to_owned()).or_insert_with(|| vec![None]);
        assert!(possible.contains(&found), "seed {}: {path} holds what nobody may have left there", self.seed);
    }

    /// Whether an answer says to try again.
    fn failed(&self, reply: &Reply) -> bool {
        if reply.status == 503 {
            reply.clone().expect_refusal(503);
        }
        reply.status == 503
    }

    async fn insist(&self, ask: impl AsyncFn() -> Reply) -> Option<Reply> {
        for _ in 0..TRIES {
            let reply = ask().await;
            if !self.failed(&reply) {
                return Some(reply);
            }
        }
        None
    }

    /// All is as the reference says once the network is well again.
    async fn settle(mut self) {
        self.world.shaky.heal();
        self.world.forget();
        let paths: Vec<String> = self.reference.files.keys().cloned().collect();
        for path in paths {
            let reply = self.world.ann.calls.download(&self.world.folder, &path).await;
            self.check(&path, &reply);
            self.list(&path).await;
        }
        let directories: BTreeSet<_> = self.world.ann.calls.names(&self.world.folder, "").await.0.into_iter().collect();
        assert!(directories.is_superset(&self.reference.made), "seed {}: a directory is gone", self.seed);
        self.world.check_tidy().await;
    }
}

enum Attempt {
    Done,
    Again,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_hundred_operations_on_a_bad_network_leave_what_was_answered_for() {
    let random: &dyn Random = &SystemRandom;
    let seed = soak_seed().unwrap_or_else(|| random.below(1 << 32));
    let operations = soak_operations().unwrap_or(OPERATIONS);
    println!("FOLDERBRIDGE_TEST_SOAK_SEED={seed} FOLDERBRIDGE_TEST_SOAK={operations}");
    let began = Instant::now();
    let reference = Reference { files: BTreeMap::new(), made: BTreeSet::new() };
    let chance = SeededRandom::new(seed);
    let mut soak = Soak { world: World::between().await, reference, chance, seed, given_up: 0 };
    soak.trouble();
    for number in 0..operations {
        soak.world.forget();
        soak.step(number).await;
    }
    let (counts, given_up) = (soak.world.shaky.proxy().counts(), soak.given_up);
    println!(
        "{operations} operations, {} requests to the store, {} troubled, {given_up} given up, {:.1} s",
        counts.all(),
        counts.faults,
        began.elapsed().as_secs_f32()
    );
    assert!(counts.faults >= operations / 2, "too little trouble: {}", counts.faults);
    assert!(given_up <= operations / 50, "{given_up} operations were not done at all");
    soak.settle().await;
}
