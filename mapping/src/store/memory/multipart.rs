//! Unfinished multipart uploads of a bucket in memory.

use std::collections::{BTreeMap, HashMap};

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use crate::clock::Timestamp;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{
    Attributes, ETag, MultipartId, Part, PartNumber, StoreError, StoreErrorKind, StoreResult, Unfinished,
    UnfinishedMarker, UnfinishedPage,
};

/// The most uploads on one page of a listing.
const PAGE: usize = 1000;

/// One unfinished upload.
struct Upload {
    key: ObjectKey,
    attributes: Attributes,
    initiated: Timestamp,
    parts: BTreeMap<PartNumber, (Bytes, ETag)>,
}

/// All uploads, and what became of those that were completed.
#[derive(Default)]
pub(super) struct Uploads {
    made: u64,
    open: BTreeMap<String, Upload>,
    completed: HashMap<String, (ObjectKey, ETag)>,
}

impl Uploads {
    pub(super) fn create(&mut self, key: &ObjectKey, attributes: Attributes, initiated: Timestamp) -> MultipartId {
        self.made += 1;
        let id = format!("upload-{:08}", self.made);
        self.open.insert(id.clone(), Upload { key: key.clone(), attributes, initiated, parts: BTreeMap::new() });
        MultipartId(id)
    }

    pub(super) fn put_part(
        &mut self,
        key: &ObjectKey,
        id: &MultipartId,
        number: PartNumber,
        (data, etag): (Bytes, ETag),
    ) -> StoreResult<ETag> {
        let upload = self.open.get_mut(&id.0).filter(|upload| upload.key == *key).ok_or_else(|| unknown(id))?;
        upload.parts.insert(number, (data, etag.clone()));
        Ok(etag)
    }

    pub(super) fn parts(&self, key: &ObjectKey, id: &MultipartId) -> StoreResult<Vec<Part>> {
        let parts = self.find(key, id)?.parts.iter();
        let part = |(number, (data, etag)): (&u32, &(Bytes, ETag))| Part {
            number: *number,
            size: data.len() as u64,
            etag: etag.clone(),
        };
        Ok(parts.map(part).collect())
    }

    /// The object that the parts make, or why they do not.
    pub(super) fn assemble(
        &self,
        key: &ObjectKey,
        id: &MultipartId,
        parts: &[Part],
        least: u64,
    ) -> StoreResult<(Bytes, ETag, Attributes)> {
        let upload = self.find(key, id)?;
        if parts.is_empty() || !parts.is_sorted_by(|one, next| one.number < next.number) {
            return Err(invalid("the parts are not in ascending order, or there are none".to_owned()));
        }
        let mut data = BytesMut::new();
        let mut digests = Md5::new();
        for (place, part) in parts.iter().enumerate() {
            let stored = upload.parts.get(&part.number).filter(|(_, etag)| *etag == part.etag);
            let Some((bytes, _)) = stored else {
                return Err(invalid(format!("part {} is missing or has another ETag", part.number)));
            };
            if (bytes.len() as u64) < least && place + 1 < parts.len() {
                return Err(invalid(format!("part {} is smaller than {least} bytes", part.number)));
            }
            data.extend_from_slice(bytes);
            digests.update(Md5::digest(bytes));
        }
        let etag = ETag(format!("\"{}-{}\"", hex::encode(digests.finalize()), parts.len()));
        Ok((data.freeze(), etag, upload.attributes.clone()))
    }

    pub(super) fn complete(&mut self, id: &MultipartId, etag: &ETag) {
        if let Some(upload) = self.open.remove(&id.0) {
            self.completed.insert(id.0.clone(), (upload.key, etag.clone()));
        }
    }

    /// The ETag that a Complete of this upload answered.
    pub(super) fn completed(&self, key: &ObjectKey, id: &MultipartId) -> Option<ETag> {
        let (of, etag) = self.completed.get(&id.0)?;
        (of == key).then(|| etag.clone())
    }

    pub(super) fn abort(&mut self, key: &ObjectKey, id: &MultipartId) {
        if self.find(key, id).is_ok() {
            self.forget(id);
        }
    }

    pub(super) fn forget(&mut self, id: &MultipartId) {
        self.open.remove(&id.0);
    }

    pub(super) fn of(&self, key: &ObjectKey) -> Vec<Unfinished> {
        self.open.iter().filter(|(_, upload)| upload.key == *key).map(unfinished).collect()
    }

    /// A page of those below `prefix`, by key and id.
    pub(super) fn below(&self, prefix: &KeyPrefix, after: Option<&UnfinishedMarker>) -> UnfinishedPage {
        let place = |upload: &Unfinished| (upload.key.as_str().to_owned(), Some(upload.id.0.clone()));
        let from = after.map(|after| (after.key.clone(), after.id.clone()));
        let below = self.open.iter().filter(|(_, upload)| prefix.rest(&upload.key).is_some()).map(unfinished);
        let mut left: Vec<_> = below.filter(|upload| from.as_ref().is_none_or(|from| place(upload) > *from)).collect();
        left.sort_by_key(place);
        let goes_on = left.len() > PAGE;
        left.truncate(PAGE);
        let last = left.last().map(place).filter(|_| goes_on);
        UnfinishedPage { uploads: left, next: last.map(|(key, id)| UnfinishedMarker { key, id }) }
    }

    pub(super) fn all(&self) -> Vec<(ObjectKey, MultipartId)> {
        self.open.iter().map(|(id, upload)| (upload.key.clone(), MultipartId(id.clone()))).collect()
    }

    fn find(&self, key: &ObjectKey, id: &MultipartId) -> StoreResult<&Upload> {
        self.open.get(&id.0).filter(|upload| upload.key == *key).ok_or_else(|| unknown(id))
    }
}

fn unfinished((id, upload): (&String, &Upload)) -> Unfinished {
    Unfinished { key: upload.key.clone(), id: MultipartId(id.clone()), initiated: upload.initiated }
}

fn unknown(id: &MultipartId) -> StoreError {
    StoreError::new(StoreErrorKind::NoSuchUpload, format!("no upload `{}`", id.0))
}

fn invalid(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::InvalidPart, message)
}
