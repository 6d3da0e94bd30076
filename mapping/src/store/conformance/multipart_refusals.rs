//! Multipart uploads that must be refused, and stay usable where that is promised.

use super::Check;
use super::bench::{Bench, Checked, refused};
use crate::store::{Body, Condition, ETag, MultipartId, Part, StoreErrorKind};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "parts with another ETag do not complete", run: |bench| Box::pin(wrong_etag(bench)) },
    Check { name: "parts in the wrong order do not complete", run: |bench| Box::pin(wrong_order(bench)) },
    Check { name: "parts that are missing do not complete", run: |bench| Box::pin(missing(bench)) },
    Check { name: "parts that are too small do not complete", run: |bench| Box::pin(too_small(bench)) },
    Check { name: "an aborted upload is gone, twice", run: |bench| Box::pin(aborted(bench)) },
    Check { name: "an upload that never was is no such upload", run: |bench| Box::pin(unknown(bench)) },
    Check { name: "an upload belongs to its key", run: |bench| Box::pin(other_key(bench)) },
    Check { name: "part numbers outside 1 to 10,000 are refused", run: |bench| Box::pin(numbers(bench)) },
];

const INVALID: &[StoreErrorKind] = &[StoreErrorKind::InvalidPart];
const GONE: &[StoreErrorKind] = &[StoreErrorKind::NoSuchUpload];

async fn wrong_etag(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let part = bench.put_part("x", &upload, 1, b"x".to_vec()).await?;
    let wrong = Part { etag: ETag("\"0123456789abcdef0123456789abcdef\"".to_owned()), ..part.clone() };
    refused("a complete", bench.complete("x", &upload, &[wrong], Condition::Always).await, INVALID)?;
    bench.is_missing("x").await?;
    bench.complete("x", &upload, &[part], Condition::Always).await?;
    bench.holds_bytes("x", b"x").await
}

async fn wrong_order(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let first = bench.put_part("x", &upload, 1, bench.part(1)).await?;
    let second = bench.put_part("x", &upload, 2, bench.part(2)).await?;
    let parts = [second, first];
    refused("a complete", bench.complete("x", &upload, &parts, Condition::Always).await, INVALID)?;
    bench.is_missing("x").await?;
    bench.store.abort_multipart(&bench.key("x"), &upload).await?;
    Ok(())
}

async fn missing(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let part = bench.put_part("x", &upload, 1, bench.part(1)).await?;
    let parts = [part.clone(), Part { number: 2, ..part }];
    refused("a complete", bench.complete("x", &upload, &parts, Condition::Always).await, INVALID)?;
    bench.is_missing("x").await?;
    bench.store.abort_multipart(&bench.key("x"), &upload).await?;
    Ok(())
}

async fn too_small(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let mut parts = Vec::new();
    for number in 1..=2 {
        parts.push(bench.put_part("x", &upload, number, b"small".to_vec()).await?);
    }
    refused("a complete", bench.complete("x", &upload, &parts, Condition::Always).await, INVALID)?;
    bench.is_missing("x").await?;
    bench.store.abort_multipart(&bench.key("x"), &upload).await?;
    Ok(())
}

/// No request may find the upload.
async fn is_gone(bench: &Bench, name: &str, upload: &MultipartId, part: Part) -> Checked {
    let key = bench.key(name);
    refused("list parts", bench.store.list_parts(&key, upload).await, GONE)?;
    refused("put part", bench.store.put_part(&key, upload, 2, Body::from(vec![1])).await, GONE)?;
    refused("complete", bench.complete(name, upload, &[part], Condition::Always).await, GONE)?;
    bench.is_missing(name).await
}

async fn aborted(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let part = bench.put_part("x", &upload, 1, b"x".to_vec()).await?;
    for _ in 0..2 {
        bench.store.abort_multipart(&bench.key("x"), &upload).await?;
    }
    is_gone(bench, "x", &upload, part).await
}

async fn unknown(bench: &Bench) -> Checked {
    let upload = MultipartId("bm8gc3VjaCB1cGxvYWQ".to_owned());
    let part = Part { number: 1, size: 1, etag: ETag("\"0123456789abcdef0123456789abcdef\"".to_owned()) };
    is_gone(bench, "x", &upload, part).await?;
    bench.store.abort_multipart(&bench.key("x"), &upload).await?;
    Ok(())
}

async fn other_key(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let part = bench.put_part("x", &upload, 1, b"x".to_vec()).await?;
    is_gone(bench, "y", &upload, part.clone()).await?;
    bench.complete("x", &upload, &[part], Condition::Always).await?;
    bench.holds_bytes("x", b"x").await
}

async fn numbers(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    for number in [0, 10_001] {
        let part = bench.put_part("x", &upload, number, b"x".to_vec()).await;
        refused(&format!("part {number}"), part, &[StoreErrorKind::Refused])?;
    }
    bench.store.abort_multipart(&bench.key("x"), &upload).await?;
    Ok(())
}
