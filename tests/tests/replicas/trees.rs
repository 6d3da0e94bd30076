//! Directories so large that their removal is a job: filled as another program would, removed through
//! a process that is killed as soon as the job is seen, and asked for again.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use mapping::id::FolderId;
use mapping::key::{FolderPrefix, KeyPrefix, ObjectKey};
use mapping::path::{DirPath, FilePath};
use mapping::store::{Attributes, Body, Condition, ListRequest, Store};
use reqwest::Method;
use serde_json::Value;
use suites::app::ADMIN_TOKEN;
use suites::caller::{Caller, pattern};

use super::client::Client;
use super::fleet::REPLICAS;

/// What a removal takes in one step is four pages of a thousand; more is a job. This is another step.
const OBJECTS: usize = 5000;

/// How many of them are written at one time.
const AT_ONCE: usize = 48;

/// How often it is looked whether the removal is a job by now.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A removal leaves what is written in a later second than its record.
const A_SECOND: Duration = Duration::from_millis(1100);

/// How many removals are begun at most before one is left as a job.
const MOST: u64 = 8;

impl Client {
    /// Fills large directories and removes them, until the time is over and some job was left by the dead.
    pub(crate) async fn remove_large_trees(&mut self, store: &Store, until: Instant) {
        for number in 0.. {
            if number > 0 && Instant::now() >= until && (!self.left.is_empty() || number >= MOST) {
                return;
            }
            self.remove_large_tree(store, &format!("large{number}")).await;
            self.operations += 1;
        }
    }

    async fn remove_large_tree(&mut self, store: &Store, tree: &str) {
        // What begins with the same letters lies beside it.
        let beside = [format!("{tree}.txt"), format!("{tree} (1)/f")];
        for path in &beside {
            let content = pattern(300, self.below(u64::MAX));
            self.put(path, &content, 300).await;
            self.oracle.acknowledge(path, Some(content));
        }
        let id: FolderId = self.folder.parse().expect("an id");
        fill(store, id, tree).await;
        self.begin_removal_and_kill(tree).await;
        // Whoever got no answer asks again, until there is one: 400 says that nothing is there.
        let folder = self.folder.clone();
        let (reply, _) = self.insist(|ann| ann.file(Method::DELETE, &folder, tree)).await;
        reply.expect_one_of(&[200, 400]);
        let below = KeyPrefix::directory(&FolderPrefix::of(id), &DirPath::at(tree.parse().expect("a path")));
        let left = store.list(ListRequest::all(below)).await.expect("a listing").objects;
        assert!(left.is_empty(), "seed {}: {} things of {tree} are left: {:?}", self.seed, left.len(), left.first());
        for path in [name(tree, 0), name(tree, OBJECTS - 1)] {
            self.oracle.acknowledge(&path, None);
            self.read(&path).await;
        }
        for path in &beside {
            self.read(path).await;
        }
        // What is written there from now on is not the old job's, whoever goes on with that.
        tokio::time::sleep(A_SECOND).await;
        let (again, content) = (format!("{tree}/again"), pattern(200, self.below(u64::MAX)));
        self.put(&again, &content, 200).await;
        self.oracle.acknowledge(&again, Some(content));
    }

    /// Asks one process, and kills it once the job is there.
    async fn begin_removal_and_kill(&mut self, tree: &str) {
        let place = usize::try_from(self.below(REPLICAS as u64)).expect("small");
        let Some(nobody) = self.fleet.at(place) else { return };
        let ann = nobody.with_token(&self.token);
        let asked = ann.attempt(ann.file(Method::DELETE, &self.folder, tree));
        let (fleet, folder) = (self.fleet.clone(), self.folder.clone());
        let job = async {
            loop {
                let caller = fleet.some(0);
                if let Some(job) = running(caller, &folder, tree).await {
                    return job;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            _answer = asked => return,
            _job = job => {}
        }
        self.fleet.replace(place).await;
        self.unanswered += 1;
        if let Some(left) = running(self.fleet.some(0), &self.folder, tree).await {
            self.left.push(left);
        }
    }
}

/// The job that removes the directory, if one is running.
async fn running(caller: Option<Caller>, folder: &str, tree: &str) -> Option<String> {
    let admin = caller?.with_token(&format!("Bearer {ADMIN_TOKEN}"));
    let path = format!("/admin/v1/jobs?state=running&folder={folder}");
    let reply = admin.attempt(admin.request(Method::GET, &path)).await.filter(|reply| reply.status == 200)?;
    let jobs = reply.json()["jobs"].as_array().expect("a list").clone();
    let job = jobs.into_iter().find(|job: &Value| job["source"]["path"] == tree)?;
    Some(job["job_id"].as_str().expect("an id").to_owned())
}

async fn fill(store: &Store, folder: FolderId, tree: &str) {
    let put = (0..OBJECTS).map(|number| {
        let path: FilePath = name(tree, number).parse().expect("a path");
        let key = ObjectKey::file(&FolderPrefix::of(folder), &path);
        async move { store.put(&key, Body::from(vec![b'x']), Attributes::default(), Condition::Always).await }
    });
    let put = stream::iter(put.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    put.for_each(|stored| async { drop(stored.expect("a stored object")) }).await;
}

fn name(tree: &str, number: usize) -> String {
    format!("{tree}/{}/{number}", number % 7)
}
