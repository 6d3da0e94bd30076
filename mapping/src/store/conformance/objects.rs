//! Whole objects: put, get, head, delete.

use super::Check;
use super::bench::{Bench, Checked, holds, refused, same};
use crate::store::{Condition, GetOptions, ListRequest, StoreErrorKind};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a put is read back", run: |bench| Box::pin(read_back(bench)) },
    Check { name: "an empty object is an object", run: |bench| Box::pin(empty(bench)) },
    Check { name: "a put over an object replaces it", run: |bench| Box::pin(replaced(bench)) },
    Check { name: "what is missing is not found", run: |bench| Box::pin(missing(bench)) },
    Check { name: "a deleted object is gone, twice", run: |bench| Box::pin(deleted(bench)) },
    Check { name: "a thousand keys are removed at once", run: |bench| Box::pin(removed(bench)) },
];

async fn read_back(bench: &Bench) -> Checked {
    let bytes = Bench::bytes(200_000, 1);
    let etag = bench.put("x", bytes.clone()).await?;
    bench.holds_bytes("x", &bytes).await?;
    let object = bench.store.get(&bench.key("x"), GetOptions::default()).await?;
    same("the range read", &object.range, &(0..200_000))?;
    let head = bench.store.head(&bench.key("x")).await?;
    same("get's view", &object.meta, &head)?;
    same("the size", &head.size, &200_000)?;
    same("the ETag", &head.etag, &etag)?;
    holds("no time of writing", head.modified.as_millis() > 0)
}

async fn empty(bench: &Bench) -> Checked {
    bench.put("x", []).await?;
    same("the size", &bench.store.head(&bench.key("x")).await?.size, &0)?;
    bench.holds_bytes("x", &[]).await?;
    let pages = bench.pages(ListRequest::all(bench.prefix())).await?;
    same("objects listed", &pages.iter().map(|page| page.objects.len()).sum::<usize>(), &1)
}

async fn replaced(bench: &Bench) -> Checked {
    let first = bench.put("x", "first").await?;
    let second = bench.put("x", "second, longer").await?;
    holds("both have one ETag", first != second)?;
    bench.holds_bytes("x", b"second, longer").await
}

async fn missing(bench: &Bench) -> Checked {
    bench.is_missing("x").await?;
    let (key, gone) = (bench.key("x"), &[StoreErrorKind::NotFound]);
    refused("get", bench.store.get(&key, GetOptions::default()).await, gone)?;
    refused("tags", bench.store.tags(&key).await, gone)?;
    refused("set tags", bench.store.set_tags(&key, super::bench::map(&[("a", "b")])).await, gone)
}

async fn deleted(bench: &Bench) -> Checked {
    bench.put("x", "x").await?;
    for _ in 0..2 {
        bench.store.delete(&bench.key("x"), Condition::Always).await?;
        bench.is_missing("x").await?;
    }
    Ok(())
}

async fn removed(bench: &Bench) -> Checked {
    for name in ["1", "500", "999", "kept"] {
        bench.put(name, name).await?;
    }
    let keys: Vec<_> = (0..1000).map(|number| bench.key(&number.to_string())).collect();
    same("keys not removed", &bench.store.delete_many(&keys).await?.len(), &0)?;
    for name in ["1", "500", "999"] {
        bench.is_missing(name).await?;
    }
    bench.holds_bytes("kept", b"kept").await?;
    same("keys of none not removed", &bench.store.delete_many(&[]).await?.len(), &0)?;
    let many = [keys, vec![bench.key("kept")]].concat();
    refused("removing 1,001 keys", bench.store.delete_many(&many).await, &[StoreErrorKind::Refused])
}
