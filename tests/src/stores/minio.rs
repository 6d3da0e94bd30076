//! MinIO, the reference: in a container that the test starts itself and removes at its end.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use testcontainers::core::IntoContainerPort;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt, TestcontainersError};

use super::differences::Kind;
use super::named::NamedStore;
use super::{ready, say};
use crate::environment::containers_are_required;

/// Names the image: the newest that was published. Where nothing can be pulled, one that was built
/// locally from the same release and carries its name does as well.
const COMPOSE: &str = include_str!("../../../docker-compose.yml");

/// What reports call it.
pub const TITLE: &str = "MinIO (container)";

const PORT: u16 = 9000;
const ACCESS_KEY: &str = "suites-access-key";
const SECRET_KEY: &str = "suites-secret-key";

/// A running container. Removed when dropped.
#[derive(Debug)]
pub struct MinIo {
    container: ContainerAsync<GenericImage>,
    /// How it is reached.
    pub store: NamedStore,
}

impl MinIo {
    /// Starts a container for `what` and waits until it takes objects. `None`, with a printed reason,
    /// where there is no engine, or no image can be had.
    ///
    /// # Panics
    /// When none can be had and it must, or when MinIO does not become ready in it.
    pub async fn start(what: &str) -> Option<Self> {
        match Self::run().await {
            Ok(server) => {
                ready(&server.store, async || server.state().await).await.expect("MinIO");
                Some(server)
            }
            Err(error) => {
                let missing = format!("no container of MinIO: {error}");
                assert!(!containers_are_required(), "{missing}");
                say(&format!("skipped: {what}: {missing}"));
                None
            }
        }
    }

    async fn run() -> Result<Self, TestcontainersError> {
        let (name, tag) = image();
        let image = GenericImage::new(name, tag).with_exposed_port(PORT.tcp());
        let image = image.with_cmd(["server", "/data"]).with_env_var("MINIO_ROOT_USER", ACCESS_KEY);
        let container = image.with_env_var("MINIO_ROOT_PASSWORD", SECRET_KEY).start().await?;
        let port = container.get_host_port_ipv4(PORT.tcp()).await?;
        let host = container.get_host().await?.to_string();
        let store = NamedStore::here(Kind::MinIo, SocketAddr::new(resolved(&host), port), ACCESS_KEY, SECRET_KEY);
        Ok(Self { container, store })
    }

    /// Why it cannot become ready any more.
    async fn state(&self) -> Option<String> {
        if self.container.is_running().await.is_ok_and(|running| running) {
            return None;
        }
        let log = self.container.stderr_to_vec().await.unwrap_or_default();
        Some(format!("the container has ended: {}", String::from_utf8_lossy(&log)))
    }
}

/// The name and the tag of the image that docker-compose.yml names.
fn image() -> (&'static str, &'static str) {
    let name = COMPOSE.lines().find_map(|line| line.trim().strip_prefix("image: minio/minio:"));
    ("minio/minio", name.expect("an image of MinIO in docker-compose.yml"))
}

/// An address of the engine's host. The port is published for version 4 of the protocol.
fn resolved(host: &str) -> IpAddr {
    let addresses = (host, PORT).to_socket_addrs().into_iter().flatten();
    let found = addresses.map(|address| address.ip()).find(IpAddr::is_ipv4);
    found.unwrap_or_else(|| [127, 0, 0, 1].into())
}
