//! CopyObject and UploadPartCopy.

use aws_sdk_s3::types::{CompletedPart, MetadataDirective, TaggingDirective};

use crate::common::{BUCKET, Fixture, answer, audit, md5, noise, settles_at};

const STALE: &str = "\"00000000000000000000000000000000\"";
const PART: usize = 5 << 20;

impl Fixture {
    fn copy(&self, from: &str, to: &str) -> aws_sdk_s3::operation::copy_object::builders::CopyObjectFluentBuilder {
        self.client.copy_object().bucket(BUCKET).key(to).copy_source(format!("{BUCKET}/{from}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_has_everything_of_its_source_and_outlives_it() {
    let store = Fixture::new().await;
    let body = noise(300_000, 1);
    let put = store.client.put_object().bucket(BUCKET).key("a b+ü&c").content_type("text/x-a").metadata("m", "1");
    let put = put.tagging("t=u").body(body.clone().into()).send().await.unwrap();
    let copied = store.copy("a%20b%2B%C3%BC%26c", "copy").send().await.unwrap().copy_object_result.unwrap();
    assert_eq!(copied.e_tag, put.e_tag);
    assert_eq!(store.blobs().len(), 1, "no byte was copied");
    store.client.delete_object().bucket(BUCKET).key("a b+ü&c").send().await.unwrap();
    let got = store.client.get_object().bucket(BUCKET).key("copy").send().await.unwrap();
    assert_eq!((got.content_type.as_deref(), got.tag_count), (Some("text/x-a"), Some(1)));
    assert_eq!(got.metadata.as_ref().unwrap()["m"], "1");
    assert_eq!(got.body.collect().await.unwrap().to_vec(), body);
    audit(store.path());
    store.client.delete_object().bucket(BUCKET).key("copy").send().await.unwrap();
    settles_at(store.path(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_onto_itself_changes_what_it_replaces() {
    let store = Fixture::new().await;
    store.put("key", noise(20_000, 1)).await;
    assert_eq!(answer(store.copy("key", "key").send().await), "400 InvalidRequest");
    let copy = store.copy("key", "key").metadata_directive(MetadataDirective::Replace).content_type("text/x-b");
    let copy = copy.metadata("b", "2").tagging_directive(TaggingDirective::Replace).tagging("x=y");
    copy.send().await.unwrap();
    let got = store.client.get_object().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!((got.content_type.as_deref(), got.tag_count), (Some("text/x-b"), Some(1)));
    assert_eq!(got.metadata.as_ref().unwrap()["b"], "2");
    assert_eq!(got.body.collect().await.unwrap().to_vec(), noise(20_000, 1));
    audit(store.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_happens_only_if_all_conditions_hold() {
    let store = Fixture::new().await;
    let (source, target) = (store.put("source", "s").await, store.put("target", "t").await);
    let copy = || store.copy("source", "target");
    assert_eq!(answer(copy().copy_source_if_match(STALE).send().await), "412 PreconditionFailed");
    assert_eq!(answer(copy().copy_source_if_none_match(&source).send().await), "412 PreconditionFailed");
    assert_eq!(answer(copy().if_none_match("*").send().await), "412 PreconditionFailed");
    assert_eq!(answer(copy().if_match(STALE).send().await), "412 PreconditionFailed");
    assert_eq!(answer(store.copy("source", "none").if_match(STALE).send().await), "404 NoSuchKey");
    assert_eq!(answer(store.copy("none", "target").send().await), "404 NoSuchKey");
    assert_eq!(store.get("target").await.unwrap(), b"t");
    assert_eq!(answer(copy().if_match(&target).copy_source_if_match(&source).send().await), "200 ok");
    assert_eq!(store.get("target").await.unwrap(), b"s");
    assert_eq!(answer(store.copy("source", "new").if_none_match("*").send().await), "200 ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_copied_whole_and_in_slices() {
    let store = Fixture::new().await;
    let body = noise(PART + 1000, 1);
    store.put("source", body.clone()).await;
    let id = store.begin("target").await;
    let copy = |number: i32, range: Option<String>| {
        let copy = store.client.upload_part_copy().bucket(BUCKET).key("target").upload_id(&id).part_number(number);
        copy.copy_source(format!("{BUCKET}/source")).set_copy_source_range(range).send()
    };
    let (mut parts, mut expected) = (Vec::new(), Vec::new());
    for (number, range) in [(1, None), (2, Some(7..PART + 7)), (3, Some(0..10))] {
        let text = range.clone().map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let etag = copy(number, text).await.unwrap().copy_part_result.unwrap().e_tag.unwrap();
        let bytes = range.map_or(&body[..], |range| &body[range]);
        assert_eq!(etag, format!("\"{}\"", hex::encode(md5(bytes))));
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
        expected.extend_from_slice(bytes);
    }
    let past = copy(4, Some(format!("bytes=0-{}", PART + 1000))).await;
    assert_eq!(answer(past), "400 InvalidArgument");
    store.complete("target", &id, &parts).send().await.unwrap();
    store.client.delete_object().bucket(BUCKET).key("source").send().await.unwrap();
    assert_eq!(store.get("target").await.unwrap(), expected);
    assert_eq!(store.blobs().len(), 1);

    // A source that was itself made of parts.
    let id = store.begin("again").await;
    let copy = store.client.upload_part_copy().bucket(BUCKET).key("again").upload_id(&id).part_number(1);
    let range = format!("bytes={}-{}", PART, 2 * PART + 1005);
    let copied = copy.copy_source(format!("{BUCKET}/target")).copy_source_range(range).send().await.unwrap();
    let etag = copied.copy_part_result.unwrap().e_tag.unwrap();
    let part = CompletedPart::builder().part_number(1).e_tag(etag).build();
    store.complete("again", &id, &[part]).send().await.unwrap();
    assert_eq!(store.get("again").await.unwrap(), expected[PART..=2 * PART + 1005]);
    audit(store.path());
}
