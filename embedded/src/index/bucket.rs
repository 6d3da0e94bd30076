//! Buckets in the index.

use rusqlite::{Connection, OptionalExtension, params};
use s3s::{S3Result, s3_error};

use crate::clock::Millis;
use crate::error::index_failed;
use crate::writer::{Txn, execute};

/// The row of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BucketId(pub(crate) i64);

/// Finds a bucket by its name; NoSuchBucket when there is none.
pub(crate) fn find(conn: &Connection, name: &str) -> S3Result<BucketId> {
    let found = conn
        .prepare_cached("SELECT id FROM buckets WHERE name = ?1")
        .and_then(|mut select| select.query_row([name], |row| row.get(0).map(BucketId)).optional())
        .map_err(index_failed)?;
    found.ok_or_else(|| s3_error!(NoSuchBucket, "the specified bucket does not exist"))
}

/// Makes a bucket; BucketAlreadyOwnedByYou when it is there.
pub(crate) fn create(txn: &Txn<'_>, name: &str) -> S3Result<()> {
    let sql = "INSERT INTO buckets (name, created) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    match execute(txn, sql, params![name, Millis::now().0])? {
        0 => Err(s3_error!(BucketAlreadyOwnedByYou, "you already own this bucket")),
        _ => Ok(()),
    }
}

/// Removes the row of a bucket.
pub(crate) fn remove(txn: &Txn<'_>, bucket: BucketId) -> S3Result<()> {
    execute(txn, "DELETE FROM buckets WHERE id = ?1", [bucket.0]).map(drop)
}

/// All buckets by name, from `prefix` on.
pub(crate) fn all(conn: &Connection, prefix: &str) -> S3Result<Vec<(String, Millis)>> {
    let mut select = conn.prepare_cached("SELECT name, created FROM buckets ORDER BY name").map_err(index_failed)?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, Millis(row.get(1)?)))).map_err(index_failed)?;
    let all: Vec<_> = rows.collect::<Result<_, _>>().map_err(index_failed)?;
    Ok(all.into_iter().filter(|(name, _)| name.starts_with(prefix)).collect())
}
