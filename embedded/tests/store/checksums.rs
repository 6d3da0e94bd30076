//! Bodies are verified before anything changes, however they are sent.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::common::{BUCKET, Fixture, answer, audit, noise, settles_at};

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_is_stored_and_returned_when_asked_for() {
    let store = Fixture::new().await;
    let algorithms = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];
    for algorithm in algorithms {
        let put = store.client.put_object().bucket(BUCKET).key("key").body(ByteStream::from(noise(40_000, 1)));
        let put = put.checksum_algorithm(algorithm.clone()).send().await.unwrap();
        let sum = |all: [Option<String>; 5]| all.into_iter().flatten().collect::<Vec<_>>();
        let told = sum([
            put.checksum_crc32,
            put.checksum_crc32_c,
            put.checksum_crc64_nvme,
            put.checksum_sha1,
            put.checksum_sha256,
        ]);
        assert_eq!(told.len(), 1, "{algorithm}");
        let head = || store.client.head_object().bucket(BUCKET).key("key");
        let shown = head().checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
        let shown = sum([
            shown.checksum_crc32,
            shown.checksum_crc32_c,
            shown.checksum_crc64_nvme,
            shown.checksum_sha1,
            shown.checksum_sha256,
        ]);
        assert_eq!(told, shown, "{algorithm}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_checksum_leaves_the_old_object() {
    let store = Fixture::new().await;
    store.put("key", "old").await;
    for size in [10, 100_000] {
        let put = || store.client.put_object().bucket(BUCKET).key("key").body(ByteStream::from(noise(size, 1)));
        let zeros = |length| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, vec![0; length]);
        assert_eq!(answer(put().content_md5(zeros(16)).send().await), "400 BadDigest");
        assert_eq!(answer(put().content_md5("nonsense").send().await), "400 InvalidDigest");
        assert_eq!(answer(put().checksum_crc32(zeros(4)).send().await), "400 BadDigest");
        assert_eq!(answer(put().checksum_crc32_c(zeros(4)).send().await), "400 BadDigest");
        assert_eq!(answer(put().checksum_crc64_nvme(zeros(8)).send().await), "400 BadDigest");
        assert_eq!(answer(put().checksum_sha1(zeros(20)).send().await), "400 BadDigest");
        assert_eq!(answer(put().checksum_sha256(zeros(32)).send().await), "400 BadDigest");
        assert_eq!(answer(put().checksum_crc32("AA==").send().await), "400 InvalidRequest");
    }
    assert_eq!(store.get("key").await.unwrap(), b"old");
    settles_at(store.path(), 0).await;
    audit(store.path());
}

/// Changes the bytes of every request on their way.
#[derive(Clone, Debug)]
struct Mangled {
    inner: SharedHttpClient,
    change: fn(Vec<u8>) -> Vec<u8>,
}

#[derive(Debug)]
struct MangledConnector(SharedHttpConnector, fn(Vec<u8>) -> Vec<u8>);

impl HttpClient for Mangled {
    fn http_connector(&self, settings: &HttpConnectorSettings, runtime: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(MangledConnector(self.inner.http_connector(settings, runtime), self.change))
    }
}

impl HttpConnector for MangledConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, change) = (self.0.clone(), self.1);
        HttpConnectorFuture::new(async move {
            let (mut request, body) = {
                let mut request = request;
                let body = std::mem::replace(request.body_mut(), SdkBody::empty());
                (request, body)
            };
            let bytes = ByteStream::new(body).collect().await.unwrap().to_vec();
            *request.body_mut() = SdkBody::from(change(bytes));
            inner.call(request).await
        })
    }
}

fn mangled(store: &Fixture, endpoint: &str, change: fn(Vec<u8>) -> Vec<u8>) -> Client {
    let inner = store.store.http_client();
    let config = store.client.config().to_builder().endpoint_url(endpoint).http_client(Mangled { inner, change });
    Client::from_conf(config.build())
}

/// A body that the client streams: signed chunks over http, unsigned ones over https, and a trailer.
async fn streamed(store: &Fixture, endpoint: &str, change: fn(Vec<u8>) -> Vec<u8>, body: &[u8]) -> String {
    let file = store.path().join("body");
    std::fs::write(&file, body).unwrap();
    let put = mangled(store, endpoint, change).put_object().bucket(BUCKET).key("key");
    let put = put.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
    answer(put.body(ByteStream::from_path(file).await.unwrap()).send().await)
}

/// Changes the checksum in the trailer.
fn other_trailer(mut body: Vec<u8>) -> Vec<u8> {
    let name = b"x-amz-checksum-crc64nvme:";
    let at = body.windows(name.len()).rposition(|window| window == name).expect("the trailer is there") + name.len();
    body[at] = if body[at] == b'A' { b'B' } else { b'A' };
    body
}

/// Changes a byte of the payload.
fn other_byte(mut body: Vec<u8>) -> Vec<u8> {
    let middle = body.len() / 2;
    body[middle] ^= 1;
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn streamed_bodies_are_verified_to_the_last_byte() {
    let store = Fixture::new().await;
    for size in [3000, 200_000] {
        let body = noise(size, 1);
        for endpoint in ["http://store.invalid", "https://store.invalid"] {
            assert_eq!(streamed(&store, endpoint, |body| body, &body).await, "200 ok");
            let got = store.client.get_object().bucket(BUCKET).key("key").checksum_mode(ChecksumMode::Enabled);
            let got = got.send().await.unwrap();
            assert_eq!(got.content_encoding, None, "how it was sent is not what it is");
            assert!(got.checksum_crc64_nvme.is_some());
            assert_eq!(got.body.collect().await.unwrap().to_vec(), body);

            store.put("key", "old").await;
            let cut = streamed(&store, endpoint, |body| body[..body.len() / 2].to_vec(), &body).await;
            assert_eq!(cut, "400 IncompleteBody");
            let signed = endpoint.starts_with("http:");
            let expected = if signed { "403 SignatureDoesNotMatch" } else { "400 BadDigest" };
            assert_eq!(streamed(&store, endpoint, other_byte, &body).await, expected);
            assert_eq!(streamed(&store, endpoint, other_trailer, &body).await, expected);
            assert_eq!(store.get("key").await.unwrap(), b"old");
        }
    }
    settles_at(store.path(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_body_that_was_changed_is_refused() {
    let store = Fixture::new().await;
    let client = mangled(&store, "http://store.invalid", other_byte);
    for size in [1000, 100_000] {
        let put = client.put_object().bucket(BUCKET).key("key").body(ByteStream::from(noise(size, 1)));
        assert_eq!(answer(put.send().await), "400 XAmzContentSHA256Mismatch");
    }
    assert_eq!(store.get("key").await, None);
}
