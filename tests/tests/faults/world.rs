//! An application that can be troubled, people with a folder in it, and what must hold in the end.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mapping::jobs::JobFilter;
use mapping::key::ObjectKey;
use serde_json::Value;
use suites::app::Person;
use suites::bucket::below;
use suites::caller::pattern;
use suites::shaky::{Shaky, Trouble};

use super::case::PART;
use super::checks::usage;

/// Longer than anything waits: sessions, claims of dead makers, late writes.
const LONG: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// Longer than records are believed.
const COLD: Duration = Duration::from_secs(3);

/// The most connections to the store at one time: the sweeper asks for eight things at once, and some
/// of those it cuts short, or that time out, are still being closed.
const MOST_CONNECTIONS: usize = 64;

pub(crate) struct World {
    pub(crate) shaky: Shaky,
    pub(crate) ann: Person,
    pub(crate) bob: Person,
    pub(crate) folder: String,
    pub(crate) large: Bytes,
    tags: AtomicU64,
}

impl World {
    pub(crate) async fn within() -> Self {
        Self::over(Shaky::within().await).await
    }

    pub(crate) async fn between() -> Self {
        Self::over(Shaky::between().await).await
    }

    pub(crate) async fn over(shaky: Shaky) -> Self {
        let (ann, bob) = (shaky.person("ann").await, shaky.person("bob").await);
        let folder = ann.calls.created("photos").await;
        let world = Self { shaky, ann, bob, folder, large: pattern(PART + 4000, 3), tags: AtomicU64::new(0) };
        world.ann.calls.upload(&world.folder, "keep/old.bin", &old(), 400).await;
        world
    }

    /// A name that nothing here has.
    pub(crate) fn tag(&self) -> String {
        format!("n{}", self.tags.fetch_add(1, Ordering::Relaxed))
    }

    /// Lets what is remembered grow old, so that every request asks the store for all it needs.
    pub(crate) fn forget(&self) {
        self.shaky.clock.advance(COLD);
    }

    /// All accounts.
    pub(crate) async fn accounts(&self) -> Value {
        let admin = self.shaky.admin();
        let page = admin.send(admin.request(reqwest::Method::GET, "/admin/v1/accounts?limit=1000")).await;
        page.expect(200).json()["accounts"].clone()
    }

    /// Takes over the jobs that others left, and waits for their end.
    pub(crate) async fn end_jobs(&self) {
        let core = self.shaky.core();
        core.tend_jobs().await.expect("a look at the jobs");
        let over = async || {
            let page = core.jobs_page(JobFilter::default(), None, 1000).await.expect("the jobs");
            assert!(page.next.is_none(), "more jobs than a page has");
            core.tend_jobs().await.expect("a look at the jobs");
            page.jobs.iter().all(|job| job.state.is_over())
        };
        self.shaky.until("every job is over", over).await;
    }

    /// Checks that nothing is left of all that was cut short: no upload, no bundle, no document that
    /// nothing leads to, no byte of the budget, no connection, and that the usage is what is there.
    pub(crate) async fn check_tidy(self) {
        self.shaky.heal();
        self.shaky.until("the budget is free", async || self.shaky.core().budget().held() == 0).await;
        self.end_jobs().await;
        for _ in 0..3 {
            self.shaky.clock.advance(LONG);
            self.shaky.core().sweep().await.expect("a sweep");
        }
        let kept = self.ann.calls.download(&self.folder, "keep/old.bin").await.expect(200).body;
        assert!(kept == old(), "a file that nobody touched is another");
        self.check_keys().await;
        self.check_usage().await;
        if let Trouble::Between(proxy) = &self.shaky.trouble {
            for key in proxy.counts().multiparts.iter().filter(|key| !is_copied_by_a_job(key)) {
                let left = self.shaky.direct.list_multiparts(key).await.expect("a listing");
                assert!(left.is_empty(), "`{key}` has unfinished uploads: {left:?}");
            }
            self.shaky.until("no request is under way", async || proxy.counts().busy == 0).await;
            self.shaky.until("no idle connection is kept", async || proxy.counts().open == 0).await;
            let most = proxy.counts().most_open;
            assert!(most <= MOST_CONNECTIONS, "{most} connections were open at one time");
        }
        self.shaky.shutdown().await;
    }

    /// Every object is led to by what the APIs show.
    async fn check_keys(&self) {
        let accounts = self.accounts().await;
        let accounts: BTreeSet<_> = ids(&accounts, "account_id").into_iter().collect();
        let mut folders = BTreeSet::new();
        for person in [&self.ann, &self.bob] {
            folders.extend(ids(&person.calls.filesystems().await.expect(200).json(), "filesystem_id"));
        }
        let snapshot = self.shaky.snapshot().await;
        for key in snapshot.keys() {
            let mut parts = key.trim_start_matches(".folderbridge/").split('/');
            let (kind, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let known = match kind {
                "format" | "emails" | "credentials" | "leases" => true,
                "accounts" => accounts.contains(id),
                "folders" => folders.contains(id),
                _ => false,
            };
            assert!(known, "`{key}` is rubbish");
        }
        let count = |prefix: &str| below(snapshot.clone(), prefix).len();
        assert_eq!(count(".folderbridge/emails/"), accounts.len(), "one claim an account");
        assert_eq!(count(".folderbridge/credentials/"), 2 * accounts.len(), "two pointers an account");
    }

    async fn check_usage(&self) {
        let files = below(self.shaky.snapshot().await, &format!("folders/{}/", self.folder));
        let files = files.into_iter().filter(|(key, _)| !key.ends_with('/'));
        let there = files.fold((0, 0), |(bytes, files), (_, (size, _))| (bytes + size, files + 1));
        assert_eq!(usage(self, &self.ann.account).await, there, "the usage is what is there");
    }
}

fn ids(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|entry| entry[field].as_str().expect("an id").to_owned()).collect()
}

/// Whether it is a copy that a job of [`Shaky::left_copy`] makes. Some stores only make one by parts; one that a
/// busy one began too late for its client is left to the store, where it is not listed or was made again.
fn is_copied_by_a_job(key: &ObjectKey) -> bool {
    key.as_str().contains("/to/")
}

fn old() -> Bytes {
    pattern(1000, 99)
}
