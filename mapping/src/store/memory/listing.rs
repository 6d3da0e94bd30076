//! Pages of a bucket in memory, as ListObjectsV2 answers them.

use std::ops::Bound;

use super::objects::{Objects, Stored};
use crate::key::ObjectKey;
use crate::store::{ListPage, ListRequest, Listed, StoreError, StoreErrorKind, StoreResult};

/// One page of the bucket.
pub(super) fn page(objects: &Objects, request: &ListRequest) -> StoreResult<ListPage> {
    if !(1..=1000).contains(&request.limit) {
        return Err(StoreError::new(StoreErrorKind::Refused, "a page has 1 to 1,000 entries"));
    }
    let mut page = ListPage::default();
    let mut from = start(request)?;
    let mut last = String::new();
    while let Some((key, stored)) = next(objects, request, from) {
        if page.objects.len() + page.prefixes.len() == usize::from(request.limit) {
            page.next = Some(hex::encode(&last));
            break;
        }
        let common = common_prefix(request, key);
        last = common.clone().unwrap_or_else(|| key.clone());
        if let Some(prefix) = common {
            from = behind(&prefix);
            page.prefixes.push(prefix);
        } else {
            from = Bound::Excluded(key.clone());
            page.objects.push(listed(key, stored));
        }
    }
    Ok(page)
}

/// The first key at or behind `from` that is below the prefix.
fn next<'o>(objects: &'o Objects, request: &ListRequest, from: Bound<String>) -> Option<(&'o String, &'o Stored)> {
    objects.behind(from).next().filter(|(key, _)| key.starts_with(request.prefix.as_str()))
}

fn start(request: &ListRequest) -> StoreResult<Bound<String>> {
    let prefix = request.prefix.as_str();
    let after = match (&request.token, &request.start_after) {
        (Some(token), _) => {
            let text = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            Some(text.ok_or_else(|| StoreError::new(StoreErrorKind::Refused, "not a token of this store"))?)
        }
        (None, after) => after.clone(),
    };
    let after = after.filter(|after| after.as_str() >= prefix);
    Ok(match after {
        // The marker of the listed directory itself is a key, not something to skip all of.
        Some(after) if after == prefix => Bound::Excluded(after),
        Some(after) if request.delimited => behind(&after),
        Some(after) => Bound::Excluded(after),
        None => Bound::Included(prefix.to_owned()),
    })
}

/// Behind `entry`, and behind all that a common prefix stands for.
fn behind(entry: &str) -> Bound<String> {
    // `0` is the character after `/`.
    entry
        .strip_suffix('/')
        .map_or_else(|| Bound::Excluded(entry.to_owned()), |stem| Bound::Included(format!("{stem}0")))
}

fn common_prefix(request: &ListRequest, key: &str) -> Option<String> {
    let prefix = request.prefix.as_str();
    let slash = key[prefix.len()..].find('/').filter(|_| request.delimited)?;
    Some(key[..=prefix.len() + slash].to_owned())
}

fn listed(key: &str, stored: &Stored) -> Listed {
    Listed {
        key: ObjectKey::listed(key.to_owned()),
        size: stored.data.len() as u64,
        etag: stored.etag.clone(),
        modified: stored.modified,
    }
}
