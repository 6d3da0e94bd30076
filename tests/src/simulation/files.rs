//! What a client does with its files besides writing and reading them.

use mapping::access::{Access, Delete, Folder, FolderRef, Reads};
use mapping::files::{Depth, Entry, Overwrite, PageRequest};
use mapping::path::{DirPath, FilePath};
use mapping::{Account, Bucket, Result};

use super::board::Certainty;
use super::client::{Client, FILES, Possible, misses_file};
use super::report::is_unknown;

/// Whether the source stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Copy,
    Move,
}

impl Client {
    pub(super) async fn copy(&mut self, bucket: &Bucket, account: &Account, way: Way) {
        let Some((folder, from)) = self.some_file() else { return };
        let to = self.path(self.below(FILES));
        if from == to {
            return;
        }
        let start = self.cluster.now();
        let answer = async {
            let opened = bucket.folder::<Delete>(account, &FolderRef::Id(folder)).await?;
            match way {
                Way::Copy => opened.copy_file(&from, &to, Overwrite::Yes).await,
                Way::Move => opened.move_file(&from, &to, Overwrite::Yes).await,
            }
        };
        let answer = answer.await;
        self.judge(if way == Way::Copy { "copy" } else { "move" }, folder, start, &answer);
        self.did("copy", folder, &from, &format!("{way:?} to {to}"), &answer);
        let key = (folder, from);
        let source = self.files.get(&key).cloned().unwrap_or_else(|| vec![None]);
        let mut copied: Possible = source.iter().filter(|tag| tag.is_some()).copied().collect();
        match &answer {
            Ok(_) if copied.is_empty() => self.broken(&format!("`{}` was copied and is not there", key.1)),
            Ok(_) => drop(self.files.insert((folder, to), copied)),
            Err(error) if is_unknown(error) => {
                let target = self.files.entry((folder, to)).or_insert_with(|| vec![None]);
                target.append(&mut copied);
            }
            Err(_) => return,
        }
        if way == Way::Move {
            match &answer {
                Ok(_) => drop(self.files.insert(key, vec![None])),
                Err(_) => self.files.entry(key).or_insert_with(|| vec![None]).push(None),
            }
        }
    }

    pub(super) async fn remove(&mut self, bucket: &Bucket, account: &Account) {
        let Some((folder, path)) = self.some_file() else { return };
        let start = self.cluster.now();
        let answer = async {
            let opened = bucket.folder::<Delete>(account, &FolderRef::Id(folder)).await?;
            opened.remove(&path, Depth::File).await
        };
        let answer = answer.await;
        self.judge("remove", folder, start, &answer);
        self.did("remove", folder, &path, "", &answer);
        let usable = self.usable(folder, start);
        let possible = self.files.entry((folder, path.clone())).or_insert_with(|| vec![None]);
        match &answer {
            Ok(removed) if removed.failed == 0 => *possible = vec![None],
            Ok(_) => possible.push(None),
            Err(error) if is_unknown(error) => possible.push(None),
            Err(error) if misses_file(error) => {
                if usable == Certainty::Yes && !possible.contains(&None) {
                    self.broken(&format!("`{path}` in {folder} is gone: {error}"));
                }
            }
            Err(_) => {}
        }
    }

    pub(super) async fn list(&mut self, bucket: &Bucket, account: &Account) {
        let Some((folder, path)) = self.some_file() else { return };
        let (start, directory) = (self.cluster.now(), path.parent());
        let answer = async {
            let opened = bucket.folder::<Delete>(account, &FolderRef::Id(folder)).await?;
            entries(&opened, &directory).await
        };
        let answer = answer.await;
        self.judge("list", folder, start, &answer);
        let missing = matches!(&answer, Err(error) if misses_file(error));
        if (answer.is_err() && !missing) || self.usable(folder, start) != Certainty::Yes {
            return;
        }
        let listed: Vec<FilePath> = answer.unwrap_or_default().into_iter().map(|entry| entry.path).collect();
        for ((_, path), possible) in self.files.iter().filter(|((known, _), _)| *known == folder) {
            let there = listed.contains(path);
            if (there && possible.iter().all(Option::is_none)) || (!there && !possible.contains(&None)) {
                self.broken(&format!("`{path}` in {folder} is listed: {there}, and is one of {possible:?}"));
            }
        }
    }
}

async fn entries<A: Access + Reads>(folder: &Folder<A>, directory: &DirPath) -> Result<Vec<Entry>> {
    let (mut request, mut entries) = (PageRequest { limit: 2, token: None }, Vec::new());
    loop {
        let page = folder.list(directory, request.clone()).await?;
        entries.extend(page.entries);
        let Some(token) = page.next else { return Ok(entries) };
        request.token = Some(token);
    }
}
