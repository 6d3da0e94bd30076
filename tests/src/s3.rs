//! The embedded store on a socket: an S3 endpoint for the real binary, without anything to install.

use std::net::SocketAddr;
use std::path::Path;

pub use embedded::Habits;
use embedded::{LocalStore, S3Service};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use mapping::store::s3::{KeyPair, S3Settings, S3Store};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A listening store. Dropped, it stops at once.
#[derive(Debug)]
pub struct Endpoint {
    /// Where it listens.
    pub address: SocketAddr,
    /// What opens it.
    pub access_key: String,
    /// What opens it.
    pub secret_key: String,
    _server: JoinSet<()>,
}

impl Endpoint {
    /// Listens on `address`, over the store in `directory`.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn open(directory: &Path, address: SocketAddr) -> Self {
        Self::open_with(directory, address, Habits::default()).await
    }

    /// The same with habits of other stores.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn open_with(directory: &Path, address: SocketAddr, habits: Habits) -> Self {
        let local = LocalStore::open(directory).await.expect("the embedded store");
        let (access_key, secret_key) = local.key_pair();
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let mut server = JoinSet::new();
        server.spawn(accept(listener, local.service_with(habits)));
        Self { address, access_key, secret_key, _server: server }
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn make_bucket(&self, name: &str) {
        let store = S3Store::connect(self.settings(name)).await.expect("a client");
        store.ensure_bucket().await.expect("a bucket");
    }

    /// How a client reaches a bucket in it.
    #[must_use]
    pub fn settings(&self, bucket: &str) -> S3Settings {
        let key_pair = KeyPair { access_key: self.access_key.clone(), secret_key: self.secret_key.clone() };
        S3Settings {
            endpoint: Some(self.url()),
            region: Some("us-east-1".to_owned()),
            credentials: Some(key_pair),
            ..S3Settings::new(bucket)
        }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn accept(listener: TcpListener, service: S3Service) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = tokio::select! {
            accepted = listener.accept() => accepted.expect("a connection"),
            Some(_) = connections.join_next() => continue,
        };
        socket.set_nodelay(true).expect("a socket option");
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
        // A client that hangs up in the middle is not this server's failure.
        connections.spawn(async move { drop(connection.await) });
    }
}
