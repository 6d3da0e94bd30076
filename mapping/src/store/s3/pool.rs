//! A pool of HTTP/1.1 connections. Over HTTP/2 all requests would share one connection, and a few
//! downloads that nobody reads would hold up every other request.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::ErrorKind;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector as TcpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tower::ServiceExt;

use super::settings::S3Settings;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// What a connection reads ahead and holds back, in bytes: memory outside the byte budget.
const BUFFER: usize = 64 * 1024;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The pool that `settings` ask for. Every client made of it shares it.
pub(super) fn pool(settings: &S3Settings) -> StoreResult<SharedHttpClient> {
    let within = settings.timeouts.connect;
    let mut tcp = TcpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let https = HttpsConnector::from((tcp, tls()?));
    // Name, connection and TLS together have that long.
    let connector = https.map_future(move |connecting| {
        Box::pin(async move {
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
            tokio::time::timeout(within, connecting).await.map_err(late)?
        })
    });
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(settings.idle_for)
        .pool_max_idle_per_host(settings.idle_connections)
        .http1_max_buf_size(BUFFER)
        .build(connector);
    let pool = SharedHttpConnector::new(Pool(client));
    Ok(http_client_fn(move |_, _| pool.clone()))
}

fn tls() -> StoreResult<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // A machine without any serves stores over plain HTTP all the same.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let unusable = |error| StoreError::new(StoreErrorKind::Refused, "TLS cannot be set up").caused_by(Box::new(error));
    let mut config = config.map_err(unusable)?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

struct Pool<C>(Client<C, SdkBody>);

impl<C> std::fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pool")
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> HttpConnector for Pool<C> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let answer = client.request(request).await.map_err(|error| sorted(error.into()))?;
            let answer = HttpResponse::try_from(answer.map(SdkBody::from_body_1_x));
            answer.map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// An error as the SDK decides by whether to try again.
fn sorted(error: BoxError) -> ConnectorError {
    let source = |error: &BoxError| find::<io::Error>(&**error).map(io::Error::kind);
    if source(&error) == Some(io::ErrorKind::TimedOut) {
        return ConnectorError::timeout(error);
    }
    let connecting = find::<hyper_util::client::legacy::Error>(&*error).is_some_and(|error| error.is_connect());
    match find::<hyper::Error>(&*error) {
        Some(broken) if broken.is_timeout() => ConnectorError::timeout(error),
        Some(broken) if broken.is_user() => ConnectorError::user(error),
        // The store closed a connection that it had kept open, as AWS does.
        Some(broken) if broken.is_incomplete_message() => ConnectorError::other(error, Some(ErrorKind::TransientError)),
        Some(broken) if broken.is_closed() || broken.is_canceled() => ConnectorError::io(error),
        _ if connecting || source(&error).is_some() => ConnectorError::io(error),
        _ => ConnectorError::other(error, None),
    }
}

fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |error| (*error).source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::key::ObjectKey;
    use crate::store::ObjectStore;
    use crate::store::s3::{KeyPair, Retries, S3Store};

    async fn store(scheme: &str, listener: &TcpListener) -> S3Store {
        let settings = S3Settings {
            endpoint: Some(format!("{scheme}://{}", listener.local_addr().unwrap())),
            credentials: Some(KeyPair { access_key: "key".to_owned(), secret_key: "secret".to_owned() }),
            retries: Retries { attempts: 1, ..Retries::default() },
            ..S3Settings::new("bucket")
        };
        S3Store::connect(settings).await.unwrap()
    }

    #[tokio::test]
    async fn only_http_1_is_offered_over_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let store = store("https", &listener).await;
        let hello = async {
            let mut stream = listener.accept().await.unwrap().0;
            let mut head = [0; 5];
            stream.read_exact(&mut head).await.unwrap();
            let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            stream.read_exact(&mut hello).await.unwrap();
            hello
        };
        let key = ObjectKey::scratch("r", "x");
        let (answer, hello) = tokio::join!(store.head(&key), hello);
        assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::Unavailable);
        // Extension 16, its length, the list's length, and one name.
        let offer = b"\x00\x10\x00\x0b\x00\x09\x08http/1.1";
        assert!(hello.windows(offer.len()).any(|bytes| bytes == offer));
    }

    #[tokio::test]
    async fn an_answer_comes_back_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let store = store("http", &listener).await;
        let answer = async {
            let mut stream = listener.accept().await.unwrap().0;
            let mut head = vec![0; 4096];
            let size = stream.read(&mut head).await.unwrap();
            assert!(head[..size].starts_with(b"HEAD /bucket/"));
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\netag: \"e\"\r\n\r\n").await.unwrap();
        };
        let key = ObjectKey::scratch("r", "x");
        let (found, ()) = tokio::join!(store.head(&key), answer);
        assert_eq!(found.unwrap().size, 7);
    }
}
