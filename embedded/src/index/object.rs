//! Objects in the index.

use rusqlite::{Connection, OptionalExtension, Row, params};
use s3s::{S3Result, s3_error};

use super::blob::{self, Segment};
use super::bucket::BucketId;
use super::{json, text};
use crate::about::About;
use crate::checksums::ObjectSums;
use crate::clock::Millis;
use crate::error::index_failed;
use crate::tags::Tags;
use crate::writer::{Txn, execute};

/// Everything about one object but its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// The ETag without quotes.
    pub(crate) etag: String,
    /// Bytes.
    pub(crate) size: u64,
    /// When it was written.
    pub(crate) modified: Millis,
    /// Its checksums.
    pub(crate) sums: ObjectSums,
    /// Its tags.
    pub(crate) tags: Tags,
    /// Its headers and metadata.
    pub(crate) about: About,
    /// The sizes of the parts it was made of; empty when it was not.
    pub(crate) parts: Vec<u64>,
    /// Its bytes, in order.
    pub(crate) segments: Vec<Segment>,
}

const COLUMNS: &str = "etag, size, modified, sums, tags, about, parts, segments";

fn read(row: &Row<'_>) -> rusqlite::Result<Object> {
    Ok(Object {
        etag: row.get(0)?,
        size: row.get(1)?,
        modified: Millis(row.get(2)?),
        sums: json(row, 3)?,
        tags: json(row, 4)?,
        about: json(row, 5)?,
        parts: json(row, 6)?,
        segments: json(row, 7)?,
    })
}

/// Looks for an object.
pub(crate) fn find(conn: &Connection, bucket: BucketId, key: &str) -> S3Result<Option<Object>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM objects WHERE bucket = ?1 AND key = ?2"))
        .and_then(|mut select| select.query_row(params![bucket.0, key.as_bytes()], read).optional())
        .map_err(index_failed)
}

/// Finds an object; NoSuchKey when there is none.
pub(crate) fn get(conn: &Connection, bucket: BucketId, key: &str) -> S3Result<Object> {
    find(conn, bucket, key)?.ok_or_else(|| s3_error!(NoSuchKey, "the specified key does not exist"))
}

/// The ETag and the segments of what is there now: what a write has to look at.
pub(crate) fn current(conn: &Connection, bucket: BucketId, key: &str) -> S3Result<Option<(String, Vec<Segment>)>> {
    conn.prepare_cached("SELECT etag, segments FROM objects WHERE bucket = ?1 AND key = ?2")
        .and_then(|mut select| {
            let found = select.query_row(params![bucket.0, key.as_bytes()], |row| Ok((row.get(0)?, json(row, 1)?)));
            found.optional()
        })
        .map_err(index_failed)
}

/// Puts an object in place of what was there, whose segments are released.
pub(crate) fn replace(
    txn: &mut Txn<'_>,
    bucket: BucketId,
    key: &str,
    object: &Object,
    before: Option<(String, Vec<Segment>)>,
) -> S3Result<()> {
    let sql = format!("INSERT OR REPLACE INTO objects (bucket, key, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let row = params![
        bucket.0,
        key.as_bytes(),
        object.etag,
        object.size,
        object.modified.0,
        text(&object.sums),
        text(&object.tags),
        text(&object.about),
        text(&object.parts),
        text(&object.segments),
    ];
    execute(txn, &sql, row)?;
    match before {
        Some((_, segments)) => blob::release(txn, &segments),
        None => Ok(()),
    }
}

/// Removes an object and releases its segments.
pub(crate) fn remove(txn: &mut Txn<'_>, bucket: BucketId, key: &str, segments: &[Segment]) -> S3Result<()> {
    execute(txn, "DELETE FROM objects WHERE bucket = ?1 AND key = ?2", params![bucket.0, key.as_bytes()])?;
    blob::release(txn, segments)
}

/// Replaces the tags of an object; NoSuchKey when there is none.
pub(crate) fn set_tags(txn: &Txn<'_>, bucket: BucketId, key: &str, tags: &Tags) -> S3Result<()> {
    let sql = "UPDATE objects SET tags = ?3 WHERE bucket = ?1 AND key = ?2";
    match execute(txn, sql, params![bucket.0, key.as_bytes(), text(tags)])? {
        0 => Err(s3_error!(NoSuchKey, "the specified key does not exist")),
        _ => Ok(()),
    }
}

/// Whether the bucket has any object.
pub(crate) fn any(conn: &Connection, bucket: BucketId) -> S3Result<bool> {
    conn.prepare_cached("SELECT 1 FROM objects WHERE bucket = ?1 LIMIT 1")
        .and_then(|mut select| select.exists([bucket.0]))
        .map_err(index_failed)
}

/// One line of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The key.
    pub(crate) key: String,
    /// The ETag without quotes.
    pub(crate) etag: String,
    /// Bytes.
    pub(crate) size: u64,
    /// When it was written.
    pub(crate) modified: Millis,
    /// Its checksums.
    pub(crate) sums: ObjectSums,
}

/// Calls `each` for the objects of `range`, in byte order, until it says so.
///
/// `range` is a lower bound that is included and an upper bound that is not.
pub(crate) fn scan(
    conn: &Connection,
    bucket: BucketId,
    range: (&[u8], &[u8]),
    mut each: impl FnMut(Listed) -> std::ops::ControlFlow<()>,
) -> S3Result<()> {
    let sql =
        "SELECT key, etag, size, modified, sums FROM objects WHERE bucket = ?1 AND key >= ?2 AND key < ?3 ORDER BY key";
    let mut select = conn.prepare_cached(sql).map_err(index_failed)?;
    let mut rows = select.query(params![bucket.0, range.0, range.1]).map_err(index_failed)?;
    while let Some(row) = rows.next().map_err(index_failed)? {
        if each(listed(row).map_err(index_failed)?).is_break() {
            break;
        }
    }
    Ok(())
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let key = String::from_utf8_lossy(row.get_ref(0)?.as_blob()?).into_owned();
    Ok(Listed { key, etag: row.get(1)?, size: row.get(2)?, modified: Millis(row.get(3)?), sums: json(row, 4)? })
}
