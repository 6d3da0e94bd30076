//! Bodies that stream, break, or are not as long as announced.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::task::JoinSet;

use super::Check;
use super::bench::{Bench, Checked, Difference, collect, holds, refused, same, streamed};
use crate::store::{Attributes, Body, BodyStream, Condition, ETag, GetOptions, StoreErrorKind, StoreResult};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a streamed body is stored", run: |bench| Box::pin(stored(bench)) },
    Check { name: "a broken body leaves nothing", run: |bench| Box::pin(broken(bench)) },
    Check { name: "a broken body leaves the old object", run: |bench| Box::pin(old_stays(bench)) },
    Check { name: "a broken part is no part", run: |bench| Box::pin(broken_part(bench)) },
    Check { name: "a reader sees the old object or the new one", run: |bench| Box::pin(atomic(bench)) },
];

const SIZE: u64 = 150_000;

fn breaks_after(bytes: &[u8]) -> BodyStream {
    let end = stream::iter([Err(io::Error::new(io::ErrorKind::ConnectionReset, "broken on purpose"))]);
    streamed(bytes).chain(end).boxed()
}

/// Bodies of an announced length that they do not have.
fn bad_bodies() -> [(&'static str, Body); 4] {
    let bytes = Bench::bytes(SIZE, 3);
    let replayed = bytes.clone();
    [
        ("a body that breaks", Body::once(SIZE, breaks_after(&bytes[..50_000]))),
        ("a body that breaks whenever it is sent", Body::replay(SIZE, Arc::new(move || breaks_after(&replayed[..9])))),
        ("a short body", Body::once(SIZE + 1, streamed(&bytes))),
        ("a long body", Body::once(SIZE - 1, streamed(&bytes))),
    ]
}

async fn put(bench: &Bench, body: Body) -> StoreResult<ETag> {
    bench.store.put(&bench.key("x"), body, Attributes::default(), Condition::Always).await
}

async fn stored(bench: &Bench) -> Checked {
    let bytes = Bench::bytes(SIZE, 4);
    put(bench, Body::once(SIZE, streamed(&bytes))).await?;
    bench.holds_bytes("x", &bytes).await?;
    let other = Bench::bytes(SIZE, 5);
    let replayed = other.clone();
    put(bench, Body::replay(SIZE, Arc::new(move || streamed(&replayed)))).await?;
    bench.holds_bytes("x", &other).await?;
    put(bench, Body::once(0, stream::empty().boxed())).await?;
    bench.holds_bytes("x", &[]).await
}

async fn broken(bench: &Bench) -> Checked {
    for (what, body) in bad_bodies() {
        refused(what, put(bench, body).await, &[StoreErrorKind::BadBody])?;
        bench.is_missing("x").await?;
    }
    Ok(())
}

async fn old_stays(bench: &Bench) -> Checked {
    let etag = bench.put("x", "old").await?;
    for (what, body) in bad_bodies() {
        refused(what, put(bench, body).await, &[StoreErrorKind::BadBody])?;
        bench.holds_bytes("x", b"old").await?;
        same("the ETag", &bench.store.head(&bench.key("x")).await?.etag, &etag)?;
    }
    Ok(())
}

async fn broken_part(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    for (what, body) in bad_bodies() {
        let part = bench.store.put_part(&bench.key("x"), &upload, 1, body).await;
        refused(what, part, &[StoreErrorKind::BadBody])?;
        same("the parts", &bench.store.list_parts(&bench.key("x"), &upload).await?.len(), &0)?;
    }
    let part = bench.put_part("x", &upload, 1, b"whole".to_vec()).await?;
    bench.complete("x", &upload, &[part], Condition::Always).await?;
    bench.holds_bytes("x", b"whole").await
}

async fn atomic(bench: &Bench) -> Checked {
    let sizes = [400_000, 300_000];
    let versions = sizes.map(|size| Bytes::from(Bench::bytes(size, u8::from(size == sizes[0]))));
    bench.put("x", versions[0].clone()).await?;
    let mut writer = JoinSet::new();
    let (store, key, new) = (Arc::clone(&bench.store), bench.key("x"), versions.clone());
    writer.spawn(async move {
        for round in 0..20 {
            let body = Body::from(new[round % 2].clone());
            store.put(&key, body, Attributes::default(), Condition::Always).await?;
        }
        Ok::<(), crate::store::StoreError>(())
    });
    let mut reads = 0;
    loop {
        let object = bench.store.get(&bench.key("x"), GetOptions::default()).await?;
        let size = object.meta.size;
        let bytes = collect(object.body).await?;
        holds("a reader saw a mixture", versions.iter().any(|version| *version == bytes))?;
        same("the size of what was read", &size, &(bytes.len() as u64))?;
        reads += 1;
        if let Some(done) = writer.try_join_next() {
            done.map_err(|error| Difference(error.to_string()))??;
            return holds("nothing was read meanwhile", reads > 1);
        }
        tokio::task::yield_now().await;
    }
}
