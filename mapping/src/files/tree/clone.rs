//! Copies all that is seen in a folder into a new one. Goes through keys, and puts each thing where clients
//! see it, also while the files of a directory in it follow to where that was moved.

use std::sync::Arc;

use super::plan::Target;
use super::round::{Round, Seen};
use super::tally::{Position, Progress};
use super::walk::{Step, Walk};
use crate::access::{Folder, Read, no_such_folder};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::trash::TRASH;
use crate::key::KeyPrefix;
use crate::records::FolderRecord;
use crate::store::{ListPage, Listed};

/// How often a folder is gone through whose directories are moved all the time.
const ROUNDS: u32 = 3;

impl Walk {
    /// Copies a page. What was copied is known by its stamp, so it is no harm to come across it again: in the
    /// next round, at another key, or after a crash. What is newer by then takes its place.
    pub(super) async fn clone_step(&self, target: &Target, position: &mut Position) -> Result<Step> {
        let source: Folder<Read> = self.open(self.plan.source.folder).await?;
        let record = self.record_of(&source).await?;
        let into = self.open_target(target).await?;
        let mut round = position.round.take().unwrap_or_else(|| Round::of(&record));
        let seen = Seen(Arc::clone(&record));
        let stored = Folder::<Read>::as_stored(&self.bucket, source.account(), record, source.opened());
        let page = self.look_below(&stored, &round.place(), position.cursor.as_deref()).await?;
        let (page, longest) = only_seen(page, &stored, &seen);
        self.patiently(|| into.vouch_for(longest)).await?;
        let copied = self.copy_page(&stored, &into, &page.objects, Some(&seen)).await?;
        position.progress.add(copied.progress);
        if let Some(error) = copied.halted {
            return Err(error);
        }
        // What is gone of a folder that is no more was not all of it.
        let now = self.record_of(&source).await?;
        let more = page.next.is_some();
        position.cursor = if copied.stopped { position.cursor.take() } else { page.next };
        let over = !copied.stopped && !more && !round.go_on();
        let outdated = over && round.is_outdated(&now);
        position.round = Some(round);
        match (copied.stopped, over, outdated) {
            (true, ..) => Ok(Step::Stopped),
            (_, false, _) => Ok(Step::More),
            (_, true, false) => Ok(Step::Over),
            (_, true, true) => {
                self.go_again();
                next_round(position)
            }
        }
    }

    /// The record as it is now, if whoever clones the folder still may.
    async fn record_of(&self, source: &Folder<Read>) -> Result<Arc<FolderRecord>> {
        let record = self.patiently(|| source.view_afresh()).await?;
        record.permission(self.account.id).ok_or_else(no_such_folder)?;
        record.refuse_to_be_cloned(self.account.id)?;
        Ok(record)
    }
}

/// Something may have been missed: all of it once more, and counted anew.
fn next_round(position: &mut Position) -> Result<Step> {
    position.pass += 1;
    if position.pass >= ROUNDS {
        let message = "directories of the folder were moved all the time: not all of it may be copied";
        return Err(Error::new(ErrorKind::Conflict, Subject::Folder, message));
    }
    position.round = None;
    position.progress = Progress::default();
    Ok(Step::More)
}

/// What of a page is seen, and the longest path of it, in bytes. Names that no client could use stay on the page,
/// and are told.
fn only_seen(mut page: ListPage, folder: &Folder<Read>, seen: &Seen) -> (ListPage, usize) {
    let (prefix, mut longest) = (folder.prefix(), 0);
    page.objects.retain(|listed| {
        let stored = prefix.file_path(&listed.key).or_else(|| prefix.directory_path(listed.key.as_str()));
        let Some(stored) = stored else { return !is_in_trash(folder, listed) };
        let path = seen.path_of(&stored);
        longest = longest.max(path.as_ref().map_or(0, |path| path.as_str().len()));
        path.is_some()
    });
    (page, longest)
}

fn is_in_trash(folder: &Folder<Read>, listed: &Listed) -> bool {
    let rest = KeyPrefix::folder(folder.prefix()).rest(&listed.key).and_then(|rest| rest.strip_prefix(TRASH));
    rest.is_some_and(|rest| rest.starts_with('/'))
}
