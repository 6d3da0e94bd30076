//! Looks at what is at a place, as a client does: lists directories, and reads each file.

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use mapping::access::{Delete, Folder, FolderRef};
use mapping::files::{EntryKind, PageRequest, ReadOptions};
use mapping::path::{DirPath, FilePath};
use mapping::{Error, ErrorKind, Result, Subject, Timestamp};

use super::thing::{Seen, Spot};
use crate::simulation::board::{Certainty, Window};
use crate::simulation::client::{Client, misses_file};
use crate::simulation::content::{Tag, tag_of};

/// What came of a look.
#[derive(Clone, Debug)]
pub(super) enum Look {
    /// This is there.
    Seen(Seen),
    /// The folder is no more, and everything in it.
    Gone,
    /// Nobody could tell at the moment.
    Unclear,
}

impl Look {
    pub(super) const fn seen(&self) -> Option<&Seen> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::Gone | Self::Unclear => None,
        }
    }

    pub(super) const fn is_unclear(&self) -> bool {
        matches!(self, Self::Unclear)
    }
}

impl Client {
    /// Looks at a place through some replica; once everybody has stopped, through one that does not fail.
    pub(super) async fn look(&mut self, spot: &Spot) -> Look {
        if let Some(rest) = &self.trees.rest {
            return match rest.look(spot).await {
                Ok(look) => look,
                Err(wrong) => {
                    self.broken(&format!("{spot:?}: {wrong}"));
                    Look::Unclear
                }
            };
        }
        let start = self.cluster.now();
        match self.exists(spot, start) {
            Certainty::No => return Look::Gone,
            Certainty::Maybe => return Look::Unclear,
            Certainty::Yes => {}
        }
        let Some((bucket, account)) = self.enter().await else { return Look::Unclear };
        let page = 1 + u16::try_from(self.below(4)).unwrap_or_default() * 300;
        let answer = async {
            let opened = bucket.folder::<Delete>(&account, &FolderRef::Id(spot.folder)).await?;
            walk(&opened, spot, page).await
        };
        let answer = answer.await;
        self.judge("look", spot.folder, start, &answer);
        self.did("look", spot.folder, &spot.root, &told(&answer), &answer);
        match answer {
            Ok(seen) if self.usable(spot.folder, start) == Certainty::Yes => Look::Seen(seen),
            Err(error) if error.kind() == ErrorKind::Invalid => {
                self.broken(&format!("a look at {spot:?}: {error:?}"));
                Look::Unclear
            }
            Ok(_) | Err(_) => Look::Unclear,
        }
    }

    /// Whether the folder was there since `start`.
    pub(super) fn exists(&self, spot: &Spot, start: Duration) -> Certainty {
        let window = Window { start, end: self.cluster.now() };
        let state = self.board.state();
        let known = state.folders.iter().find(|known| known.id == spot.folder);
        known.map_or(Certainty::Maybe, |known| known.exists.during(window))
    }
}

/// Everything at a place. What goes while it is looked at is not there.
pub(super) async fn walk(folder: &Folder<Delete>, spot: &Spot, page: u16) -> Result<Seen> {
    let mut seen = Seen::default();
    if spot.is_file() {
        note(&mut seen, "", read(folder, &spot.root).await?);
        return Ok(seen);
    }
    let mut directories = vec![(spot.root.clone(), String::new())];
    while let Some((directory, rest)) = directories.pop() {
        let mut request = PageRequest { limit: page, token: None };
        loop {
            let listed = match folder.list(&DirPath::at(directory.clone()), request.clone()).await {
                Err(error) if misses_file(&error) => break,
                listed => listed?,
            };
            seen.there = true;
            for entry in listed.entries {
                let below = if rest.is_empty() { entry.name().to_owned() } else { format!("{rest}/{}", entry.name()) };
                match entry.kind {
                    EntryKind::Directory => {
                        seen.directories.insert(below.clone());
                        directories.push((entry.path, below));
                    }
                    EntryKind::File { .. } => note(&mut seen, &below, read(folder, &entry.path).await?),
                }
            }
            let Some(token) = listed.next else { break };
            request.token = Some(token);
        }
    }
    Ok(seen)
}

fn note(seen: &mut Seen, rest: &str, found: Option<(Tag, Timestamp)>) {
    if let Some((tag, written)) = found {
        seen.there = true;
        seen.files.insert(rest.to_owned(), tag);
        seen.written.insert(rest.to_owned(), written);
    }
}

async fn read(folder: &Folder<Delete>, path: &FilePath) -> Result<Option<(Tag, Timestamp)>> {
    let reading = match folder.read(path, ReadOptions::default()).await {
        Err(error) if misses_file(&error) => return Ok(None),
        reading => reading?,
    };
    let written = reading.meta.modified;
    let pieces: Result<Vec<Bytes>, _> = reading.body.try_collect().await;
    let cut = |error| Error::new(ErrorKind::Unavailable, Subject::File, "cut off").caused_by(error);
    let bytes = pieces.map_err(cut)?.concat();
    let mixed = || Error::invalid(Subject::File, format!("`{path}` is {} mixed bytes", bytes.len()));
    Ok(Some((tag_of(&bytes).ok_or_else(mixed)?, written)))
}

fn told(answer: &Result<Seen>) -> String {
    answer.as_ref().map(|seen| format!("{:?} {:?}", seen.files, seen.directories)).unwrap_or_default()
}
