//! Keys with characters that some layer between here and the store likes to change.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::Check;
use super::bench::{Bench, Checked, Difference, holds, same};
use super::names::{FILES, NAMES, made_up};
use crate::key::{KeyPrefix, ObjectKey};
use crate::path::{MAX_DIRECTORY_NAME_BYTES, MAX_SEGMENT_BYTES};
use crate::store::{Attributes, Condition, CopyRequest, ListRequest};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "any name round-trips", run: |bench| Box::pin(names(bench)) },
    Check { name: "names made up anew round-trip", run: |bench| Box::pin(generated(bench)) },
    Check { name: "a directory can have any name", run: |bench| Box::pin(directories(bench)) },
    Check { name: "a name with a space or a sign is copied", run: |bench| Box::pin(copied(bench)) },
    Check { name: "a file of any name is made of parts", run: |bench| Box::pin(parts(bench)) },
    Check { name: "long names round-trip", run: |bench| Box::pin(long(bench)) },
    Check { name: "a marker and what lies below it are two objects", run: |bench| Box::pin(marker(bench)) },
    Check { name: "what no path can name is removed with the rest", run: |bench| Box::pin(unsayable(bench)) },
];

/// How many names are tried at once.
const AT_ONCE: usize = 8;

/// How many names are made up.
const MADE_UP: usize = 48;

async fn names(bench: &Bench) -> Checked {
    let all: Vec<_> = NAMES.iter().chain(FILES).map(|name| (*name).to_owned()).collect();
    round_trip(bench, &all).await?;
    for name in &all {
        bench.store.delete(&bench.key(name), Condition::Always).await?;
        bench.is_missing(name).await?;
    }
    same("the listing", &listed(bench).await?, &BTreeSet::new())
}

async fn generated(bench: &Bench) -> Checked {
    let all = made_up(&bench.options.run, MADE_UP);
    round_trip(bench, &all).await?;
    remove(bench, &all).await
}

/// Puts, looks at, reads and lists files of these names, all of them there at once.
async fn round_trip(bench: &Bench, names: &[String]) -> Checked {
    let each = stream::iter(names).map(Ok::<_, Difference>);
    each.try_for_each_concurrent(AT_ONCE, |name| async move {
        let etag = bench.put(name, name.as_bytes()).await.map_err(|error| about(name, error))?;
        let head = bench.store.head(&bench.key(name)).await.map_err(|error| about(name, error))?;
        same(&format!("the ETag of {name:?}"), &head.etag, &etag)
    })
    .await?;
    for name in names {
        bench.holds_bytes(name, name.as_bytes()).await?;
    }
    let expected: BTreeSet<_> = names.iter().map(|name| bench.key(name).to_string()).collect();
    same("the listing", &listed(bench).await?, &expected)?;
    let pages = bench.pages(ListRequest { delimited: true, ..ListRequest::all(bench.prefix()) }).await?;
    holds("a directory where none is", pages.iter().all(|page| page.prefixes.is_empty()))?;
    let files = pages.into_iter().flat_map(|page| page.objects).map(|listed| listed.key.to_string()).collect();
    same("the directory", &files, &expected)
}

/// Removes all of these in one request.
async fn remove(bench: &Bench, names: &[String]) -> Checked {
    let keys: Vec<ObjectKey> = names.iter().map(|name| bench.key(name)).collect();
    same("what was not removed", &bench.store.delete_many(&keys).await?.len(), &0)?;
    same("the listing", &listed(bench).await?, &BTreeSet::new())
}

async fn directories(bench: &Bench) -> Checked {
    let longest = "é".repeat(MAX_DIRECTORY_NAME_BYTES / 2);
    let names = NAMES.iter().map(|name| (*name).to_owned()).chain([longest]).chain(made_up(&bench.options.run, 8));
    let names: Vec<String> = names.collect();
    // One after the other: SeaweedFS may forget a marker that comes in the same moment as what lies below it.
    let objects = ["/", "/f"].map(|end| names.iter().map(|name| format!("{name}{end}")).collect::<Vec<_>>());
    for some in &objects {
        let each = stream::iter(some).map(Ok::<_, Difference>);
        each.try_for_each_concurrent(AT_ONCE, |name| async move {
            bench.put(name, []).await.map(|_| ()).map_err(|error| about(name, error))
        })
        .await?;
    }
    let pages = bench.pages(ListRequest { delimited: true, ..ListRequest::all(bench.prefix()) }).await?;
    let found: BTreeSet<_> = pages.into_iter().flat_map(|page| page.prefixes).collect();
    let expected = names.iter().map(|name| format!("{}/", bench.key(name))).collect();
    same("the directories", &found, &expected)?;
    for name in &names {
        let inside = ListRequest { delimited: true, ..ListRequest::all(KeyPrefix::below(&bench.key(name))) };
        let pages = bench.pages(inside).await?;
        let found: BTreeSet<_> =
            pages.into_iter().flat_map(|page| page.objects).map(|listed| listed.key.to_string()).collect();
        let expected = ["", "f"].map(|file| format!("{}/{file}", bench.key(name)));
        same(&format!("what lies in {name:?}"), &found, &BTreeSet::from(expected))?;
    }
    remove(bench, &objects.concat()).await
}

async fn copied(bench: &Bench) -> Checked {
    let made = made_up(&bench.options.run, 8);
    let names = NAMES.iter().copied().chain(made.iter().map(String::as_str));
    stream::iter(names)
        .map(Ok::<_, Difference>)
        .try_for_each_concurrent(AT_ONCE, |name| async move {
            bench.put(name, name).await?;
            let copy = CopyRequest {
                from: bench.key(name),
                from_etag: None,
                to: bench.key(&format!("copies/{name}")),
                size: name.len() as u64,
                attributes: Attributes::default(),
            };
            bench.store.copy(copy, Condition::Always).await.map_err(|error| about(name, error))?;
            bench.holds_bytes(&format!("copies/{name}"), name.as_bytes()).await
        })
        .await
}

async fn parts(bench: &Bench) -> Checked {
    for name in NAMES.iter().step_by(3) {
        let upload = bench.create(name).await.map_err(|error| about(name, error))?;
        let part = bench.put_part(name, &upload, 1, name.as_bytes().to_vec()).await?;
        let unfinished = bench.store.list_multiparts(&bench.key(name)).await?;
        same(&format!("the unfinished uploads of {name:?}"), &unfinished.len(), &1)?;
        let stored = bench.store.list_parts(&bench.key(name), &upload).await?;
        same(&format!("the parts of {name:?}"), &stored, &vec![part])?;
        bench.complete(name, &upload, &stored, Condition::Absent).await?;
        bench.holds_bytes(name, name.as_bytes()).await?;
    }
    Ok(())
}

async fn long(bench: &Bench) -> Checked {
    let room = 1024 - bench.prefix().as_str().len();
    let segment = "é".repeat(127);
    let whole = format!("{segment}/{segment}/{segment}/");
    let deepest = format!("{whole}{}", "x".repeat((room - whole.len()).min(MAX_SEGMENT_BYTES)));
    let names = ["x".repeat(MAX_SEGMENT_BYTES), "日".repeat(MAX_SEGMENT_BYTES / 3), deepest];
    for name in &names {
        bench.put(name, "long").await?;
        bench.holds_bytes(name, b"long").await?;
    }
    same("the listing", &listed(bench).await?, &names.iter().map(|name| bench.key(name).to_string()).collect())
}

async fn marker(bench: &Bench) -> Checked {
    bench.put("d/", []).await?;
    bench.put("d/x", "x").await?;
    let expected = ["d/", "d/x"].map(|name| bench.key(name).to_string());
    same("the listing", &listed(bench).await?, &BTreeSet::from(expected))?;
    bench.holds_bytes("d/", &[]).await?;
    bench.store.delete(&bench.key("d/x"), Condition::Always).await?;
    same("the listing", &listed(bench).await?, &BTreeSet::from([bench.key("d/").to_string()]))
}

/// Other programs store names that a request to remove many cannot carry.
async fn unsayable(bench: &Bench) -> Checked {
    let names = ["a\u{1}b", "\u{1b}[2J", "a\u{b}", "\u{fffe}", "a\u{ffff}", "a\tb", "plain"].map(str::to_owned);
    for name in &names {
        bench.put(name, "x").await.map_err(|error| about(name, error))?;
    }
    let expected = names.iter().map(|name| bench.key(name).to_string()).collect();
    same("the listing", &listed(bench).await?, &expected)?;
    remove(bench, &names).await
}

fn about(name: &str, error: impl std::fmt::Display) -> Difference {
    Difference(format!("{name:?}: {error}"))
}

async fn listed(bench: &Bench) -> Checked<BTreeSet<String>> {
    let pages = bench.pages(ListRequest::all(bench.prefix())).await?;
    Ok(pages.into_iter().flat_map(|page| page.objects).map(|listed| listed.key.to_string()).collect())
}
