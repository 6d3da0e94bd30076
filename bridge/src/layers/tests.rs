//! What the layers promise, seen from a socket.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use futures::StreamExt;
use http::StatusCode;
use mapping::bucket::{Bucket, Parts, Settings};
use mapping::clock::SystemClock;
use mapping::random::SystemRandom;
use mapping::seal::MasterKeys;
use mapping::store::memory::MemoryStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::app::AppSettings;
use crate::server::{Idle, Server};

const PATIENCE: Patience = Patience { body: Duration::from_millis(150), answer: Duration::from_millis(300) };

fn voice(fault: Fault) -> Response {
    (fault.status(), format!("in our voice: {}", fault.text())).into_response()
}

async fn fails() -> StatusCode {
    panic!("on purpose")
}

/// A server of odd handlers, and what stops it.
async fn serve() -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinSet<()>) {
    let parts = Parts {
        store: Arc::new(MemoryStore::new(Arc::new(SystemClock::new()))),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        keys: MasterKeys::generate(&SystemRandom).expose().parse().unwrap(),
        settings: Settings::default(),
    };
    let state = State::new(Bucket::open(parts).await.unwrap(), &AppSettings::default()).unwrap();
    let odd = Router::new()
        .route("/panic", get(fails))
        .route("/endless", get(std::future::pending::<()>))
        .route("/refuse", put(|| async { StatusCode::UNAUTHORIZED }))
        .route("/read", put(|body: Body| async move { body.into_data_stream().count().await.to_string() }));
    let router = around(guard(odd, PATIENCE, voice).with_state(state.clone()), &state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let server = Server { listener, idle: Idle::default(), drain: Duration::from_secs(5), stop: stop.clone() };
    let mut running = tokio::task::JoinSet::new();
    running.spawn(server.run(router));
    (address, stop, running)
}

/// Sends `head` and `body` as they are and reads until the server closes.
async fn exchange(address: std::net::SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_panic_is_answered_in_the_voice_of_the_api() {
    let (address, _stop, _running) = serve().await;
    let answer = exchange(address, "GET /panic HTTP/1.1", b"").await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.ends_with("in our voice: internal error") && answer.contains("x-request-id: "), "{answer}");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_given_up() {
    let (address, _stop, _running) = serve().await;
    let answer = exchange(address, "GET /endless HTTP/1.1", b"").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("in our voice: "), "{answer}");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let (address, _stop, _running) = serve().await;
    let answer = exchange(address, "PUT /read HTTP/1.1\r\nContent-Length: 100", b"half").await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("in our voice: "), "{answer}");
}

#[tokio::test]
async fn a_body_may_take_longer_than_an_answer_as_long_as_it_comes() {
    let (address, _stop, _running) = serve().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"PUT /read HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 524288\r\n\r\n")
        .await
        .unwrap();
    for _ in 0..8 {
        tokio::time::sleep(PATIENCE.body / 2).await;
        stream.write_all(&[0; 64 << 10]).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let (address, _stop, _running) = serve().await;
    let body = vec![0; 8 << 20];
    let head = format!("PUT /refuse HTTP/1.1\r\nContent-Length: {}", body.len());
    let answer = exchange(address, &head, &body).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn a_refused_client_that_waits_for_leave_to_send_gets_none() {
    let (address, _stop, _running) = serve().await;
    let head = b"PUT /refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n";
    let answer = until_closed(address, head).await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("connection: close\r\n"), "{answer}");
    assert!(!answer.contains("100 Continue"), "{answer}");
}

#[tokio::test]
async fn a_refused_body_that_is_too_long_to_read_on_closes_its_connection() {
    let (address, _stop, _running) = serve().await;
    let head = b"PUT /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n";
    let answer = until_closed(address, head).await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("connection: close\r\n"), "{answer}");
}

/// Sends `head`, leaves the connection open, and reads until the server closes it.
async fn until_closed(address: std::net::SocketAddr, head: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_string(&mut answer)).await;
    read.expect("the connection stays open").unwrap();
    answer
}

#[tokio::test]
async fn a_request_that_is_under_way_at_shutdown_ends_first() {
    let (address, stop, mut running) = serve().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PUT /read HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab").await.unwrap();
    tokio::time::sleep(PATIENCE.body / 3).await;
    stop.cancel();
    tokio::time::sleep(PATIENCE.body / 3).await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody new is served");
    stream.write_all(b"cd").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    running.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn what_no_handler_takes_is_answered_in_the_voice_of_the_api() {
    let (address, _stop, _running) = serve().await;
    let answer = exchange(address, "DELETE /read HTTP/1.1", b"").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("in our voice: "), "{answer}");
}
