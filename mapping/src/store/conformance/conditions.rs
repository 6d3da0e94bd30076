//! Conditions on writes, one writer at a time. The races are elsewhere.

use super::Check;
use super::bench::{Bench, Checked, LOST, refused, same};
use crate::store::Condition;

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a put if absent is done once", run: |bench| Box::pin(absent(bench)) },
    Check { name: "a put if matching needs the newest ETag", run: |bench| Box::pin(matching(bench)) },
    Check { name: "a put if matching needs an object", run: |bench| Box::pin(nothing_matches(bench)) },
    Check { name: "a delete if matching spares another object", run: |bench| Box::pin(deletes(bench)) },
];

async fn absent(bench: &Bench) -> Checked {
    bench.put_if("x", "first", Condition::Absent).await?;
    refused("a second put", bench.put_if("x", "second", Condition::Absent).await, LOST)?;
    bench.holds_bytes("x", b"first").await?;
    bench.store.delete(&bench.key("x"), Condition::Always).await?;
    bench.put_if("x", "third", Condition::Absent).await?;
    bench.holds_bytes("x", b"third").await
}

async fn matching(bench: &Bench) -> Checked {
    let first = bench.put("x", "first").await?;
    let second = bench.put_if("x", "second", Condition::Matches(first.clone())).await?;
    refused("a put against an old ETag", bench.put_if("x", "third", Condition::Matches(first)).await, LOST)?;
    bench.holds_bytes("x", b"second").await?;
    same("the ETag", &bench.store.head(&bench.key("x")).await?.etag, &second)
}

async fn nothing_matches(bench: &Bench) -> Checked {
    let gone = bench.put("x", "x").await?;
    bench.store.delete(&bench.key("x"), Condition::Always).await?;
    refused("a put against nothing", bench.put_if("x", "y", Condition::Matches(gone)).await, LOST)?;
    bench.is_missing("x").await
}

async fn deletes(bench: &Bench) -> Checked {
    let old = bench.put("x", "old").await?;
    let new = bench.put("x", "new").await?;
    let stale = bench.store.delete(&bench.key("x"), Condition::Matches(old)).await;
    refused("a delete against an old ETag", stale, LOST)?;
    bench.holds_bytes("x", b"new").await?;
    bench.store.delete(&bench.key("x"), Condition::Matches(new.clone())).await?;
    bench.is_missing("x").await?;
    refused("a delete against nothing", bench.store.delete(&bench.key("x"), Condition::Matches(new)).await, LOST)
}
