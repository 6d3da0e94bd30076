//! Hides in the trash what is still, or already, at the other end of its passage.

use futures::{StreamExt, TryStreamExt, stream, try_join};

use super::passage::{Direction, PassageRecord};
use super::place::is_trash;
use crate::access::{Folder, Reads};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::STAMP;
use crate::files::page::Page;
use crate::files::tree::stamp;
use crate::id::JobId;
use crate::path::{DirPath, FilePath};
use crate::store::ObjectMeta;

/// Files looked at at one time.
const AT_ONCE: usize = 16;

/// What was on its way before something in the trash was looked at: `None` outside of the trash.
///
/// What comes in is hidden by what is on its way *after* a look (its copy was seen, so the passage was there
/// before it), what goes out by what was on its way *before* (it was seen, so it was not all gone).
#[derive(Debug)]
pub(in crate::files) struct Veil(Option<Vec<PassageRecord>>);

impl<A: Reads> Folder<A> {
    /// To be asked for before something at or in `path` is looked at.
    pub(in crate::files) async fn veil(&self, path: Option<&FilePath>) -> Result<Veil> {
        match path {
            Some(path) if is_trash(path) => self.passages().await.map(|passages| Veil(Some(passages))),
            Some(_) | None => Ok(Veil(None)),
        }
    }

    /// Whether the file at `path`, which was seen under `veil`, is not to be seen there.
    pub(in crate::files) async fn is_hidden(&self, veil: Veil, path: &FilePath) -> Result<bool> {
        let Veil(Some(before)) = veil else { return Ok(false) };
        let passages = self.all_on_the_way(before).await?;
        self.is_hidden_by(&passages, path).await
    }

    /// A page of `directory`, which was seen under `veil`, without what is not to be seen there.
    pub(in crate::files) async fn without_hidden(
        &self,
        veil: Veil,
        directory: &DirPath,
        mut page: Page,
    ) -> Result<Page> {
        let Veil(Some(before)) = veil else { return Ok(page) };
        let mut passages = self.all_on_the_way(before).await?;
        passages.retain(|passage| directory.path().is_some_and(|path| passage.touches(path)));
        if passages.is_empty() {
            return Ok(page);
        }
        let looks = std::mem::take(&mut page.entries).into_iter().map(|entry| async {
            let hidden = !entry.is_directory() && self.is_hidden_by(&passages, &entry.path).await?;
            Ok::<_, Error>((!hidden).then_some(entry))
        });
        let looks = stream::iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE);
        let entries = looks.try_filter_map(|entry| std::future::ready(Ok(entry))).try_collect().await?;
        Ok(Page { entries, ..page })
    }

    async fn all_on_the_way(&self, before: Vec<PassageRecord>) -> Result<Vec<PassageRecord>> {
        let mut passages = self.passages().await?;
        let known = |there: &[PassageRecord], id: JobId| there.iter().any(|passage| passage.id == id);
        let gone: Vec<_> = before.into_iter().filter(|passage| !known(&passages, passage.id)).collect();
        passages.extend(gone);
        Ok(passages)
    }

    async fn is_hidden_by(&self, passages: &[PassageRecord], path: &FilePath) -> Result<bool> {
        for passage in passages {
            let Some((source, copy)) = passage.way_of(path) else { continue };
            let (source, copy) = try_join!(self.head(&source), self.head(&copy))?;
            let gone = passage.direction == Direction::Out && source.is_none();
            if gone || is_at_both(passage.id, source.as_ref(), copy.as_ref()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses to touch what somebody is bringing into the trash, or out of it, or was when he died: until
    /// the sweeper lets go of it, whoever ends it may be about to remove the other copy.
    pub(in crate::files) async fn refuse_under_way(&self, path: &FilePath) -> Result<()> {
        if !is_trash(path) {
            return Ok(());
        }
        for passage in self.passages().await?.iter().filter(|passage| passage.touches(path)) {
            let has_copies = passage.to.is_some();
            if has_copies || self.bucket().is_alive(passage, self.bucket().settings().claim_grace).await? {
                return Err(under_way(passage));
            }
        }
        Ok(())
    }
}

/// Whether `copy` is what the work `id` made of exactly this `source`.
pub(super) fn is_at_both(id: JobId, source: Option<&ObjectMeta>, copy: Option<&ObjectMeta>) -> bool {
    let (Some(source), Some(copy)) = (source, copy) else { return false };
    copy.metadata.get(STAMP).is_some_and(|found| found == stamp(id, source).as_str())
}

pub(super) fn under_way(passage: &PassageRecord) -> Error {
    let what = match passage.direction {
        Direction::In => "moved to the trash",
        Direction::Out => "put back from the trash",
        Direction::Away => "removed from the trash for good",
    };
    Error::new(ErrorKind::Busy, Subject::File, format!("`{}` is being {what}: try again", passage.from))
}
