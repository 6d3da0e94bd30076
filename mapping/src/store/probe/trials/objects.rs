//! Whether what is put comes back: metadata, tags, ranges, listings, copies under any name.

use std::collections::{BTreeMap, BTreeSet};

use super::Seen;
use crate::key::KeyPrefix;
use crate::store::probe::bench::Bench;
use crate::store::{Attributes, Body, Condition, CopyRequest, ListPage, ListRequest, StoreErrorKind, StoreResult};

/// Names that are spelled otherwise in a URL, in a header and in a listing.
const NAMES: [&str; 4] = ["a b", "a+b", "50% & more?#=;,'()!*", "\u{65e5}\u{672c}\u{8a9e} \u{e9}.txt"];

impl Bench<'_> {
    pub(super) async fn keeps_metadata(&self) -> StoreResult<bool> {
        let metadata = BTreeMap::from([("fb-stamp".to_owned(), "a1 B2".to_owned())]);
        let attributes = Attributes { metadata: metadata.clone(), ..Attributes::default() };
        self.store.put(&self.key("metadata"), Body::from(vec![b'x']), attributes, Condition::Always).await?;
        Ok(self.store.head(&self.key("metadata")).await?.metadata == metadata)
    }

    pub(super) async fn keeps_tags(&self) -> StoreResult<bool> {
        let tags = BTreeMap::from([("fb-kind".to_owned(), "probe".to_owned())]);
        let attributes = Attributes { tags: tags.clone(), ..Attributes::default() };
        let put = self.store.put(&self.key("tags"), Body::from(vec![b'x']), attributes, Condition::Always).await;
        let found = match put {
            Ok(_) => self.store.tags(&self.key("tags")).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => Ok(found == tags),
            // 501, 403 or 404: no tags, or none for us.
            Err(error)
                if matches!(
                    error.kind(),
                    StoreErrorKind::Refused | StoreErrorKind::AccessDenied | StoreErrorKind::NotFound
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn reads_ranges(&self) -> StoreResult<bool> {
        self.put("range", "0123456789", Condition::Always).await?;
        match self.range("range", Some(3..5)).await {
            Ok(text) => Ok(text == "34"),
            Err(error) if error.kind() == StoreErrorKind::Refused => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn lists_pages(&self) -> StoreResult<Seen> {
        for name in ["list/a", "list/b/1", "list/b/2", "list/c"] {
            self.put(name, "x", Condition::Always).await?;
        }
        let prefix = KeyPrefix::scratch(&format!("{}/list", self.run));
        let folded = ListRequest { delimited: true, limit: 1, ..ListRequest::all(prefix.clone()) };
        for (request, names) in [
            (folded, vec!["list/a", "list/b/", "list/c"]),
            (ListRequest { limit: 1, ..ListRequest::all(prefix) }, vec!["list/a", "list/b/1", "list/b/2", "list/c"]),
        ] {
            let how = if request.delimited { "with a delimiter" } else { "without a delimiter" };
            let expected: BTreeSet<_> = names.iter().map(|name| self.key(name).to_string()).collect();
            let Some(entries) = self.pages(&request, names.len() + 1).await? else {
                return Ok(Seen::not(format!("pages of one entry {how} do not end")));
            };
            if entries.len() != expected.len() || entries.iter().cloned().collect::<BTreeSet<_>>() != expected {
                return Ok(Seen::not(format!("pages of one entry {how} hold {} of {}", entries.len(), names.len())));
            }
            for (place, entry) in entries.iter().enumerate() {
                let after = ListRequest { start_after: Some(entry.clone()), limit: 1000, ..request.clone() };
                let rest: BTreeSet<_> = names_of(self.store.list(after).await?).into_iter().collect();
                if rest != entries[place + 1..].iter().cloned().collect() {
                    return Ok(Seen::not(format!("`start-after` {how} does not start after what it names")));
                }
            }
        }
        Ok(true.into())
    }

    /// Everything that is listed, page by page; `None` when that takes more than `most` pages.
    async fn pages(&self, request: &ListRequest, most: usize) -> StoreResult<Option<Vec<String>>> {
        let (mut entries, mut token) = (Vec::new(), None);
        for _ in 0..most {
            let page = self.store.list(ListRequest { token, ..request.clone() }).await?;
            token = page.next.clone();
            entries.extend(names_of(page));
            if token.is_none() {
                return Ok(Some(entries));
            }
        }
        Ok(None)
    }

    pub(super) async fn copies_any_name(&self) -> StoreResult<Seen> {
        for (number, name) in NAMES.into_iter().enumerate() {
            let (from, to) = (format!("names/{name}"), format!("names/copy of {name}"));
            let text = format!("text {number}");
            self.put(&from, &text, Condition::Always).await?;
            let size = text.len() as u64;
            let attributes = Attributes::default();
            let request = CopyRequest { from: self.key(&from), from_etag: None, to: self.key(&to), size, attributes };
            match self.store.copy(request, Condition::Always).await {
                Ok(_) => {}
                Err(error) if matches!(error.kind(), StoreErrorKind::Refused | StoreErrorKind::NotFound) => {
                    return Ok(Seen::not(format!("`{name}` is not copied: {}", error.message())));
                }
                Err(error) => return Err(error),
            }
            if self.text(&to).await? != text {
                return Ok(Seen::not(format!("the copy of `{name}` is something else")));
            }
        }
        let prefix = KeyPrefix::scratch(&format!("{}/names", self.run));
        let listed: BTreeSet<_> = names_of(self.store.list(ListRequest::all(prefix)).await?).into_iter().collect();
        let missing = NAMES.iter().find(|name| !listed.contains(self.key(&format!("names/{name}")).as_str()));
        Ok(missing.map_or(true.into(), |name| Seen::not(format!("`{name}` is listed under another name"))))
    }
}

fn names_of(page: ListPage) -> Vec<String> {
    page.objects.into_iter().map(|listed| listed.key.to_string()).chain(page.prefixes).collect()
}
