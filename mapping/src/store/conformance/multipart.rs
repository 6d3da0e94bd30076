//! Multipart uploads that go well.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Check;
use super::bench::{Bench, Checked, LOST, refused, same};
use crate::key::KeyPrefix;
use crate::store::{Condition, StoreErrorKind};

/// No two answers of one store are further apart in this suite.
const A_MINUTE: Duration = Duration::from_secs(60);

pub(super) const CHECKS: &[Check] = &[
    Check { name: "parts become one object", run: |bench| Box::pin(completed(bench)) },
    Check { name: "parts come in any order, with gaps", run: |bench| Box::pin(any_order(bench)) },
    Check { name: "a part put again replaces the first", run: |bench| Box::pin(replaced(bench)) },
    Check { name: "all parts are listed by number", run: |bench| Box::pin(listed(bench)) },
    Check { name: "unfinished uploads are listed by key", run: |bench| Box::pin(unfinished(bench)) },
    Check { name: "unfinished uploads are listed below a prefix", run: |bench| Box::pin(unfinished_below(bench)) },
    Check { name: "an upload replaces an object only when completed", run: |bench| Box::pin(invisible(bench)) },
    Check { name: "a complete if absent spares what is there", run: |bench| Box::pin(absent(bench)) },
    Check { name: "a complete if matching needs the newest ETag", run: |bench| Box::pin(matching(bench)) },
    Check { name: "a complete repeated does no harm", run: |bench| Box::pin(repeated(bench)) },
];

async fn completed(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let first = bench.put_part("x", &upload, 1, bench.part(1)).await?;
    let second = bench.put_part("x", &upload, 2, b"end".to_vec()).await?;
    let etag = bench.complete("x", &upload, &[first, second], Condition::Always).await?;
    bench.holds_bytes("x", &[bench.part(1), b"end".to_vec()].concat()).await?;
    let head = bench.store.head(&bench.key("x")).await?;
    same("the size", &head.size, &(bench.options.least_part + 3))?;
    same("the ETag", &head.etag, &etag)?;
    same("unfinished uploads", &bench.store.list_multiparts(&bench.key("x")).await?.len(), &0)
}

async fn any_order(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let last = bench.put_part("x", &upload, 10_000, b"end".to_vec()).await?;
    let first = bench.put_part("x", &upload, 3, bench.part(3)).await?;
    let skipped = bench.put_part("x", &upload, 7, bench.part(7)).await?;
    same(
        "the parts",
        &bench.store.list_parts(&bench.key("x"), &upload).await?,
        &vec![first.clone(), skipped, last.clone()],
    )?;
    // A part that Complete does not name is left out.
    bench.complete("x", &upload, &[first, last], Condition::Always).await?;
    bench.holds_bytes("x", &[bench.part(3), b"end".to_vec()].concat()).await
}

async fn replaced(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    bench.put_part("x", &upload, 1, b"first".to_vec()).await?;
    let again = bench.put_part("x", &upload, 1, b"second, longer".to_vec()).await?;
    same("the parts", &bench.store.list_parts(&bench.key("x"), &upload).await?, &vec![again.clone()])?;
    bench.complete("x", &upload, &[again], Condition::Always).await?;
    bench.holds_bytes("x", b"second, longer").await
}

async fn listed(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let mut parts = Vec::new();
    for number in (1..=30).rev() {
        let bytes = Bench::bytes(u64::from(number), 0);
        parts.push(bench.put_part("x", &upload, number, bytes).await?);
    }
    parts.reverse();
    same("the parts", &bench.store.list_parts(&bench.key("x"), &upload).await?, &parts)?;
    bench.store.abort_multipart(&bench.key("x"), &upload).await?;
    Ok(())
}

async fn unfinished(bench: &Bench) -> Checked {
    let mut uploads = vec![bench.create("x").await?, bench.create("x").await?];
    let other = bench.create("xy").await?;
    bench.put("now", "x").await?;
    let mut found = bench.store.list_multiparts(&bench.key("x")).await?;
    found.sort_by(|one, two| one.id.0.cmp(&two.id.0));
    uploads.sort_by(|one, two| one.0.cmp(&two.0));
    let now = bench.store.head(&bench.key("now")).await?.modified;
    let dated = found.iter().all(|upload| upload.initiated.since(now).max(now.since(upload.initiated)) < A_MINUTE);
    same("whether they are dated by the store's clock", &dated, &true)?;
    let found: Vec<_> = found.into_iter().map(|upload| upload.id).collect();
    same("the uploads", &found, &uploads)?;
    for upload in uploads {
        bench.store.abort_multipart(&bench.key("x"), &upload).await?;
    }
    same("uploads left", &bench.store.list_multiparts(&bench.key("x")).await?.len(), &0)?;
    let left: Vec<_> =
        bench.store.list_multiparts(&bench.key("xy")).await?.into_iter().map(|upload| upload.id).collect();
    same("the other upload", &left, &vec![other.clone()])?;
    Ok(bench.store.abort_multipart(&bench.key("xy"), &other).await?)
}

async fn unfinished_below(bench: &Bench) -> Checked {
    let names = ["a/x", "a/ö + 100%&<b>", "a/x", "a/deep/er", "ab/x", "b"];
    let mut begun = Vec::new();
    for name in names {
        begun.push((bench.key(name), bench.create(name).await?));
    }
    let prefix = KeyPrefix::below(&bench.key("a"));
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let page = bench.store.list_multiparts_below(&prefix, after).await?;
        found.extend(page.uploads.into_iter().map(|upload| (upload.key, upload.id.0)));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    let below: BTreeSet<_> = begun.iter().take(4).map(|(key, id)| (key.clone(), id.0.clone())).collect();
    for (key, id) in &begun {
        bench.store.abort_multipart(key, id).await?;
    }
    same("the uploads", &found, &below)
}

async fn invisible(bench: &Bench) -> Checked {
    bench.put("x", "old").await?;
    let upload = bench.create("x").await?;
    let part = bench.put_part("x", &upload, 1, b"new".to_vec()).await?;
    bench.holds_bytes("x", b"old").await?;
    let new = bench.create("y").await?;
    bench.put_part("y", &new, 1, b"new".to_vec()).await?;
    bench.is_missing("y").await?;
    bench.store.abort_multipart(&bench.key("y"), &new).await?;
    bench.is_missing("y").await?;
    bench.complete("x", &upload, &[part], Condition::Always).await?;
    bench.holds_bytes("x", b"new").await
}

async fn absent(bench: &Bench) -> Checked {
    bench.put("x", "old").await?;
    let upload = bench.create("x").await?;
    let parts = [bench.put_part("x", &upload, 1, b"new".to_vec()).await?];
    refused("a complete", bench.complete("x", &upload, &parts, Condition::Absent).await, LOST)?;
    bench.holds_bytes("x", b"old").await?;
    bench.store.delete(&bench.key("x"), Condition::Always).await?;
    bench.complete("x", &upload, &parts, Condition::Absent).await?;
    bench.holds_bytes("x", b"new").await
}

async fn matching(bench: &Bench) -> Checked {
    let (old, new) = (bench.put("x", "old").await?, bench.put("x", "newer").await?);
    let upload = bench.create("x").await?;
    let parts = [bench.put_part("x", &upload, 1, b"newest".to_vec()).await?];
    let stale = bench.complete("x", &upload, &parts, Condition::Matches(old)).await;
    refused("a complete against an old ETag", stale, LOST)?;
    bench.holds_bytes("x", b"newer").await?;
    bench.complete("x", &upload, &parts, Condition::Matches(new.clone())).await?;
    bench.holds_bytes("x", b"newest").await?;
    let upload = bench.create("y").await?;
    let parts = [bench.put_part("y", &upload, 1, b"y".to_vec()).await?];
    let nothing = bench.complete("y", &upload, &parts, Condition::Matches(new)).await;
    refused("a complete against nothing", nothing, LOST)?;
    bench.store.abort_multipart(&bench.key("y"), &upload).await?;
    bench.is_missing("y").await
}

/// AWS answers a repeat with success, MinIO with no such upload. Neither brings the bytes back.
async fn repeated(bench: &Bench) -> Checked {
    let upload = bench.create("x").await?;
    let parts = [bench.put_part("x", &upload, 1, b"once".to_vec()).await?];
    let etag = bench.complete("x", &upload, &parts, Condition::Always).await?;
    match bench.complete("x", &upload, &parts, Condition::Always).await {
        Ok(again) => same("the ETag of the repeat", &again, &etag)?,
        repeat => refused("a repeat", repeat, &[StoreErrorKind::NoSuchUpload])?,
    }
    bench.holds_bytes("x", b"once").await?;
    bench.put("x", "later").await?;
    let _ = bench.complete("x", &upload, &parts, Condition::Always).await;
    bench.holds_bytes("x", b"later").await
}
