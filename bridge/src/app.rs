//! One application: a bucket, its APIs on one router, and a listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use mapping::bucket::{Bucket, Parts};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::auth::bearer::Expected;
use crate::auth::rate::RateLimit;
use crate::failure::StartError;
use crate::health::Health;
use crate::layers::{self, Fault, Meter, Patience};
use crate::server::{Idle, Server};
use crate::{admin, dialects, health, home, housekeeping};

/// How an application behaves.
#[derive(Clone)]
pub struct AppSettings {
    /// Where it listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// What opens the admin API; `None` closes it.
    pub admin_token: Option<String>,
    /// How long requests may take to end at shutdown.
    pub drain: Duration,
    /// How long the server waits for the next bytes of a request body.
    pub body_patience: Duration,
    /// How long a handler may take to answer after the last bytes of its body.
    pub answer_patience: Duration,
    /// How long connections may be idle.
    pub idle: Idle,
    /// How many requests in 15 minutes each access key may sign; 0 is any number.
    pub rate_limit: u32,
    /// How often the bucket is swept; `None` leaves it to others.
    pub sweep_every: Option<Duration>,
    /// How often jobs are looked for whose replica has died; `None` leaves it to others.
    pub tend_jobs_every: Option<Duration>,
}

/// What no client reaches that uploads thousands of files one by one, with some requests for each.
pub(crate) const RATE_LIMIT: u32 = 30_000;

impl Default for AppSettings {
    /// On any free port of this machine, without an admin API and without sweeps.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin_token: None,
            drain: Duration::from_secs(25),
            body_patience: Duration::from_secs(30),
            answer_patience: Duration::from_secs(300),
            idle: Idle::default(),
            rate_limit: RATE_LIMIT,
            sweep_every: None,
            tend_jobs_every: None,
        }
    }
}

impl std::fmt::Debug for AppSettings {
    /// Without the admin token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppSettings").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// What all requests of an application share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct State {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    bucket: Bucket,
    admin: Option<Expected>,
    health: Health,
    meter: Arc<Meter>,
    rate_limit: RateLimit,
}

impl State {
    pub(crate) fn new(bucket: Bucket, settings: &AppSettings) -> Result<Self, StartError> {
        let inner = Inner {
            bucket,
            admin: settings.admin_token.as_deref().map(Expected::new),
            health: Health::default(),
            meter: Arc::new(Meter::new()?),
            rate_limit: RateLimit::new(settings.rate_limit),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &Bucket {
        &self.inner.bucket
    }

    pub(crate) fn admin(&self) -> Option<&Expected> {
        self.inner.admin.as_ref()
    }

    pub(crate) fn health(&self) -> &Health {
        &self.inner.health
    }

    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.inner.meter
    }

    pub(crate) fn rate_limit(&self) -> &RateLimit {
        &self.inner.rate_limit
    }

    /// Runs a change to its end even when the client hangs up.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = mapping::Result<T>> + Send + 'static,
    ) -> mapping::Result<T> {
        self.bucket().tasks().finish(work).await?
    }
}

/// An application that serves. Dropped, it stops at once, as in a crash.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its requests share.
    pub state: State,
    server: JoinSet<()>,
    stop: CancellationToken,
    drain: Duration,
}

impl Running {
    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets requests end, stores what is held in memory, and stops.
    pub async fn shutdown(mut self) {
        let began = tokio::time::Instant::now();
        self.state.health().begin_stopping();
        self.stop.cancel();
        while self.server.join_next().await.is_some() {}
        let left = self.drain.saturating_sub(began.elapsed()).max(LAST_WRITES);
        self.state.bucket().drain(left).await;
    }
}

/// What the core gets to store held chunks even when requests used up the time to drain.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Opens a bucket and serves it.
///
/// # Errors
/// When the port is taken or the bucket cannot be opened.
pub async fn start(parts: Parts, settings: AppSettings) -> Result<Running, StartError> {
    let listener = bind(settings.listen).await?;
    let bucket = Bucket::open(parts).await.map_err(|error| StartError::because("cannot open the bucket", &error))?;
    serve(listener, bucket, &settings)
}

/// Listens. Nothing is answered before [`serve`].
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => StartError::new(format!(
            "{address} is taken by another program: stop it, or choose another port with `--listen ADDR:PORT`"
        )),
        std::io::ErrorKind::PermissionDenied => StartError::new(format!(
            "not allowed to listen on {address}: ports below 1024 need a privilege; choose another with \
             `--listen ADDR:PORT`"
        )),
        std::io::ErrorKind::AddrNotAvailable => StartError::new(format!(
            "this machine has no address {}: `--listen 0.0.0.0:PORT` listens on all it has",
            address.ip()
        )),
        _ => StartError::because(format!("cannot listen on {address}"), &error),
    })
}

/// Serves an open bucket.
pub(crate) fn serve(listener: TcpListener, bucket: Bucket, settings: &AppSettings) -> Result<Running, StartError> {
    let address = listener.local_addr().map_err(|error| StartError::because("the listener has no address", &error))?;
    let state = State::new(bucket, settings)?;
    let (stop, drain) = (CancellationToken::new(), settings.drain);
    let server = Server { listener, idle: settings.idle, drain, stop: stop.clone() };
    let mut running = JoinSet::new();
    running.spawn(server.run(router(&state, settings)));
    housekeeping::begin(&state, settings.sweep_every, settings.tend_jobs_every);
    Ok(Running { address, state, server: running, stop, drain })
}

fn router(state: &State, settings: &AppSettings) -> Router {
    let patience = Patience { body: settings.body_patience, answer: settings.answer_patience };
    let plain = health::routes().merge(home::routes());
    let router = layers::guard(plain, patience, admin::voice)
        .merge(dialects::router(state, patience))
        .merge(layers::guard(admin::router(), patience, admin::voice))
        .fallback(no_route)
        .with_state(state.clone());
    layers::around(router, state)
}

/// Also a path that is none is answered in the words of the API that it lies in.
async fn no_route(request: Request) -> Response {
    match dialects::nothing_at(request.uri().path()) {
        Some(api) => api.oneshot(request).await.unwrap_or_else(|never| match never {}),
        None => admin::voice(Fault::NoRoute),
    }
}
