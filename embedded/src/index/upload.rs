//! Multipart uploads and their parts in the index.
//!
//! A completed upload leaves a tombstone, its row with the result, so that a Complete whose answer was
//! lost can be repeated.

use rusqlite::{Connection, OptionalExtension, Row, params};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::blob::{self, Segment};
use super::bucket::BucketId;
use super::{json, text};
use crate::about::About;
use crate::checksums::{Algorithm, ObjectSums, Scope, Sums};
use crate::clock::Millis;
use crate::error::index_failed;
use crate::tags::Tags;
use crate::writer::{Txn, execute};

/// How long a completed upload is remembered: seven days.
const REMEMBERED: i64 = 7 * 24 * 60 * 60 * 1000;

/// How long an upload is kept that nobody goes on with: eight days, longer than a client may pause.
const OPEN: i64 = 8 * 24 * 60 * 60 * 1000;

/// Which checksum the object will have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The algorithm; none when the client wants none.
    pub(crate) algorithm: Option<Algorithm>,
    /// How the sums of the parts become one.
    pub(crate) scope: Option<Scope>,
}

/// What an upload was begun with.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// Its checksum.
    pub(crate) plan: Plan,
    /// The tags of the object to be.
    pub(crate) tags: Tags,
    /// Its headers and metadata.
    pub(crate) about: About,
}

/// One part.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// 1 to 10,000.
    pub(crate) number: i32,
    /// The ETag without quotes.
    pub(crate) etag: String,
    /// Bytes.
    pub(crate) size: u64,
    /// When it was uploaded.
    pub(crate) modified: Millis,
    /// Its checksums.
    pub(crate) sums: Sums,
    /// Its bytes, in order.
    pub(crate) segments: Vec<Segment>,
}

/// What a Complete answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    /// The ETag without quotes.
    pub(crate) etag: String,
    /// The checksum of the object.
    pub(crate) sums: ObjectSums,
}

/// Begins an upload. Ids grow with time, which is the order in which a listing has them.
pub(crate) fn create(txn: &Txn<'_>, bucket: BucketId, key: &str, upload: &Upload) -> S3Result<String> {
    let now = Millis::now();
    let id = format!("{:012x}{}", now.0, Uuid::new_v4().simple());
    let sql = "INSERT INTO uploads (id, bucket, key, created, tags, about, plan) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let Upload { plan, tags, about } = upload;
    execute(txn, sql, params![id, bucket.0, key.as_bytes(), now.0, text(tags), text(about), text(plan)])?;
    Ok(id)
}

/// Finds an upload that is still open; NoSuchUpload otherwise.
pub(crate) fn get(conn: &Connection, bucket: BucketId, key: &str, id: &str) -> S3Result<Upload> {
    let sql = "SELECT plan, tags, about FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3 AND result IS NULL";
    let read = |row: &Row<'_>| Ok(Upload { plan: json(row, 0)?, tags: json(row, 1)?, about: json(row, 2)? });
    let found = conn
        .prepare_cached(sql)
        .and_then(|mut select| select.query_row(params![id, bucket.0, key.as_bytes()], read).optional())
        .map_err(index_failed)?;
    found.ok_or_else(|| s3_error!(NoSuchUpload, "the specified upload does not exist, or was completed or aborted"))
}

/// The result of an upload that was completed.
pub(crate) fn result(conn: &Connection, bucket: BucketId, key: &str, id: &str) -> S3Result<Option<Done>> {
    let sql = "SELECT result FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3 AND result IS NOT NULL";
    conn.prepare_cached(sql)
        .and_then(|mut select| select.query_row(params![id, bucket.0, key.as_bytes()], |row| json(row, 0)).optional())
        .map_err(index_failed)
}

/// Up to `most` parts with numbers above `after`, in order.
pub(crate) fn parts(conn: &Connection, id: &str, after: i32, most: i64) -> S3Result<Vec<Part>> {
    let sql = "SELECT number, etag, size, modified, sums, segments FROM parts
               WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
    let read = |row: &Row<'_>| {
        Ok(Part {
            number: row.get(0)?,
            etag: row.get(1)?,
            size: row.get(2)?,
            modified: Millis(row.get(3)?),
            sums: json(row, 4)?,
            segments: json(row, 5)?,
        })
    };
    let mut select = conn.prepare_cached(sql).map_err(index_failed)?;
    let rows = select.query_map(params![id, after, most], read).map_err(index_failed)?;
    rows.collect::<Result<_, _>>().map_err(index_failed)
}

/// All parts.
pub(crate) fn all_parts(conn: &Connection, id: &str) -> S3Result<Vec<Part>> {
    parts(conn, id, 0, i64::MAX)
}

/// Adds a part, in place of an earlier one of that number.
pub(crate) fn put_part(txn: &mut Txn<'_>, id: &str, part: &Part) -> S3Result<()> {
    let before: Option<Vec<Segment>> = txn
        .prepare_cached("SELECT segments FROM parts WHERE upload = ?1 AND number = ?2")
        .and_then(|mut select| select.query_row(params![id, part.number], |row| json(row, 0)).optional())
        .map_err(index_failed)?;
    let sql = "INSERT OR REPLACE INTO parts (upload, number, etag, size, modified, sums, segments)
               VALUES (?, ?, ?, ?, ?, ?, ?)";
    let Part { number, etag, size, modified, sums, segments } = part;
    execute(txn, sql, params![id, number, etag, size, modified.0, text(sums), text(segments)])?;
    blob::release(txn, &before.unwrap_or_default())
}

/// Turns an upload into the tombstone of a completed one. The parts that went into the object keep
/// their references; those of the others are released.
pub(crate) fn finish(txn: &mut Txn<'_>, id: &str, unused: &[Segment], done: &Done) -> S3Result<()> {
    let now = Millis::now();
    execute(txn, "DELETE FROM parts WHERE upload = ?1", [id])?;
    execute(txn, "UPDATE uploads SET finished = ?2, result = ?3 WHERE id = ?1", params![id, now.0, text(done)])?;
    execute(txn, "DELETE FROM uploads WHERE finished < ?1 AND result IS NOT NULL", [now.0 - REMEMBERED])?;
    blob::release(txn, unused)?;
    remove_abandoned(txn, now)
}

/// Removes open uploads that are old and have no young part: those of clients that died.
pub(crate) fn remove_abandoned(txn: &mut Txn<'_>, now: Millis) -> S3Result<()> {
    // There are few open uploads and many tombstones.
    let sql = "SELECT id FROM uploads INDEXED BY uploads_open WHERE result IS NULL AND created < ?1
               AND NOT EXISTS (SELECT 1 FROM parts WHERE upload = uploads.id AND modified >= ?1)";
    for id in ids(txn, sql, now.0 - OPEN)? {
        tracing::info!(upload = id, "removing an upload that nobody goes on with");
        remove(txn, &id)?;
    }
    Ok(())
}

/// Removes an upload and its parts.
pub(crate) fn remove(txn: &mut Txn<'_>, id: &str) -> S3Result<()> {
    for part in all_parts(txn, id)? {
        blob::release(txn, &part.segments)?;
    }
    execute(txn, "DELETE FROM parts WHERE upload = ?1", [id])?;
    execute(txn, "DELETE FROM uploads WHERE id = ?1", [id]).map(drop)
}

/// Removes all uploads of a bucket that goes.
pub(crate) fn remove_all(txn: &mut Txn<'_>, bucket: BucketId) -> S3Result<()> {
    let ids = ids(txn, "SELECT id FROM uploads WHERE bucket = ?1", bucket.0)?;
    ids.iter().try_for_each(|id| remove(txn, id))
}

fn ids(conn: &Connection, sql: &str, param: i64) -> S3Result<Vec<String>> {
    let mut select = conn.prepare_cached(sql).map_err(index_failed)?;
    let rows = select.query_map([param], |row| row.get(0)).map_err(index_failed)?;
    rows.collect::<Result<_, _>>().map_err(index_failed)
}

/// One line of a listing of open uploads.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The key.
    pub(crate) key: String,
    /// The upload id.
    pub(crate) id: String,
    /// When it was begun.
    pub(crate) created: Millis,
    /// Its checksum.
    pub(crate) plan: Plan,
}

/// Calls `each` for the open uploads after (`start`) and before a key, by key and then by age, until it
/// says so.
pub(crate) fn scan(
    conn: &Connection,
    bucket: BucketId,
    start: (&[u8], &str),
    end: &[u8],
    mut each: impl FnMut(Listed) -> std::ops::ControlFlow<()>,
) -> S3Result<()> {
    let sql = "SELECT key, id, created, plan FROM uploads
               WHERE bucket = ?1 AND result IS NULL AND (key, id) > (?2, ?3) AND key < ?4 ORDER BY key, id";
    let mut select = conn.prepare_cached(sql).map_err(index_failed)?;
    let mut rows = select.query(params![bucket.0, start.0, start.1, end]).map_err(index_failed)?;
    while let Some(row) = rows.next().map_err(index_failed)? {
        if each(listed(row).map_err(index_failed)?).is_break() {
            break;
        }
    }
    Ok(())
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let key = String::from_utf8_lossy(row.get_ref(0)?.as_blob()?).into_owned();
    Ok(Listed { key, id: row.get(1)?, created: Millis(row.get(2)?), plan: json(row, 3)? })
}
