//! Blobs in the index, and the segments of objects and parts that refer to them.

use rusqlite::{Connection, OptionalExtension, params};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use crate::blobs::BlobName;
use crate::error::index_failed;
use crate::ingest::Content;
use crate::writer::{Txn, execute};

/// A slice of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, u64, u64)", into = "(i64, u64, u64)")]
pub(crate) struct Segment {
    /// The blob's row.
    pub(crate) blob: i64,
    /// Where in the blob it begins.
    pub(crate) offset: u64,
    /// How many bytes it has.
    pub(crate) length: u64,
}

impl From<(i64, u64, u64)> for Segment {
    fn from((blob, offset, length): (i64, u64, u64)) -> Self {
        Self { blob, offset, length }
    }
}

impl From<Segment> for (i64, u64, u64) {
    fn from(segment: Segment) -> Self {
        (segment.blob, segment.offset, segment.length)
    }
}

/// The part `range` of the bytes that `segments` make.
pub(crate) fn slice(segments: &[Segment], range: &std::ops::Range<u64>) -> Vec<Segment> {
    let mut start = 0;
    let mut found = Vec::new();
    for segment in segments {
        let end = start + segment.length;
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            found.push(Segment { blob: segment.blob, offset: segment.offset + (from - start), length: to - from });
        }
        start = end;
    }
    found
}

/// Where the bytes of a blob lie.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// In the index.
    Inline(Vec<u8>),
    /// In a file.
    File(BlobName),
}

/// Stores a received body as a blob with one reference. An empty body has no segment.
pub(crate) fn store(txn: &mut Txn<'_>, content: Content, size: u64) -> S3Result<Vec<Segment>> {
    let (file, body) = match content {
        Content::Inline(body) if body.is_empty() => return Ok(Vec::new()),
        Content::Inline(body) => (None, Some(body)),
        Content::File(blob) => {
            let name = blob.name();
            txn.named(blob);
            (Some(name.text()), None)
        }
    };
    execute(txn, "INSERT INTO blobs (refs, file, body) VALUES (1, ?1, ?2)", params![file, body])?;
    Ok(vec![Segment { blob: txn.last_insert_rowid(), offset: 0, length: size }])
}

/// One more reference per segment, for segments that this transaction has looked up.
pub(crate) fn retain(txn: &Txn<'_>, segments: &[Segment]) -> S3Result<()> {
    for segment in segments {
        if execute(txn, "UPDATE blobs SET refs = refs + 1 WHERE id = ?1", [segment.blob])? == 0 {
            return Err(s3_error!(InternalError, "blob {} is missing from the index", segment.blob));
        }
    }
    Ok(())
}

/// A segment that an earlier transaction found, and the file it was in; none when it was in the index.
pub(crate) type Found = (Segment, Option<BlobName>);

/// One more reference per segment. Refuses when a blob is gone, or is not the one that was found.
pub(crate) fn retain_found(txn: &Txn<'_>, found: &[Found]) -> S3Result<()> {
    let sql = "UPDATE blobs SET refs = refs + 1 WHERE id = ?1 AND file IS ?2";
    for (segment, file) in found {
        if execute(txn, sql, params![segment.blob, file.map(BlobName::text)])? == 0 {
            return Err(s3_error!(SlowDown, "the source changed while it was copied"));
        }
    }
    Ok(())
}

/// One reference less per segment; a blob without any is dropped.
pub(crate) fn release(txn: &mut Txn<'_>, segments: &[Segment]) -> S3Result<()> {
    for segment in segments {
        let left = txn
            .prepare_cached("UPDATE blobs SET refs = refs - 1 WHERE id = ?1 RETURNING refs, file")
            .and_then(|mut update| {
                update.query_row([segment.blob], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?)))
            })
            .map_err(index_failed)?;
        if let (0, file) = left {
            execute(txn, "DELETE FROM blobs WHERE id = ?1", [segment.blob])?;
            if let Some(name) = file.and_then(|name| name.parse().ok()) {
                txn.dropped(name);
            }
        }
    }
    Ok(())
}

/// Where each of these segments lies.
pub(crate) fn locate(conn: &Connection, segments: &[Segment]) -> S3Result<Vec<(Segment, Source)>> {
    segments.iter().map(|segment| Ok((*segment, source(conn, segment.blob)?))).collect()
}

fn source(conn: &Connection, blob: i64) -> S3Result<Source> {
    let row = conn
        .prepare_cached("SELECT file, body FROM blobs WHERE id = ?1")
        .and_then(|mut select| {
            let read =
                |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
            select.query_row([blob], read).optional()
        })
        .map_err(index_failed)?;
    let damaged = || s3_error!(InternalError, "blob {blob} is missing from the index");
    match row.ok_or_else(damaged)? {
        (Some(file), _) => file.parse().map(Source::File).map_err(|_| damaged()),
        (None, body) => body.map(Source::Inline).ok_or_else(damaged),
    }
}

/// Whether the index names a blob file.
pub(crate) fn is_named(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM blobs WHERE file = ?1")?.exists([name])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fixture;

    #[test]
    fn a_slice_keeps_the_bytes_of_its_range() {
        let segment = |blob, offset, length| Segment { blob, offset, length };
        let all = [segment(1, 0, 10), segment(2, 5, 10), segment(3, 0, 1)];
        assert_eq!(slice(&all, &(0..21)), all);
        assert_eq!(slice(&all, &(9..11)), [segment(1, 9, 1), segment(2, 5, 1)]);
        assert_eq!(slice(&all, &(12..20)), [segment(2, 7, 8)]);
        assert_eq!(slice(&all, &(20..21)), [segment(3, 0, 1)]);
        assert_eq!(slice(&all, &(3..3)), []);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_blob_that_was_found_is_kept_only_if_it_is_still_that_one() {
        let fixture = Fixture::new();
        let publish = || Content::File(fixture.blobs.create().unwrap().publish().unwrap());
        let (one, two) = (publish(), publish());
        let file = |content: &Content| match content {
            Content::File(blob) => blob.name(),
            Content::Inline(_) => panic!("not a file"),
        };
        let (first, second) = (file(&one), file(&two));
        let look = |segment: Segment, file| fixture.writer.commit(move |txn| retain_found(txn, &[(segment, file)]));
        let segment = fixture.writer.commit(|txn| Ok(store(txn, one, 1)?[0])).await.unwrap();
        look(segment, Some(first)).await.unwrap();
        let other = look(segment, Some(second)).await.unwrap_err();
        assert_eq!(other.code().as_str(), "SlowDown", "a stranger's file");
        let inline = look(segment, None).await.unwrap_err();
        assert_eq!(inline.code().as_str(), "SlowDown", "it was in the index");

        fixture.writer.commit(move |txn| release(txn, &[segment, segment])).await.unwrap();
        let next = fixture.writer.commit(|txn| Ok(store(txn, two, 1)?[0])).await.unwrap();
        assert_ne!(next.blob, segment.blob);
        let gone = look(segment, Some(first)).await.unwrap_err();
        assert_eq!(gone.code().as_str(), "SlowDown");
    }
}
