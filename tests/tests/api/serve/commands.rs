//! `folderbridge account` and `folderbridge key` beside a running server.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use suites::process::{Server, binary, free_address, serve};
use suites::s3::Endpoint;

use super::{assert_one_sentence, run};

fn account(server: &Server, args: &[&str]) -> Command {
    let mut command = beside(server, &["account"]);
    command.args(args);
    command
}

/// The program, told where the server is.
fn beside(server: &Server, words: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("FOLDERBRIDGE_URL", server.url()).env("FOLDERBRIDGE_ADMIN_TOKEN", suites::app::ADMIN_TOKEN);
    command.args(words);
    command
}

fn json(command: &mut Command) -> Value {
    let (code, out, error) = run(command);
    assert_eq!(code, Some(0), "{error}");
    serde_json::from_str(&out).expect("JSON and nothing else")
}

#[tokio::test]
async fn accounts_are_made_shown_rotated_and_disabled() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data")).await;
    let ann = json(&mut account(&server, &["create", "--email", "ann@example.org", "--name", "Ann", "--json"]));
    server.caller(&ann).filesystems().await.expect(200);
    let id = ann["account_id"].as_str().unwrap();
    let shown = json(&mut account(&server, &["show", id, "--json"]));
    assert_eq!(
        (&shown["email"], &shown["name"], &shown["disabled"]),
        (&"ann@example.org".into(), &"Ann".into(), &false.into())
    );
    let rotated = json(&mut account(&server, &["rotate", id, "--json"]));
    assert_ne!(rotated["api_token"], ann["api_token"]);
    server.caller(&rotated).filesystems().await.expect(200);
    server.caller(&ann).filesystems().await.expect_refusal(401);
    assert_eq!(json(&mut account(&server, &["disable", id, "--json"]))["disabled"], true);
    server.caller(&rotated).filesystems().await.expect_refusal(401);
    assert_eq!(json(&mut account(&server, &["enable", id, "--json"]))["disabled"], false);
    server.caller(&rotated).filesystems().await.expect(200);
    let listed = json(&mut account(&server, &["list", "--json"]));
    let emails: Vec<_> = listed.as_array().unwrap().iter().map(|account| account["email"].as_str().unwrap()).collect();
    assert!(emails.contains(&"ann@example.org") && emails.len() == 2, "{emails:?}");
}

#[tokio::test]
async fn an_account_that_cannot_be_made_is_said_in_one_sentence() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data")).await;
    json(&mut account(&server, &["create", "--email", "ann@example.org", "--json"]));
    let mut wrong_token = account(&server, &["list"]);
    wrong_token.env("FOLDERBRIDGE_ADMIN_TOKEN", "this-is-another-token");
    let mut nobody_there = account(&server, &["list"]);
    nobody_there.env("FOLDERBRIDGE_URL", format!("http://{}", free_address()));
    let cases = [
        (account(&server, &["create", "--email", "ann@example.org"]), "already"),
        (account(&server, &["create", "--email", "nobody"]), "e-mail"),
        (account(&server, &["show", "x"]), "id"),
        (wrong_token, "admin token"),
        (nobody_there, "127.0.0.1"),
    ];
    for (mut command, part) in cases {
        let (code, out, error) = run(&mut command);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
        assert_one_sentence(&error, part);
    }
}

#[tokio::test]
async fn the_admin_token_of_the_embedded_store_is_found_in_its_directory() {
    let place = tempfile::tempdir().unwrap();
    let (data, address) = (place.path().join("data"), free_address());
    let mut command = serve(&data, address);
    command.env_remove("FOLDERBRIDGE_ADMIN_TOKEN");
    let server = Server::run(command, &data, address).await;
    let list = |data: &Path| {
        let mut command = account(&server, &["list", "--json"]);
        command.env_remove("FOLDERBRIDGE_ADMIN_TOKEN").arg("--data").arg(data);
        command
    };
    assert_eq!(json(&mut list(&data)).as_array().unwrap().len(), 1);
    let (code, _, error) = run(&mut list(&place.path().join("elsewhere")));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "FOLDERBRIDGE_ADMIN_TOKEN");
}

#[tokio::test]
async fn health_says_whether_a_server_is_ready_and_why_not() {
    let place = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::open(&place.path().join("store"), ([127, 0, 0, 1], 0).into()).await;
    endpoint.make_bucket("folders").await;
    let address = free_address();
    let command = super::endpoint::serving(&endpoint, "folders", super::endpoint::KEY, address);
    let server = Server::run(command, &place.path().join("log"), address).await;
    let health = async |url: String| {
        let ask = move || run(Command::new(binary()).env_clear().args(["health", "--url", &url]));
        tokio::task::spawn_blocking(ask).await.unwrap()
    };
    assert_eq!(health(server.url() + "/").await, (Some(0), format!("{} is ready\n", server.url()), String::new()));

    drop(endpoint);
    let (code, _, error) = until_unready(|| health(server.url())).await;
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "the store does not answer");
    let (code, _, error) = health(format!("http://{}", free_address())).await;
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "folderbridge serve");
}

/// An answer of the store is believed for two seconds.
async fn until_unready<F: Future<Output = (Option<i32>, String, String)>>(
    ask: impl Fn() -> F,
) -> (Option<i32>, String, String) {
    let began = std::time::Instant::now();
    loop {
        let answer = ask().await;
        if answer.0 != Some(0) {
            return answer;
        }
        assert!(began.elapsed().as_secs() < 30, "still ready");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[test]
fn a_new_key_is_64_hex_digits_and_never_the_same() {
    let new = || run(Command::new(binary()).env_clear().args(["key", "new"])).1.trim().to_owned();
    let (one, other) = (new(), new());
    assert!(one.len() == 64 && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
    assert_ne!(one, other);
}

#[test]
fn every_setting_of_serve_is_in_the_readme() {
    let (_, help, _) = run(Command::new(binary()).env_clear().args(["serve", "--help"]));
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let words = help.split(|letter: char| !(letter.is_alphanumeric() || letter == '-' || letter == '_'));
    let settings = words.filter(|word| word.starts_with("--") || word.starts_with("FOLDERBRIDGE_"));
    let settings: Vec<_> = settings.filter(|word| word.len() > 4 && *word != "--help").collect();
    assert!(settings.len() > 10, "{help}");
    let missing: Vec<_> = settings.into_iter().filter(|word| !readme.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "not in the README's table: {missing:?}");
}

#[test]
fn help_and_version_are_there() {
    let (code, help, _) = run(Command::new(binary()).env_clear().arg("--help"));
    assert_eq!(code, Some(0));
    for word in ["serve", "account", "health", "sweep", "key"] {
        assert!(help.contains(word), "{help}");
    }
    let (code, version, _) = run(Command::new(binary()).env_clear().arg("--version"));
    assert_eq!(code, Some(0));
    assert!(version.starts_with("folderbridge 0."), "{version}");
}

#[tokio::test]
async fn folders_are_limited_and_counted_from_the_command_line() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data")).await;
    let ann = json(&mut account(&server, &["create", "--email", "ann@example.org", "--json"]));
    let calls = server.caller(&ann);
    let id = calls.created("photos").await;
    let path = suites::caller::pattern(900, 1);
    calls.upload(&id, "a.txt", &path, 900).await;
    let command = |words: &[&str]| beside(&server, words);
    let limited = json(&mut command(&["folder", "limits", &id, "--max-bytes", "1000", "--json"]));
    assert_eq!(limited["limits"]["bytes"], serde_json::json!({ "most": 1000, "set_by": "folder" }));
    calls.post_file(&id, "b.txt", &serde_json::json!({ "size": 1001 })).await.expect_refusal(507);
    let (code, out, error) = run(&mut command(&["folder", "usage", &id]));
    assert_eq!((code, out.as_str(), error.as_str()), (Some(0), "bytes  900 of 1000\nfiles  1\n", ""));
    let (code, out, _) = run(&mut command(&["folder", "list"]));
    assert!(code == Some(0) && out.starts_with(&id) && out.contains("photos"), "{out}");

    let (code, out, error) = run(&mut command(&["fsck", "--all"]));
    assert_eq!(code, Some(0), "{out}{error}");
    assert!(out.ends_with("1 folders: 0 wrong, 0 not counted\n") && out.contains("900 bytes in 1 files"), "{out}");
    let checked = json(&mut command(&["fsck", "--folder", &id, "--repair", "--json"]));
    assert_eq!((&checked["repaired"], &checked["drift"]), (&true.into(), &false.into()));

    let set =
        json(&mut account(&server, &["limits", ann["account_id"].as_str().unwrap(), "--max-folders", "1", "--json"]));
    assert_eq!(set["limits"]["max_folders"], 1);
    calls.create("more").await.expect_refusal(507);
    for (words, part) in [
        (["folder", "limits", id.as_str()], "--max-bytes"),
        (["fsck", "--folder", "x"], "id"),
        (["fsck", "--folder", "5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11"], "no such folder"),
    ] {
        let (code, _, error) = run(&mut command(&words));
        assert_eq!(code, Some(1));
        assert_one_sentence(&error, part);
    }
    let (code, _, error) = run(&mut command(&["fsck"]));
    assert!(code == Some(2) && error.contains("--all"), "{error}");
}
