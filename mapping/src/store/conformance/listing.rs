//! Listings. Their order is nowhere assumed.

use futures::{StreamExt, TryStreamExt, stream};

use super::Check;
use super::bench::{Bench, Checked, Difference, holds, same};
use crate::store::{ListPage, ListRequest};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a listing says what each object is", run: |bench| Box::pin(described(bench)) },
    Check { name: "a delimited listing folds what lies deeper", run: |bench| Box::pin(folded(bench)) },
    Check { name: "pages of any size miss and repeat nothing", run: |bench| Box::pin(paged(bench)) },
    Check { name: "a listing starts after a key", run: |bench| Box::pin(after_key(bench)) },
    Check { name: "a listing starts after a common prefix", run: |bench| Box::pin(after_prefix(bench)) },
    Check { name: "more than a thousand keys are listed", run: |bench| Box::pin(thousand(bench)) },
];

/// No name is a directory of another: MinIO would list only the shorter one.
const NAMES: &[&str] = &["a-b", "a.txt", "a/1", "a/2", "a0", "b/c/d", "b/e", "c+ d/x", "z"];
const FOLDED: &[&str] = &["a-b", "a.txt", "a/", "a0", "b/", "c+ d/", "z"];

async fn filled(bench: &Bench) -> Checked {
    for name in NAMES {
        bench.put(name, *name).await?;
    }
    Ok(())
}

fn request(bench: &Bench, delimited: bool, limit: u16) -> ListRequest {
    ListRequest { delimited, limit, ..ListRequest::all(bench.prefix()) }
}

/// The names of all entries, sorted, repeated where the listing repeats them.
fn names(bench: &Bench, pages: Vec<ListPage>) -> Checked<Vec<String>> {
    let mut names = Vec::new();
    for page in pages {
        let objects = page.objects.into_iter().map(|listed| listed.key.to_string());
        for entry in objects.chain(page.prefixes) {
            let name = entry.strip_prefix(bench.prefix().as_str());
            names.push(name.ok_or_else(|| Difference(format!("`{entry}` is not below the prefix")))?.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn owned(names: &[&str]) -> Vec<String> {
    let mut names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort();
    names
}

async fn described(bench: &Bench) -> Checked {
    let etag = bench.put("x", "12345").await?;
    let page = bench.store.list(request(bench, false, 10)).await?;
    let [listed] = page.objects.as_slice() else {
        return Err(Difference(format!("{} objects, not one", page.objects.len())));
    };
    same("the key", &listed.key, &bench.key("x"))?;
    same("the size", &listed.size, &5)?;
    same("the ETag", &listed.etag, &etag)?;
    let head = bench.store.head(&bench.key("x")).await?.modified;
    let apart = listed.modified.since(head).max(head.since(listed.modified));
    holds(&format!("written {apart:?} apart by list and head"), apart.as_secs() < 2)
}

async fn folded(bench: &Bench) -> Checked {
    filled(bench).await?;
    let page = bench.store.list(request(bench, true, 1000)).await?;
    same("the next page", &page.next, &None)?;
    same("objects", &page.objects.len(), &4)?;
    same("the entries", &names(bench, vec![page])?, &owned(FOLDED))?;
    let pages = bench.pages(request(bench, false, 1000)).await?;
    same("the entries at any depth", &names(bench, pages)?, &owned(NAMES))
}

async fn paged(bench: &Bench) -> Checked {
    filled(bench).await?;
    for limit in 1..=4 {
        let pages = bench.pages(request(bench, true, limit)).await?;
        same(&format!("folded by {limit}"), &names(bench, pages)?, &owned(FOLDED))?;
        let pages = bench.pages(request(bench, false, limit)).await?;
        same(&format!("at any depth by {limit}"), &names(bench, pages)?, &owned(NAMES))?;
    }
    let exactly = u16::try_from(NAMES.len()).unwrap_or(u16::MAX);
    let page = bench.store.list(request(bench, false, exactly)).await?;
    same("what follows a page that holds all", &page.next, &None)
}

/// What is listed after `name`, and what must be: by the store's own order, whatever it is.
async fn after(bench: &Bench, delimited: bool, place: usize) -> Checked {
    let mut all = Vec::new();
    for page in bench.pages(request(bench, delimited, 1)).await? {
        all.extend(names(bench, vec![page])?);
    }
    let name = all.get(place).cloned().ok_or_else(|| Difference(format!("only {} entries", all.len())))?;
    let start_after = Some(bench.key(&name).to_string());
    let pages = bench.pages(ListRequest { start_after, ..request(bench, delimited, 3) }).await?;
    let mut rest = all.split_off(place + 1);
    rest.sort();
    same(&format!("what comes after `{name}`"), &names(bench, pages)?, &rest)
}

async fn after_key(bench: &Bench) -> Checked {
    filled(bench).await?;
    for place in [0, 4, NAMES.len() - 1] {
        after(bench, false, place).await?;
    }
    Ok(())
}

async fn after_prefix(bench: &Bench) -> Checked {
    filled(bench).await?;
    for place in 0..FOLDED.len() {
        after(bench, true, place).await?;
    }
    Ok(())
}

async fn thousand(bench: &Bench) -> Checked {
    let expected: Vec<_> = (0..bench.options.listed).map(|number| format!("{number:05}")).collect();
    stream::iter(&expected)
        .map(Ok)
        .try_for_each_concurrent(16, |name| async move { bench.put(name, []).await.map(|_| ()) })
        .await?;
    let pages = bench.pages(request(bench, true, 1000)).await?;
    same("pages", &pages.len(), &bench.options.listed.div_ceil(1000))?;
    same("the entries", &names(bench, pages)?, &expected)
}
