//! The index: its tables, and how a connection to it is set up. Keys are bytes and compare as bytes.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::blobs::Blobs;
use crate::error::OpenError;

/// The version of the tables below; kept in `user_version`.
const VERSION: i64 = 1;

/// `blobs.refs` counts the segments (of objects and parts) that lie in the blob. `file` names a file
/// below `blobs/`; without it the bytes are in `body`. The id of a blob is never used again: a copy looks
/// it up in one transaction and refers to it in a later one. `uploads.result` makes a row the tombstone of
/// a completed upload.
const TABLES: &str = "
CREATE TABLE buckets (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL
) STRICT;
CREATE TABLE blobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, refs INTEGER NOT NULL, file TEXT UNIQUE, body BLOB
) STRICT;
CREATE TABLE objects (
  bucket INTEGER NOT NULL, key BLOB NOT NULL,
  etag TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,
  sums TEXT NOT NULL, tags TEXT NOT NULL, about TEXT NOT NULL, parts TEXT NOT NULL, segments TEXT NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE uploads (
  id TEXT NOT NULL PRIMARY KEY, bucket INTEGER NOT NULL, key BLOB NOT NULL, created INTEGER NOT NULL,
  tags TEXT NOT NULL, about TEXT NOT NULL, plan TEXT NOT NULL, finished INTEGER, result TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_open ON uploads (bucket, key, id) WHERE result IS NULL;
CREATE INDEX uploads_finished ON uploads (finished) WHERE result IS NOT NULL;
CREATE TABLE parts (
  upload TEXT NOT NULL, number INTEGER NOT NULL,
  etag TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, sums TEXT NOT NULL, segments TEXT NOT NULL,
  PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
";

/// Opens the connection of the writer thread and makes the tables if they are not there.
///
/// Refuses to make them where blobs are: they were named by an index that went, and beside an empty one
/// all of them would be rubbish.
pub(crate) fn open_writer(dir: &Path, blobs: &Blobs) -> Result<Connection, OpenError> {
    let index = || OpenError::index(dir);
    let any_blob = blobs.any().map_err(OpenError::at(blobs.root()))?;
    // Before SQLite opens it: it would remove a log that was left without its index.
    let empty = fs::metadata(dir.join("index.sqlite")).map_or(true, |index| index.len() == 0);
    if empty && any_blob {
        return Err(OpenError::NoIndex(dir.to_path_buf()));
    }
    let conn = Connection::open(dir.join("index.sqlite")).map_err(index())?;
    // FULL syncs the log at each commit; without it an answered write may be lost with the power. The
    // writer folds the log by itself, after it has answered.
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384;",
    )
    .map_err(index())?;
    conn.set_prepared_statement_cache_capacity(64);
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(index())?;
    match found {
        0 if any_blob => return Err(OpenError::NoIndex(dir.to_path_buf())),
        0 => {
            // One transaction: a crash in the middle leaves version 0 and no table.
            let all = format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;");
            conn.execute_batch(&all).map_err(index())?;
        }
        VERSION => {}
        found => return Err(OpenError::Newer { dir: dir.to_path_buf(), found }),
    }
    Ok(conn)
}

/// Opens one connection that only reads.
pub(crate) fn open_reader(dir: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(dir.join("index.sqlite"), flags)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA mmap_size = 268435456;")?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}
