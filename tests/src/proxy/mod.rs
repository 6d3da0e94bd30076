//! A TCP proxy in front of a real S3 server, which does to chosen requests what networks and stores
//! do: cut bodies, lost and late answers, 500, 503, 409, uploads that are dropped. It counts what it
//! sees: requests, attempts of each, and connections.

mod answers;
mod exchange;
mod fault;
mod request;
mod side;
mod tally;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mapping::store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use self::exchange::Connection;
use self::tally::Tally;

pub use self::fault::Fault;
pub use self::request::Request;
pub use self::tally::Counts;

/// Says what befalls a request.
type Script = Box<dyn FnMut(&Request) -> Option<Fault> + Send>;

/// What all connections share.
struct Shared {
    server: SocketAddr,
    script: Mutex<Script>,
    tally: Tally,
    /// Drops uploads on the server, past the proxy.
    direct: Store,
    /// How long the first byte of an answer is held back, where it is.
    slow: Duration,
}

/// A proxy on a free port of this machine. Dropped, it stops at once.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinSet<()>>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Passes everything on to `server`; `direct` is a client of the same bucket, past the proxy.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn open(server: SocketAddr, direct: Store, slow: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let script: Script = Box::new(|_| None);
        let shared = Shared { server, script: Mutex::new(script), tally: Tally::default(), direct, slow };
        let mut proxy = Self { address, shared: Arc::new(shared), accepting: None };
        proxy.accept(listener);
        proxy
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on `script` says what befalls each request.
    pub fn script(&self, script: impl FnMut(&Request) -> Option<Fault> + Send + 'static) {
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(script);
    }

    /// From now on every request that `fault` can befall is befallen.
    pub fn always(&self, fault: Fault) {
        self.script(move |request| fault.can_befall(request).then_some(fault));
    }

    /// Lets `fault` befall the request that comes as the `number`th from now (from 1), if it can.
    pub fn once(&self, number: u64, fault: Fault) {
        let mut seen = 0;
        self.script(move |request| {
            seen += 1;
            (seen == number && fault.can_befall(request)).then_some(fault)
        });
    }

    /// From now on nothing befalls any request.
    pub fn heal(&self) {
        self.script(|_| None);
    }

    /// Refuses connections, and cuts those that are open.
    pub async fn go_down(&mut self) {
        if let Some(mut accepting) = self.accepting.take() {
            accepting.shutdown().await;
        }
    }

    /// Takes connections again, at the same address.
    ///
    /// # Panics
    /// When another program took the port meanwhile.
    pub async fn come_up(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the same port");
        self.accept(listener);
    }

    /// What it has counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.tally.counts()
    }

    /// Counts requests from nothing again.
    pub fn forget(&self) {
        self.shared.tally.forget();
    }

    fn accept(&mut self, listener: TcpListener) {
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&self.shared)));
        self.accepting = Some(accepting);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => accepted.expect("a connection").0,
            Some(_) = connections.join_next() => continue,
        };
        socket.set_nodelay(true).expect("a socket option");
        connections.spawn(serve(socket, Arc::clone(&shared)));
    }
}

async fn serve(socket: TcpStream, shared: Arc<Shared>) {
    let _open = shared.tally.opened();
    // Either side may hang up at any time: that is what this is for.
    drop(Connection::new(socket, &shared).run().await);
}
