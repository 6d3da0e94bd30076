//! HTTP as bytes on a socket: what a polite client library would never send.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::reply::Reply;

/// No server under test may take longer to answer or to hang up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as bytes. `headers` are whole lines, each with its line end.
#[must_use]
pub fn request(method: &str, target: &str, token: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: h\r\nAuthorization: {token}\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Sends these bytes and closes the socket, as a client does that was killed.
///
/// # Panics
/// When the server cannot be reached.
pub async fn send_and_hang_up(server: SocketAddr, bytes: &[u8]) {
    let mut socket = TcpStream::connect(server).await.expect("a connection");
    socket.write_all(bytes).await.expect("the server reads");
    socket.flush().await.expect("the server reads");
}

/// Sends these bytes and reads one answer, or says that the server hung up without one.
///
/// # Panics
/// When the server does neither in good time.
pub async fn exchange(server: SocketAddr, request: &[u8]) -> Option<Reply> {
    let mut socket = TcpStream::connect(server).await.expect("a connection");
    // The server may answer and hang up while this is still sending; what counts is the answer.
    let _ = socket.write_all(request).await;
    answer(&mut socket, &first_line(request)).await
}

/// Reads one answer from an open socket.
///
/// # Panics
/// When the server neither answers nor hangs up in good time, or answers nonsense.
pub async fn answer(socket: &mut TcpStream, asked: &str) -> Option<Reply> {
    let mut seen = Vec::new();
    let mut block = vec![0; 64 * 1024];
    loop {
        if let Some(reply) = parse(&seen, asked) {
            return Some(reply);
        }
        let read = timeout(PATIENCE, socket.read(&mut block)).await;
        match read.unwrap_or_else(|_| panic!("{asked}: no answer within {PATIENCE:?}")) {
            Ok(0) | Err(_) if seen.is_empty() => return None,
            Ok(0) | Err(_) => panic!("{asked}: half an answer: {}", String::from_utf8_lossy(&seen)),
            Ok(count) => seen.extend_from_slice(&block[..count]),
        }
    }
}

fn first_line(request: &[u8]) -> String {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    String::from_utf8_lossy(&line[..line.len().min(120)]).into_owned()
}

/// The answer, once its head and the announced length of its body are there.
fn parse(seen: &[u8], asked: &str) -> Option<Reply> {
    let end = seen.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&seen[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?);
    }
    let body = whole_body(&headers, &seen[end + 4..])?;
    Some(Reply::new(asked.to_owned(), status, headers, body))
}

/// The body, once all of it is there.
fn whole_body(headers: &HeaderMap, seen: &[u8]) -> Option<Bytes> {
    if headers.get("transfer-encoding").is_some_and(|value| value == "chunked") {
        return unchunked(seen);
    }
    let announced = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    seen.get(..announced.unwrap_or_default()).map(Bytes::copy_from_slice)
}

fn unchunked(mut seen: &[u8]) -> Option<Bytes> {
    let mut whole = Vec::new();
    loop {
        let line = seen.windows(2).position(|two| two == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&seen[..line]).ok()?, 16).ok()?;
        let chunk = seen.get(line + 2..line + 2 + length + 2)?;
        if length == 0 {
            return Some(whole.into());
        }
        whole.extend_from_slice(&chunk[..length]);
        seen = &seen[line + 2 + length + 2..];
    }
}
