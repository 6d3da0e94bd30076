//! S3 servers as processes of this machine, over an empty directory each: started, waited for, and
//! ended by their own handle.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::differences::Kind;
use super::installed::program;
use super::named::NamedStore;
use super::ready;

/// How often a server is started whose ports were taken meanwhile.
const STARTS: u32 = 3;

const ACCESS_KEY: &str = "suites-access-key";
const SECRET_KEY: &str = "suites-secret-key";

/// A running S3 server. Killed when dropped, and its directory removed.
#[derive(Debug)]
pub struct StoreProcess {
    child: Child,
    directory: TempDir,
    /// How it is reached.
    pub store: NamedStore,
}

impl StoreProcess {
    /// Starts an installed server for `what`, and waits until objects can be put into it. `None`,
    /// with a printed reason, where it is not installed and need not be.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(kind: Kind, what: &str) -> Option<Self> {
        let program = program(kind, what)?;
        let mut failure = String::new();
        for _ in 0..STARTS {
            match Self::run(kind, &program).await {
                Ok(server) => return Some(server),
                Err(reason) => failure = reason,
            }
        }
        panic!("{}: {failure}", kind.name());
    }

    /// Fails with the end of its log when it ends by itself: another program may have been quicker to
    /// take one of its ports.
    async fn run(kind: Kind, program: &Path) -> Result<Self, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let ports = free_ports(8);
        let mut command = match kind {
            Kind::SeaweedFs => seaweedfs(program, directory.path(), &ports),
            Kind::Ministack => ministack(program, directory.path(), ports[0]),
            Kind::Moto => moto(program, ports[0]),
            Kind::JuiceFs => juicefs(program, directory.path(), &ports),
            Kind::Rclone => rclone(program, directory.path(), ports[0]),
            Kind::MinIo | Kind::Unknown => panic!("{} is no process here", kind.name()),
        };
        let log = || File::options().create(true).append(true).open(directory.path().join("log")).expect("a log");
        command.current_dir(directory.path()).env("HOME", directory.path());
        let child = command.stdin(Stdio::null()).stdout(log()).stderr(log()).spawn().expect("the server starts");
        let address = SocketAddr::from(([127, 0, 0, 1], ports[0]));
        let store = NamedStore::here(kind, address, ACCESS_KEY, SECRET_KEY);
        let mut server = Self { child, directory, store };
        let named = server.store.clone();
        ready(&named, async || server.ended()).await?;
        Ok(server)
    }

    /// Why it cannot become ready any more.
    fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().expect("a child")?;
        Some(format!("the server ended with {status}: {}", self.log()))
    }

    /// The end of what it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(self.directory.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(4000)..]).into_owned()
    }
}

impl Drop for StoreProcess {
    fn drop(&mut self) {
        // SIGKILL: SeaweedFS takes over 20 seconds to end by SIGTERM, and its data is thrown away.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports that were free a moment ago, all different.
fn free_ports(count: usize) -> Vec<u16> {
    let bind = || TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let listeners: Vec<_> = (0..count).map(|_| bind()).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("its address").port()).collect()
}

/// Every port is named: those that are not default to another plus 10,000 and meet each other. Every
/// bucket is a collection with volumes of its own: hence many small ones, that grow one at a time.
fn seaweedfs(program: &Path, directory: &Path, ports: &[u16]) -> Command {
    let identity = json!({ "identities": [{
        "name": "suites",
        "credentials": [{ "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY }],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }] });
    std::fs::write(directory.join("s3.json"), identity.to_string()).expect("a file");
    let growth = "[master.volume_growth]\ncopy_1 = 1\ncopy_2 = 1\ncopy_3 = 1\ncopy_other = 1\n";
    std::fs::write(directory.join("master.toml"), growth).expect("a file");
    let data = directory.join("data");
    std::fs::create_dir(&data).expect("a directory");
    let mut command = Command::new(program);
    command.args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-volume.max=1000"]);
    command.args(["-master.volumeSizeLimitMB=64", "-s3.config=s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0"]);
    command.arg(format!("-dir={}", data.display()));
    let names =
        ["s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port"];
    command.args(names.iter().zip(ports).map(|(name, port)| format!("-{name}={port}")));
    command.arg(format!("-filer.port.grpc={}", ports[7]));
    command
}

/// It listens on every address unless told.
fn ministack(program: &Path, directory: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string()).env("SERVICES", "s3");
    command.env("S3_PERSIST", "1").env("S3_DATA_DIR", directory.join("data"));
    command
}

fn moto(program: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    command
}

fn juicefs(program: &Path, directory: &Path, ports: &[u16]) -> Command {
    let meta = format!("sqlite3://{}/meta.db", directory.display());
    let mut format = Command::new(program);
    format.args(["format", "--no-agent", "--storage", "file", "--trash-days", "0", "--bucket"]);
    format.arg(format!("{}/data/", directory.display())).args([&meta, "suites"]);
    let formatted = format.env("HOME", directory).output().expect("the program runs");
    assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
    let mut command = Command::new(program);
    command.env("MINIO_ROOT_USER", ACCESS_KEY).env("MINIO_ROOT_PASSWORD", SECRET_KEY);
    command.args(["gateway", "--no-agent", "--no-usage-report", "--multi-buckets", "--keep-etag"]);
    command.args(["--object-tag", "--object-meta", &format!("--metrics=127.0.0.1:{}", ports[1])]);
    command.arg("--cache-dir").arg(directory.join("cache"));
    command.args([&meta, &format!("127.0.0.1:{}", ports[0])]);
    command
}

fn rclone(program: &Path, directory: &Path, port: u16) -> Command {
    let data = directory.join("data");
    std::fs::create_dir(&data).expect("a directory");
    let mut command = Command::new(program);
    command.args(["serve", "s3", "--auth-key", &format!("{ACCESS_KEY},{SECRET_KEY}")]);
    command.args(["--addr", &format!("127.0.0.1:{port}")]).arg(data);
    command
}
