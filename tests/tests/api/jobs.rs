//! Jobs by the admin API and by the command: seen, followed and stopped, whichever replica has them.

use std::process::Command;
use std::time::Duration;

use bridge::app::AppSettings;
use mapping::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::{ADMIN_TOKEN, App, Person};
use suites::jobs::FILES;
use suites::process::binary;

use crate::serve::{assert_one_sentence, run};

const JOBS: &str = "/admin/v1/jobs";
const NOBODY: &str = "5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11";

/// Replicas, a folder, and whose it is.
async fn with_a_folder() -> (App, Person, String) {
    // Every removal of a directory is a job, of pages so small that it has some.
    let core = Settings { job_after: Duration::ZERO, job_page: 2, ..Settings::default() };
    let app = App::with(2, core, AppSettings::default()).await;
    let ann = app.person("ann").await;
    let folder = ann.calls.created("photos").await;
    (app, ann, folder)
}

async fn got(app: &App, path: &str) -> Value {
    app.admin().send(app.admin().request(Method::GET, &format!("{JOBS}{path}"))).await.expect(200).json()
}

fn ids(page: &Value) -> Vec<String> {
    let jobs = page["jobs"].as_array().expect("a list").iter();
    jobs.map(|job| job["job_id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_job_that_its_replica_left_is_seen_and_taken_over() {
    let (app, ann, folder) = with_a_folder().await;
    let id = app.left_copy(&ann, &folder, "many", "copied").await;
    let left = got(&app, &format!("/{id}")).await;
    assert_eq!((&left["state"], &left["work"]), (&json!("running"), &json!("copy")), "{left}");
    assert_eq!(left["account_id"], ann.id.as_str());
    assert_eq!(left["source"], json!({ "folder_id": folder, "path": "many" }));
    assert_eq!(left["target"], json!({ "folder_id": folder, "path": "copied" }));
    let done = left["done"]["files"].as_u64().unwrap();
    assert!((2..FILES).contains(&done) && left["done"]["bytes"] == done, "{left}");
    assert_eq!(app.core().tend_jobs().await.unwrap(), 1);
    app.until("it is done", async || got(&app, &format!("/{id}")).await["state"] == "done").await;
    let over = got(&app, &format!("/{id}")).await;
    assert_eq!((&over["done"], &over["failed"]), (&json!({ "bytes": FILES, "files": FILES }), &json!(0)), "{over}");
    assert_eq!((&over["failures"], over.get("error")), (&json!([]), None));
    assert_eq!(ann.calls.names(&folder, "copied").await.1.len() as u64, FILES);
}

#[tokio::test]
async fn a_cancelled_job_goes_no_further() {
    let (app, ann, folder) = with_a_folder().await;
    let id = app.left_copy(&ann, &folder, "many", "copied").await;
    let copied = ann.calls.names(&folder, "copied").await.1;
    let cancel =
        async || app.admin().call(Method::POST, &format!("{JOBS}/{id}/cancel"), &json!({})).await.expect(200).json();
    // Once by each replica.
    for _ in 0..2 {
        assert_eq!(cancel().await["state"], "cancelling");
    }
    assert_eq!(app.core().tend_jobs().await.unwrap(), 0, "it is ended, not gone on with");
    assert_eq!(cancel().await["state"], "cancelled");
    assert_eq!(ann.calls.names(&folder, "copied").await.1, copied);
    assert!((copied.len() as u64) < FILES, "{copied:?}");
}

#[tokio::test]
async fn jobs_are_found_by_account_folder_and_state_page_by_page() {
    let (app, ann, folder) = with_a_folder().await;
    let bob = app.person("bob").await;
    let other = bob.calls.created("letters").await;
    app.put_files(&other, (0..9).map(|n| format!("many/{n}"))).await;
    let copy = app.left_copy(&ann, &folder, "many", "copied").await;
    bob.calls.remove(&other, "many").await.expect(200);
    let all = got(&app, "").await;
    assert!(ids(&all).len() == 2 && all.get("next").is_none(), "{all}");
    let removal = ids(&got(&app, &format!("?folder={other}")).await);
    assert_eq!(removal.len(), 1);
    let shown = got(&app, &format!("/{}", removal[0])).await;
    assert_eq!((&shown["work"], &shown["state"], shown.get("target")), (&json!("delete"), &json!("done"), None));
    assert_eq!(shown["done"]["files"], 9, "{shown}");
    for (filter, expected) in [
        (format!("?account={}", ann.id), vec![copy.clone()]),
        (format!("?account={}", bob.id), removal.clone()),
        (format!("?account={}&state=running", bob.id), vec![]),
        ("?state=running".to_owned(), vec![copy.clone()]),
        ("?state=done".to_owned(), removal.clone()),
        (format!("?folder={NOBODY}"), vec![]),
    ] {
        assert_eq!(ids(&got(&app, &filter).await), expected, "{filter}");
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    for _ in 0..10 {
        let page = got(&app, &format!("?limit=1{after}")).await;
        assert!(ids(&page).len() <= 1);
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    seen.sort();
    let mut both = vec![copy, removal[0].clone()];
    both.sort();
    assert_eq!(seen, both);
}

#[tokio::test]
async fn refusals_about_jobs_say_what_is_wrong() {
    let app = App::start().await;
    for (method, path, status, part) in [
        (Method::GET, "/x".to_owned(), 400, "job id"),
        (Method::GET, format!("/{NOBODY}"), 404, "no such job"),
        (Method::POST, format!("/{NOBODY}/cancel"), 404, "no such job"),
        (Method::POST, "/x/cancel".to_owned(), 400, "job id"),
        (Method::GET, "?state=ended".to_owned(), 400, "running, cancelling, done"),
        (Method::GET, "?folder=x".to_owned(), 400, "folder id"),
        (Method::GET, "?account=x".to_owned(), 400, "account id"),
        (Method::GET, "?limit=0".to_owned(), 400, "limit"),
        (Method::DELETE, format!("/{NOBODY}"), 405, ""),
    ] {
        let reply = app.admin().send(app.admin().request(method, &format!("{JOBS}{path}"))).await.expect(status);
        let message = reply.json()["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(part), "{path}: {message}");
    }
}

fn command(app: &App, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("FOLDERBRIDGE_URL", format!("http://{}", app.server()));
    command.env("FOLDERBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN).arg("job").args(args);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_lists_shows_and_cancels() {
    let (app, ann, folder) = with_a_folder().await;
    let id = app.left_copy(&ann, &folder, "many", "copied").await;
    let (code, out, error) = run(&mut command(&app, &["list", "--state", "running", "--folder", &folder]));
    assert!(code == Some(0) && out.starts_with(&format!("{id}  running  ")), "{out}{error}");
    assert!(out.ends_with(&format!("  copy {folder}:many to {folder}:copied\n")), "{out}");
    assert_eq!(run(&mut command(&app, &["list", "--state", "done"])).1, "");
    let listed: Value = serde_json::from_str(&run(&mut command(&app, &["list", "--json"])).1).unwrap();
    assert_eq!(listed[0]["job_id"], id.as_str());
    let (code, out, _) = run(&mut command(&app, &["show", &id]));
    assert!(code == Some(0) && out.contains("state       running\n") && out.contains(" files, "), "{out}");
    let (_, out, _) = run(&mut command(&app, &["cancel", &id, "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["state"], "cancelling");
    app.core().tend_jobs().await.unwrap();
    let (code, out, _) = run(&mut command(&app, &["watch", &id]));
    assert!(code == Some(3) && out.starts_with(&format!("{id}  cancelled  ")), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_follows_a_job_to_its_end() {
    let (app, ann, folder) = with_a_folder().await;
    let id = app.left_copy(&ann, &folder, "many", "copied").await;
    let mut watch = command(&app, &["watch", &id, "--json"]);
    let watching = tokio::task::spawn_blocking(move || run(&mut watch));
    app.core().tend_jobs().await.unwrap();
    let (code, out, error) = watching.await.unwrap();
    assert_eq!(code, Some(0), "{error}");
    let last: Value = serde_json::from_str(out.lines().last().expect("a line")).unwrap();
    assert_eq!((&last["state"], &last["done"]["files"]), (&json!("done"), &json!(FILES)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_cannot_do_is_said_in_one_sentence() {
    let app = App::start().await;
    let cases: [(&[&str], &str); 4] = [
        (&["show", "x"], "job id"),
        (&["watch", NOBODY], "no such job"),
        (&["list", "--folder", "x"], "folder id"),
        (&["list", "--account", "x"], "account id"),
    ];
    for (words, part) in cases {
        let (code, out, error) = run(&mut command(&app, words));
        assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
        assert_one_sentence(&error, part);
    }
    let (code, _, error) = run(&mut command(&app, &["list", "--state", "ended"]));
    assert!(code == Some(2) && error.contains("cancelling"), "{error}");
    let (code, help, _) = run(&mut command(&app, &["--help"]));
    assert_eq!(code, Some(0));
    for part in ["Examples:", "list", "show", "cancel", "watch", "--json", "Exit status"] {
        assert!(help.contains(part), "`{part}` is not in: {help}");
    }
}
