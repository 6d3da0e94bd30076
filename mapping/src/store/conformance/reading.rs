//! Ranges, and reads pinned to an ETag.

use std::ops::Range;

use super::Check;
use super::bench::{Bench, Checked, Difference, collect, refused, same};
use crate::store::{ETag, GetOptions, StoreErrorKind};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a range is exactly what was asked for", run: |bench| Box::pin(ranges(bench)) },
    Check { name: "a range past the end is refused", run: |bench| Box::pin(past_the_end(bench)) },
    Check { name: "a pinned read fails once the object changed", run: |bench| Box::pin(pinned(bench)) },
];

fn ranged(range: Range<u64>) -> GetOptions {
    GetOptions { range: Some(range), if_match: None }
}

async fn ranges(bench: &Bench) -> Checked {
    let bytes = Bench::bytes(300_000, 2);
    bench.put("x", bytes.clone()).await?;
    for (range, end) in
        [(0..1, 1), (10..20, 20), (99_990..200_001, 200_001), (299_999..300_000, 300_000), (1..9_999_999, 300_000)]
    {
        let start = range.start;
        let object = bench.store.get(&bench.key("x"), ranged(range)).await?;
        same("the range read", &object.range, &(start..end))?;
        same("the whole size", &object.meta.size, &300_000)?;
        let place = |offset: u64| usize::try_from(offset).map_err(|error| Difference(error.to_string()));
        let expected = bytes[place(start)?..place(end)?].to_vec();
        if collect(object.body).await? != expected {
            return Err(Difference(format!("{start}..{end} brought other bytes")));
        }
    }
    Ok(())
}

async fn past_the_end(bench: &Bench) -> Checked {
    let kinds = &[StoreErrorKind::InvalidRange];
    bench.put("x", "0123456789").await?;
    bench.put("empty", []).await?;
    refused("bytes 10..11 of 10", bench.store.get(&bench.key("x"), ranged(10..11)).await, kinds)?;
    refused("bytes 50..60 of 10", bench.store.get(&bench.key("x"), ranged(50..60)).await, kinds)?;
    refused("bytes 0..1 of none", bench.store.get(&bench.key("empty"), ranged(0..1)).await, kinds)?;
    let nothing = bench.store.get(&bench.key("x"), ranged(3..3)).await;
    refused("an empty range", nothing, &[StoreErrorKind::Refused])
}

async fn pinned(bench: &Bench) -> Checked {
    let pin = |etag: &ETag| GetOptions { range: Some(0..2), if_match: Some(etag.clone()) };
    let etag = bench.put("x", "old").await?;
    let object = bench.store.get(&bench.key("x"), pin(&etag)).await?;
    same("the bytes", &collect(object.body).await?, &b"ol".to_vec())?;
    bench.put("x", "new").await?;
    let stale = bench.store.get(&bench.key("x"), pin(&etag)).await;
    refused("a read pinned to an old ETag", stale, &[StoreErrorKind::PreconditionFailed])
}
