//! Requests signed as the Backend.AI API wants them, written from its description and sharing nothing with
//! the server: its own HMAC, its own string to sign.

use bytes::Bytes;
use mapping::clock::{Clock, SystemClock};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::caller::Caller;
use crate::reply::Reply;

/// Somebody with an access key, and how he calls. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Signer {
    calls: Caller,
    /// Names the secret.
    pub access_key: String,
    secret_key: String,
    version: &'static str,
    agent: Option<&'static str>,
}

/// What is signed: the parts that a test may want to bend.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The method.
    pub method: Method,
    /// Path and query, as they are sent.
    pub target: String,
    /// The value of `Date`.
    pub date: String,
    /// The value of `Host`.
    pub host: String,
    /// The media type alone.
    pub content_type: String,
    /// The name and value of the version's header.
    pub version: (&'static str, String),
    /// What is hashed: the body where it is signed, else nothing.
    pub body: Bytes,
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The signature of these parts by this secret. The date is ISO 8601.
#[must_use]
pub fn signature(parts: &Parts, secret: &str) -> String {
    let Parts { method, target, date, host, content_type, version: (name, version), body } = parts;
    let text = format!(
        "{method}\n{target}\n{date}\nhost:{host}\ncontent-type:{content_type}\n{name}:{version}\n{}",
        hex(&Sha256::digest(body))
    );
    let day: String = date.chars().take(10).filter(char::is_ascii_digit).collect();
    hex(&hmac(&hmac(&hmac(secret.as_bytes(), day.as_bytes()), host.as_bytes()), text.as_bytes()))
}

impl Signer {
    /// Somebody who follows the documents, and names no client.
    #[must_use]
    pub fn new(calls: &Caller, access_key: &str, secret_key: &str) -> Self {
        Self {
            calls: calls.without_token(),
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
            version: "v4.20190615",
            agent: None,
        }
    }

    /// The same, speaking this version.
    #[must_use]
    pub fn speaking(&self, version: &'static str) -> Self {
        Self { version, ..self.clone() }
    }

    /// The same, named as the published client is.
    #[must_use]
    pub fn as_client(&self) -> Self {
        Self { agent: Some("Backend.AI Client for Python 20.03.10"), ..self.clone() }
    }

    /// The same, asking these replicas.
    #[must_use]
    pub fn through(&self, calls: &Caller) -> Self {
        Self { calls: calls.without_token(), ..self.clone() }
    }

    /// The same, with another secret.
    #[must_use]
    pub fn with_secret(&self, secret_key: &str) -> Self {
        Self { secret_key: secret_key.to_owned(), ..self.clone() }
    }

    /// What a request of this kind signs, to the replica whose turn it is.
    #[must_use]
    pub fn parts(&self, method: Method, target: &str, content_type: &str, body: &Bytes) -> Parts {
        let signs_body = self.version < "v4.20181215" && content_type != "multipart/form-data";
        Parts {
            method,
            target: target.to_owned(),
            date: SystemClock::new().now().to_string(),
            host: self.calls.replica().to_string(),
            content_type: content_type.to_owned(),
            version: ("x-backendai-version", self.version.to_owned()),
            body: if signs_body { body.clone() } else { Bytes::new() },
        }
    }

    /// A request with these parts and this body, signed.
    pub fn signed(&self, parts: &Parts, body: Bytes) -> RequestBuilder {
        self.typed(parts, &parts.content_type, body)
    }

    /// The same, with parameters behind the media type, which are not signed.
    fn typed(&self, parts: &Parts, content_type: &str, body: Bytes) -> RequestBuilder {
        let credential = format!("{}:{}", self.access_key, signature(parts, &self.secret_key));
        let request = self
            .calls
            .request_to(&parts.host, parts.method.clone(), &parts.target)
            .header("authorization", format!("BackendAI signMethod=HMAC-SHA256, credential={credential}"))
            .header("date", &parts.date)
            .header("content-type", content_type)
            .header(parts.version.0, &parts.version.1)
            .body(body);
        match self.agent {
            Some(agent) => request.header("user-agent", agent),
            None => request,
        }
    }

    /// A signed request with a body of any type.
    pub fn request(&self, method: Method, target: &str, content_type: &str, body: Bytes) -> RequestBuilder {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let parts = self.parts(method, target, kind, &body);
        self.typed(&parts, content_type, body)
    }

    /// Sends a signed request and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        self.calls.send(request).await
    }

    /// A request without a body.
    pub async fn plain(&self, method: &str, target: &str) -> Reply {
        let method = method.parse().expect("a method");
        self.send(self.request(method, target, "text/plain", Bytes::new())).await
    }

    /// A request with a JSON body.
    pub async fn call(&self, method: &str, target: &str, body: &Value) -> Reply {
        let method = method.parse().expect("a method");
        self.send(self.request(method, target, "application/json", body.to_string().into())).await
    }

    /// Makes a folder and says its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn created(&self, name: &str) -> String {
        let reply = self.call("POST", "/folders", &serde_json::json!({ "name": name })).await.expect(201);
        reply.json()["id"].as_str().expect("an id").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_signature_comes_out() {
        let parts = Parts {
            method: Method::POST,
            target: "/folders".to_owned(),
            date: "2020-03-15T12:34:56.123456+00:00".to_owned(),
            host: "127.0.0.1:8081".to_owned(),
            content_type: "application/json".to_owned(),
            version: ("x-backendai-version", "v5.20191215".to_owned()),
            body: Bytes::new(),
        };
        let expected = "70d98469a1c4af793062b9312700d00210d72cf0e4b2b34c6b2a8119e5a906c3";
        assert_eq!(signature(&parts, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), expected);
    }
}
