//! The published `et-engine` SDK and `et` command line, unchanged, against the real binary; those of
//! Backend.AI are in `backend_ai.rs` and `commands.rs`.
//!
//! Without them (see `tests/clients/et_engine/install`) these tests print that they are skipped;
//! with FOLDERBRIDGE_REAL_CLIENTS=required, as in the gate, that is a failure.

mod backend_ai;
mod commands;
mod stores;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use suites::caller::pattern;
use suites::environment::{et_engine_python, real_clients_are_required};
use suites::process::{Home, Server};
use suites::stores::say;

/// A server, a scratch directory and the client's Python.
struct Stage {
    server: Server,
    python: PathBuf,
    home: Home,
}

impl Stage {
    /// `None` where the client is not installed and need not be.
    async fn set(test: &str) -> Option<Self> {
        let Some(python) = et_engine_python() else {
            assert!(!real_clients_are_required(), "et-engine is not installed: run tests/clients/et_engine/install");
            say(&format!("skipped: {test}: et-engine is not installed: run tests/clients/et_engine/install"));
            return None;
        };
        let home = Home::new().await;
        let server = Server::at(&home).await;
        Some(Self { server, python, home })
    }

    /// One of the scripts, as the account with these credentials.
    fn script(&self, name: &str, credentials: &Value) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/et_engine").join(name));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("FOLDERBRIDGE_URL", self.server.url()).env("HOME", self.home.place());
        command.env("ET_ENGINE_API_KEY", token(credentials)).current_dir(self.home.place());
        command
    }

    /// `et filesystems ARGS...`
    fn et(&self, credentials: &Value, args: &[&str]) -> (String, String) {
        said(self.script("et.py", credentials).arg("filesystems").args(args).output())
    }
}

fn token(credentials: &Value) -> &str {
    credentials["api_token"].as_str().expect("a token")
}

/// What a script that must succeed wrote to its two streams.
#[track_caller]
fn said(output: std::io::Result<Output>) -> (String, String) {
    let output = output.expect("Python runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let tail: String = err.chars().rev().take(2000).collect::<Vec<_>>().into_iter().rev().collect();
    assert!(output.status.success(), "{}: {tail}", output.status);
    (out.trim().to_owned(), err.into_owned())
}

#[tokio::test]
async fn the_sdk_gets_every_size_back_as_it_was() {
    let Some(stage) = Stage::set("the SDK, sizes").await else { return };
    let ann = stage.server.account("ann").await;
    let (id, _) = said(stage.script("sizes.py", &ann).output());
    // The SDK cannot download an empty file, so that one is fetched here.
    let calls = stage.server.caller(&ann);
    assert_eq!(calls.download(&id, "of/0.bin").await.expect(200).body.len(), 0);
    assert_eq!(calls.download_init(&id, "of/0.bin").await.expect(200).json()["size"], 0);
    assert!(!stage.server.log().contains("panicked"), "{}", stage.server.log());
}

#[tokio::test]
async fn the_sdk_names_lists_overwrites_and_deletes() {
    let Some(stage) = Stage::set("the SDK, names").await else { return };
    let ann = stage.server.account("ann").await;
    said(stage.script("names.py", &ann).output());
}

#[tokio::test]
async fn the_sdk_shares_with_one_account_and_no_other() {
    let Some(stage) = Stage::set("the SDK, sharing").await else { return };
    let (ann, bob) = (stage.server.account("ann").await, stage.server.account("bob").await);
    let eve = stage.server.account("eve").await;
    let mut script = stage.script("sharing.py", &ann);
    script.env("KEY_ANN", token(&ann)).env("KEY_BOB", token(&bob)).env("KEY_EVE", token(&eve));
    said(script.env("ID_BOB", bob["account_id"].as_str().expect("an id")).output());
}

#[tokio::test]
async fn the_command_line_creates_lists_uploads_and_downloads() {
    let Some(stage) = Stage::set("the command line").await else { return };
    let ann = stage.server.account("ann").await;
    let (created, _) = stage.et(&ann, &["create", "my files"]);
    assert!(created.starts_with("ET Engine Filesystem [") && created.ends_with("]: my files"), "{created}");
    assert_eq!(stage.et(&ann, &["list"]).0, created);

    let content = pattern(3_000_017, 5);
    std::fs::write(stage.home.place().join("up.bin"), &content).expect("a file");
    let (up, _) = stage.et(&ann, &["upload", "my files", "up.bin", "dir/ünï cödé.bin"]);
    assert!(up.ends_with("successfully."), "{up}");
    let (down, _) = stage.et(&ann, &["download", "my files", "dir/ünï cödé.bin", "down.bin"]);
    assert!(down.ends_with("successfully."), "{down}");
    assert!(
        std::fs::read(stage.home.place().join("down.bin")).expect("a file") == content,
        "the bytes changed on the way"
    );

    stage.et(&ann, &["mkdir", "my files", "empty"]);
    let id = &created["ET Engine Filesystem [".len()..created.len() - "]: my files".len()];
    let calls = stage.server.caller(&ann);
    assert_eq!(calls.names(id, "").await, (vec!["dir".to_owned(), "empty".to_owned()], vec![]));
    let (removed, _) = stage.et(&ann, &["rm", "my files", "dir"]);
    assert!(removed.ends_with("deleted successfully."), "{removed}");
    assert_eq!(calls.names(id, "").await.0, ["empty"]);

    let bob = stage.server.account("bob").await;
    assert_eq!(stage.et(&bob, &["list"]).0, "");
    let (_, refused) = stage.et(&bob, &["download", "my files", "dir/ünï cödé.bin", "theirs.bin"]);
    assert!(refused.contains("Filesystem does not exist"), "{refused}");
}
