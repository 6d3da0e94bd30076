//! Object tags.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Tag, Tagging};

use crate::common::{BUCKET, Fixture, answer};

fn tagging(pairs: &[(&str, &str)]) -> Tagging {
    let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build().unwrap();
    Tagging::builder().set_tag_set(Some(pairs.iter().map(tag).collect())).build().unwrap()
}

async fn tags(store: &Fixture) -> Vec<(String, String)> {
    let got = store.client.get_object_tagging().bucket(BUCKET).key("key").send().await.unwrap();
    got.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_set_read_counted_and_removed() {
    let store = Fixture::new().await;
    let put = store.client.put_object().bucket(BUCKET).key("key").body(ByteStream::from_static(b"x"));
    let etag = put.tagging("a=b%20c&d=").send().await.unwrap().e_tag;
    assert_eq!(tags(&store).await, [("a".to_owned(), "b c".to_owned()), ("d".to_owned(), String::new())]);
    let got = store.client.get_object().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!((got.tag_count, got.e_tag), (Some(2), etag));

    let put = || store.client.put_object_tagging().bucket(BUCKET).key("key");
    put().tagging(tagging(&[("e", "f")])).send().await.unwrap();
    assert_eq!(tags(&store).await, [("e".to_owned(), "f".to_owned())]);
    store.client.delete_object_tagging().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!(tags(&store).await, []);
    let got = store.client.get_object().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!(got.tag_count, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_tag_is_refused_and_changes_nothing() {
    let store = Fixture::new().await;
    store.put("key", "old").await;
    let names: Vec<_> = (0..11).map(|n| format!("k{n}")).collect();
    let pairs: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let set = store.client.put_object_tagging().bucket(BUCKET).key("key").tagging(tagging(&pairs));
    assert_eq!(answer(set.send().await), "400 InvalidTag");
    let header = names.iter().map(|name| format!("{name}=v")).collect::<Vec<_>>().join("&");
    let put = store.client.put_object().bucket(BUCKET).key("key").tagging(header);
    assert_eq!(answer(put.body(ByteStream::from_static(b"new")).send().await), "400 InvalidTag");
    assert_eq!(store.get("key").await.unwrap(), b"old");
    assert_eq!(tags(&store).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overwrite_clears_the_tags() {
    let store = Fixture::new().await;
    let put = store.client.put_object().bucket(BUCKET).key("key").tagging("a=b").body(ByteStream::from_static(b"x"));
    put.send().await.unwrap();
    store.put("key", "y").await;
    assert_eq!(tags(&store).await, []);
    let missing = store.client.get_object_tagging().bucket(BUCKET).key("none").send().await;
    assert_eq!(answer(missing), "404 NoSuchKey");
}
