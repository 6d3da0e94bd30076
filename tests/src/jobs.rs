//! Work that a replica began and left to others when it stopped: a job that waits for whoever looks
//! for it next. Nothing in the applications here looks by itself.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use mapping::access::{FolderRef, Manage};
use mapping::clock::{Clock, SystemClock};
use mapping::files::tree::ConflictPolicy;
use mapping::id::FolderId;
use mapping::jobs::Begun;
use mapping::key::{FolderPrefix, ObjectKey};
use mapping::random::SystemRandom;
use mapping::store::faulty::{Faults, FaultyStore};
use mapping::store::{Attributes, Body, Condition, Store};
use mapping::{Account, Bucket, Parts, Settings};

use crate::app::{App, Person};
use crate::shaky::Shaky;

/// How many files of a byte each lie in the directory. It is gone through two by two, each page takes
/// some requests, and the first is enough to stop after: so it never comes to its end before.
pub const FILES: u64 = 40;

impl App {
    /// Puts [`FILES`] files into the directory `from`, as another program would, and has another replica
    /// begin to copy it to `to` in the same folder and stop in the middle: the job's id. Two files at
    /// least are copied, others are not.
    pub async fn left_copy(&self, owner: &Person, folder: &str, from: &str, to: &str) -> String {
        let (store, clock) = (Arc::clone(&self.store) as Store, Arc::new(SystemClock::new()));
        Leaver { store, clock, key: self.key.expose() }.leave_a_copy(&owner.account, folder, from, to).await
    }
}

impl Shaky {
    /// As [`App::left_copy`]; the other replica is not troubled.
    pub async fn left_copy(&self, owner: &Person, folder: &str, from: &str, to: &str) -> String {
        let (store, clock) = (Arc::clone(&self.direct), Arc::clone(&self.clock) as Arc<dyn Clock>);
        Leaver { store, clock, key: self.key.expose() }.leave_a_copy(&owner.account, folder, from, to).await
    }
}

/// What the replica needs that begins it: the store of all, their clock and their master key.
struct Leaver<'a> {
    store: Store,
    clock: Arc<dyn Clock>,
    key: &'a str,
}

impl Leaver<'_> {
    async fn leave_a_copy(self, owner: &Account, folder: &str, from: &str, to: &str) -> String {
        let id: FolderId = folder.parse().expect("an id");
        fill(&self.store, id, from).await;
        // Slow enough not to be at its end before it is told to stop.
        let latency = Duration::from_millis(30);
        let store = Arc::new(FaultyStore::new(self.store, Faults { latency, ..Faults::default() }));
        let settings = Settings { job_page: 2, job_after: Duration::ZERO, ..Settings::default() };
        let keys = self.key.parse().expect("a master key");
        let parts = Parts { store, clock: self.clock, random: Arc::new(SystemRandom), keys, settings };
        let replica = Bucket::open(parts).await.expect("a replica");
        let folder = replica.folder::<Manage>(owner, &FolderRef::Id(id)).await.expect("the folder");
        let (from, to) = (from.parse().expect("a path"), to.parse().expect("a path"));
        let copy = folder.copy_to(&from, &folder, &to, ConflictPolicy::Reject).await.expect("a copy that begins");
        let id = match copy.begun().await.expect("a job") {
            Begun::Job(id) => id,
            Begun::Done(outcome) => panic!("done already: {outcome:?}"),
        };
        while replica.job(id).await.expect("the job").progress.done.files == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        replica.drain(Duration::from_secs(20)).await;
        let left = replica.job(id).await.expect("the job");
        assert!(!left.state.is_over(), "over before its replica stopped: {left:?}");
        id.to_string()
    }
}

async fn fill(store: &Store, folder: FolderId, directory: &str) {
    let put = (0..FILES).map(|n| {
        let path = format!("{directory}/{n:02}").parse().expect("a path");
        let key = ObjectKey::file(&FolderPrefix::of(folder), &path);
        async move { store.put(&key, Body::from(vec![b'x']), Attributes::default(), Condition::Always).await }
    });
    for stored in join_all(put).await {
        stored.expect("a stored object");
    }
}
