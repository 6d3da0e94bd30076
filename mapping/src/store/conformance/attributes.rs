//! What is stored beside the bytes: type, metadata, tags.

use super::Check;
use super::bench::{Bench, Checked, holds, map, refused, same};
use crate::store::{Attributes, Body, Condition, GetOptions, StoreErrorKind};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "type and metadata come back", run: |bench| Box::pin(come_back(bench)) },
    Check { name: "tags come back", run: |bench| Box::pin(tags(bench)) },
    Check { name: "tags are replaced and bytes stay", run: |bench| Box::pin(retagged(bench)) },
    Check { name: "an overwrite clears metadata", run: |bench| Box::pin(overwritten(bench)) },
    Check { name: "an overwrite clears tags", run: |bench| Box::pin(untagged(bench)) },
    Check { name: "an upload carries its attributes", run: |bench| Box::pin(upload(bench)) },
    Check { name: "attributes that would not come back are refused", run: |bench| Box::pin(unprintable(bench)) },
];

fn attributes() -> Attributes {
    Attributes {
        content_type: Some("text/plain; charset=utf-8".to_owned()),
        metadata: map(&[("fb-stamp", "a1B2"), ("note", "a = b; c, \"d\" %20 +")]),
        tags: map(&[("fb-kind", "folder"), ("owner", "a b+c=d.e_f:g/h@i-j"), ("empty", "")]),
    }
}

async fn put(bench: &Bench, attributes: Attributes) -> Checked {
    bench.store.put(&bench.key("x"), Body::from(b"x".to_vec()), attributes, Condition::Always).await?;
    Ok(())
}

async fn come_back(bench: &Bench) -> Checked {
    let attributes = attributes();
    put(bench, attributes.clone()).await?;
    let head = bench.store.head(&bench.key("x")).await?;
    let get = bench.store.get(&bench.key("x"), GetOptions::default()).await?.meta;
    for (how, meta) in [("head", head), ("get", get)] {
        same(&format!("{how}'s type"), &meta.content_type, &attributes.content_type)?;
        same(&format!("{how}'s metadata"), &meta.metadata, &attributes.metadata)?;
    }
    Ok(())
}

async fn tags(bench: &Bench) -> Checked {
    put(bench, attributes()).await?;
    same("the tags", &bench.store.tags(&bench.key("x")).await?, &attributes().tags)?;
    put(bench, Attributes::default()).await
}

async fn retagged(bench: &Bench) -> Checked {
    put(bench, attributes()).await?;
    let before = bench.store.head(&bench.key("x")).await?;
    let ten: Vec<_> = (0..10).map(|number| format!("tag{number}")).collect();
    let ten = ten.iter().map(|name| (name.clone(), "v".to_owned())).collect();
    for tags in [map(&[("fb-state", "deleted")]), ten, map(&[])] {
        bench.store.set_tags(&bench.key("x"), tags.clone()).await?;
        same("the tags", &bench.store.tags(&bench.key("x")).await?, &tags)?;
    }
    let after = bench.store.head(&bench.key("x")).await?;
    same("ETag and metadata", &(after.etag, after.metadata), &(before.etag, before.metadata))?;
    bench.holds_bytes("x", b"x").await
}

async fn overwritten(bench: &Bench) -> Checked {
    put(bench, attributes()).await?;
    put(bench, Attributes::default()).await?;
    let head = bench.store.head(&bench.key("x")).await?;
    same("the metadata", &head.metadata, &map(&[]))?;
    holds("the type stayed", head.content_type != attributes().content_type)
}

async fn untagged(bench: &Bench) -> Checked {
    put(bench, attributes()).await?;
    put(bench, Attributes::default()).await?;
    same("the tags", &bench.store.tags(&bench.key("x")).await?, &map(&[]))
}

async fn upload(bench: &Bench) -> Checked {
    let upload = bench.store.create_multipart(&bench.key("x"), attributes()).await?;
    let part = bench.put_part("x", &upload, 1, b"x".to_vec()).await?;
    bench.complete("x", &upload, &[part], Condition::Always).await?;
    let head = bench.store.head(&bench.key("x")).await?;
    same("the type", &head.content_type, &attributes().content_type)?;
    same("the metadata", &head.metadata, &attributes().metadata)?;
    same("the tags", &bench.store.tags(&bench.key("x")).await?, &attributes().tags)
}

async fn unprintable(bench: &Bench) -> Checked {
    let eleven: Vec<_> = (0..11).map(|number| number.to_string()).collect();
    let eleven: Vec<_> = eleven.iter().map(|name| (name.as_str(), "v")).collect();
    for bad in [
        Attributes { metadata: map(&[("note", "é")]), ..Attributes::default() },
        Attributes { metadata: map(&[("Note", "x")]), ..Attributes::default() },
        Attributes { tags: map(&eleven), ..Attributes::default() },
    ] {
        let put = bench.store.put(&bench.key("x"), Body::from(vec![1]), bad.clone(), Condition::Always).await;
        refused("a put", put, &[StoreErrorKind::Refused])?;
        let create = bench.store.create_multipart(&bench.key("x"), bad).await;
        refused("an upload", create, &[StoreErrorKind::Refused])?;
    }
    bench.is_missing("x").await
}
