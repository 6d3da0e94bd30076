//! What the conformance suite does not ask of every store.

use super::*;
use crate::clock::ManualClock;
use crate::key::KeyPrefix;

async fn filled(names: &[&str]) -> MemoryStore {
    let store = MemoryStore::new(Arc::new(ManualClock::new()));
    for name in names {
        let body = Body::from(name.as_bytes().to_vec());
        let key = ObjectKey::scratch("r", name);
        store.put(&key, body, Attributes::default(), Condition::Absent).await.unwrap();
    }
    store
}

fn request(delimited: bool, limit: u16) -> ListRequest {
    ListRequest { delimited, limit, ..ListRequest::all(KeyPrefix::scratch("r")) }
}

#[tokio::test]
async fn pages_are_in_byte_order_and_miss_nothing() {
    let store = filled(&["a", "a-b", "a/1", "a/2", "a/", "a0", "b/c/d"]).await;
    for (delimited, expected) in
        [(true, vec!["a", "a-b", "a/", "a0", "b/"]), (false, vec!["a", "a-b", "a/", "a/1", "a/2", "a0", "b/c/d"])]
    {
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let page = store.list(ListRequest { token, ..request(delimited, 1) }).await.unwrap();
            seen.extend(page.objects.into_iter().map(|listed| listed.key.to_string()).chain(page.prefixes));
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        let expected: Vec<_> = expected.iter().map(|name| ObjectKey::scratch("r", name).to_string()).collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn a_directory_lists_its_own_marker() {
    let store = filled(&["", "x", "d/y"]).await;
    let page = store.list(request(true, 10)).await.unwrap();
    assert_eq!((page.objects.len(), page.prefixes.len(), page.next), (2, 1, None));
}

#[tokio::test]
async fn a_repeated_complete_is_answered_as_told() {
    for (repeat, succeeds) in [(Repeat::Succeeds, true), (Repeat::NoSuchUpload, false)] {
        let store = MemoryStore::new(Arc::new(ManualClock::new())).with_repeat(repeat);
        let key = ObjectKey::scratch("r", "m");
        let upload = store.create_multipart(&key, Attributes::default()).await.unwrap();
        store.put_part(&key, &upload, 1, Body::from(vec![1, 2, 3])).await.unwrap();
        let parts = store.list_parts(&key, &upload).await.unwrap();
        store.complete_multipart(&key, &upload, &parts, Condition::Absent).await.unwrap();
        let again = store.complete_multipart(&key, &upload, &parts, Condition::Absent).await;
        assert_eq!(again.is_ok(), succeeds, "{again:?}");
        assert!(store.unfinished().is_empty());
    }
}
