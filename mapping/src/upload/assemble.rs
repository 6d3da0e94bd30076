//! Makes parts, or a small file, out of bundles and held pieces. Bytes stream from bundle to
//! part: a cell is never in memory as a whole unless it was held there already.

use std::ops::Range;
use std::sync::Arc;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use super::handle::Session;
use super::record::Fixed;
use super::survey::{Slice, Survey};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::key::ObjectKey;
use crate::store::{Body, BodyStream, GetOptions, PartNumber};

/// How many cells of one upload are put together at a time.
const CELLS_AT_ONCE: usize = 4;

impl Session {
    /// Stores the part of every cell that has none yet.
    ///
    /// A crash leaves some of them stored; the bundles stay until the upload is done.
    pub(super) async fn assemble(&self, fixed: &Fixed, survey: &Survey) -> Result<()> {
        let lacking: Vec<(PartNumber, Range<u64>)> =
            fixed.grid.cells(survey.total).filter(|(part, _)| !survey.parts.contains_key(part)).collect();
        let puts = lacking.into_iter().map(|(part, cell)| {
            let body = self.body(survey, &cell);
            async move {
                // The end of a file of unknown length stays held: its part is shorter than the cell,
                // so it does not show that it is the end.
                if cell == fixed.grid.cell(part) {
                    self.put_part(fixed, part, &cell, body).await
                } else {
                    self.send_part(fixed, part, body).await.map(drop)
                }
            }
        });
        stream::iter(puts.collect::<Vec<_>>()).buffer_unordered(CELLS_AT_ONCE).try_collect().await
    }

    /// The bytes of `range`, from wherever they are, as often as an attempt needs them.
    pub(super) fn body(&self, survey: &Survey, range: &Range<u64>) -> Body {
        let slices: Arc<[Slice]> = survey.slices(range).into();
        let bucket = self.bucket.clone();
        let open = move || -> BodyStream {
            let (slices, bucket) = (Arc::clone(&slices), bucket.clone());
            let opened = stream::iter(0..slices.len()).then(move |at| open_slice(bucket.clone(), slices[at].clone()));
            opened.try_flatten().boxed()
        };
        Body::replay(range.end - range.start, Arc::new(open))
    }
}

async fn open_slice(bucket: Bucket, slice: Slice) -> std::io::Result<BodyStream> {
    match slice {
        Slice::Held(piece) => Ok(async move { Ok(piece.bytes) }.into_stream().boxed()),
        Slice::Bundled(key, range) => open_bundle(&bucket, &key, range).await,
    }
}

async fn open_bundle(bucket: &Bucket, key: &ObjectKey, range: Range<u64>) -> std::io::Result<BodyStream> {
    let options = GetOptions { range: Some(range), if_match: None };
    bucket.read(key, options).await.map(|object| object.body).map_err(std::io::Error::other)
}
