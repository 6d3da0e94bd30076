//! What a server answered, read to its end, with the few questions that tests ask of it.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    asked: String,
}

impl Reply {
    /// Puts an answer together; `asked` says what the question was, for messages.
    #[must_use]
    pub fn new(asked: String, status: u16, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body, asked }
    }

    /// The body as text; bytes that are no text are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{}: no JSON ({error}): {}", self.asked, self.text()),
        }
    }

    /// One header as text, empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The same answer, when its status is this.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self
    }

    /// Its status, when it is one of these.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn expect_one_of(&self, statuses: &[u16]) -> u16 {
        assert!(statuses.contains(&self.status), "{}: {} {}", self.asked, self.status, self.text());
        self.status
    }

    /// A refusal as this API words it: a client error, a short line of text, nothing of a framework.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn expect_refusal(self, status: u16) -> Self {
        let reply = self.expect(status);
        let (text, kind) = (reply.text(), reply.header("content-type"));
        assert!(kind.starts_with("text/"), "{}: content type `{kind}`", reply.asked);
        assert!(!text.trim().is_empty() && text.len() < 400, "{}: `{text}`", reply.asked);
        for leak in ["axum", "panicked", "serde", "Failed to deserialize", "S3", ".folderbridge", "src/"] {
            assert!(!text.contains(leak), "{}: says `{leak}`: {text}", reply.asked);
        }
        reply
    }

    /// A refusal as the Backend.AI API words it: a problem of this kind, in JSON.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn expect_problem(self, status: u16, slug: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.asked);
        let problem = reply.json();
        assert_eq!(problem["type"], format!("https://api.backend.ai/probs/{slug}"), "{}: {problem}", reply.asked);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{}: {problem}", reply.asked);
        for leak in ["axum", "panicked", "serde", "S3", ".folderbridge", "src/"] {
            assert!(!reply.text().contains(leak), "{}: says `{leak}`: {problem}", reply.asked);
        }
        reply
    }
}
