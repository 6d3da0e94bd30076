//! Decides once, before anything is copied, under which names: a take-over after a crash decides
//! nothing anew.

use futures::try_join;

use super::plan::{Existing, Place, Plan, Target, Work};
use super::policy::{ConflictPolicy, Kind, numbered};
use crate::access::{Folder, Reads, Writes};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::moves::Lies;
use crate::files::{already_exists, no_such_file};
use crate::key::KeyPrefix;
use crate::path::{DirPath, FilePath};
use crate::store::ListRequest;

/// How often a free name may be taken by somebody else before it can be claimed.
const ROUNDS: u32 = 5;

/// The highest number that is put behind a name.
const HIGHEST_NUMBER: u32 = 9999;

/// By how many bytes a number makes a name longer at the most.
const NUMBER_BYTES: usize = " (9999)".len();

/// What was asked for.
pub(in crate::files) struct Wish<'a, A, B> {
    pub(in crate::files) work: Work,
    pub(in crate::files) source: &'a Folder<A>,
    pub(in crate::files) from: &'a FilePath,
    pub(in crate::files) target: &'a Folder<B>,
    pub(in crate::files) to: &'a FilePath,
    pub(in crate::files) policy: ConflictPolicy,
}

impl<A: Reads> Folder<A> {
    /// What is at `path`, if anything.
    pub(in crate::files) async fn kind_at(&self, path: &FilePath) -> Result<Option<Kind>> {
        let (file, directory) = try_join!(self.head(path), self.is_directory(path))?;
        Ok(if file.is_some() { Some(Kind::File) } else { directory.then_some(Kind::Directory) })
    }

    /// Whether something has this name, or had it until it was moved away a moment ago.
    pub(in crate::files) async fn is_taken(&self, path: &FilePath) -> Result<bool> {
        let is_away = self.view().await?.lies(path) == Lies::Away;
        Ok(is_away || self.kind_at(path).await?.is_some())
    }
}

impl<A: Reads, B: Writes> Wish<'_, A, B> {
    /// The plan. A new directory is made now, so that of two who want one name one has it.
    ///
    /// A crash after that leaves an empty directory.
    pub(in crate::files) async fn resolve(&self) -> Result<Plan> {
        let kind = self.source.kind_settled(self.from).await?.ok_or_else(|| no_such_file(self.from))?;
        if self.source.id() != self.target.id() {
            self.target.look_afresh().await?;
        }
        self.target.wait_until_free(self.to).await?;
        self.target.wait_until_settled(self.to).await?;
        if kind == Kind::File {
            // It may get a number.
            let length = self.to.as_str().len() + NUMBER_BYTES;
            self.target.vouch_for(length.min(crate::path::MAX_PATH_BYTES)).await?;
        }
        match kind {
            Kind::File => self.to.check_new_file()?,
            Kind::Directory => self.to.check_new_directory()?,
        }
        if self.source.account().id != self.target.account().id {
            return Err(Error::internal(Subject::Job, "folders that were opened by two accounts"));
        }
        self.refuse_circles(kind)?;
        self.target.look_above(self.to).await?;
        let at_once = kind == Kind::Directory && self.goes_at_once().await?;
        if kind == Kind::Directory && !at_once {
            self.refuse_long_paths().await?;
        }
        let (path, existing) = match kind {
            Kind::File => self.place_of_file().await?,
            Kind::Directory => self.place_of_directory().await?,
        };
        if at_once && existing == Existing::Keep {
            return Ok(Plan::relocation(self.source.id(), self.from, &path));
        }
        if at_once {
            self.refuse_long_paths().await?;
        }
        let source = Place::at(self.source.id(), self.from.clone());
        let target = Some(Target { place: Place::at(self.target.id(), path), existing });
        Ok(Plan { work: self.work, kind, source, target })
    }

    /// Whether a directory is moved by one write, if nothing is at its target.
    async fn goes_at_once(&self) -> Result<bool> {
        let moves = self.work == Work::Move && self.source.id() == self.target.id();
        Ok(moves && self.target.moves_at_once(self.from, self.to).await?)
    }

    /// Nothing is put onto itself, into itself, or merged into what it lies in.
    fn refuse_circles(&self, kind: Kind) -> Result<()> {
        let (from, to) = (self.from, self.to);
        if self.source.id() != self.target.id() {
            return Ok(());
        }
        let beside = match self.policy {
            ConflictPolicy::Rename => true,
            ConflictPolicy::MergeRename => kind == Kind::File,
            ConflictPolicy::Reject | ConflictPolicy::Replace => false,
        };
        if from == to && self.policy == ConflictPolicy::Reject && self.work == Work::Copy {
            return Err(already_exists(to));
        }
        if from == to && !(beside && self.work == Work::Copy) {
            return Err(Error::invalid(Subject::File, format!("`{from}` cannot be put onto itself")));
        }
        if kind == Kind::Directory && to.is_below(&DirPath::at(from.clone())) {
            return Err(Error::invalid(Subject::File, format!("`{from}` cannot be put into itself (`{to}`)")));
        }
        let merges = matches!(self.policy, ConflictPolicy::Replace | ConflictPolicy::MergeRename);
        if kind == Kind::Directory && merges && from.is_below(&DirPath::at(to.clone())) {
            let message = format!("`{from}` cannot be merged into `{to}`, which it lies in");
            return Err(Error::invalid(Subject::File, message));
        }
        Ok(())
    }

    /// Looks through the tree when paths get longer by it: better none of it is copied than most.
    async fn refuse_long_paths(&self) -> Result<()> {
        let longer = self.to.as_str().len().saturating_sub(self.from.as_str().len());
        let longest = self.source.view().await?.longest_path + longer + NUMBER_BYTES;
        self.target.vouch_for(longest.min(crate::path::MAX_PATH_BYTES)).await?;
        if longer == 0 {
            return Ok(());
        }
        let prefix = self.source.prefix();
        let mut request = ListRequest::all(KeyPrefix::directory(prefix, &DirPath::at(self.from.clone())));
        loop {
            let page = self.source.bucket().store().list(request.clone()).await;
            let page = page.map_err(|error| error.about(Subject::File))?;
            let paths = page.objects.iter().filter_map(|listed| {
                prefix.file_path(&listed.key).or_else(|| prefix.directory_path(listed.key.as_str()))
            });
            for path in paths {
                if path.as_str().len() + longer > crate::path::MAX_PATH_BYTES {
                    return Err(too_long(&path, self.to));
                }
            }
            let Some(token) = page.next else { return Ok(()) };
            request.token = Some(token);
        }
    }

    async fn place_of_file(&self) -> Result<(FilePath, Existing)> {
        match (self.target.kind_at(self.to).await?, self.policy) {
            (None, _) => Ok((self.to.clone(), Existing::Keep)),
            (Some(_), ConflictPolicy::Reject) => Err(already_exists(self.to)),
            (Some(_), ConflictPolicy::Rename | ConflictPolicy::MergeRename) => {
                Ok((self.free_name(Kind::File).await?, Existing::Keep))
            }
            (Some(Kind::File), ConflictPolicy::Replace) => Ok((self.to.clone(), Existing::Replace)),
            (Some(Kind::Directory), ConflictPolicy::Replace) => Err(unlike(self.to, "directory", "file")),
        }
    }

    async fn place_of_directory(&self) -> Result<(FilePath, Existing)> {
        for _ in 0..ROUNDS {
            let path = match (self.target.kind_at(self.to).await?, self.policy) {
                (None, _) => self.to.clone(),
                (Some(_), ConflictPolicy::Reject) => return Err(already_exists(self.to)),
                (Some(_), ConflictPolicy::Rename) | (Some(Kind::File), ConflictPolicy::MergeRename) => {
                    self.free_name(Kind::Directory).await?
                }
                (Some(Kind::File), ConflictPolicy::Replace) => return Err(unlike(self.to, "file", "directory")),
                (Some(Kind::Directory), ConflictPolicy::Replace) => return Ok((self.to.clone(), Existing::Replace)),
                (Some(Kind::Directory), ConflictPolicy::MergeRename) => {
                    return Ok((self.to.clone(), Existing::Rename));
                }
            };
            match self.target.put_marker(&path).await {
                Ok(()) => return Ok((path, Existing::Keep)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        let message = format!("others take the names beside `{}` all the time: try again", self.to);
        Err(Error::new(ErrorKind::Busy, Subject::File, message))
    }

    async fn free_name(&self, kind: Kind) -> Result<FilePath> {
        numbered(self.to, self.free_number(kind).await?, kind)
    }

    /// The lowest number that makes a free name behind this one, as far as a dozen looks can tell.
    pub(in crate::files) async fn free_number(&self, kind: Kind) -> Result<u32> {
        let (mut taken, mut free) = (0, 1);
        while self.target.is_taken(&numbered(self.to, free, kind)?).await? {
            taken = free;
            free = (free * 2).min(HIGHEST_NUMBER);
            if taken == HIGHEST_NUMBER {
                let message = format!("`{}` and all the names with a number behind it are taken", self.to);
                return Err(Error::new(ErrorKind::AlreadyExists, Subject::File, message));
            }
        }
        while free - taken > 1 {
            let middle = taken + (free - taken) / 2;
            match self.target.is_taken(&numbered(self.to, middle, kind)?).await? {
                true => taken = middle,
                false => free = middle,
            }
        }
        Ok(free)
    }
}

fn too_long(path: &FilePath, to: &FilePath) -> Error {
    let message = format!(
        "below `{to}`, `{path}` would have a path of more than {} bytes: nothing was copied",
        crate::path::MAX_PATH_BYTES
    );
    Error::invalid(Subject::File, message)
}

fn unlike(path: &FilePath, what: &str, other: &str) -> Error {
    Error::new(ErrorKind::Conflict, Subject::File, format!("`{path}` is a {what}, which a {other} does not replace"))
}
