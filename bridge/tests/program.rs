//! The program itself. Because this file is here, `cargo test --workspace` builds the program beside
//! the tests, where the suites in `tests/` find it.

use std::net::TcpListener;
use std::process::{Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_folderbridge"))
}

#[test]
fn the_program_knows_its_version() {
    let output = program().arg("--version").output().expect("it starts");
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(said.trim(), concat!("folderbridge ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_start_that_waits_for_its_store_can_be_stopped() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let endpoint = format!("http://{}", silent.local_addr().expect("its address"));
    let mut serve = program();
    serve.env_clear().args(["serve", "--listen", "127.0.0.1:0", "--bucket", "b", "--region", "r"]);
    serve.args(["--endpoint", &endpoint]).env("FOLDERBRIDGE_MASTER_KEY", "5a".repeat(32));
    serve.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret");
    let child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let asked = silent.accept().expect("it asks its store, which never answers");
    let sent = Command::new("kill").arg(child.id().to_string()).status();
    assert!(sent.expect("the program `kill`").success());
    let output = child.wait_with_output().expect("its end");
    drop(asked);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("folderbridge: stopped before it served"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
