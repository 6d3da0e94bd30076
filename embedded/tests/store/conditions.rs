//! Conditional requests, one at a time.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::common::{BUCKET, Fixture, answer};

const STALE: &str = "\"00000000000000000000000000000000\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_put_happens_only_if_its_condition_holds() {
    let store = Fixture::new().await;
    let put = || store.client.put_object().bucket(BUCKET).key("key").body(ByteStream::from_static(b"new"));
    assert_eq!(answer(put().if_match(STALE).send().await), "404 NoSuchKey");
    assert_eq!(store.get("key").await, None);
    assert_eq!(answer(put().if_none_match("*").send().await), "200 ok");
    let etag = store.put("key", "old").await;
    assert_eq!(answer(put().if_none_match("*").send().await), "412 PreconditionFailed");
    assert_eq!(answer(put().if_none_match(&etag).send().await), "412 PreconditionFailed");
    assert_eq!(answer(put().if_match(STALE).send().await), "412 PreconditionFailed");
    assert_eq!(store.get("key").await.as_deref(), Some(&b"old"[..]));
    assert_eq!(answer(put().if_match(&etag).send().await), "200 ok");
    assert_eq!(store.get("key").await.as_deref(), Some(&b"new"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_happens_only_if_its_condition_holds() {
    let store = Fixture::new().await;
    let etag = store.put("key", "x").await;
    let delete = || store.client.delete_object().bucket(BUCKET).key("key");
    assert_eq!(answer(delete().if_match(STALE).send().await), "412 PreconditionFailed");
    assert!(store.get("key").await.is_some());
    assert_eq!(answer(delete().if_match(etag).send().await), "200 ok");
    assert_eq!(store.get("key").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_deletes_has_its_own_condition() {
    let store = Fixture::new().await;
    let etag = store.put("right", "x").await;
    store.put("stale", "x").await;
    let object = |key: &str, etag: &str| ObjectIdentifier::builder().key(key).e_tag(etag).build().unwrap();
    let delete = Delete::builder().objects(object("right", &etag)).objects(object("stale", STALE)).build().unwrap();
    let answer = store.client.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    assert_eq!(answer.deleted()[0].key(), Some("right"));
    assert_eq!((answer.errors()[0].key(), answer.errors()[0].code()), (Some("stale"), Some("PreconditionFailed")));
    assert_eq!(store.get("right").await, None);
    assert!(store.get("stale").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_answers_only_if_its_condition_holds() {
    let store = Fixture::new().await;
    let etag = store.put("key", "x").await;
    let get = || store.client.get_object().bucket(BUCKET).key("key");
    let (past, future) = (DateTime::from_secs(1_000_000_000), DateTime::from_secs(4_000_000_000));
    assert_eq!(answer(get().if_match(&etag).send().await), "200 ok");
    assert_eq!(answer(get().if_match(STALE).send().await), "412 PreconditionFailed");
    assert!(answer(get().if_none_match(&etag).send().await).starts_with("304"));
    assert_eq!(answer(get().if_none_match(STALE).send().await), "200 ok");
    assert!(answer(get().if_modified_since(future).send().await).starts_with("304"));
    assert_eq!(answer(get().if_modified_since(past).send().await), "200 ok");
    assert_eq!(answer(get().if_unmodified_since(past).send().await), "412 PreconditionFailed");
    assert_eq!(answer(get().if_unmodified_since(future).send().await), "200 ok");
    let head = store.client.head_object().bucket(BUCKET).key("key");
    assert!(answer(head.if_match(STALE).send().await).starts_with("412"));
}
