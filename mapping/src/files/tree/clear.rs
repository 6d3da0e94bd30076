//! Removes: all of a page, or what of a page was copied and has not changed since.

use std::collections::HashMap;

use super::pace::pause;
use super::tally::{Count, Progress};
use super::walk::{TRIES, Walk};
use crate::access::{Delete, Folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::remove::Failure;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{ListPage, Listed, StoreError};

impl Walk {
    /// Removes everything on a page, whatever its name, but what was written after `until`. (Times of
    /// objects are whole seconds with some stores: what was written in the same second goes.)
    pub(super) async fn remove_page(&self, source: &Folder<Delete>, page: &ListPage) -> Result<Progress> {
        let until = self.until();
        let meant = |listed: &&Listed| until.is_none_or(|until| listed.modified <= until);
        let meant: Vec<Listed> = page.objects.iter().filter(meant).cloned().collect();
        if meant.is_empty() {
            return Ok(Progress::default());
        }
        let keys: Vec<ObjectKey> = meant.iter().map(|listed| listed.key.clone()).collect();
        let refused = self.delete_patiently(keys).await?;
        let mut progress = Progress { found: counted(&meant), ..Progress::default() };
        progress.done = told(source, &meant, refused, &mut progress);
        Ok(progress)
    }

    /// Removes `copied`, which came from the page at `cursor`, where it still is what it was.
    ///
    /// Another look directly before each sending: not every store looks at a delete's condition, so
    /// what somebody writes within those milliseconds is removed. What was changed before stays, and
    /// the next pass moves it.
    pub(super) async fn clear(
        &self,
        source: &Folder<Delete>,
        cursor: Option<&str>,
        copied: &[&Listed],
    ) -> Result<Progress> {
        let mut progress = Progress::default();
        if copied.is_empty() {
            return Ok(progress);
        }
        for attempt in 0..TRIES {
            let now = self.look(source, cursor).await?;
            let there: HashMap<&ObjectKey, &Listed> = now.objects.iter().map(|listed| (&listed.key, listed)).collect();
            let same = |listed: &&&Listed| there.get(&listed.key).is_some_and(|now| *now == **listed);
            let keys: Vec<ObjectKey> = copied.iter().filter(same).map(|listed| listed.key.clone()).collect();
            let gone = copied.iter().filter(|listed| !there.contains_key(&listed.key) || keys.contains(&listed.key));
            let gone: Vec<Listed> = gone.map(|listed| (*listed).clone()).collect();
            match self.delete_in_turn(&keys).await {
                // Some of it went: what fails to the last is told, as what is refused.
                Ok(refused) if attempt + 1 < TRIES && refused.iter().any(|(_, error)| error.is_unknown()) => {
                    tokio::time::sleep(pause(self.bucket.random(), attempt)).await;
                }
                Ok(refused) if !refused.is_empty() && is_no_answer(&refused, keys.len()) => return Err(no_answer()),
                Ok(refused) => {
                    progress.done = told(source, &gone, refused, &mut progress);
                    return Ok(progress);
                }
                Err(error) if error.kind() == ErrorKind::Unavailable && attempt + 1 < TRIES => {
                    tokio::time::sleep(pause(self.bucket.random(), attempt)).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(no_answer())
    }

    async fn delete_in_turn(&self, keys: &[ObjectKey]) -> Result<Vec<(ObjectKey, StoreError)>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let turn = self.pace().turn().await;
        let answer = self.delete(keys).await;
        if answer.is_err() {
            turn.refused()
        } else {
            turn.answered()
        }
        answer
    }

    /// Removes these; sends those again at which the store fails while it answers well to the request.
    /// What it fails at to the last is in the answer, if anything else went.
    async fn delete_patiently(&self, mut keys: Vec<ObjectKey>) -> Result<Vec<(ObjectKey, StoreError)>> {
        let (mut for_good, mut anything_went, mut attempt) = (Vec::new(), false, 0);
        loop {
            let asked = keys.len();
            let answer = self.patiently(|| self.delete(&keys)).await?;
            let (failed, refused): (Vec<_>, Vec<_>) = answer.into_iter().partition(|(_, error)| error.is_unknown());
            for_good.extend(refused);
            anything_went |= failed.len() < asked;
            attempt += 1;
            match (failed.is_empty(), attempt == TRIES) {
                (true, _) => return Ok(for_good),
                (false, true) if anything_went => {
                    for_good.extend(failed);
                    return Ok(for_good);
                }
                (false, true) => return Err(no_answer()),
                (false, false) => {}
            }
            keys = failed.into_iter().map(|(key, _)| key).collect();
            tokio::time::sleep(pause(self.bucket.random(), attempt - 1)).await;
        }
    }

    /// What the store does not remove.
    async fn delete(&self, keys: &[ObjectKey]) -> Result<Vec<(ObjectKey, StoreError)>> {
        self.bucket.store().delete_many(keys).await.map_err(|error| error.about(Subject::File))
    }
}

/// Whether a store failed at each of so many objects.
fn is_no_answer(refused: &[(ObjectKey, StoreError)], asked: usize) -> bool {
    refused.len() == asked && refused.iter().all(|(_, error)| error.is_unknown())
}

fn no_answer() -> Error {
    Error::new(ErrorKind::Unavailable, Subject::File, "the store does not answer: try again")
}

/// How many files are listed, and their bytes.
fn counted(listed: &[Listed]) -> Count {
    let files = listed.iter().filter(|listed| !is_marker(listed));
    files.fold(Count::default(), |sum, listed| sum.and(Count::file(listed.size)))
}

pub(super) fn is_marker(listed: &Listed) -> bool {
    listed.key.as_str().ends_with('/')
}

/// What went of `listed`, when the store refused to remove `refused`: that is noted in `progress`.
fn told(
    source: &Folder<Delete>,
    listed: &[Listed],
    refused: Vec<(ObjectKey, StoreError)>,
    progress: &mut Progress,
) -> Count {
    let folder = KeyPrefix::folder(source.prefix());
    let refused: HashMap<ObjectKey, StoreError> = refused.into_iter().collect();
    let gone: Vec<Listed> = listed.iter().filter(|listed| !refused.contains_key(&listed.key)).cloned().collect();
    for (key, error) in refused {
        tracing::debug!(%key, error = &error as &dyn std::error::Error, "the store refuses to remove an object");
        let path = folder.rest(&key).unwrap_or_default().to_owned();
        let message = format!("it could not be removed: {}", error.about(Subject::File).message());
        progress.fail(Failure { path, message });
    }
    counted(&gone)
}
