//! What a crash leaves, put away at start-up before anybody reads: temporary files are removed, and
//! published blobs that no row names lie in `lost/` for a week.
//!
//! Such a blob is rubbish if the process died before its row was written. But if the index is older than
//! the blobs, as after a bad restore, it is somebody's file: then the right index, put in place, finds it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::Connection;

use crate::blobs::{BlobName, Blobs, sync_dir};
use crate::clock::Millis;
use crate::error::OpenError;
use crate::index::blob;

/// How long a lost blob is kept: seven days.
const KEPT: i64 = 7 * 24 * 60 * 60 * 1000;

/// Puts everything away. Only while no other process has the store and nothing writes.
///
/// A crash in the middle leaves each file where it was or where it goes; the next start goes on.
pub(crate) fn sweep(dir: &Path, blobs: &Blobs, conn: &Connection, now: Millis) -> Result<(), OpenError> {
    let is_named = |path: &Path| blob::is_named(conn, name(path)).map_err(OpenError::index(dir));
    for path in files(blobs.tmp())? {
        fs::remove_file(&path).map_err(OpenError::at(&path))?;
    }
    let oldest = SystemTime::from(Millis(now.0 - KEPT));
    for path in files(blobs.lost())? {
        if is_named(&path)? {
            bring_back(&path, blobs).map_err(OpenError::at(&path))?;
        } else {
            remove_older(&path, oldest).map_err(OpenError::at(&path))?;
        }
    }
    let mut lost = 0_u64;
    for directory in files(blobs.root())? {
        for path in files(&directory)? {
            if !is_named(&path)? {
                put_away(&path, blobs, now).map_err(OpenError::at(&path))?;
                lost += 1;
            }
        }
    }
    if lost > 0 {
        sync_dir(blobs.lost()).map_err(OpenError::at(blobs.lost()))?;
        let lost_in = blobs.lost().display();
        tracing::warn!(
            blobs = lost,
            "the index does not name some blobs: an earlier run was killed, or the index is not the newest one; they are \
             kept in `{lost_in}` for seven days"
        );
    }
    Ok(())
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn bring_back(path: &Path, blobs: &Blobs) -> io::Result<()> {
    let name: BlobName = name(path).parse().map_err(io::Error::other)?;
    let home = blobs.path(name);
    fs::rename(path, &home)?;
    home.parent().map_or(Ok(()), sync_dir)
}

/// The time of the file becomes that of its loss.
fn put_away(path: &Path, blobs: &Blobs, now: Millis) -> io::Result<()> {
    File::open(path)?.set_modified(now.into())?;
    fs::rename(path, blobs.lost().join(name(path)))
}

fn remove_older(path: &Path, oldest: SystemTime) -> io::Result<()> {
    if fs::metadata(path)?.modified()? < oldest { fs::remove_file(path) } else { Ok(()) }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let list = |entries: fs::ReadDir| entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>();
    fs::read_dir(directory).and_then(list).map_err(OpenError::at(directory))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fixture;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    #[test]
    fn a_lost_blob_is_kept_for_seven_days() {
        let Fixture { dir, blobs, writer } = Fixture::new();
        let conn = crate::schema::open_reader(dir.path()).unwrap();
        let blob = blobs.create().unwrap().publish().unwrap();
        let (home, lost) = (blobs.path(blob.name()), blobs.lost().join(blob.name().text()));
        blob.keep();
        let year = 365 * DAY;
        for (days, kept) in [(0, true), (6, true), (8, false)] {
            sweep(dir.path(), &blobs, &conn, Millis(year + days * DAY)).unwrap();
            assert_eq!((home.exists(), lost.exists()), (false, kept), "after {days} days");
        }
        drop(writer);
    }
}
