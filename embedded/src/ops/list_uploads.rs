//! ListParts and ListMultipartUploads.

use std::ops::ControlFlow;

use s3s::dto::{
    ChecksumAlgorithm, ETag, Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::buckets::owner;
use super::list::{Query, Spelling, after_all, common_prefix, common_prefixes, page_size};
use super::signed;
use crate::checksums::{Scope, set_sums};
use crate::index::bucket;
use crate::index::upload::{self, Listed};
use crate::store::Inner;

/// Greater than every upload id: those are hexadecimal.
const AFTER_ALL_IDS: &str = "~";

fn initiator() -> Initiator {
    let owner = owner();
    Initiator { display_name: owner.display_name, id: owner.id }
}

fn standard() -> Option<StorageClass> {
    Some(StorageClass::from_static(StorageClass::STANDARD))
}

fn part(stored: upload::Part) -> Part {
    let mut part = Part {
        part_number: Some(stored.number),
        e_tag: Some(ETag::Strong(stored.etag)),
        size: Some(signed(stored.size)),
        last_modified: Some(stored.modified.into()),
        ..Part::default()
    };
    set_sums!(part, stored.sums);
    part
}

/// The parts of an open upload, by number.
pub(crate) async fn parts(store: &Inner, request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let most = page_size(input.max_parts)?;
    let after = input.part_number_marker.unwrap_or_default();
    let (bucket_name, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    let look = move |conn: &rusqlite::Connection| {
        let upload = upload::get(conn, bucket::find(conn, &bucket_name)?, &key, &id)?;
        Ok((upload.plan, upload::parts(conn, &id, after, i64::from(most) + 1)?))
    };
    let (plan, mut parts) = store.readers.read(look).await?;
    let most_here = usize::try_from(most).unwrap_or_default();
    let is_truncated = most > 0 && parts.len() > most_here;
    parts.truncate(most_here);
    let next = if is_truncated { parts.last().map(|part| part.number) } else { None };
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(after),
        next_part_number_marker: next,
        max_parts: Some(most),
        is_truncated: Some(is_truncated),
        parts: Some(parts.into_iter().map(part).collect()),
        checksum_algorithm: plan.algorithm.map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: plan.scope.map(Scope::dto),
        initiator: Some(initiator()),
        owner: Some(owner()),
        storage_class: standard(),
        ..ListPartsOutput::default()
    }))
}

/// One page of open uploads.
#[derive(Debug, Default)]
struct Page {
    uploads: Vec<Listed>,
    prefixes: Vec<String>,
    /// Key and id of the last line, when there are more.
    next: Option<(String, String)>,
}

impl Page {
    fn read(conn: &rusqlite::Connection, name: &str, query: &Query, mut from: (Vec<u8>, String)) -> S3Result<Self> {
        let bucket = bucket::find(conn, name)?;
        let (mut page, mut last) = (Self::default(), None);
        let end = after_all(query.prefix.as_bytes());
        if query.most == 0 {
            return Ok(page);
        }
        loop {
            let (mut jump, mut full) = (None, false);
            upload::scan(conn, bucket, (&from.0, &from.1), &end, |listed| {
                if page.uploads.len() + page.prefixes.len() == query.most {
                    full = true;
                    return ControlFlow::Break(());
                }
                if let Some(prefix) = common_prefix(&listed.key, &query.prefix, query.delimiter.as_deref()) {
                    jump = Some((after_all(prefix.as_bytes()), String::new()));
                    page.prefixes.push(prefix.to_owned());
                    last = Some((prefix.to_owned(), String::new()));
                    return ControlFlow::Break(());
                }
                last = Some((listed.key.clone(), listed.id.clone()));
                page.uploads.push(listed);
                ControlFlow::Continue(())
            })?;
            match jump {
                Some(next) => from = next,
                None => {
                    page.next = last.filter(|_| full);
                    return Ok(page);
                }
            }
        }
    }
}

/// Where a page begins: after all uploads of the marker's key, or after one of them.
fn start(query: &Query, upload_id: Option<&str>) -> (Vec<u8>, String) {
    match (query.after.as_deref(), upload_id) {
        (Some(key), Some(id)) if key >= query.prefix.as_str() => (key.as_bytes().to_vec(), id.to_owned()),
        (Some(key), _) => {
            let start = query.start();
            let same_key = start == [key.as_bytes(), &[0]].concat();
            if same_key { (key.as_bytes().to_vec(), AFTER_ALL_IDS.to_owned()) } else { (start, String::new()) }
        }
        (None, _) => (query.start(), String::new()),
    }
}

fn line(listed: Listed, spelling: Spelling) -> MultipartUpload {
    MultipartUpload {
        key: Some(spelling.write(listed.key)),
        upload_id: Some(listed.id),
        initiated: Some(listed.created.into()),
        checksum_algorithm: listed.plan.algorithm.map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: listed.plan.scope.map(Scope::dto),
        initiator: Some(initiator()),
        owner: Some(owner()),
        storage_class: standard(),
    }
}

/// The open uploads, by key and then by age.
pub(crate) async fn uploads(
    store: &Inner,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let spelling = Spelling::read(input.encoding_type.as_ref())?;
    let most = page_size(input.max_uploads)?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let id_marker = input.upload_id_marker.filter(|id| !id.is_empty());
    if id_marker.as_deref().is_some_and(|id| !id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(s3_error!(InvalidArgument, "the upload id marker is not valid"));
    }
    let query = Query {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone(),
        after: input.key_marker.clone().filter(|marker| !marker.is_empty()),
        most: usize::try_from(most).unwrap_or_default(),
    };
    let from = start(&query, id_marker.as_deref());
    let name = input.bucket.clone();
    let page = store.readers.read(move |conn| Page::read(conn, &name, &query, from)).await?;
    let is_truncated = Some(page.next.is_some());
    let (next_key, next_id) = page.next.unzip();
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(spelling.write(input.prefix.unwrap_or_default())),
        delimiter: delimiter.map(|delimiter| spelling.write(delimiter)),
        encoding_type: input.encoding_type,
        key_marker: Some(spelling.write(input.key_marker.unwrap_or_default())),
        upload_id_marker: Some(id_marker.unwrap_or_default()),
        next_key_marker: next_key.map(|key| spelling.write(key)),
        next_upload_id_marker: next_id.filter(|id| !id.is_empty()),
        max_uploads: Some(most),
        is_truncated,
        uploads: Some(page.uploads.into_iter().map(|listed| line(listed, spelling)).collect()),
        common_prefixes: common_prefixes(page.prefixes, spelling),
        request_charged: None,
    }))
}
