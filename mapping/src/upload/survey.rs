//! What there is of an upload: parts, bundles of all replicas, and what this replica holds. The
//! truth is what the store lists, not what anybody remembers.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};

use super::bundle::{self, Segment};
use super::fragments::Piece;
use super::handle::Session;
use super::ranges::Ranges;
use super::record::{Fixed, UploadRecord};
use crate::error::{Error, Result, Subject};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{GetOptions, ListRequest, Object, Part, PartNumber, StoreError, StoreErrorKind, StoreResult};

/// How many bundle indexes are read at a time.
const INDEXES_AT_ONCE: usize = 8;

/// Bundles by key, with what is inside. Immutable, so an index that was read stays good.
pub(super) type Bundles = BTreeMap<ObjectKey, Vec<Segment>>;

/// What there is of an upload at one moment.
#[derive(Debug)]
pub(super) struct Survey {
    /// The file's length: announced, or where the last byte so far ends.
    pub(super) total: u64,
    /// Parts that are exactly their cell.
    pub(super) parts: BTreeMap<PartNumber, Part>,
    pub(super) bundles: Bundles,
    pub(super) held: Vec<Piece>,
    /// What nobody has.
    pub(super) missing: Vec<Range<u64>>,
}

/// Bytes of the file, and where they are.
#[derive(Clone, Debug)]
pub(super) enum Slice {
    /// Here; the piece keeps the budget's permit.
    Held(Piece),
    /// In a bundle, at this range.
    Bundled(ObjectKey, Range<u64>),
}

impl Survey {
    /// Where to take each byte of `range` from, in order. `range` has no hole outside of parts.
    pub(super) fn slices(&self, range: &Range<u64>) -> Vec<Slice> {
        let mut slices: BTreeMap<u64, Slice> = BTreeMap::new();
        let mut found = Ranges::default();
        for piece in self.held.iter().filter_map(|piece| piece.within(range)) {
            found.insert(piece.range());
            slices.insert(piece.start, Slice::Held(piece));
        }
        for (key, segments) in &self.bundles {
            for segment in segments.iter().filter_map(|segment| segment.within(range)) {
                for hole in found.missing(segment.file.clone()) {
                    let Some(wanted) = segment.within(&hole) else { continue };
                    slices.insert(hole.start, Slice::Bundled(key.clone(), wanted.stored()));
                    found.insert(hole);
                }
            }
        }
        slices.into_values().collect()
    }
}

impl Session {
    /// Looks at everything there is. `bundles` remembers indexes from one look to the next.
    ///
    /// `None` when the store has no such multipart upload, or a bundle vanished while it was
    /// looked at: somebody finished the upload meanwhile, or something dropped it.
    pub(super) async fn survey(&self, record: &UploadRecord, bundles: &mut Bundles) -> Result<Option<Survey>> {
        // Memory first: what goes from there into the store meanwhile is seen twice, never not at all.
        let everything = 0..record.length.unwrap_or(u64::MAX);
        let held = self.active.pieces(&everything);
        let listed = match &record.fixed {
            None => Ok(Vec::new()),
            Some(fixed) => self.bucket.store().list_parts(&record.key(), &fixed.multipart).await,
        };
        let parts = match listed {
            Err(error) if error.kind() == StoreErrorKind::NoSuchUpload => return Ok(None),
            other => other.map_err(|error| error.about(Subject::Upload))?,
        };
        if !self.read_new_bundles(bundles).await? {
            return Ok(None);
        }
        Ok(Some(judge(record, parts, bundles.clone(), held)))
    }

    /// Reads the indexes of bundles that are not in `bundles` yet, and forgets those that are no
    /// more. `false` when one vanished meanwhile.
    async fn read_new_bundles(&self, bundles: &mut Bundles) -> Result<bool> {
        let listed = self.list_bundles().await.map_err(|error| error.about(Subject::Upload))?;
        bundles.retain(|key, _| listed.contains(key));
        let new: Vec<ObjectKey> = listed.into_iter().filter(|key| !bundles.contains_key(key)).collect();
        let indexes = stream::iter(new).map(|key| self.read_index(key)).buffer_unordered(INDEXES_AT_ONCE);
        let read: Vec<_> = indexes.try_collect().await?;
        let whole = read.iter().all(Option::is_some);
        bundles.extend(read.into_iter().flatten());
        Ok(whole)
    }

    /// All bundles of this upload, of every replica.
    pub(super) async fn list_bundles(&self) -> StoreResult<Vec<ObjectKey>> {
        let mut request = ListRequest::all(KeyPrefix::bundles(&self.active.id));
        let mut keys = Vec::new();
        loop {
            let page = self.bucket.store().list(request.clone()).await?;
            keys.extend(page.objects.into_iter().map(|object| object.key));
            let Some(token) = page.next else { return Ok(keys) };
            request.token = Some(token);
        }
    }

    async fn read_index(&self, key: ObjectKey) -> Result<Option<(ObjectKey, Vec<Segment>)>> {
        let options = GetOptions { range: Some(0..bundle::INDEX_READ), if_match: None };
        let object = match self.bucket.read(&key, options).await {
            Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| error.about(Subject::Upload))?,
        };
        let size = object.meta.size;
        let head = read(object).await.map_err(|error| error.about(Subject::Upload))?;
        let segments = bundle::decode(head, size)
            .map_err(|complaint| Error::internal(Subject::Upload, format!("`{key}` is {complaint}")))?;
        Ok(Some((key, segments)))
    }
}

async fn read(object: Object) -> StoreResult<Bytes> {
    let read = object.body.try_fold(BytesMut::new(), |mut bytes, chunk| async move {
        bytes.extend_from_slice(&chunk);
        Ok(bytes)
    });
    let cut = |error| StoreError::new(StoreErrorKind::Unavailable, "a read was cut off").caused_by(error);
    read.await.map(BytesMut::freeze).map_err(cut)
}

/// What follows from what was found.
fn judge(record: &UploadRecord, parts: Vec<Part>, bundles: Bundles, held: Vec<Piece>) -> Survey {
    let mut found: Ranges = bundles.values().flatten().map(|segment| segment.file.clone()).collect();
    found.extend(held.iter().map(Piece::range));
    let whole_cells = |part: &&Part| record.fixed.as_ref().is_some_and(|fixed| is_whole_cell(fixed, part));
    let cells = parts.iter().filter(whole_cells).filter_map(|part| Some(record.fixed.as_ref()?.grid.cell(part.number)));
    found.extend(cells);
    let total = record.length.unwrap_or_else(|| found.end());
    let parts = parts.into_iter().filter(|part| is_cell_of(record.fixed.as_ref(), part, total));
    let parts: BTreeMap<PartNumber, Part> = parts.map(|part| (part.number, part)).collect();
    Survey { total, parts, bundles, held, missing: found.missing(0..total) }
}

/// Whether a part is as long as its cell.
fn is_whole_cell(fixed: &Fixed, part: &Part) -> bool {
    let cell = fixed.grid.cell(part.number);
    part.size > 0 && part.size == cell.end - cell.start
}

/// Whether a part is exactly its cell of a file of `total` bytes. A shorter one can only be the
/// end of a file of unknown length, from a finish that did not come to its end.
fn is_cell_of(fixed: Option<&Fixed>, part: &Part, total: u64) -> bool {
    fixed.is_some_and(|fixed| {
        let cell = fixed.grid.cell(part.number);
        let end = cell.end.min(total);
        cell.start < end && part.size == end - cell.start
    })
}
