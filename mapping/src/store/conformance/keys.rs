//! Keys with characters that some layer between here and the store likes to change.

use std::collections::BTreeSet;

use super::Check;
use super::bench::{Bench, Checked, same};
use crate::store::{Attributes, Condition, CopyRequest, ListRequest};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "any name round-trips", run: |bench| Box::pin(names(bench)) },
    Check { name: "a name with a space or a sign is copied", run: |bench| Box::pin(copied(bench)) },
    Check { name: "long names round-trip", run: |bench| Box::pin(long(bench)) },
    Check { name: "a marker and what lies below it are two objects", run: |bench| Box::pin(marker(bench)) },
];

const NAMES: &[&str] = &[
    "plain",
    "+",
    "a+b",
    "%",
    "%2F",
    "a%20b",
    "#",
    "?",
    "&",
    "a b",
    "a  b",
    "é",
    "e\u{301}",
    "日本",
    "😀",
    "a=b;c,d",
    "'\"<>",
    "~$!@()*[]{}|^`",
    "..a",
    "a..",
    "-",
    "Case",
    "case",
    ".hidden",
    "d i r/+ % # ? &/日本 😀",
];

async fn names(bench: &Bench) -> Checked {
    for name in NAMES {
        bench.put(name, *name).await?;
    }
    for name in NAMES {
        bench.holds_bytes(name, name.as_bytes()).await?;
    }
    let expected: BTreeSet<_> = NAMES.iter().map(|name| bench.key(name).to_string()).collect();
    same("the listing", &listed(bench).await?, &expected)?;
    for name in NAMES {
        bench.store.delete(&bench.key(name), Condition::Always).await?;
        bench.is_missing(name).await?;
    }
    Ok(())
}

async fn copied(bench: &Bench) -> Checked {
    for name in NAMES {
        bench.put(name, *name).await?;
        let to = bench.key(&format!("copies/{name}"));
        let copy = CopyRequest {
            from: bench.key(name),
            from_etag: None,
            to,
            size: name.len() as u64,
            attributes: Attributes::default(),
        };
        bench.store.copy(copy, Condition::Always).await?;
        bench.holds_bytes(&format!("copies/{name}"), name.as_bytes()).await?;
    }
    Ok(())
}

async fn long(bench: &Bench) -> Checked {
    let room = 1024 - bench.prefix().as_str().len();
    let segment = "é".repeat(127);
    let whole = format!("{segment}/{segment}/{segment}/");
    let names = [segment, format!("{whole}{}", "x".repeat((room - whole.len()).min(255)))];
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

async fn listed(bench: &Bench) -> Checked<BTreeSet<String>> {
    let pages = bench.pages(ListRequest::all(bench.prefix())).await?;
    Ok(pages.into_iter().flat_map(|page| page.objects).map(|listed| listed.key.to_string()).collect())
}
