//! The store behind a socket: signatures, presigned URLs, lengths.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::common::{BUCKET, Fixture, answer, noise};

/// Listens until dropped.
struct Listening {
    address: String,
    client: Client,
    _tasks: JoinSet<()>,
}

async fn listen(store: &Fixture) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let service = store.store.service();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            connections.spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let config = store.client.config().to_builder().endpoint_url(format!("http://{address}"));
    Listening { address, client: Client::from_conf(config.build()), _tasks: tasks }
}

/// Sends bytes as they are and returns the answer as it comes.
async fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn path_of(request: &PresignedRequest) -> &str {
    let rest = request.uri().strip_prefix("http://").unwrap();
    &rest[rest.find('/').unwrap()..]
}

async fn get(address: &str, path: &str, more: &str) -> String {
    exchange(address, format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{more}\r\n").as_bytes())
        .await
}

fn for_a_minute() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_url_needs_no_other_secret() {
    let store = Fixture::new().await;
    let wire = listen(&store).await;
    let put = wire.client.put_object().bucket(BUCKET).key("a b").presigned(for_a_minute()).await.unwrap();
    let request = format!(
        "PUT {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
        path_of(&put),
        wire.address
    );
    assert!(exchange(&wire.address, request.as_bytes()).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(store.get("a b").await.unwrap(), b"hello");

    let presigned = wire.client.get_object().bucket(BUCKET).key("a b").presigned(for_a_minute()).await.unwrap();
    let answer = get(&wire.address, path_of(&presigned), "").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    let answer = get(&wire.address, path_of(&presigned), "range: bytes=1-2\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 206 ") && answer.ends_with("\r\n\r\nel"), "{answer}");

    let id = store.begin("big").await;
    let part = wire.client.upload_part().bucket(BUCKET).key("big").upload_id(&id).part_number(1);
    let part = part.presigned(for_a_minute()).await.unwrap();
    let request = format!(
        "PUT {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
        path_of(&part),
        wire.address
    );
    assert!(exchange(&wire.address, request.as_bytes()).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_url_that_was_changed_or_is_old_is_refused() {
    let store = Fixture::new().await;
    let wire = listen(&store).await;
    store.put("key", "x").await;
    store.put("kez", "x").await;
    let presigned = wire.client.get_object().bucket(BUCKET).key("key").presigned(for_a_minute()).await.unwrap();
    let other = path_of(&presigned).replace("/key?", "/kez?");
    assert!(get(&wire.address, &other, "").await.starts_with("HTTP/1.1 403 "));

    let long_ago = PresigningConfig::builder().start_time(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let long_ago = long_ago.expires_in(Duration::from_secs(60)).build().unwrap();
    let old = wire.client.get_object().bucket(BUCKET).key("key").presigned(long_ago).await.unwrap();
    assert!(get(&wire.address, path_of(&old), "").await.starts_with("HTTP/1.1 403 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused() {
    let store = Fixture::new().await;
    let wire = listen(&store).await;
    store.put("key", "x").await;
    let anonymous = get(&wire.address, &format!("/{BUCKET}/key"), "").await;
    assert!(anonymous.starts_with("HTTP/1.1 403 ") && anonymous.contains("<Code>AccessDenied</Code>"), "{anonymous}");
    let (access_key, secret_key) = store.store.key_pair();
    let cases = [
        (access_key, "other".to_owned(), "403 SignatureDoesNotMatch"),
        ("other".to_owned(), secret_key, "403 InvalidAccessKeyId"),
    ];
    for (access_key, secret_key, expected) in cases {
        let credentials = Credentials::new(access_key, secret_key, None, None, "test");
        let config = wire.client.config().to_builder().credentials_provider(credentials);
        let got = Client::from_conf(config.build()).get_object().bucket(BUCKET).key("key").send().await;
        assert_eq!(answer(got), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_a_length_or_cut_short_leaves_nothing() {
    let store = Fixture::new().await;
    let wire = listen(&store).await;
    let put = wire.client.put_object().bucket(BUCKET).key("key").presigned(for_a_minute()).await.unwrap();
    let head = format!("PUT {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", path_of(&put), wire.address);
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
    let answer = exchange(&wire.address, chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 411 "), "{answer}");

    let mut stream = TcpStream::connect(&wire.address).await.unwrap();
    stream.write_all(format!("{head}content-length: 900000\r\n\r\n").as_bytes()).await.unwrap();
    stream.write_all(&noise(600_000, 1)).await.unwrap();
    drop(stream);
    crate::common::settles_at(store.path(), 0).await;
    assert_eq!(store.get("key").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_anybody_is_not_collected() {
    let store = Fixture::new().await;
    let wire = listen(&store).await;
    let form = "--b\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\nk\r\n\
                --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    let head = format!(
        "POST /{BUCKET} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 1000000000\r\n\r\n{form}",
        wire.address
    );
    let mut stream = TcpStream::connect(&wire.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[b'x'; 32 * 1024]).await.unwrap();
    // Little of what is announced has come, and the answer does not wait for more.
    let mut answer = [0; 12];
    let answered = stream.read_exact(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), answered).await.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
}
