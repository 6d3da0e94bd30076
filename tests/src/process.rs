//! The real binary as a child of the test, on a free port of this machine.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use mapping::store::s3::S3Settings;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::caller::Caller;
use crate::stores::named::NamedStore;
use crate::stores::scratch::ScratchBucket;

/// How long the binary may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Seals what servers keep in buckets.
pub const MASTER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What servers keep everything in, and what outlives them: a bucket of the store that the environment
/// names, else a directory with an embedded store. Removed when dropped.
#[derive(Debug)]
pub struct Home {
    place: TempDir,
    bucket: Option<ScratchBucket>,
}

impl Home {
    /// An empty one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let bucket = match NamedStore::of_environment() {
            Some(named) => Some(named.scratch().await),
            None => None,
        };
        Self { place, bucket }
    }

    /// A directory for this test's own files.
    #[must_use]
    pub fn place(&self) -> &Path {
        self.place.path()
    }

    /// `folderbridge serve` over it, with nothing from this environment.
    #[must_use]
    pub fn serve(&self, address: SocketAddr) -> Command {
        match &self.bucket {
            Some(bucket) => serve_bucket(bucket.settings(), address),
            None => serve(&self.place().join("data"), address),
        }
    }
}

/// `folderbridge serve` over a bucket, with nothing from this environment.
#[must_use]
pub fn serve_bucket(settings: &S3Settings, address: SocketAddr) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("FOLDERBRIDGE_ADMIN_TOKEN", crate::app::ADMIN_TOKEN).stdin(Stdio::null());
    command.env("FOLDERBRIDGE_MASTER_KEY", MASTER_KEY);
    if let Some(pair) = &settings.credentials {
        command.env("AWS_ACCESS_KEY_ID", &pair.access_key).env("AWS_SECRET_ACCESS_KEY", &pair.secret_key);
    }
    command.args(["serve", "--bucket", &settings.bucket, "--listen", &address.to_string()]);
    command.args(settings.endpoint.iter().flat_map(|endpoint| ["--endpoint", endpoint]));
    command.args(settings.region.iter().flat_map(|region| ["--region", region]));
    command
}

/// A running `folderbridge serve`. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    data: PathBuf,
    log: PathBuf,
}

/// The program, which `cargo test --workspace` builds beside the tests.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let built = test.parent().and_then(Path::parent).expect("target/debug").join("folderbridge");
    assert!(built.exists(), "{} is not built: run `cargo test --workspace`", built.display());
    built
}

/// An address that was free a moment ago.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

/// `folderbridge serve` over an embedded store in `data`, whatever store the environment names, with nothing from this environment.
#[must_use]
pub fn serve(data: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("FOLDERBRIDGE_ADMIN_TOKEN", crate::app::ADMIN_TOKEN).stdin(Stdio::null());
    command.arg("serve").arg("--data").arg(data).arg("--listen").arg(address.to_string());
    command
}

impl Server {
    /// Starts over an embedded store in `data`, whatever store the environment names, and waits until
    /// it is ready: for tests of the embedded store.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn start(data: &Path) -> Self {
        let address = free_address();
        Self::run(serve(data, address), data, address).await
    }

    /// Starts over what `home` keeps and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn at(home: &Home) -> Self {
        let address = free_address();
        Self::run(home.serve(address), &home.place().join("data"), address).await
    }

    /// Starts a command that serves at `address` and waits until it is ready. Its output goes to
    /// `<data>.log` and `<data>.out`.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn run(mut command: Command, data: &Path, address: SocketAddr) -> Self {
        let (log, out) = (data.with_extension("log"), data.with_extension("out"));
        command.stdout(append(&out)).stderr(append(&log));
        let child = command.spawn().expect("the program starts");
        let mut server = Self { child, address, data: data.to_owned(), log };
        server.ready().await;
        server
    }

    async fn ready(&mut self) {
        let nobody = Caller::nobody(&[self.address]);
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                panic!("it ended with {status}: {}", self.log());
            }
            if std::net::TcpStream::connect(self.address).is_ok() {
                let readyz = nobody.send(nobody.request(reqwest::Method::GET, "/readyz")).await;
                if readyz.status == 200 {
                    return;
                }
            }
            assert!(began.elapsed() < PATIENCE, "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it wrote to standard error so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What it wrote to standard output so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read_to_string(self.data.with_extension("out")).unwrap_or_default()
    }

    /// Waits until its standard output holds `part`: it is printed once the server listens.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn printed(&self, part: &str) {
        let began = Instant::now();
        while !self.output().contains(part) {
            assert!(began.elapsed() < PATIENCE, "not printed: {part}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Calls without a token.
    #[must_use]
    pub fn nobody(&self) -> Caller {
        Caller::nobody(&[self.address])
    }

    /// A new account, by the admin API: its credentials.
    pub async fn account(&self, name: &str) -> Value {
        let admin = self.nobody().with_token(crate::app::ADMIN_TOKEN);
        let body = json!({ "email": format!("{name}@example.org") });
        admin.call(reqwest::Method::POST, "/admin/v1/accounts", &body).await.expect(201).json()
    }

    /// Calls as an account with these credentials.
    ///
    /// # Panics
    /// When there is no token in them.
    #[must_use]
    pub fn caller(&self, credentials: &Value) -> Caller {
        self.nobody().with_token(credentials["api_token"].as_str().expect("a token"))
    }

    /// SIGTERM. The answer comes when it has ended.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended().await
    }

    /// Sends a signal and does not wait.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(sent.expect("the program `kill`").success());
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL, in the middle of whatever it does.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("a running child");
        self.child.wait().expect("its end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn append(path: &Path) -> File {
    File::options().create(true).append(true).open(path).expect("a file for output")
}
