//! What a crash leaves, removed at start-up before anybody reads: temporary files, and published blobs
//! that no row names.

use std::path::Path;
use std::{fs, io};

use rusqlite::Connection;

use crate::blobs::Blobs;
use crate::error::OpenError;
use crate::index::blob;

/// Removes all rubbish. Only while no other process has the store and nothing writes.
pub(crate) fn sweep(dir: &Path, blobs: &Blobs, conn: &Connection) -> Result<(), OpenError> {
    let mut removed = 0_u64;
    for path in files(blobs.tmp())? {
        fs::remove_file(&path).map_err(OpenError::at(&path))?;
        removed += 1;
    }
    for directory in files(blobs.root())? {
        for path in files(&directory)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !blob::is_named(conn, name).map_err(OpenError::index(dir))? {
                fs::remove_file(&path).map_err(OpenError::at(&path))?;
                removed += 1;
            }
        }
    }
    if removed > 0 {
        tracing::info!(files = removed, "removed what an earlier run left unfinished");
    }
    Ok(())
}

fn files(directory: &Path) -> Result<Vec<std::path::PathBuf>, OpenError> {
    let list = |entries: fs::ReadDir| entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>();
    fs::read_dir(directory).and_then(list).map_err(OpenError::at(directory))
}
