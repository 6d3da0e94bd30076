//! One who goes on calling while processes die: asks another when there is no answer, and holds each
//! answer against what was acknowledged before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mapping::random::{Random, SeededRandom};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use suites::caller::{Caller, pattern};
use suites::reply::Reply;

use super::fleet::Fleet;
use super::oracle::Oracle;

/// How long one operation may take, with all that dies meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait where nobody can answer.
const PAUSE: Duration = Duration::from_millis(50);

/// A part of its own.
const PART: usize = 5 << 20;

pub(crate) struct Client {
    pub(super) fleet: Arc<Fleet>,
    chance: SeededRandom,
    pub(super) seed: u64,
    pub(super) token: String,
    pub(super) folder: String,
    pub(crate) oracle: Oracle,
    pub(crate) operations: u64,
    pub(crate) unanswered: u64,
    /// Jobs that were left by a process that was killed.
    pub(crate) left: Vec<String>,
}

impl Client {
    pub(crate) fn new(fleet: Arc<Fleet>, seed: u64, number: u64, token: &str, folder: &str) -> Self {
        let chance = SeededRandom::new(seed.wrapping_mul(1009).wrapping_add(number));
        let (token, folder) = (token.to_owned(), folder.to_owned());
        let oracle = Oracle::new(number);
        Self { fleet, chance, seed, token, folder, oracle, operations: 0, unanswered: 0, left: Vec::new() }
    }

    pub(crate) async fn work(&mut self, until: Instant) {
        while Instant::now() < until {
            let slot = self.below(1 << 16);
            match self.below(16) {
                0..=5 => self.write(slot).await,
                6 | 7 => self.remove(slot).await,
                8 => self.mkdir().await,
                9 => self.remove_tree().await,
                10 => self.folder().await,
                11 | 12 => self.list(slot).await,
                _ => self.read(&self.oracle.path(slot)).await,
            }
            self.operations += 1;
        }
    }

    pub(super) fn below(&self, below: u64) -> u64 {
        let chance: &dyn Random = &self.chance;
        chance.below(below)
    }

    /// Asks some process; `None` when there is no answer, or one that says to try again.
    async fn ask(&mut self, request: impl Fn(&Caller) -> RequestBuilder) -> Option<Reply> {
        let Some(nobody) = self.fleet.some(self.below(1 << 16)) else {
            tokio::time::sleep(PAUSE).await;
            return None;
        };
        let caller = nobody.with_token(&self.token);
        let reply = caller.attempt(request(&caller)).await;
        self.unanswered += u64::from(reply.is_none());
        reply.filter(|reply| reply.status != 503)
    }

    /// Asks until somebody answers; says whether it was the first who was asked.
    pub(super) async fn insist(&mut self, request: impl Fn(&Caller) -> RequestBuilder) -> (Reply, bool) {
        let began = Instant::now();
        let mut first = true;
        loop {
            if let Some(reply) = self.ask(&request).await {
                return (reply, first);
            }
            first = false;
            assert!(began.elapsed() < PATIENCE, "seed {}: nobody did it in {PATIENCE:?}", self.seed);
        }
    }

    /// A new file, or another in its place: of one chunk, of some, of a part and a tail.
    async fn write(&mut self, slot: u64) {
        let path = self.oracle.path(slot);
        let (size, chunk) = match self.below(16) {
            0 => (PART + 7000, PART),
            1..=5 => (60_000, 10_240),
            _ => (usize::try_from(self.below(4000)).expect("small"), 4_000),
        };
        let content = pattern(size, self.below(u64::MAX));
        let unanswered = self.unanswered;
        self.put(&path, &content, chunk).await;
        self.oracle.acknowledge(&path, Some(content));
        if self.unanswered > unanswered {
            self.oracle.retire(slot);
        }
    }

    pub(super) async fn put(&mut self, path: &str, content: &Bytes, chunk: usize) {
        let began = Instant::now();
        while !self.try_put(path, content, chunk).await {
            assert!(began.elapsed() < PATIENCE, "seed {}: {path} was not written in {PATIENCE:?}", self.seed);
        }
    }

    /// One upload; not done when a process died that held some of it.
    async fn try_put(&mut self, path: &str, content: &Bytes, chunk: usize) -> bool {
        let folder = self.folder.clone();
        let start = json!({ "size": content.len() }).to_string();
        let started = self.insist(|ann| ann.file(Method::POST, &folder, path).body(start.clone())).await.0;
        let upload = started.expect(200).json()["uploadId"].as_str().expect("an id").to_owned();
        for at in (0..content.len()).step_by(chunk) {
            let bytes = content.slice(at..content.len().min(at + chunk));
            let range = format!("[{upload}]:{at}-{}", at + bytes.len());
            let send =
                |ann: &Caller| ann.file(Method::PUT, &folder, path).header("content-range", &range).body(bytes.clone());
            self.insist(send).await.0.expect(200);
        }
        let finish = json!({ "uploadId": upload, "complete": true }).to_string();
        let finished = self.insist(|ann| ann.file(Method::POST, &folder, path).body(finish.clone())).await.0;
        finished.expect_one_of(&[200, 409]) == 200
    }

    async fn remove(&mut self, slot: u64) {
        let path = self.oracle.path(slot);
        let (folder, there, unanswered) = (self.folder.clone(), self.oracle.at(&path).is_some(), self.unanswered);
        let (reply, first) = self.insist(|ann| ann.file(Method::DELETE, &folder, &path)).await;
        let status = reply.expect_one_of(&[200, 400]);
        assert!(!first || (status == 200) == there, "seed {}: {path} is there: {there}, removed: {status}", self.seed);
        self.oracle.acknowledge(&path, None);
        if self.unanswered > unanswered {
            self.oracle.retire(slot);
        }
    }

    async fn mkdir(&mut self) {
        let (folder, name) = (self.folder.clone(), format!("{}-made{}", self.oracle.directory, self.operations));
        let path = format!("/filesystems/{folder}/mkdir/{name}");
        let (reply, first) = self.insist(|ann| ann.request(Method::POST, &path).body("{}")).await;
        // One before this may have been done, only its answer was not.
        reply.expect_one_of(if first { &[200] } else { &[200, 409] });
        self.oracle.made.insert(name);
    }

    /// A directory of its own, filled and removed.
    async fn remove_tree(&mut self) {
        let (folder, tree) = (self.folder.clone(), format!("{}-tree{}", self.oracle.directory, self.operations));
        let paths = ["a", "b", "c/d"].map(|name| format!("{tree}/{name}"));
        for path in &paths {
            self.put(path, &pattern(500, 5), 500).await;
        }
        let (reply, first) = self.insist(|ann| ann.file(Method::DELETE, &folder, &tree)).await;
        reply.expect_one_of(if first { &[200] } else { &[200, 400] });
        for path in &paths {
            self.oracle.acknowledge(path, None);
            self.read(path).await;
        }
    }

    /// A folder, and now and then its end.
    async fn folder(&mut self) {
        let name = format!("{}-folder{}", self.oracle.directory, self.operations);
        let body = json!({ "filesystem_name": name }).to_string();
        let (reply, first) = self.insist(|ann| ann.request(Method::POST, "/filesystems").body(body.clone())).await;
        // A name that is being claimed by one who was killed is taken until it is certain that he was.
        if reply.expect_one_of(if first { &[200] } else { &[200, 409] }) != 200 {
            return;
        }
        self.oracle.folders.insert(name.clone(), true);
        if self.below(2) == 0 {
            let id = reply.json()["filesystem_id"].as_str().expect("an id").to_owned();
            let path = format!("/filesystems/{id}");
            let (reply, first) = self.insist(|ann| ann.request(Method::DELETE, &path).body("{}")).await;
            reply.expect_one_of(if first { &[200] } else { &[200, 403] });
            self.oracle.folders.insert(name, false);
        }
    }

    async fn list(&mut self, slot: u64) {
        let directory = format!("{}/d{}", self.oracle.directory, slot % 2);
        let path = format!("/filesystems/{}/list/{directory}", self.folder);
        let reply = self.insist(|ann| ann.request(Method::GET, &path).body("{}")).await.0;
        let expected = self.oracle.names(&directory);
        if reply.expect_one_of(&[200, 400, 404]) != 200 {
            return assert!(expected.is_empty(), "seed {}: {directory} is not listed: {expected:?}", self.seed);
        }
        let listed = reply.json()["files"].as_array().expect("a list").clone();
        let mut listed: Vec<_> = listed.iter().map(|name| name.as_str().expect("a name").to_owned()).collect();
        listed.sort();
        assert_eq!(listed, expected, "seed {}: in {directory}", self.seed);
    }

    /// Looks at a path through some process.
    pub(crate) async fn read(&mut self, path: &str) {
        let folder = self.folder.clone();
        let reply = self.insist(|ann| ann.file(Method::GET, &folder, path)).await.0;
        let found = (reply.expect_one_of(&[200, 404]) == 200).then_some(&reply.body);
        let expected = self.oracle.at(path);
        let sizes = (found.map(Bytes::len), expected.map(Bytes::len));
        assert!(found == expected, "seed {}: {path} holds (found, acknowledged) {sizes:?}", self.seed);
    }

    /// The directories in the folder, and the names of all folders.
    pub(crate) async fn look_around(&mut self) -> (Vec<String>, Vec<String>) {
        let path = format!("/filesystems/{}/list/", self.folder);
        let root = self.insist(|ann| ann.request(Method::GET, &path).body("{}")).await.0.expect(200).json();
        let folders = self.insist(|ann| ann.request(Method::GET, "/filesystems").body("{}")).await.0;
        let folders = folders.expect(200).json();
        let text = |value: &serde_json::Value| value.as_str().expect("a name").to_owned();
        let directories = root["directories"].as_array().expect("a list").iter().map(text).collect();
        let names = folders.as_array().expect("a list").iter();
        (directories, names.map(|folder| text(&folder["filesystem_name"])).collect())
    }
}
