//! `docker compose` over the project's own docker-compose.yml, under another name and on free ports.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::environment::containers_are_required;
use crate::process::free_address;

/// A running project. Its containers and volumes are removed when it is dropped.
#[derive(Debug)]
pub struct Project {
    name: String,
    /// Where the bridge of the plain project listens.
    pub bridge: SocketAddr,
    /// Where MinIO of the plain project listens.
    pub minio: SocketAddr,
    console: SocketAddr,
    /// Where nginx of the cluster listens.
    pub cluster: SocketAddr,
}

impl Project {
    /// Starts `services` and what they depend on, and waits until all are healthy. `None` where that
    /// cannot be and need not: then it is printed why.
    ///
    /// # Panics
    /// When it does not start, or cannot and must.
    #[must_use]
    pub fn up(test: &str, services: &[&str]) -> Option<Self> {
        if let Err(why) = possible() {
            assert!(!containers_are_required(), "{why}");
            println!("skipped: {test}: {why}");
            return None;
        }
        let [bridge, minio, console, cluster] = std::array::from_fn(|_| free_address());
        let project = Self { name: format!("folderbridge-{}", bridge.port()), bridge, minio, console, cluster };
        said(
            project.compose().args(["up", "--detach", "--wait", "--wait-timeout", "180", "--no-build"]).args(services),
        );
        Some(project)
    }

    fn compose(&self) -> Command {
        let mut command = Command::new("docker");
        command.args(["compose", "--progress", "quiet", "--project-name", &self.name, "--profile", "cluster"]);
        command.arg("--file").arg(repository().join("docker-compose.yml"));
        for (name, address) in [
            ("FOLDERBRIDGE_PORT", self.bridge),
            ("MINIO_PORT", self.minio),
            ("MINIO_CONSOLE_PORT", self.console),
            ("FOLDERBRIDGE_CLUSTER_PORT", self.cluster),
        ] {
            command.env(name, address.port().to_string());
        }
        command
    }

    /// What a command prints that runs inside a service and succeeds.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn exec(&self, service: &str, command: &[&str]) -> String {
        said(self.compose().args(["exec", "--no-TTY", service]).args(command))
    }

    /// What a command prints to standard error that runs inside a service and must fail.
    ///
    /// # Panics
    /// When it succeeds.
    #[must_use]
    pub fn refused(&self, service: &str, command: &[&str]) -> String {
        let output = self.compose().args(["exec", "--no-TTY", service]).args(command).output().expect("docker");
        assert!(!output.status.success(), "{command:?} succeeded: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A new account, made as the README says: its credentials.
    ///
    /// # Panics
    /// When it is not made.
    #[must_use]
    pub fn account(&self, service: &str, email: &str) -> Value {
        let account = ["folderbridge", "account", "create", "--json", "--email", email];
        serde_json::from_str(&self.exec(service, &account)).expect("credentials in JSON")
    }

    /// Ends a container at once, as a machine that fails does. It stays down until it is started.
    pub fn kill(&self, service: &str, number: usize) {
        said(Command::new("docker").arg("kill").arg(self.container(service, number)));
    }

    /// Starts a container that was ended and waits until it is healthy.
    pub fn start(&self, service: &str, number: usize) {
        said(Command::new("docker").arg("start").arg(self.container(service, number)));
        said(self.compose().args(["up", "--detach", "--wait", "--wait-timeout", "120", "--no-recreate", service]));
    }

    /// One fact of `docker inspect` about a container, by a template.
    #[must_use]
    pub fn inspect(&self, service: &str, number: usize, template: &str) -> String {
        said(Command::new("docker").args(["inspect", "--format", template]).arg(self.container(service, number)))
    }

    fn container(&self, service: &str, number: usize) -> String {
        format!("{}-{service}-{number}", self.name)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self.compose().args(["logs", "--no-color", "--tail", "40"]).output();
            println!("{}", logs.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default());
        }
        // A test that failed already says why; containers that stay are seen by the next one.
        let _ = self.compose().args(["down", "--volumes", "--timeout", "10"]).output();
    }
}

/// Where docker-compose.yml is.
#[must_use]
pub fn repository() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), ".."].iter().collect()
}

fn possible() -> Result<(), String> {
    let works = |args: &[&str]| Command::new("docker").args(args).output().is_ok_and(|output| output.status.success());
    if !works(&["info"]) {
        return Err("no Docker engine answers: start one, or run the tests by `.ci/engine`".to_owned());
    }
    if !works(&["compose", "version"]) {
        return Err("docker has no `compose`: install its plugin, version 2".to_owned());
    }
    if !works(&["image", "inspect", "folderbridge"]) {
        return Err("there is no image `folderbridge`: build it with `docker compose build bridge`".to_owned());
    }
    Ok(())
}

/// What a command that must succeed prints.
#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.output().expect("docker");
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}: {error}", output.status);
    out.trim().to_owned()
}

/// How many bytes an image has.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn image_size(image: &str) -> u64 {
    said(Command::new("docker").args(["image", "inspect", "--format", "{{.Size}}", image])).parse().expect("a size")
}
