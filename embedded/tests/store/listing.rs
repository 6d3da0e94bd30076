//! Listings: byte order, delimiters, pages.

use std::collections::BTreeSet;

use crate::common::{BUCKET, Fixture};

const KEYS: [&str; 12] = ["a", "a-b", "a.txt", "a/1", "a/2", "a0", "b/c/d", "b/c/e", "b/f", "c/", "Z", "ä"];

async fn filled() -> Fixture {
    let store = Fixture::new().await;
    for key in KEYS {
        store.put(key, key).await;
    }
    store
}

/// Walks all pages of a listing and returns keys and common prefixes in the order in which they came.
async fn walk(store: &Fixture, prefix: &str, delimiter: Option<&str>, page: i32) -> Vec<String> {
    let list = store.client.list_objects_v2().bucket(BUCKET).prefix(prefix).max_keys(page);
    let mut pages = list.set_delimiter(delimiter.map(str::to_owned)).into_paginator().send();
    let mut names = Vec::new();
    while let Some(answer) = pages.next().await {
        let answer = answer.unwrap();
        assert!(answer.key_count().unwrap() <= page);
        let keys = answer.contents().iter().filter_map(|object| object.key());
        let prefixes = answer.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
        let mut here: Vec<_> = keys.chain(prefixes).map(str::to_owned).collect();
        here.sort();
        names.extend(here);
    }
    names
}

/// What a listing has to be, from the rules.
fn expected(prefix: &str, delimiter: Option<&str>) -> Vec<String> {
    let name = |key: &str| match delimiter.and_then(|delimiter| Some((key[prefix.len()..].find(delimiter)?, delimiter)))
    {
        Some((at, delimiter)) => key[..prefix.len() + at + delimiter.len()].to_owned(),
        None => key.to_owned(),
    };
    let names: BTreeSet<_> = KEYS.iter().filter(|key| key.starts_with(prefix)).map(|key| name(key)).collect();
    names.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_make_the_same_listing() {
    let store = filled().await;
    for prefix in ["", "a", "a/", "b", "b/", "b/c/", "c/", "none"] {
        for delimiter in [None, Some("/"), Some("-"), Some("c/")] {
            for page in [1, 2, 3, 1000] {
                let walked = walk(&store, prefix, delimiter, page).await;
                assert_eq!(walked, expected(prefix, delimiter), "{prefix:?} {delimiter:?} {page}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_listing_walks_by_marker() {
    let store = filled().await;
    let (mut marker, mut names) = (None, Vec::new());
    loop {
        let list = store.client.list_objects().bucket(BUCKET).delimiter("/").max_keys(2).set_marker(marker);
        let answer = list.send().await.unwrap();
        let keys = answer.contents().iter().filter_map(|object| object.key());
        let prefixes = answer.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
        let mut here: Vec<_> = keys.chain(prefixes).map(str::to_owned).collect();
        here.sort();
        names.extend(here);
        marker = answer.next_marker;
        if answer.is_truncated != Some(true) {
            break;
        }
    }
    assert_eq!(names, expected("", Some("/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_starts_after_a_key_and_tells_size_and_etag() {
    let store = filled().await;
    let list = store.client.list_objects_v2().bucket(BUCKET).start_after("a/1").max_keys(1).send().await.unwrap();
    let object = &list.contents()[0];
    assert_eq!((object.key(), object.size()), (Some("a/2"), Some(3)));
    assert_eq!(object.e_tag().unwrap().len(), 34);
    assert_eq!(list.is_truncated(), Some(true));
    let none = store.client.list_objects_v2().bucket(BUCKET).max_keys(0).send().await.unwrap();
    assert_eq!((none.key_count(), none.is_truncated()), (Some(0), Some(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_a_thousand_names_at_most() {
    let store = Fixture::new().await;
    let keys: Vec<_> = (0..1001).map(|n| format!("n/{n}")).collect();
    for some in keys.chunks(100) {
        futures::future::join_all(some.iter().map(|key| store.put(key, "x"))).await;
    }
    let list = store.client.list_objects_v2().bucket(BUCKET).prefix("n/").max_keys(5000).send().await.unwrap();
    assert_eq!((list.contents().len(), list.is_truncated(), list.max_keys()), (1000, Some(true), Some(1000)));
}
