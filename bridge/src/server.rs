//! The listener: connections in, requests to the router, and an end that lets requests end first.

mod stall;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use stall::Unstalled;

/// More at a time wait in the kernel's queue.
const CONNECTIONS: usize = 10_000;
/// Room for a request's line and headers: a path of 900 bytes, percent-encoded, and long tokens.
const HEAD_BYTES: usize = 64 * 1024;
const HEADERS: usize = 100;
/// What a connection reads ahead and holds back. The default of 400 KiB would be most of the
/// memory that a hundred transfers take.
const BUFFER_BYTES: usize = HEAD_BYTES;

/// How long a connection may be idle, by what it is idle in.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// Before a request and in its head. Longer than the 60 s of common load balancers, so that
    /// they close first and never meet a closed connection.
    pub head: Duration,
    /// In reading an answer.
    pub answer: Duration,
}

impl Default for Idle {
    fn default() -> Self {
        Self { head: Duration::from_secs(75), answer: Duration::from_secs(60) }
    }
}

/// Who is at the other end, among a request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A listener and how it treats its connections.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) listener: TcpListener,
    pub(crate) idle: Idle,
    /// How long requests may take to end after `stop`.
    pub(crate) drain: Duration,
    pub(crate) stop: CancellationToken,
}

impl Server {
    /// Serves until told to stop; then until all requests have ended or their time is up.
    pub(crate) async fn run(self, router: Router) {
        let (mut connections, graceful) = (JoinSet::new(), GracefulShutdown::new());
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.accept(&room) => accepted,
            };
            let Some((stream, peer, permit)) = accepted else { break };
            connections.spawn(serve(stream, peer, router.clone(), self.idle, graceful.watcher(), permit));
        }
        drop(self.listener);
        if tokio::time::timeout(self.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("closed connections whose requests had not ended in time");
        }
        connections.shutdown().await;
    }

    /// The next connection; `None` when there can be none any more.
    async fn accept(&self, room: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let permit = Arc::clone(room).acquire_owned().await.ok()?;
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return Some((stream, peer, permit)),
                Err(error) if is_one_connection(&error) => {}
                Err(error) => {
                    // Out of file descriptors, mostly: they come back when connections close.
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// Whether the error is about a client that has gone already.
fn is_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    idle: Idle,
    watcher: Watcher,
    permit: OwnedSemaphorePermit,
) {
    // Without it small answers wait for the client's delayed acknowledgement: p99 47 ms, not 10.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch Nagle's algorithm off");
    }
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.map(Body::new)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(idle.head);
    builder.max_header_size(HEAD_BYTES).max_headers(HEADERS).max_buf_size(BUFFER_BYTES);
    let io = TokioIo::new(Unstalled::new(stream, idle.answer));
    let connection = builder.serve_connection(io, TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, client = %peer, "a connection ended badly");
    }
    drop(permit);
}
