//! Somebody who calls: a token, the addresses of the replicas, and the verbs of the Filesystems API
//! as a client sends them. Requests go round the replicas in turn, as behind a load balancer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::reply::Reply;

/// How long an answer may take of one who may have been killed.
const ATTEMPT: Duration = Duration::from_secs(60);

/// A client of one or more replicas. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    http: Client,
    replicas: Arc<[SocketAddr]>,
    turn: Arc<AtomicUsize>,
    token: Option<String>,
    prefix: &'static str,
}

impl Caller {
    /// Somebody without a token.
    ///
    /// # Panics
    /// When the HTTP client cannot be built.
    #[must_use]
    pub fn nobody(replicas: &[SocketAddr]) -> Self {
        let http = Client::builder().no_proxy().tls_certs_only([]).tcp_nodelay(true).build().expect("an HTTP client");
        Self { http, replicas: replicas.into(), turn: Arc::default(), token: None, prefix: "" }
    }

    /// The same client with this token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client, nobody now.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The same client, calling the API below this prefix (`/v1`).
    #[must_use]
    pub fn below(&self, prefix: &'static str) -> Self {
        Self { prefix, ..self.clone() }
    }

    /// The replica whose turn it is.
    #[must_use]
    pub fn replica(&self) -> SocketAddr {
        self.replicas[self.turn.fetch_add(1, Ordering::Relaxed) % self.replicas.len()]
    }

    /// A request to the next replica, with the token if there is one.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{}{path}", self.replica(), self.prefix));
        match &self.token {
            Some(token) => request.header("authorization", token),
            None => request,
        }
    }

    /// A request to this replica, without the token.
    pub fn request_to(&self, replica: &str, method: Method, target: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{replica}{target}"))
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Panics
    /// When there is no whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        self.receive(request).await.unwrap_or_else(|error| panic!("body cut: {error:?}"))
    }

    /// Sends a request and reads the answer, unless its body breaks off.
    ///
    /// # Panics
    /// When there is no answer at all.
    pub async fn try_send(&self, request: RequestBuilder) -> Option<Reply> {
        self.receive(request).await.ok()
    }

    /// Sends a request and reads the whole answer; `None` when it does not come: whoever was asked may
    /// have been killed, before or after it did what was asked.
    ///
    /// # Panics
    /// When it is no request.
    pub async fn attempt(&self, request: RequestBuilder) -> Option<Reply> {
        let request = request.timeout(ATTEMPT).build().expect("a request");
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request).await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Reply::new(asked, status, headers, response.bytes().await.ok()?))
    }

    async fn receive(&self, request: RequestBuilder) -> reqwest::Result<Reply> {
        let request = request.build().expect("a request");
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = match self.http.execute(request).await {
            Ok(response) => response,
            Err(error) => panic!("{asked}: {error:?}"),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply::new(asked, status, headers, response.bytes().await?))
    }

    /// A request with a JSON body and, like the real client, without a content type.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Reply {
        self.send(self.request(method, path).body(body.to_string())).await
    }

    /// `GET /filesystems`.
    pub async fn filesystems(&self) -> Reply {
        self.call(Method::GET, "/filesystems", &json!({})).await
    }

    /// `POST /filesystems`.
    pub async fn create(&self, name: &str) -> Reply {
        self.call(Method::POST, "/filesystems", &json!({ "filesystem_name": name })).await
    }

    /// Creates a file system and says its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn created(&self, name: &str) -> String {
        let reply = self.create(name).await.expect(200);
        reply.json()["filesystem_id"].as_str().expect("an id").to_owned()
    }

    /// `DELETE /filesystems/ID`.
    pub async fn destroy(&self, id: &str) -> Reply {
        self.call(Method::DELETE, &format!("/filesystems/{id}"), &json!({})).await
    }

    /// `POST /filesystems/ID/share`.
    pub async fn share(&self, id: &str, grantee: &str) -> Reply {
        self.call(Method::POST, &format!("/filesystems/{id}/share"), &json!({ "grantee": grantee })).await
    }

    /// `GET /filesystems/ID/list/DIR`.
    pub async fn list(&self, id: &str, directory: &str) -> Reply {
        self.call(Method::GET, &format!("/filesystems/{id}/list/{directory}"), &json!({})).await
    }

    /// The names in a directory: directories, then files.
    pub async fn names(&self, id: &str, directory: &str) -> (Vec<String>, Vec<String>) {
        let listed = self.list(id, directory).await.expect(200).json();
        (texts(&listed["directories"]), texts(&listed["files"]))
    }

    /// `POST /filesystems/ID/mkdir/DIR`.
    pub async fn mkdir(&self, id: &str, directory: &str) -> Reply {
        self.call(Method::POST, &format!("/filesystems/{id}/mkdir/{directory}"), &json!({})).await
    }

    /// `DELETE /filesystems/ID/files/PATH`.
    pub async fn remove(&self, id: &str, path: &str) -> Reply {
        self.call(Method::DELETE, &format!("/filesystems/{id}/files/{path}"), &json!({})).await
    }

    /// A request about one file.
    pub fn file(&self, method: Method, id: &str, path: &str) -> RequestBuilder {
        self.request(method, &format!("/filesystems/{id}/files/{path}"))
    }

    /// The whole file.
    pub async fn download(&self, id: &str, path: &str) -> Reply {
        self.send(self.file(Method::GET, id, path)).await
    }

    /// A stretch of the file, asked for with the API's own header.
    pub async fn download_range(&self, id: &str, path: &str, range: &str) -> Reply {
        self.send(self.file(Method::GET, id, path).header("content-range", range)).await
    }

    /// `GET .../files/PATH?init=True`.
    pub async fn download_init(&self, id: &str, path: &str) -> Reply {
        self.send(self.file(Method::GET, id, &format!("{path}?init=True"))).await
    }

    /// `POST .../files/PATH` with any body.
    pub async fn post_file(&self, id: &str, path: &str, body: &Value) -> Reply {
        self.call(Method::POST, &format!("/filesystems/{id}/files/{path}"), body).await
    }

    /// Starts an upload and says its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn started(&self, id: &str, path: &str, size: u64) -> String {
        let reply = self.post_file(id, path, &json!({ "size": size })).await.expect(200);
        reply.json()["uploadId"].as_str().expect("an upload id").to_owned()
    }

    /// One chunk under any `Content-Range`.
    pub async fn chunk_with(&self, id: &str, path: &str, range: &str, bytes: Bytes) -> Reply {
        let request = self.file(Method::PUT, id, path).header("content-range", range);
        self.send(request.header("content-type", "application/octet-stream").body(bytes)).await
    }

    /// One chunk as the real client sends it.
    pub async fn chunk(&self, id: &str, path: &str, upload: &str, start: u64, bytes: Bytes) -> Reply {
        let end = start + bytes.len() as u64;
        self.chunk_with(id, path, &format!("[{upload}]:{start}-{end}"), bytes).await
    }

    /// Completes an upload.
    pub async fn complete(&self, id: &str, path: &str, upload: &str) -> Reply {
        self.post_file(id, path, &json!({ "uploadId": upload, "complete": true })).await
    }

    /// A whole upload as the real client does it: chunks of one size, five at a time.
    ///
    /// # Panics
    /// When any step is refused.
    pub async fn upload(&self, id: &str, path: &str, content: &Bytes, chunk: usize) {
        let upload = self.started(id, path, content.len() as u64).await;
        let starts = (0..content.len()).step_by(chunk);
        let sent = stream::iter(starts).map(|start| {
            let bytes = content.slice(start..content.len().min(start + chunk));
            self.chunk(id, path, &upload, start as u64, bytes)
        });
        sent.buffer_unordered(5).for_each(|reply| async { drop(reply.expect(200)) }).await;
        self.complete(id, path, &upload).await.expect(200);
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// Bytes that differ from place to place, so that a swapped or repeated chunk shows.
#[must_use]
pub fn pattern(length: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}
