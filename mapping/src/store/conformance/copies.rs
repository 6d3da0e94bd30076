//! Copies inside the store, with attributes and conditions of their own.

use super::Check;
use super::bench::{Bench, Checked, LOST, map, refused, same};
use crate::store::{Attributes, Body, Condition, CopyRequest, ETag, StoreErrorKind, StoreResult};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a copy has the bytes and its own attributes", run: |bench| Box::pin(copied(bench)) },
    Check { name: "a copy without tags has none", run: |bench| Box::pin(untagged(bench)) },
    Check { name: "a copy onto itself changes attributes", run: |bench| Box::pin(onto_itself(bench)) },
    Check { name: "a copy of what changed is refused", run: |bench| Box::pin(changed(bench)) },
    Check { name: "a copy if absent spares what is there", run: |bench| Box::pin(absent(bench)) },
    Check { name: "a copy if matching needs the newest ETag", run: |bench| Box::pin(matching(bench)) },
    Check { name: "an empty object is copied", run: |bench| Box::pin(empty(bench)) },
    Check { name: "a large object is copied", run: |bench| Box::pin(large(bench)) },
];

struct Copying<'b> {
    bench: &'b Bench,
    size: u64,
    from_etag: Option<ETag>,
    attributes: Attributes,
}

impl<'b> Copying<'b> {
    fn new(bench: &'b Bench, size: u64) -> Self {
        Self { bench, size, from_etag: None, attributes: Attributes::default() }
    }

    async fn copy(&self, from: &str, to: &str, condition: Condition) -> StoreResult<ETag> {
        let request = CopyRequest {
            from: self.bench.key(from),
            from_etag: self.from_etag.clone(),
            to: self.bench.key(to),
            size: self.size,
            attributes: self.attributes.clone(),
        };
        self.bench.store.copy(request, condition).await
    }
}

fn attributes(value: &str) -> Attributes {
    Attributes {
        content_type: Some(format!("text/{value}")),
        metadata: map(&[("fb-stamp", value)]),
        tags: map(&[("fb-kind", value)]),
    }
}

async fn source(bench: &Bench, bytes: &[u8]) -> StoreResult<ETag> {
    let body = Body::from(bytes.to_vec());
    bench.store.put(&bench.key("from"), body, attributes("old"), Condition::Always).await
}

async fn carries(bench: &Bench, name: &str, value: &str) -> Checked {
    let head = bench.store.head(&bench.key(name)).await?;
    same("the type", &head.content_type, &attributes(value).content_type)?;
    same("the metadata", &head.metadata, &attributes(value).metadata)?;
    same("the tags", &bench.store.tags(&bench.key(name)).await?, &attributes(value).tags)
}

async fn copied(bench: &Bench) -> Checked {
    let bytes = Bench::bytes(100_000, 6);
    let from_etag = source(bench, &bytes).await?;
    let copying = Copying { from_etag: Some(from_etag), attributes: attributes("new"), ..Copying::new(bench, 100_000) };
    let etag = copying.copy("from", "to", Condition::Always).await?;
    bench.holds_bytes("to", &bytes).await?;
    carries(bench, "to", "new").await?;
    carries(bench, "from", "old").await?;
    same("the ETag", &bench.store.head(&bench.key("to")).await?.etag, &etag)
}

async fn untagged(bench: &Bench) -> Checked {
    source(bench, b"12345").await?;
    Copying::new(bench, 5).copy("from", "to", Condition::Always).await?;
    same("the tags", &bench.store.tags(&bench.key("to")).await?, &map(&[]))?;
    same("the metadata", &bench.store.head(&bench.key("to")).await?.metadata, &map(&[]))
}

async fn onto_itself(bench: &Bench) -> Checked {
    source(bench, b"12345").await?;
    let copying = Copying { attributes: attributes("new"), ..Copying::new(bench, 5) };
    copying.copy("from", "from", Condition::Always).await?;
    carries(bench, "from", "new").await?;
    bench.holds_bytes("from", b"12345").await
}

async fn changed(bench: &Bench) -> Checked {
    let old = source(bench, b"12345").await?;
    source(bench, b"67890").await?;
    let copying = Copying { from_etag: Some(old), ..Copying::new(bench, 5) };
    for condition in [Condition::Always, Condition::Absent] {
        let copy = copying.copy("from", "to", condition).await;
        refused("a copy of an old ETag", copy, &[StoreErrorKind::PreconditionFailed])?;
    }
    let copy = Copying::new(bench, 5).copy("missing", "to", Condition::Always).await;
    refused("a copy of nothing", copy, &[StoreErrorKind::NotFound])?;
    let copy = Copying::new(bench, 5).copy("missing", "to", Condition::Absent).await;
    refused("a copy of nothing onto nothing", copy, &[StoreErrorKind::NotFound])?;
    bench.is_missing("to").await
}

async fn absent(bench: &Bench) -> Checked {
    source(bench, b"12345").await?;
    let copying = Copying { attributes: attributes("new"), ..Copying::new(bench, 5) };
    copying.copy("from", "to", Condition::Absent).await?;
    carries(bench, "to", "new").await?;
    source(bench, b"67890").await?;
    refused("a second copy", copying.copy("from", "to", Condition::Absent).await, LOST)?;
    bench.holds_bytes("to", b"12345").await
}

async fn matching(bench: &Bench) -> Checked {
    source(bench, b"12345").await?;
    let (old, new) = (bench.put("to", "old").await?, bench.put("to", "new").await?);
    let copying = Copying::new(bench, 5);
    refused("a copy against an old ETag", copying.copy("from", "to", Condition::Matches(old)).await, LOST)?;
    bench.holds_bytes("to", b"new").await?;
    copying.copy("from", "to", Condition::Matches(new.clone())).await?;
    bench.holds_bytes("to", b"12345").await?;
    bench.store.delete(&bench.key("to"), Condition::Always).await?;
    refused("a copy against nothing", copying.copy("from", "to", Condition::Matches(new)).await, LOST)?;
    bench.is_missing("to").await
}

async fn empty(bench: &Bench) -> Checked {
    source(bench, b"").await?;
    let copying = Copying { attributes: attributes("new"), ..Copying::new(bench, 0) };
    for (to, condition) in [("to", Condition::Always), ("other", Condition::Absent)] {
        copying.copy("from", to, condition).await?;
        bench.holds_bytes(to, b"").await?;
        carries(bench, to, "new").await?;
    }
    refused("a second copy", copying.copy("from", "other", Condition::Absent).await, LOST)
}

/// Two parts and a half, for a store that is told to copy this by parts.
async fn large(bench: &Bench) -> Checked {
    let size = bench.options.least_part * 5 / 2;
    let bytes = Bench::bytes(size, 7);
    let from_etag = Some(source(bench, &bytes).await?);
    let copying = Copying { from_etag, attributes: attributes("new"), ..Copying::new(bench, size) };
    copying.copy("from", "to", Condition::Absent).await?;
    bench.holds_bytes("to", &bytes).await?;
    carries(bench, "to", "new").await?;
    refused("a second copy", copying.copy("from", "to", Condition::Absent).await, LOST)?;
    let stale = Copying { from_etag: Some(ETag("\"stale\"".to_owned())), ..Copying::new(bench, size) };
    refused("a copy of an old ETag", stale.copy("from", "to", Condition::Always).await, LOST)?;
    bench.holds_bytes("to", &bytes).await
}
