//! What goes over the wire, and what canned answers become. The suite does the rest over real stores.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::{StreamExt, stream};

use super::*;
use crate::clock::Timestamp;
use crate::store::StoreErrorKind;

/// A canned answer: status, headers, body. Status 0 is no answer at all.
type Canned = (u16, &'static [(&'static str, &'static str)], &'static str);

/// Answers from a list and remembers what was asked.
#[derive(Clone, Debug, Default)]
struct Wire {
    answers: Arc<Mutex<VecDeque<Canned>>>,
    asked: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.asked.lock().unwrap().push(headers.chain([("uri".to_owned(), request.uri().to_owned())]).collect());
        let answer = self.answers.lock().unwrap().pop_front();
        HttpConnectorFuture::new(async move {
            // The request lives until it is answered, as on a network.
            let _request = request;
            let Some((status @ 100.., headers, body)) = answer else {
                return Err(ConnectorError::io("connection refused".into()));
            };
            let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
            for (name, value) in headers {
                response.headers_mut().insert(*name, *value);
            }
            Ok(response)
        })
    }
}

async fn store(answers: impl IntoIterator<Item = Canned>) -> (S3Store, Wire) {
    let wire = Wire::default();
    wire.answers.lock().unwrap().extend(answers);
    let settings = S3Settings {
        endpoint: Some("http://store.test:9000".to_owned()),
        credentials: Some(KeyPair { access_key: "key".to_owned(), secret_key: "secret".to_owned() }),
        http_client: Some(SharedHttpClient::new(wire.clone())),
        ..S3Settings::new("bucket")
    };
    (S3Store::connect(settings).await.unwrap(), wire)
}

fn key() -> ObjectKey {
    ObjectKey::scratch("r", "x y")
}

async fn put(store: &S3Store, body: Body) -> StoreResult<ETag> {
    store.put(&key(), body, Attributes::default(), Condition::Absent).await
}

const STORED: Canned = (200, &[("etag", "\"e\"")], "");
const SLOW: Canned = (503, &[], "<Error><Code>SlowDown</Code></Error>");

fn once(size: u64) -> Body {
    let bytes = vec![b'x'; usize::try_from(size).unwrap()];
    Body::once(size, stream::iter([Ok(Bytes::from(bytes))]).boxed())
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_cannot_be_used_is_said_in_a_sentence() {
    for (answer, kind, sentence) in [
        ((404, &[][..], ""), StoreErrorKind::NoSuchBucket, "bucket `bucket` does not exist at http://store.test:9000"),
        ((403, &[], ""), StoreErrorKind::AccessDenied, "denies these credentials"),
        ((301, &[("x-amz-bucket-region", "eu-west-1")], ""), StoreErrorKind::Refused, "is in region `eu-west-1`"),
        ((400, &[("x-amz-bucket-region", "eu-west-1")], ""), StoreErrorKind::Refused, "is in region `eu-west-1`"),
        ((0, &[], ""), StoreErrorKind::Unavailable, "no answer from http://store.test:9000"),
    ] {
        let (store, _) = store([answer]).await;
        let error = store.check_bucket().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(sentence), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_put_is_tried_again_where_its_body_can_be() {
    let replayed = Body::replay(3, Arc::new(|| stream::iter([Ok(Bytes::from_static(b"xyz"))]).boxed()));
    for body in [Body::from(vec![1, 2, 3]), replayed] {
        let (store, wire) = store([SLOW, SLOW, STORED]).await;
        assert_eq!(put(&store, body).await.unwrap(), ETag("\"e\"".to_owned()));
        assert_eq!(wire.asked.lock().unwrap().len(), 3);
    }
    let (store, wire) = store([SLOW, STORED]).await;
    assert_eq!(put(&store, once(3)).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(wire.asked.lock().unwrap().len(), 1, "a body that streams once is sent once");
}

#[tokio::test]
async fn a_streamed_body_goes_plain_unsigned_and_with_its_length() {
    let (store, wire) = store([STORED, STORED]).await;
    put(&store, once(100_000)).await.unwrap();
    put(&store, Body::from(vec![1, 2, 3])).await.unwrap();
    let asked = wire.asked.lock().unwrap();
    let sent = |request: usize, name: &str| asked[request].get(name).map(String::as_str);
    assert_eq!(sent(0, "x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
    assert_eq!(sent(0, "content-length"), Some("100000"));
    assert_eq!(sent(0, "if-none-match"), Some("*"));
    assert_eq!(sent(1, "x-amz-content-sha256").map(str::len), Some(64), "small bytes are signed");
    for request in 0..2 {
        assert_eq!(sent(request, "content-encoding"), None);
        assert!(asked[request].keys().all(|name| !name.contains("checksum") && name != "x-amz-trailer"));
        assert!(asked[request]["uri"].starts_with("http://store.test:9000/bucket/.folderbridge/probe/r/x%20y"));
    }
}

#[tokio::test]
async fn an_error_says_what_the_store_said_but_no_signature() {
    let body = "<Error><Code>SignatureDoesNotMatch</Code><Message>no match</Message>\
                <SignatureProvided>5ec7e7</SignatureProvided></Error>";
    let (store, _) = store([(403, &[("x-amz-request-id", "R1")][..], body)]).await;
    let error = put(&store, Body::from(vec![1])).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::AccessDenied);
    assert_eq!(
        error.to_string(),
        "AccessDenied: put `.folderbridge/probe/r/x y`: SignatureDoesNotMatch no match, status 403, request R1"
    );
    assert!(!format!("{error:?}").contains("5ec7e7"));
}

#[tokio::test]
async fn a_store_that_ignores_a_range_is_not_believed() {
    const LENGTH: (&str, &str) = ("content-length", "2");
    let ignored: Canned = (200, &[("content-length", "10")], "0123456789");
    let other: Canned = (206, &[LENGTH, ("content-range", "bytes 0-1/10")], "01");
    let shorter: Canned = (206, &[LENGTH, ("content-range", "bytes 2-2/10")], "2");
    let longer: Canned = (206, &[LENGTH, ("content-range", "bytes 2-4/10")], "234");
    let (store, _) =
        store([ignored, other, shorter, longer, (206, &[LENGTH, ("content-range", "bytes 2-3/10")], "23")]).await;
    let asked = GetOptions { range: Some(2..4), if_match: None };
    for _ in 0..4 {
        assert_eq!(store.get(&key(), asked.clone()).await.unwrap_err().kind(), StoreErrorKind::Refused);
    }
    let object = store.get(&key(), asked).await.unwrap();
    assert_eq!((object.range, object.meta.size), (2..4, 10));
}

#[tokio::test]
async fn an_object_without_a_length_is_not_taken_for_empty() {
    let (store, _) = store([(200, &[("etag", "\"e\"")][..], "0123456789"); 2]).await;
    let kind = StoreErrorKind::Unavailable;
    assert_eq!(store.get(&key(), GetOptions::default()).await.unwrap_err().kind(), kind);
    assert_eq!(store.head(&key()).await.unwrap_err().kind(), kind);
}

#[tokio::test]
async fn a_removal_that_failed_without_a_reason_is_not_taken_for_done() {
    let named = "<DeleteResult><Error><Key>a</Key></Error></DeleteResult>";
    let nameless = "<DeleteResult><Error><Code>SlowDown</Code></Error></DeleteResult>";
    let (store, _) = store([(200, &[][..], named), (200, &[], nameless)]).await;
    let failed = store.delete_many(&[key()]).await.unwrap();
    let failed: Vec<_> = failed.iter().map(|(key, error)| (key.as_str(), error.kind())).collect();
    assert_eq!(failed, [("a", StoreErrorKind::Refused)]);
    assert_eq!(store.delete_many(&[key()]).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn parts_or_uploads_that_break_off_are_not_taken_for_all() {
    let parts = "<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>";
    let same = "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>7</NextPartNumberMarker>\
                </ListPartsResult>";
    let uploads = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>";
    let answers = [parts, same, same, uploads].map(|body| -> Canned { (200, &[], body) });
    let (store, wire) = store(answers).await;
    for _ in 0..2 {
        let error = store.list_parts(&key(), &MultipartId("u".to_owned())).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Refused);
    }
    assert_eq!(store.list_multiparts(&key()).await.unwrap_err().kind(), StoreErrorKind::Refused);
    assert!(wire.answers.lock().unwrap().is_empty());
}

/// As SeaweedFS has answered; what it does not tell is not made up.
#[tokio::test]
async fn of_uploads_below_a_prefix_the_part_counts_that_is_told_and_none_is_old_without_a_date() {
    let body = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextUploadIdMarker>u</NextUploadIdMarker>\
                <Upload><Key>.folderbridge/probe/r/a</Key><UploadId>u</UploadId></Upload>\
                <Upload><Key>elsewhere/a</Key><UploadId>v</UploadId></Upload></ListMultipartUploadsResult>";
    let (store, wire) = store([(200, &[][..], body)]).await;
    let page = store.list_multiparts_below(&crate::key::KeyPrefix::scratch("r"), None).await.unwrap();
    let ids: Vec<_> = page.uploads.iter().map(|upload| upload.id.0.as_str()).collect();
    assert_eq!((ids, page.next), (vec!["u"], None));
    assert_eq!(Timestamp::from_millis(1 << 60).since(page.uploads[0].initiated), Duration::ZERO);
    assert!(wire.answers.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_copy_whose_upload_is_gone_at_its_end_may_be_done() {
    const MADE: Canned =
        (200, &[], "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>");
    const PART: Canned = (200, &[], "<CopyPartResult><ETag>\"p\"</ETag></CopyPartResult>");
    const GONE: Canned = (404, &[], "<Error><Code>NoSuchUpload</Code></Error>");
    for (answers, kind) in
        [(vec![MADE, PART, SLOW, GONE], StoreErrorKind::Unavailable), (vec![MADE, GONE], StoreErrorKind::NoSuchUpload)]
    {
        let (store, wire) = store(answers).await;
        let (from, attributes) = (ObjectKey::scratch("r", "from"), Attributes::default());
        let request = CopyRequest { from, from_etag: None, to: key(), size: 9, attributes };
        assert_eq!(store.copy(request, Condition::Absent).await.unwrap_err().kind(), kind);
        assert!(wire.answers.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_not_taken_for_whole() {
    let body = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
    let (store, _) = store([(200, &[][..], body)]).await;
    let list = ListRequest::all(crate::key::KeyPrefix::scratch("r"));
    assert_eq!(store.list(list).await.unwrap_err().kind(), StoreErrorKind::Refused);
}

#[tokio::test]
async fn a_complete_that_fails_inside_its_success_has_failed() {
    let body = "<Error><Code>InternalError</Code></Error>";
    let (store, _) = store([(200, &[][..], body); 3]).await;
    let part = Part { number: 1, size: 1, etag: ETag("\"p\"".to_owned()) };
    let upload = MultipartId("u".to_owned());
    let done = store.complete_multipart(&key(), &upload, &[part], Condition::Always).await;
    assert_eq!(done.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_an_attempt_without_an_answer_does_not_say_that_nothing_was_done() {
    const DENIED: Canned = (403, &[], "<Error><Code>ExpiredToken</Code></Error>");
    const LOST: Canned = (0, &[], "");
    for (answers, kind) in [
        (vec![DENIED], StoreErrorKind::AccessDenied),
        (vec![LOST, DENIED], StoreErrorKind::Unavailable),
        (vec![SLOW, DENIED], StoreErrorKind::Unavailable),
        (vec![LOST, (412, &[], "")], StoreErrorKind::PreconditionFailed),
    ] {
        let (store, _) = store([answers.clone(), answers.clone(), answers].concat()).await;
        assert_eq!(put(&store, Body::from(vec![1])).await.unwrap_err().kind(), kind);
        assert_eq!(store.delete(&key(), Condition::Always).await.unwrap_err().kind(), kind);
        let part = Part { number: 1, size: 1, etag: ETag("\"p\"".to_owned()) };
        let done = store.complete_multipart(&key(), &MultipartId("u".to_owned()), &[part], Condition::Absent).await;
        assert_eq!(done.unwrap_err().kind(), kind);
    }
}
