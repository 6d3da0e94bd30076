//! Sweeping at the operator's word: by the admin API and by the command.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use suites::app::{ADMIN_TOKEN, App};
use suites::process::binary;

use crate::serve::{assert_one_sentence, run};

const SWEEP: &str = "/admin/v1/sweep";
const STRAY: &str = "0a9d3a52-6a2f-4a3c-8a55-3d7a1f1f6f22";

/// An application with data of a folder that nobody knows of.
async fn with_a_stray() -> App {
    let app = App::replicas(2).await;
    let ann = app.person("ann").await;
    ann.calls.created("photos").await;
    app.put_files(STRAY, ["a", "b/c"].map(str::to_owned).into_iter()).await;
    app
}

async fn swept(app: &App, dry_run: bool) -> Value {
    app.admin().call(Method::POST, SWEEP, &json!({ "dry_run": dry_run })).await.expect(200).json()
}

#[tokio::test]
async fn a_dry_run_says_what_a_sweep_then_removes() {
    let app = with_a_stray().await;
    let before = app.snapshot().await;
    let announced = swept(&app, true).await;
    assert_eq!(app.snapshot().await, before, "a dry run changes nothing");
    let stray = json!({
        "what": "data", "place": format!("folders/{STRAY}/"), "reason": "its folder has no record", "objects": 2,
    });
    assert_eq!((&announced["findings"], &announced["counts"]["objects"]), (&json!([stray]), &json!(2)));
    let done = swept(&app, false).await;
    assert_eq!((&done["findings"], &done["dry_run"]), (&announced["findings"], &json!(false)));
    assert!(app.keys(&format!("folders/{STRAY}/")).await.is_empty());
    assert_eq!(swept(&app, true).await["findings"], json!([]));
    let malformed = app.admin().call(Method::POST, SWEEP, &json!({ "dryrun": true })).await;
    malformed.expect(400);
}

fn command(app: &App, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("FOLDERBRIDGE_URL", format!("http://{}", app.server()));
    command.env("FOLDERBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN).arg("sweep").args(args);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_lists_a_line_for_each_thing_and_the_counts() {
    let app = with_a_stray().await;
    let (code, out, error) = run(&mut command(&app, &["--dry-run"]));
    assert_eq!(code, Some(0), "{error}");
    let line = format!("would remove  data  folders/{STRAY}/ (2 objects): its folder has no record");
    assert_eq!(out, format!("{line}\nwould remove: 2 objects\n"));
    let (code, out, _) = run(&mut command(&app, &["--dry-run", "--json"]));
    let shown: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!((code, &shown["counts"]["objects"]), (Some(0), &json!(2)));
    assert_eq!(run(&mut command(&app, &[])).1, out_of_a_sweep(&line));
    assert_eq!(run(&mut command(&app, &[])).1, "nothing to remove\n");
}

fn out_of_a_sweep(line: &str) -> String {
    format!("{}\nremoved: 2 objects\n", line.replace("would remove", "removed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_not_done_says_why_in_one_sentence() {
    let app = with_a_stray().await;
    let (code, out, error) = run(command(&app, &[]).env("FOLDERBRIDGE_ADMIN_TOKEN", "another"));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_one_sentence(&error, "admin token");
    assert_eq!(run(&mut command(&app, &["--dry"])).0, Some(2));
    let (code, help, _) = run(&mut command(&app, &["--help"]));
    assert_eq!(code, Some(0));
    for part in ["Examples:", "--dry-run", "--json", "--url", "Exit status"] {
        assert!(help.contains(part), "`{part}` is not in: {help}");
    }
}
