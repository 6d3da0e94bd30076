//! Every command of each published generation with two users (`tests/clients/backend_ai/commands.py`), and
//! the client for JavaScript (`client.mjs` beside it).

use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use suites::app::ADMIN_TOKEN;
use suites::environment::{backend_ai_for_node, real_clients_are_required};
use suites::process::{Home, Server};
use suites::stores::say;

use super::backend_ai::Stage;

/// A program with a script of `tests/clients/backend_ai`, for `ann` and `bob`.
#[track_caller]
fn run(mut command: Command, script: &str, arguments: &[&str], server: &Server, people: [&Value; 2], home: &Home) {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/backend_ai");
    command.arg(place.join(script)).args(arguments);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("FOLDERBRIDGE_URL", server.url()).env("HOME", home.place()).env("TMPDIR", home.place());
    for (name, person) in ["ANN", "BOB"].into_iter().zip(people) {
        for key in ["access_key", "secret_key"] {
            let value = person[key].as_str().expect("a credential");
            command.env(format!("{name}_BACKEND_{}", key.to_uppercase()), value);
        }
    }
    let run = command.current_dir(home.place()).stdin(Stdio::null()).output().expect("the script runs");
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{script} {arguments:?}: {}: {said}", run.status);
    assert!(said.contains("every check passed"), "{script} {arguments:?} did not come to its end: {said}");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// Lets an account's folders have as many files as it likes: a clone of a few is over before it is a task.
async fn unlimited(server: &Server, person: &Value) {
    let path = format!("/admin/v1/accounts/{}/limits", person["account_id"].as_str().expect("an id"));
    let admin = server.nobody().with_token(ADMIN_TOKEN);
    admin.call(Method::PATCH, &path, &json!({ "folder_max_files": 0 })).await.expect(200);
}

/// What the command line of this version can do, done.
async fn every_command(version: &str) {
    let Some(stage) = Stage::set(version).await else { return };
    let bob = stage.server.account("bob").await;
    unlimited(&stage.server, &stage.credentials).await;
    let python = Command::new(stage.command.with_file_name("python"));
    run(python, "commands.py", &[version], &stage.server, [&stage.credentials, &bob], &stage.home);
}

#[tokio::test]
async fn all_commands_of_1_4() {
    every_command("1.4.2").await;
}

#[tokio::test]
async fn all_commands_of_18_12() {
    every_command("18.12.3").await;
}

#[tokio::test]
async fn all_commands_of_19_3() {
    every_command("19.3.2").await;
}

#[tokio::test]
async fn all_commands_of_19_9() {
    every_command("19.9.10").await;
}

#[tokio::test]
async fn all_commands_of_20_3() {
    every_command("20.3.10").await;
}

#[tokio::test]
async fn all_commands_of_20_9() {
    every_command("20.9.9").await;
}

#[tokio::test]
async fn all_commands_of_23_9() {
    every_command("23.9.10").await;
}

#[tokio::test]
async fn all_commands_of_25_5() {
    every_command("25.5.2").await;
}

#[tokio::test]
async fn all_commands_of_26_9() {
    every_command("26.9.6").await;
}

#[tokio::test]
async fn the_client_for_javascript() {
    let Some(modules) = backend_ai_for_node() else {
        let how = "backend.ai-client for Node is not installed: run tests/clients/backend_ai/install";
        assert!(!real_clients_are_required(), "{how}");
        say(&format!("skipped: {how}"));
        return;
    };
    let home = Home::new().await;
    let server = Server::at(&home).await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let modules = modules.to_str().expect("a path of letters");
    run(Command::new("node"), "client.mjs", &[modules], &server, [&ann, &bob], &home);
}
