//! One client: does one thing after the other, through any replica, and knows what each answer
//! promised. It alone changes the folders that it made and the files of its own name in any folder;
//! names are fought over by all clients of an account.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use mapping::access::{Delete, FolderRef};
use mapping::files::{ReadOptions, WriteOptions};
use mapping::id::FolderId;
use mapping::path::FilePath;
use mapping::random::{Random, SeededRandom};
use mapping::{Account, Bucket, Error, ErrorKind, Result, Subject};

use super::board::{Board, Certainty, Window};
use super::cluster::Cluster;
use super::content::{Tag, body, content, length, tag_of};
use super::files::Way;
use super::report::{Report, is_unknown};
use super::trees::Trees;
use super::{ACCOUNTS, Plan};

/// How many files a client has in one folder.
pub(super) const FILES: u64 = 3;

/// The first of the operations that are something with trees.
const TREES: u64 = 100;

/// What a file may hold: one of these; `None`: nothing is there.
pub type Possible = Vec<Option<Tag>>;

/// A client.
#[derive(Debug)]
pub struct Client {
    pub(super) number: usize,
    pub(super) account: usize,
    pub(super) cluster: Arc<Cluster>,
    pub(super) board: Arc<Board>,
    pub(super) report: Arc<Report>,
    plan: Plan,
    random: SeededRandom,
    /// The folders that it made: where they are on the board, and the claim of their name.
    pub(super) own: Vec<(usize, usize)>,
    pub(super) files: BTreeMap<(FolderId, FilePath), Possible>,
    /// What it copies, moves and removes whole.
    pub(super) trees: Trees,
    writes: u64,
    /// What it did with files lately, for whoever looks into a broken promise.
    lately: std::collections::VecDeque<String>,
}

/// How many of its last operations a broken promise is told with.
const LATELY: usize = 40;

impl Client {
    /// A client that has done nothing so far.
    #[must_use]
    pub fn new(number: usize, plan: Plan, cluster: &Arc<Cluster>, board: &Arc<Board>, report: &Arc<Report>) -> Self {
        Self {
            number,
            account: number % ACCOUNTS,
            cluster: Arc::clone(cluster),
            board: Arc::clone(board),
            report: Arc::clone(report),
            plan,
            random: SeededRandom::new(plan.seed ^ (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            own: Vec::new(),
            files: BTreeMap::new(),
            trees: Trees::default(),
            writes: 0,
            lately: std::collections::VecDeque::new(),
        }
    }

    /// What it wrote, and what of that may be there.
    pub fn files(&self) -> impl Iterator<Item = (FolderId, FilePath, Possible)> {
        let alone = self.files.iter().map(|((folder, path), possible)| (*folder, path.clone(), possible.clone()));
        alone.chain(self.tree_files())
    }

    /// Works until enough is done, or something is wrong.
    pub async fn work(&mut self) {
        while self.report.wrong().is_none() && self.report.operations() < self.plan.operations {
            let longest = if self.below(50) == 0 { 6000 } else { 120 };
            tokio::time::sleep(Duration::from_millis(self.below(longest))).await;
            let Some((bucket, account)) = self.enter().await else { continue };
            let operation = if self.below(100) < self.plan.trees { TREES } else { self.below(164) };
            match operation {
                0..=5 => self.create_folder(&bucket, &account).await,
                6..=11 => self.rename_folder(&bucket, &account).await,
                12..=14 => self.delete_folder(&bucket, &account).await,
                15..=19 => self.share(&bucket, &account).await,
                20..=23 => self.unshare(&bucket, &account).await,
                24..=28 => self.list_folders(&bucket, &account).await,
                29..=50 => self.write(&bucket, &account).await,
                51..=62 => self.upload(&bucket, &account).await,
                63..=70 => self.copy(&bucket, &account, Way::Copy).await,
                71..=75 => self.copy(&bucket, &account, Way::Move).await,
                76..=80 => self.remove(&bucket, &account).await,
                81..=86 => self.list(&bucket, &account).await,
                87..=88 => self.check_usage(&bucket).await,
                TREES.. => self.tend_trees(&bucket, &account).await,
                _ => self.read(&bucket, &account).await,
            }
        }
    }

    /// Some replica, and the account that its token is for there.
    pub(super) async fn enter(&self) -> Option<(Bucket, Account)> {
        let bucket = self.cluster.replica(self.below(u64::MAX)).await.bucket.clone();
        let person = &self.board.people[self.account];
        match bucket.authenticate_token(person.token.expose()).await {
            Ok(account) if account.id == person.account.id => Some((bucket, account)),
            Ok(account) => {
                self.broken(&format!("its token is taken for that of {}", account.email));
                None
            }
            Err(error) => {
                if !is_unknown(&error) {
                    self.broken(&format!("a good token is refused: {error}"));
                }
                None
            }
        }
    }

    async fn write(&mut self, bucket: &Bucket, account: &Account) {
        let Some((folder, path)) = self.some_file() else { return };
        let (tag, announced) = (self.new_tag(), self.below(3) > 0);
        let (bytes, start) = (content(tag), self.cluster.now());
        let answer = async {
            let opened = bucket.folder::<Delete>(account, &FolderRef::Id(folder)).await?;
            opened.write(&path, announced.then_some(length(tag) as u64), body(&bytes), WriteOptions::default()).await
        };
        let answer = answer.await;
        self.judge("write", folder, start, &answer);
        self.wrote(folder, path, tag, &answer);
    }

    /// Notes what became of a write.
    pub(super) fn wrote<T>(&mut self, folder: FolderId, path: FilePath, tag: Tag, answer: &Result<T>) {
        self.did("write", folder, &path, &format!("{tag}"), answer);
        let possible = self.files.entry((folder, path)).or_insert_with(|| vec![None]);
        match answer {
            Ok(_) => *possible = vec![Some(tag)],
            Err(error) if is_unknown(error) => possible.push(Some(tag)),
            Err(_) => {}
        }
    }

    async fn read(&mut self, bucket: &Bucket, account: &Account) {
        let Some((folder, path)) = self.some_file() else { return };
        let start = self.cluster.now();
        let answer = async {
            let opened = bucket.folder::<Delete>(account, &FolderRef::Id(folder)).await?;
            let reading = opened.read(&path, ReadOptions::default()).await?;
            let pieces: Result<Vec<Bytes>, _> = reading.body.try_collect().await;
            let cut = |error| Error::new(ErrorKind::Unavailable, Subject::File, "cut off").caused_by(error);
            pieces.map(|pieces| pieces.concat()).map_err(cut)
        };
        let answer = answer.await;
        self.judge("read", folder, start, &answer);
        let seen = match &answer {
            Ok(bytes) => match tag_of(bytes) {
                Some(tag) => Some(tag),
                None => return self.broken(&format!("`{path}` in {folder} is {} mixed bytes", bytes.len())),
            },
            Err(error) if misses_file(error) => None,
            Err(_) => return,
        };
        self.did("read", folder, &path, &format!("{seen:?}"), &answer);
        let usable = self.usable(folder, start);
        let possible = self.files.entry((folder, path.clone())).or_insert_with(|| vec![None]);
        if possible.contains(&seen) {
            *possible = vec![seen];
        } else if usable == Certainty::Yes {
            let possible = possible.clone();
            self.broken(&format!("`{path}` in {folder} is {seen:?} instead of one of {possible:?}"));
        }
    }

    /// Counts an answer, and checks whether it may be one at all.
    pub(super) fn judge<T>(&self, what: &'static str, folder: FolderId, start: Duration, answer: &Result<T>) {
        self.report.answered(what, answer);
        let usable = self.usable(folder, start);
        match answer {
            Ok(_) if usable == Certainty::No => self.broken(&format!("{what} in {folder}, which it may not use")),
            Err(error) if error.kind() == ErrorKind::Internal => self.broken(&format!("{what} in {folder}: {error:?}")),
            Err(error) if refuses_folder(error) && usable == Certainty::Yes => {
                self.broken(&format!("{what} in {folder}, which it may use: {error:?}"));
            }
            _ => {}
        }
    }

    /// Whether it could use a folder from `start` until now.
    pub(super) fn usable(&self, folder: FolderId, start: Duration) -> Certainty {
        let window = Window { start, end: self.cluster.now() };
        let state = self.board.state();
        let known = state.folders.iter().find(|known| known.id == folder);
        known.map_or(Certainty::Maybe, |known| known.usable(self.account, window))
    }

    /// Some file of its own, in some folder, mostly in one that it may use.
    pub(super) fn some_file(&self) -> Option<(FolderId, FilePath)> {
        let now = self.cluster.now();
        let state = self.board.state();
        let count = state.folders.len() as u64;
        let mut chosen = None;
        for _ in 0..8 {
            let known = &state.folders[usize::try_from(self.random().below(count)).ok().filter(|_| count > 0)?];
            chosen = Some(known.id);
            if known.usable(self.account, Window { start: now, end: now }) != Certainty::No {
                break;
            }
        }
        chosen.map(|folder| (folder, self.path(self.below(FILES))))
    }

    pub(super) fn path(&self, file: u64) -> FilePath {
        format!("c{}/f{file}", self.number).parse().expect("a path")
    }

    pub(super) fn new_tag(&mut self) -> Tag {
        self.writes += 1;
        ((self.number as u64 + 1) << 32) | self.writes
    }

    fn random(&self) -> &dyn Random {
        &self.random
    }

    pub(super) fn below(&self, below: u64) -> u64 {
        self.random().below(below)
    }

    pub(super) fn broken(&self, what: &str) {
        let (seed, at) = (self.plan.seed, self.cluster.now());
        let lately: Vec<_> = self.lately.iter().map(String::as_str).collect();
        let lately = lately.join("\n");
        self.report.broken(format!("seed {seed}, client {} at {at:?}: {what}\n{lately}", self.number));
    }

    pub(super) fn did<T>(&mut self, what: &str, folder: FolderId, path: &FilePath, more: &str, answer: &Result<T>) {
        let answer = match answer {
            Ok(_) => "ok".to_owned(),
            Err(error) => format!("{:?} {error}: {}", error.kind(), source(error)),
        };
        self.lately.push_back(format!("{:?} {what} {folder} {path} {more}: {answer}", self.cluster.now()));
        if self.lately.len() > LATELY {
            self.lately.pop_front();
        }
    }
}

fn source(error: &Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// Whether an error says that the folder is not there for this account.
fn refuses_folder(error: &Error) -> bool {
    let missing = error.kind() == ErrorKind::NotFound && error.subject() == Subject::Folder;
    missing || matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Unauthenticated)
}

/// Whether an error says that the file or directory is not there.
pub(super) fn misses_file(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound && error.subject() == Subject::File
}
