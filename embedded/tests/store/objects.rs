//! Objects: bytes, headers, ranges, deletion.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::common::{BUCKET, Fixture, answer, md5, noise, settles_at};

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_all_sizes_come_back_and_their_etag_is_md5() {
    let store = Fixture::new().await;
    for size in [0, 1, 16 * 1024, 16 * 1024 + 1, 300_000, 3_000_001] {
        let body = noise(size, 1);
        let etag = store.put("key", body.clone()).await;
        assert_eq!(etag, format!("\"{}\"", hex::encode(md5(&body))));
        assert_eq!(store.get("key").await, Some(body), "{size} bytes");
        let head = store.client.head_object().bucket(BUCKET).key("key").send().await.unwrap();
        assert_eq!((head.e_tag, head.content_length), (Some(etag), Some(i64::try_from(size).unwrap())));
    }
    settles_at(store.path(), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_metadata_are_kept_until_overwritten() {
    let store = Fixture::new().await;
    let put = store.client.put_object().bucket(BUCKET).key("key").body(ByteStream::from_static(b"x"));
    let put = put.content_type("text/x-a").content_encoding("aws-chunked,gzip").content_language("de");
    let put =
        put.cache_control("max-age=5").content_disposition("attachment").expires(DateTime::from_secs(4_000_000_000));
    put.metadata("foo-bar", "baz qux").metadata("uni", "grün").send().await.unwrap();

    let get = store.client.get_object().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!(get.content_type.as_deref(), Some("text/x-a"));
    assert_eq!(get.content_encoding.as_deref(), Some("gzip"));
    assert_eq!(get.content_language.as_deref(), Some("de"));
    assert_eq!(get.cache_control.as_deref(), Some("max-age=5"));
    assert_eq!(get.content_disposition.as_deref(), Some("attachment"));
    assert_eq!(get.expires_string.as_deref(), Some("Tue, 02 Oct 2096 07:06:40 GMT"));
    let metadata = get.metadata.unwrap();
    assert_eq!(metadata["foo-bar"], "baz qux");
    assert_eq!(metadata["uni"], "=?UTF-8?B?Z3LDvG4=?=");

    store.put("key", "y").await;
    let head = store.client.head_object().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("application/octet-stream"), "the client's own default");
    assert_eq!(head.cache_control, None);
    assert!(head.metadata.unwrap_or_default().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_metadata_is_refused() {
    let store = Fixture::new().await;
    let put = |length| {
        let put = store.client.put_object().bucket(BUCKET).key("key").body(ByteStream::from_static(b"x"));
        put.metadata("m", "v".repeat(length)).send()
    };
    assert_eq!(answer(put(2047).await), "200 ok");
    assert_eq!(answer(put(2048).await), "400 MetadataTooLarge");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_range_is_understood() {
    let store = Fixture::new().await;
    for size in [100_000_usize, 10_000] {
        let body = noise(size, 2);
        store.put("key", body.clone()).await;
        let cases = [
            ("bytes=10-19", 10..20),
            ("bytes=-7", size - 7..size),
            ("bytes=9990-", 9990..size),
            ("bytes=9990-200000", 9990..size),
            ("bytes=-200000", 0..size),
        ];
        for (range, expected) in cases {
            let got = store.client.get_object().bucket(BUCKET).key("key").range(range).send().await.unwrap();
            let described = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
            assert_eq!(got.content_range.as_deref(), Some(described.as_str()), "{range}");
            assert_eq!(got.body.collect().await.unwrap().to_vec(), body[expected], "{range}");
        }
        let past = store.client.get_object().bucket(BUCKET).key("key").range("bytes=100000-").send().await;
        assert_eq!(answer(past), "416 InvalidRange");
    }
    store.put("key", "").await;
    for range in ["bytes=0-", "bytes=-7"] {
        let empty = store.client.get_object().bucket(BUCKET).key("key").range(range).send().await;
        assert_eq!(answer(empty), "416 InvalidRange");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_can_be_given_other_headers() {
    let store = Fixture::new().await;
    store.put("key", "x").await;
    let get = store.client.get_object().bucket(BUCKET).key("key").response_content_type("text/csv");
    let got = get.response_content_disposition("attachment; filename=a").send().await.unwrap();
    assert_eq!(got.content_type.as_deref(), Some("text/csv"));
    assert_eq!(got.content_disposition.as_deref(), Some("attachment; filename=a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_not_found() {
    let store = Fixture::new().await;
    let client = &store.client;
    assert_eq!(answer(client.get_object().bucket(BUCKET).key("key").send().await), "404 NoSuchKey");
    let head = client.head_object().bucket(BUCKET).key("key").send().await.unwrap_err();
    assert!(head.into_service_error().is_not_found());
    assert_eq!(answer(client.delete_object().bucket(BUCKET).key("key").send().await), "200 ok");
    assert_eq!(answer(client.get_object().bucket("other").key("key").send().await), "404 NoSuchBucket");
    let put = client.put_object().bucket("other").key("key").body(ByteStream::from(noise(50_000, 3)));
    assert_eq!(answer(put.send().await), "404 NoSuchBucket");
    settles_at(store.path(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_key_of_1024_bytes_is_a_key() {
    let store = Fixture::new().await;
    let long = "ä".repeat(512);
    let keys = [
        "a",
        "a/",
        "a/b",
        "a//b",
        "/lead",
        "trailing/",
        "..",
        "x/../y",
        "sp ace+%2F&=?#;:@",
        "\u{1}",
        "日本/語",
        &long,
        "A",
        "back\\slash",
    ];
    for key in keys {
        store.put(key, key).await;
    }
    for key in keys {
        assert_eq!(store.get(key).await.as_deref(), Some(key.as_bytes()), "{key}");
    }
    let list = store.client.list_objects_v2().bucket(BUCKET).encoding_type("url".into()).send().await.unwrap();
    assert_eq!(list.contents().len(), keys.len());
    let put = store.client.put_object().bucket(BUCKET).key("k".repeat(1025)).body(ByteStream::from_static(b"x"));
    assert_eq!(answer(put.send().await), "400 KeyTooLongError");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_are_deleted_at_once_and_not_one_more() {
    let store = Fixture::new().await;
    store.put("0", "x").await;
    store.put("other", noise(20_000, 4)).await;
    let delete = |count: usize| {
        let name = |n: usize| ObjectIdentifier::builder().key(n.to_string()).build().unwrap();
        let delete = Delete::builder().set_objects(Some((0..count).map(name).collect())).build().unwrap();
        store.client.delete_objects().bucket(BUCKET).delete(delete).send()
    };
    assert_eq!(answer(delete(1001).await), "400 MalformedXML");
    assert_eq!(delete(1000).await.unwrap().deleted().len(), 1000, "missing ones count as deleted");
    assert_eq!(store.get("0").await, None);
    assert!(store.get("other").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_come_and_go() {
    let store = Fixture::new().await;
    let client = &store.client;
    assert_eq!(answer(client.create_bucket().bucket(BUCKET).send().await), "409 BucketAlreadyOwnedByYou");
    assert_eq!(answer(client.head_bucket().bucket(BUCKET).send().await), "200 ok");
    store.put("key", "x").await;
    assert_eq!(answer(client.delete_bucket().bucket(BUCKET).send().await), "409 BucketNotEmpty");
    client.delete_object().bucket(BUCKET).key("key").send().await.unwrap();
    let listed = client.list_buckets().send().await.unwrap();
    assert_eq!(listed.buckets().iter().filter_map(|bucket| bucket.name()).collect::<Vec<_>>(), [BUCKET]);
    assert_eq!(answer(client.delete_bucket().bucket(BUCKET).send().await), "200 ok");
    assert!(client.head_bucket().bucket(BUCKET).send().await.unwrap_err().into_service_error().is_not_found());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_cannot_do_is_refused_and_not_ignored() {
    let store = Fixture::new().await;
    let put = store.client.put_object().bucket(BUCKET).key("key").body(ByteStream::from_static(b"x"));
    let encrypted = put.server_side_encryption("AES256".into()).send().await;
    assert_eq!(answer(encrypted), "501 NotImplemented");
    let put = store.client.put_object().bucket(BUCKET).key("key").body(ByteStream::from_static(b"x"));
    assert_eq!(answer(put.acl("public-read".into()).send().await), "400 AccessControlListNotSupported");
    let versioned = store.client.get_object().bucket(BUCKET).key("key").version_id("v1").send().await;
    assert_eq!(answer(versioned), "404 NoSuchVersion");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_inside_is_not_the_refusal_of_one_key() {
    let store = Fixture::new().await;
    for (key, seed) in [("a", 1), ("b", 2), ("c", 3)] {
        store.put(key, noise(20_000, seed)).await;
    }
    let index = rusqlite::Connection::open(store.path().join("index.sqlite")).unwrap();
    let fault = "CREATE TRIGGER fault BEFORE UPDATE ON blobs WHEN old.id = 2 BEGIN SELECT RAISE(ABORT, 'fault'); END";
    index.execute_batch(fault).unwrap();
    let name = |key: &str| ObjectIdentifier::builder().key(key).build().unwrap();
    let delete = |keys: &[&str]| {
        let delete = Delete::builder().set_objects(Some(keys.iter().copied().map(name).collect())).build().unwrap();
        store.client.delete_objects().bucket(BUCKET).delete(delete).send()
    };
    assert_eq!(answer(delete(&["a", "b", "c"]).await), "500 InternalError");
    for (key, seed) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(store.get(key).await, Some(noise(20_000, seed)), "{key}");
    }
    index.execute_batch("DROP TRIGGER fault").unwrap();
    assert_eq!(delete(&["a", "b", "a", "c"]).await.unwrap().deleted().len(), 4);
    settles_at(store.path(), 0).await;
    crate::common::audit(store.path());
}
