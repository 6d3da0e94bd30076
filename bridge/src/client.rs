//! The admin API from the other side: what `account`, `folder`, `fsck`, `job` and `sweep`
//! call.

use http::Method;
use reqwest::{Client, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::StartError;

/// Longer than a server takes to answer anything.
const SLOW: std::time::Duration = std::time::Duration::from_secs(600);

/// A server's admin API.
pub(crate) struct AdminClient {
    http: Client,
    url: String,
    token: String,
}

impl AdminClient {
    /// The admin API of the server at `url`, which has no slash at its end.
    pub(crate) fn new(url: &str, token: String) -> Result<Self, StartError> {
        // The server is on this machine or in its network; a proxy would be handed the token.
        let http = Client::builder().no_proxy().timeout(std::time::Duration::from_secs(60)).build();
        let http = http.map_err(|error| StartError::because("cannot make an HTTP client", &error))?;
        Ok(Self { http, url: url.to_owned(), token })
    }

    /// Calls `path` below `/admin/v1`.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, StartError> {
        self.send(self.request(method, path), body).await
    }

    /// As [`AdminClient::call`], for what takes as long as a server lets it.
    pub(crate) async fn call_slow<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, StartError> {
        self.send(self.request(method, path).timeout(SLOW), body).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/admin/v1{path}", self.url)).bearer_auth(&self.token)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        mut request: RequestBuilder,
        body: Option<&Value>,
    ) -> Result<T, StartError> {
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.no_answer(&error))?;
        if response.status().is_success() {
            let shape = response.json().await;
            return shape
                .map_err(|error| StartError::because(format!("{} is no folderbridge server", self.url), &error));
        }
        Err(refusal(response).await)
    }

    fn no_answer(&self, error: &reqwest::Error) -> StartError {
        let what =
            format!("no server answers at {}: start one with `folderbridge serve`, or set FOLDERBRIDGE_URL", self.url);
        if error.is_connect() { StartError::new(what) } else { StartError::because(what, error) }
    }
}

async fn refusal(response: Response) -> StartError {
    let status = response.status();
    let body: Value = response.json().await.unwrap_or_default();
    match body["message"].as_str() {
        Some(message) => StartError::new(message),
        None => StartError::new(format!("the server answered {status}")),
    }
}
