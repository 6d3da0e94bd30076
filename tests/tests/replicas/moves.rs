//! Directories that are renamed while processes die. Each is at one place for whoever asks, whichever process that
//! is, and what is written at its new place while its files follow is there.

use std::time::{Duration, Instant};

use bytes::Bytes;
use mapping::Bucket;
use mapping::access::{Delete, FolderRef};
use mapping::id::FolderId;
use mapping::key::{FolderPrefix, KeyPrefix};
use mapping::path::DirPath;
use mapping::store::{ListRequest, Store};
use reqwest::Method;
use serde_json::json;
use suites::caller::{Caller, pattern};
use suites::quota::visible;
use suites::signer::Signer;

use super::client::Client;

/// Every so many directories one is large.
const LARGE: u64 = 4;

/// How many files a directory has, and a large one.
const FILES: (usize, usize) = (4, 60);

/// For how long a process that has not heard of a move may go by what was before, and a little.
const HEARD: Duration = Duration::from_millis(2500);

/// What a request that was not answered had sent is done by then, or never.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// The keys of the account, and what it calls the folder.
pub(crate) struct Keys {
    pub(crate) access: String,
    pub(crate) secret: String,
    pub(crate) name: &'static str,
}

impl Client {
    /// Fills directories and renames them, until the time is over.
    pub(crate) async fn rename_trees(&mut self, keys: &Keys, until: Instant) {
        let mut moved = Vec::new();
        for number in 0.. {
            if number > 0 && Instant::now() >= until {
                return;
            }
            moved.push(self.rename_tree(keys, number).await);
            // The files of that may still follow, or wait for somebody who goes on with it.
            let which = usize::try_from(self.below(moved.len() as u64)).expect("small");
            let (at, names): &(String, Vec<String>) = &moved[which];
            self.work_there(names, at).await;
            self.look_at_some(names, at).await;
            self.operations += 1;
        }
    }

    /// Answers where it is then, and its files.
    async fn rename_tree(&mut self, keys: &Keys, number: u64) -> (String, Vec<String>) {
        let above = format!("{}/tree{number}", self.oracle.directory);
        let (at, size) = (format!("{above}/a"), if number % LARGE == LARGE - 1 { FILES.1 } else { FILES.0 });
        let names: Vec<String> = (0..size).map(|file| format!("d{}/f{file}", file % 3)).collect();
        for name in &names {
            let content = pattern(100, self.below(u64::MAX));
            self.put(&format!("{at}/{name}"), &content, 100).await;
            self.oracle.acknowledge(&format!("{at}/{name}"), Some(content));
        }
        let to = self.rename(keys, (&at, &names[0]), &format!("{above}/b")).await;
        let moved_at = Instant::now();
        self.have_moved(&names, &at, &to);
        self.look_at_some(&names, &to).await;
        self.work_there(&names, &to).await;
        self.look_at_some(&names, &to).await;
        tokio::time::sleep(HEARD.saturating_sub(moved_at.elapsed())).await;
        self.look_at_some(&names, &at).await;
        (to, names)
    }

    /// Renames a directory until that is answered for; answers where it is then.
    async fn rename(&mut self, keys: &Keys, (from, file): (&str, &str), to: &str) -> String {
        for attempt in 0.. {
            // A process that died before the move leaves an empty directory that takes the name.
            let to = if attempt == 0 { to.to_owned() } else { format!("{to}-{attempt}") };
            let name = to.rsplit('/').next().expect("a name");
            let body = Bytes::from(json!({ "target_path": from, "new_name": name }).to_string());
            let target = format!("/folders/{}/rename-file", keys.name);
            let request = |nobody: &Caller| {
                Signer::new(nobody, &keys.access, &keys.secret).request(
                    Method::POST,
                    &target,
                    "application/json",
                    body.clone(),
                )
            };
            let (reply, first) = self.insist(request).await;
            if reply.expect_one_of(if first { &[200] } else { &[200, 400, 404] }) == 200 {
                return to;
            }
            tokio::time::sleep(UNDER_WAY).await;
            let places = (self.holds(&format!("{from}/{file}")).await, self.holds(&format!("{to}/{file}")).await);
            match places {
                (_, true) => return to,
                (true, false) => {}
                (false, false) => panic!("seed {}: {from} was to be {to}, and is at neither place", self.seed),
            }
        }
        unreachable!("it is tried for ever")
    }

    async fn holds(&mut self, path: &str) -> bool {
        let folder = self.folder.clone();
        let reply = self.insist(|ann| ann.file(Method::GET, &folder, path)).await.0;
        reply.expect_one_of(&[200, 404]) == 200
    }

    /// What was acknowledged at the one place is now at the other.
    fn have_moved(&mut self, names: &[String], from: &str, to: &str) {
        for name in names {
            let content = self.oracle.at(&format!("{from}/{name}")).cloned();
            self.oracle.acknowledge(&format!("{to}/{name}"), content);
            self.oracle.acknowledge(&format!("{from}/{name}"), None);
        }
        self.oracle.left.insert(from.to_owned());
    }

    /// Writes while the files follow: in the place of one, and a new one.
    async fn work_there(&mut self, names: &[String], at: &str) {
        let which = usize::try_from(self.below(names.len() as u64)).expect("small");
        for name in [names[which].as_str(), "new"] {
            let (path, content) = (format!("{at}/{name}"), pattern(120, self.below(u64::MAX)));
            self.put(&path, &content, 120).await;
            self.oracle.acknowledge(&path, Some(content));
        }
    }

    /// Looks through any process: each file is there as it was acknowledged, or is not.
    async fn look_at_some(&mut self, names: &[String], at: &str) {
        for name in names.iter().step_by(1 + names.len() / 6) {
            self.read(&format!("{at}/{name}")).await;
        }
    }
}

/// Whoever opens the folder later sees to it that all follows what moved, also where nobody has begun with it.
pub(crate) async fn adopt(core: &Bucket, client: &Client) {
    let account = core.authenticate_token(&client.token).await.expect("the account");
    let id = client.folder.parse().expect("an id");
    core.folder::<Delete>(&account, &FolderRef::Id(id)).await.expect("the folder");
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Nothing is on its way any more, and nothing of it is left at an old place.
pub(crate) async fn all_has_followed(store: &Store, clients: &[Client]) {
    for client in clients {
        let id: FolderId = client.folder.parse().expect("an id");
        let moves = visible::moves(store, id).await;
        assert!(moves.is_empty(), "seed {}: on their way for ever: {moves:?}", client.seed);
        for directory in &client.oracle.left {
            let path = DirPath::at(directory.parse().expect("a path"));
            let below = KeyPrefix::directory(&FolderPrefix::of(id), &path);
            let left = store.list(ListRequest::all(below)).await.expect("a listing").objects;
            assert!(left.is_empty(), "seed {}: all has left {directory}, and {left:?} is there", client.seed);
        }
    }
}
