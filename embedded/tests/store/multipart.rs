//! Multipart uploads from beginning to end.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart};
use futures::future::join_all;

use crate::common::{BUCKET, Fixture, answer, audit, md5, noise, settles_at};

const PART: usize = 5 << 20;

impl Fixture {
    pub(crate) async fn begin(&self, key: &str) -> String {
        let begun = self.client.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
        begun.upload_id.unwrap()
    }

    /// Uploads a part and returns its line for the Complete.
    pub(crate) async fn part(&self, key: &str, id: &str, number: i32, body: Vec<u8>) -> CompletedPart {
        let part = self.client.upload_part().bucket(BUCKET).key(key).upload_id(id).part_number(number);
        let part = part.body(ByteStream::from(body)).send().await.unwrap();
        CompletedPart::builder().part_number(number).e_tag(part.e_tag.unwrap()).build()
    }

    pub(crate) fn complete(
        &self,
        key: &str,
        id: &str,
        parts: &[CompletedPart],
    ) -> aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.to_vec())).build();
        self.client.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(id).multipart_upload(parts)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_with_gaps_become_one_object_without_a_byte_moved() {
    let store = Fixture::new().await;
    let bodies = [noise(PART, 1), noise(PART + 3, 2), noise(100, 3)];
    let id = store.begin("key").await;
    let mut parts = Vec::new();
    for (number, body) in [2, 7, 10_000].into_iter().zip(&bodies) {
        parts.push(store.part("key", &id, number, body.clone()).await);
    }
    let files = store.blobs();
    assert_eq!(store.get("key").await, None, "nothing is visible before the end");
    let done = store.complete("key", &id, &parts).send().await.unwrap();

    let md5s: Vec<u8> = bodies.iter().flat_map(|body| md5(body)).collect();
    assert_eq!(done.e_tag.unwrap(), format!("\"{}-3\"", hex::encode(md5(&md5s))));
    assert_eq!(store.get("key").await.unwrap(), bodies.concat());
    assert_eq!(store.blobs(), files);
    let get = store.client.get_object().bucket(BUCKET).key("key");
    let across = get.range(format!("bytes={}-{}", PART - 10, 2 * PART + 20)).send().await.unwrap();
    assert_eq!(across.body.collect().await.unwrap().to_vec(), bodies.concat()[PART - 10..=2 * PART + 20]);
    let head = store.client.head_object().bucket(BUCKET).key("key").part_number(2).send().await.unwrap();
    assert_eq!((head.parts_count, head.content_length), (Some(3), Some(i64::try_from(PART + 3).unwrap())));
    let last = store.client.get_object().bucket(BUCKET).key("key").part_number(3).send().await.unwrap();
    assert_eq!(last.body.collect().await.unwrap().to_vec(), bodies[2]);
    let past = store.client.get_object().bucket(BUCKET).key("key").part_number(4).send().await;
    assert_eq!(answer(past), "416 InvalidPartNumber");

    store.put("key", "").await;
    settles_at(store.path(), 0).await;
    audit(store.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_outlives_the_overwrite_of_its_object() {
    let store = Fixture::new().await;
    let bodies = [noise(PART, 1), noise(PART, 2), noise(100_000, 3)];
    let id = store.begin("key").await;
    let mut parts = Vec::new();
    for (number, body) in (1..).zip(&bodies) {
        parts.push(store.part("key", &id, number, body.clone()).await);
    }
    store.complete("key", &id, &parts).send().await.unwrap();

    let got = store.client.get_object().bucket(BUCKET).key("key").send().await.unwrap();
    store.put("key", "new").await;
    // Files are removed in the order in which they were dropped: when this one is gone, the others could be.
    store.put("other", noise(50_000, 4)).await;
    store.client.delete_object().bucket(BUCKET).key("other").send().await.unwrap();
    settles_at(store.path(), 3).await;
    assert_eq!(got.body.collect().await.unwrap().to_vec(), bodies.concat());
    settles_at(store.path(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_can_be_sent_again_and_left_out() {
    let store = Fixture::new().await;
    let id = store.begin("key").await;
    store.part("key", &id, 1, noise(PART, 1)).await;
    let one = store.part("key", &id, 1, noise(PART, 2)).await;
    let two = store.part("key", &id, 2, noise(50_000, 3)).await;
    store.part("key", &id, 3, noise(50_000, 4)).await;
    store.complete("key", &id, &[one, two]).send().await.unwrap();
    assert_eq!(store.get("key").await.unwrap(), [noise(PART, 2), noise(50_000, 3)].concat());
    settles_at(store.path(), 2).await;
    audit(store.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_complete_leaves_the_upload_usable() {
    let store = Fixture::new().await;
    let old = store.put("key", "old").await;
    let id = store.begin("key").await;
    let one = store.part("key", &id, 1, noise(PART, 1)).await;
    let two = store.part("key", &id, 2, noise(10, 2)).await;
    let other = CompletedPart::builder().part_number(2).e_tag(old.clone()).build();
    let complete = |parts: &[CompletedPart]| store.complete("key", &id, parts);
    let (both, stale) = ([one.clone(), two.clone()], "\"00000000000000000000000000000000\"");
    assert_eq!(answer(complete(&[two.clone(), one.clone()]).send().await), "400 InvalidPartOrder");
    assert_eq!(answer(complete(&[one.clone(), other]).send().await), "400 InvalidPart");
    assert_eq!(answer(complete(&both).if_none_match("*").send().await), "412 PreconditionFailed");
    assert_eq!(answer(complete(&both).if_match(stale).send().await), "412 PreconditionFailed");
    assert_eq!(answer(complete(&both).mpu_object_size(1).send().await), "400 InvalidRequest");
    assert_eq!(answer(complete(&both).checksum_crc32("AAAAAA==").send().await), "400 BadDigest");
    assert_eq!(store.get("key").await.unwrap(), b"old");
    assert_eq!(answer(complete(&both).if_match(old).send().await), "200 ok");
    assert_eq!(store.get("key").await.unwrap(), [noise(PART, 1), noise(10, 2)].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_done_again_answers_the_same() {
    let store = Fixture::new().await;
    let id = store.begin("key").await;
    let parts = [store.part("key", &id, 1, noise(10, 1)).await];
    let first = store.complete("key", &id, &parts).send().await.unwrap();
    store.put("key", "newer").await;
    let again = store.complete("key", &id, &parts).send().await.unwrap();
    assert_eq!(first.e_tag, again.e_tag);
    assert_eq!(store.get("key").await.unwrap(), b"newer", "the repetition writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_part_is_only_allowed_at_the_end() {
    let store = Fixture::new().await;
    let id = store.begin("key").await;
    let small = store.part("key", &id, 1, noise(PART - 1, 1)).await;
    let last = store.part("key", &id, 2, noise(10, 2)).await;
    assert_eq!(answer(store.complete("key", &id, &[small, last]).send().await), "400 EntityTooSmall");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_not_open_is_unknown() {
    let store = Fixture::new().await;
    let id = store.begin("key").await;
    let part = store.part("key", &id, 1, noise(50_000, 1)).await;
    let abort = || store.client.abort_multipart_upload().bucket(BUCKET).key("key").upload_id(&id).send();
    assert_eq!(answer(abort().await), "200 ok");
    assert_eq!(answer(abort().await), "404 NoSuchUpload");
    settles_at(store.path(), 0).await;
    let client = &store.client;
    let list = client.list_parts().bucket(BUCKET).key("key").upload_id(&id).send().await;
    assert_eq!(answer(list), "404 NoSuchUpload");
    let put = client.upload_part().bucket(BUCKET).key("key").upload_id("nonsense").part_number(1);
    assert_eq!(answer(put.body(ByteStream::from_static(b"x")).send().await), "404 NoSuchUpload");
    assert_eq!(answer(store.complete("key", &id, &[part]).send().await), "404 NoSuchUpload");
    let open = store.begin("key").await;
    let put = client.upload_part().bucket(BUCKET).key("key").upload_id(&open).part_number(10_001);
    assert_eq!(answer(put.body(ByteStream::from_static(b"x")).send().await), "400 InvalidArgument");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_object_has_what_the_upload_began_with() {
    let store = Fixture::new().await;
    let begin = store.client.create_multipart_upload().bucket(BUCKET).key("key").content_type("text/x-a");
    let begun = begin.metadata("a", "1").tagging("t=u").send().await.unwrap();
    let id = begun.upload_id.unwrap();
    let part = store.part("key", &id, 1, noise(10, 1)).await;
    store.complete("key", &id, &[part]).send().await.unwrap();
    let got = store.client.get_object().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!((got.content_type.as_deref(), got.tag_count), (Some("text/x-a"), Some(1)));
    assert_eq!(got.metadata.unwrap()["a"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checksum_is_of_the_object_or_of_its_parts() {
    let store = Fixture::new().await;
    let cases = [
        (ChecksumAlgorithm::Crc64Nvme, None, ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc32, Some(ChecksumType::FullObject), ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc32, None, ChecksumType::Composite),
        (ChecksumAlgorithm::Sha256, None, ChecksumType::Composite),
    ];
    let bodies = [noise(PART, 1), noise(77, 2)];
    for (algorithm, scope, expected) in cases {
        let begin = store.client.create_multipart_upload().bucket(BUCKET).key("key");
        let begun = begin.checksum_algorithm(algorithm.clone()).set_checksum_type(scope).send().await.unwrap();
        let id = begun.upload_id.unwrap();
        let mut parts = Vec::new();
        for (number, body) in (1..).zip(&bodies) {
            let part = store.client.upload_part().bucket(BUCKET).key("key").upload_id(&id).part_number(number);
            let part = part.checksum_algorithm(algorithm.clone()).body(ByteStream::from(body.clone()));
            let etag = part.send().await.unwrap().e_tag.unwrap();
            parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
        }
        store.complete("key", &id, &parts).send().await.unwrap();
        // The client itself compares a checksum of the whole object with the bytes.
        let got = store.client.get_object().bucket(BUCKET).key("key").checksum_mode(ChecksumMode::Enabled);
        let got = got.send().await.unwrap();
        assert_eq!(got.checksum_type, Some(expected.clone()), "{algorithm}");
        let sum = got.checksum_crc32.or(got.checksum_sha256).or(got.checksum_crc64_nvme).unwrap();
        assert_eq!(sum.ends_with("-2"), expected == ChecksumType::Composite, "{sum}");
        assert_eq!(got.body.collect().await.unwrap().to_vec(), bodies.concat());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_racing_completes_one_wins() {
    let store = Fixture::new().await;
    let mut etag = None;
    for round in 0..6 {
        let mut uploads = Vec::new();
        for writer in 0..8_u64 {
            let id = store.begin("key").await;
            let part = store.part("key", &id, 1, noise(20_000, 100 * round + writer)).await;
            uploads.push((id, part));
        }
        let complete = |(id, part): &(String, CompletedPart)| {
            let complete = store.complete("key", id, std::slice::from_ref(part));
            match &etag {
                Some(etag) => complete.if_match(etag).send(),
                None => complete.if_none_match("*").send(),
            }
        };
        let answers: Vec<_> = join_all(uploads.iter().map(complete)).await.into_iter().collect();
        let won: Vec<_> = (0..8_u64).zip(&answers).filter(|(_, answer)| answer.is_ok()).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(store.get("key").await.unwrap(), noise(20_000, 100 * round + won[0].0));
        etag = won[0].1.as_ref().unwrap().e_tag.clone();
        assert!(answers.into_iter().map(answer).all(|answer| answer == "200 ok" || answer == "412 PreconditionFailed"));
    }
    audit(store.path());
}
