//! ListObjectsV2 and ListObjects. Keys come in byte order, and a page costs what the page holds: a common
//! prefix is not walked through but jumped over.

use std::ops::ControlFlow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::buckets::owner;
use super::signed;
use crate::checksums::Scope;
use crate::index::bucket;
use crate::index::object::{self, Listed};
use crate::store::Inner;

/// The most that one page holds.
const MOST: i32 = 1000;

/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// How names are written into an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spelling {
    url: bool,
}

impl Spelling {
    /// Reads the `encoding-type` of a request.
    pub(crate) fn read(encoding: Option<&EncodingType>) -> S3Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self { url: false }),
            Some(EncodingType::URL) => Ok(Self { url: true }),
            Some(_) => Err(s3_error!(InvalidArgument, "encoding-type can only be url")),
        }
    }

    /// Writes a name.
    pub(crate) fn write(self, name: String) -> String {
        if self.url { utf8_percent_encode(&name, PLAIN).to_string() } else { name }
    }
}

/// Reads a page size: absent is the most, more is the most.
pub(crate) fn page_size(asked: Option<i32>) -> S3Result<i32> {
    match asked {
        Some(asked) if asked < 0 => Err(s3_error!(InvalidArgument, "the size of a page is not negative")),
        asked => Ok(asked.unwrap_or(MOST).min(MOST)),
    }
}

/// The first byte string after all that begin with `prefix`.
pub(crate) fn after_all(prefix: &[u8]) -> Vec<u8> {
    let mut bound = prefix.to_vec();
    while let Some(last) = bound.pop() {
        if last < u8::MAX {
            bound.push(last + 1);
            return bound;
        }
    }
    // Keys are UTF-8 and never contain this byte.
    vec![u8::MAX]
}

/// The common prefix of a key: up to and with the first delimiter after the prefix.
pub(crate) fn common_prefix<'k>(key: &'k str, prefix: &str, delimiter: Option<&str>) -> Option<&'k str> {
    let delimiter = delimiter?;
    let rest = key.strip_prefix(prefix)?;
    let at = rest.find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

/// What a page is to hold.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<String>,
    /// The page begins after this name, which may be a common prefix.
    pub(crate) after: Option<String>,
    pub(crate) most: usize,
}

impl Query {
    /// The first key that may be on the page.
    pub(crate) fn start(&self) -> Vec<u8> {
        let Some(after) = self.after.as_deref() else { return self.prefix.clone().into_bytes() };
        let start = match common_prefix(after, &self.prefix, self.delimiter.as_deref()) {
            Some(prefix) if prefix == after => after_all(after.as_bytes()),
            Some(_) | None => [after.as_bytes(), &[0]].concat(),
        };
        start.max(self.prefix.clone().into_bytes())
    }
}

/// One page.
#[derive(Debug, Default)]
struct Page {
    objects: Vec<Listed>,
    prefixes: Vec<String>,
    /// Where the next page goes on; none when this is the last.
    next: Option<String>,
}

impl Page {
    fn read(conn: &rusqlite::Connection, name: &str, query: &Query) -> S3Result<Self> {
        let bucket = bucket::find(conn, name)?;
        let (mut page, mut last) = (Self::default(), None);
        if query.most == 0 {
            return Ok(page);
        }
        let (mut from, end) = (query.start(), after_all(query.prefix.as_bytes()));
        loop {
            let (mut jump, mut full) = (None, false);
            object::scan(conn, bucket, (&from, &end), |listed| {
                if page.objects.len() + page.prefixes.len() == query.most {
                    full = true;
                    return ControlFlow::Break(());
                }
                if let Some(prefix) = common_prefix(&listed.key, &query.prefix, query.delimiter.as_deref()) {
                    jump = Some(after_all(prefix.as_bytes()));
                    page.prefixes.push(prefix.to_owned());
                    last = Some(prefix.to_owned());
                    return ControlFlow::Break(());
                }
                last = Some(listed.key.clone());
                page.objects.push(listed);
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

fn objects(listed: Vec<Listed>, spelling: Spelling, with_owner: bool) -> Vec<Object> {
    let object = |listed: Listed| {
        let algorithms: Vec<_> =
            listed.sums.sums.algorithms().map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name())).collect();
        Object {
            key: Some(spelling.write(listed.key)),
            e_tag: Some(ETag::Strong(listed.etag)),
            size: Some(signed(listed.size)),
            last_modified: Some(listed.modified.into()),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            checksum_type: listed.sums.scope.map(Scope::dto),
            checksum_algorithm: (!algorithms.is_empty()).then_some(algorithms),
            owner: with_owner.then(owner),
            restore_status: None,
        }
    };
    listed.into_iter().map(object).collect()
}

/// Common prefixes as an answer lists them.
pub(crate) fn common_prefixes(prefixes: Vec<String>, spelling: Spelling) -> Option<Vec<CommonPrefix>> {
    let all: Vec<_> =
        prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(spelling.write(prefix)) }).collect();
    (!all.is_empty()).then_some(all)
}

async fn page(store: &Inner, bucket: String, query: Query) -> S3Result<Page> {
    store.readers.read(move |conn| Page::read(conn, &bucket, &query)).await
}

fn read_token(token: &str) -> S3Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.ok_or_else(|| s3_error!(InvalidArgument, "the continuation token provided is incorrect"))
}

/// ListObjectsV2. The continuation token is the last name of the page before, in base64.
pub(crate) async fn v2(
    store: &Inner,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let spelling = Spelling::read(input.encoding_type.as_ref())?;
    let most = page_size(input.max_keys)?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let token = input.continuation_token.as_deref().map(read_token).transpose()?;
    let query = Query {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone(),
        after: token.or_else(|| input.start_after.clone()),
        most: usize::try_from(most).unwrap_or_default(),
    };
    let page = page(store, input.bucket.clone(), query).await?;
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(spelling.write(input.prefix.unwrap_or_default())),
        delimiter: delimiter.map(|delimiter| spelling.write(delimiter)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|after| spelling.write(after)),
        continuation_token: input.continuation_token,
        max_keys: Some(most),
        key_count: i32::try_from(page.objects.len() + page.prefixes.len()).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(|next| URL_SAFE_NO_PAD.encode(next)),
        contents: Some(objects(page.objects, spelling, input.fetch_owner.unwrap_or_default())),
        common_prefixes: common_prefixes(page.prefixes, spelling),
        request_charged: None,
    }))
}

/// ListObjects, the older form. As S3 does it, the next marker is given only with a delimiter.
pub(crate) async fn v1(store: &Inner, request: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let spelling = Spelling::read(input.encoding_type.as_ref())?;
    let most = page_size(input.max_keys)?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let query = Query {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone(),
        after: input.marker.clone().filter(|marker| !marker.is_empty()),
        most: usize::try_from(most).unwrap_or_default(),
    };
    let page = page(store, input.bucket.clone(), query).await?;
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(spelling.write(input.prefix.unwrap_or_default())),
        marker: Some(spelling.write(input.marker.unwrap_or_default())),
        encoding_type: input.encoding_type,
        max_keys: Some(most),
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.filter(|_| delimiter.is_some()).map(|next| spelling.write(next)),
        delimiter: delimiter.map(|delimiter| spelling.write(delimiter)),
        contents: Some(objects(page.objects, spelling, true)),
        common_prefixes: common_prefixes(page.prefixes, spelling),
        request_charged: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_lies_after_all_that_begin_with_the_prefix() {
        let cases: [(&[u8], &[u8]); 4] =
            [(b"a/", b"a0"), (b"", b"\xff"), (b"a\xff", b"b"), ("ä".as_bytes(), b"\xc3\xa5")];
        for (prefix, bound) in cases {
            assert_eq!(after_all(prefix), bound);
        }
    }

    #[test]
    fn a_page_after_a_common_prefix_jumps_over_it() {
        let query = |after: &str| Query {
            prefix: "p/".to_owned(),
            delimiter: Some("/".to_owned()),
            after: Some(after.to_owned()),
            most: 1,
        };
        assert_eq!(query("p/a/").start(), b"p/a0");
        assert_eq!(query("p/a/b").start(), b"p/a/b\0");
        assert_eq!(query("p/a").start(), b"p/a\0");
        assert_eq!(query("a").start(), b"p/");
    }
}
