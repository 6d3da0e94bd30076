//! The published command lines of Backend.AI, generation by generation, unchanged, against the real binary:
//! files go up and come down as they were. `tests/clients/backend_ai/install` installs them, and notes which it
//! left out because there is no such Python: only those are skipped in the gate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use suites::caller::{Caller, pattern};
use suites::environment::{backend_ai_command, backend_ai_left_out, real_clients_are_required};
use suites::process::{Home, Server};
use suites::stores::say;

/// What every generation sends: an empty file, one of several chunks, directories, names that are encoded.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("small.txt", b"hello".to_vec()),
        ("empty.bin", Vec::new()),
        ("large.bin", pattern(20_000_003, 4).to_vec()),
        ("sub dir/b b.bin", pattern(300_000, 5).to_vec()),
        ("sub/deep/zeros.bin", vec![0; 70_000]),
    ]
}

/// A published client.
struct Generation {
    version: &'static str,
    /// It uploads the first of several files and forgets the others.
    is_forgetful: bool,
}

impl Generation {
    const fn new(version: &'static str) -> Self {
        Self { version, is_forgetful: false }
    }
}

/// A server with one account, and the client's command.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) home: Home,
    pub(crate) command: PathBuf,
    pub(crate) credentials: Value,
}

impl Stage {
    /// `None` where the client is not installed and need not be.
    pub(crate) async fn set(version: &str) -> Option<Self> {
        let Some(command) = backend_ai_command(version) else {
            let why = backend_ai_left_out(version);
            let how = why.clone().unwrap_or_else(|| "run tests/clients/backend_ai/install".to_owned());
            let how = format!("backend.ai-client {version} is not installed: {}", how.trim());
            assert!(why.is_some() || !real_clients_are_required(), "{how}");
            say(&format!("skipped: {how}"));
            return None;
        };
        let home = Home::new().await;
        let server = Server::at(&home).await;
        let credentials = server.account("ann").await;
        Some(Self { server, home, command, credentials })
    }

    /// `backend.ai vfolder ARGS...` in a directory of the test's own; answers what it printed.
    #[track_caller]
    fn vfolder(&self, place: &Path, arguments: &[&str]) -> String {
        let secret = |name: &str| self.credentials[name].as_str().expect("a credential").to_owned();
        let mut command = Command::new(&self.command);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("HOME", self.home.place());
        command.env("BACKEND_ENDPOINT", self.server.url()).env("BACKEND_ENDPOINT_TYPE", "api");
        command.env("BACKEND_ACCESS_KEY", secret("access_key")).env("BACKEND_SECRET_KEY", secret("secret_key"));
        command.env("BACKEND_SKIP_SSLCERT_VALIDATION", "yes").env("PYTHONDONTWRITEBYTECODE", "1");
        let run = command.arg("vfolder").args(arguments).current_dir(place).stdin(Stdio::null()).output();
        let run = run.expect("the client runs");
        let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "vfolder {arguments:?}: {}: {said}", run.status);
        said
    }

    /// A directory of the test's own, with the directories of all files in it.
    fn place(&self, name: &str) -> PathBuf {
        let place = self.home.place().join(name);
        for (path, _) in files() {
            let parent = place.join(path).parent().expect("a directory").to_owned();
            fs::create_dir_all(parent).expect("a directory");
        }
        place
    }
}

/// The id of the one folder that there is.
async fn only_folder(calls: &Caller) -> String {
    let list = calls.filesystems().await.expect(200).json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    list[0]["filesystem_id"].as_str().expect("an id").to_owned()
}

/// Up through the client, looked at through another API, down through the client.
async fn files_come_back(generation: Generation) {
    let Some(stage) = Stage::set(generation.version).await else { return };
    let (up, down) = (stage.place("up"), stage.place("down"));
    let files = files();
    for (path, content) in &files {
        fs::write(up.join(path), content).expect("a file");
    }
    let with_host = generation.version != "1.4.2";
    let create: &[&str] = if with_host { &["create", "mydata", "folderbridge"] } else { &["create", "mydata"] };
    stage.vfolder(&up, create);
    let names: Vec<_> = files.iter().map(|(path, _)| *path).collect();
    if generation.is_forgetful {
        names.iter().for_each(|name| drop(stage.vfolder(&up, &["upload", "mydata", name])));
    } else {
        stage.vfolder(&up, &[&["upload", "mydata"], &names[..]].concat());
    }
    let calls = stage.server.caller(&stage.credentials);
    let id = only_folder(&calls).await;
    for (path, content) in &files {
        let found = calls.download(&id, &path.replace(' ', "%20")).await.expect(200).body;
        assert!(found == *content, "{}: `{path}` is another file in the folder", generation.version);
    }
    let listed = stage.vfolder(&up, &["ls", "mydata"]);
    assert!(listed.contains("large.bin") && listed.contains("20000003"), "{listed}");
    stage.vfolder(&down, &[&["download", "mydata"], &names[..]].concat());
    for (path, content) in &files {
        // Those before 20.09 put everything where they are, without its directories.
        let kept = [down.join(path), down.join(Path::new(path).file_name().expect("a name"))];
        let found = kept.iter().find(|place| place.is_file()).unwrap_or_else(|| panic!("`{path}` did not come"));
        assert!(fs::read(found).expect("a file") == *content, "{}: `{path}` is another file", generation.version);
    }
    assert!(!stage.server.log().contains("panicked"), "{}", stage.server.log());
}

#[tokio::test]
async fn generation_1_4() {
    files_come_back(Generation::new("1.4.2")).await;
}

#[tokio::test]
async fn generation_18_12() {
    files_come_back(Generation::new("18.12.3")).await;
}

#[tokio::test]
async fn generation_19_3() {
    files_come_back(Generation::new("19.3.2")).await;
}

#[tokio::test]
async fn generation_19_9() {
    files_come_back(Generation::new("19.9.10")).await;
}

#[tokio::test]
async fn generation_20_3() {
    files_come_back(Generation::new("20.3.10")).await;
}

#[tokio::test]
async fn generation_20_9() {
    files_come_back(Generation { version: "20.9.9", is_forgetful: true }).await;
}

#[tokio::test]
async fn generation_23_9() {
    files_come_back(Generation::new("23.9.10")).await;
}

#[tokio::test]
async fn generation_25_5() {
    files_come_back(Generation::new("25.5.2")).await;
}

#[tokio::test]
async fn generation_26_9() {
    files_come_back(Generation::new("26.9.6")).await;
}
