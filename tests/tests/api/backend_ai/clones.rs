//! Folders made out of others, what is said of their use, and tasks that clients follow.

use std::time::Duration;

use bridge::app::AppSettings;
use mapping::Settings;
use mapping::access::Permission;
use mapping::folders::{FolderLimitsChange, Setting};
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::{App, Person};
use suites::jobs::FILES;
use suites::signer::Signer;

/// Replicas whose every work on a tree is a job, of pages of two.
async fn with_jobs() -> App {
    let core = Settings { job_after: Duration::ZERO, job_page: 2, ..Settings::default() };
    App::with(2, core, AppSettings::default()).await
}

async fn filled(app: &App, ann: &Person, count: usize) -> String {
    let id = ann.signs.created("mydata").await;
    app.put_files(&id, (0..count).map(|number| format!("d/{number:03}"))).await;
    id
}

async fn clone(who: &Signer, folder: &str, body: Value) -> suites::reply::Reply {
    who.call("POST", &format!("/folders/{folder}/clone"), &body).await
}

/// The names of the events that tell of a task to its end, and what each says.
async fn followed(who: &Signer, task: &str) -> Vec<(String, Value)> {
    let reply = who.plain("GET", &format!("/events/background-task?task_id={task}")).await.expect(200);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let text = reply.text();
    let events = text.split("\n\n").filter(|event| !event.is_empty() && !event.starts_with(':'));
    let parsed = events.map(|event| {
        let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).expect("a line of an event");
        (line("event: ").to_owned(), serde_json::from_str(line("data: ")).expect("JSON"))
    });
    parsed.collect()
}

#[tokio::test]
async fn a_folder_is_cloned_with_all_that_is_in_it_and_nobody_else() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = filled(&app, &ann, 3).await;
    app.put_files(&id, ["Trash/old".to_owned()].into_iter()).await;
    ann.signs.call("POST", "/folders/mydata/mkdir", &json!({ "path": "empty" })).await.expect(201);
    app.share(&ann, &id, &bob, Permission::Read).await;
    let body =
        json!({ "target_name": "copy", "target_host": "folderbridge", "usage_mode": "model", "permission": "ro" });
    let made = clone(&bob.signs.as_client(), "mydata", body).await.expect(201).json();
    assert_eq!((&made["bgtask_id"], &made["name"], &made["is_owner"]), (&Value::Null, &json!("copy"), &json!(true)));
    assert_eq!(
        (&made["usage_mode"], &made["permission"], &made["cloneable"]),
        (&json!("model"), &json!("ro"), &json!(true))
    );
    let copy = made["id"].as_str().unwrap();
    assert_eq!(made["folderId"], copy);
    // As the other API sees it.
    let (directories, files) = bob.calls.names(copy, "").await;
    assert_eq!((directories, files), (vec!["d".to_owned(), "empty".to_owned()], vec![]));
    assert_eq!(bob.calls.names(copy, "d").await.1, ["000", "001", "002"]);
    // Whatever was said, its owner may do everything in it.
    bob.signs.call("DELETE", "/folders/copy/delete_files", &json!({ "files": ["d/000"] })).await.expect(200);
    ann.signs.plain("GET", &format!("/folders/{copy}")).await.expect_problem(404, "vfolder-not-found");
    assert_eq!(ann.calls.names(&id, "d").await.1.len(), 3);
}

#[tokio::test]
async fn a_clone_that_cannot_be_is_refused_and_makes_nothing() {
    let core = Settings { most_folders: Some(2), ..Settings::default() };
    let app = App::with(1, core, Default::default()).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = filled(&app, &ann, 1).await;
    app.share(&ann, &id, &bob, Permission::Delete).await;
    for body in [
        json!({}),
        json!({ "target_name": "_" }),
        json!({ "target_name": "x", "target_host": "elsewhere" }),
        json!({ "target_name": "x", "usage_mode": "other" }),
        json!({ "target_name": "x", "permission": "all" }),
        json!({ "target_name": "x", "cloneable": "perhaps" }),
    ] {
        clone(&ann.signs, "mydata", body).await.expect_problem(400, "invalid-api-params");
    }
    let to = |name: &str| json!({ "target_name": name });
    clone(&ann.signs, "none", to("x")).await.expect_problem(404, "vfolder-not-found");
    clone(&ann.signs, "mydata", to("mydata")).await.expect_problem(400, "vfolder-already-exists");
    let closed = json!({ "cloneable": false });
    ann.signs.call("POST", "/folders/mydata/update-options", &closed).await.expect(200);
    let refused = clone(&bob.signs, &id, to("x")).await.expect_problem(403, "generic-forbidden");
    assert!(refused.json()["msg"].as_str().unwrap().contains("does not let others clone it"));
    assert_eq!(bob.signs.as_client().plain("GET", "/folders").await.expect(200).json().as_array().unwrap().len(), 1);
    clone(&ann.signs, "mydata", to("copy")).await.expect(201);
    clone(&ann.signs, "mydata", to("third")).await.expect_problem(406, "too-many-vfolders");
}

#[tokio::test]
async fn a_clone_that_does_not_fit_leaves_a_folder_that_can_be_deleted() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    filled(&app, &ann, 10).await;
    let change = FolderLimitsChange { files: Setting::To(5), ..FolderLimitsChange::default() };
    app.core().set_account_limits(ann.account.id, Setting::Keep, change).await.unwrap();
    let full = clone(&ann.signs, "mydata", json!({ "target_name": "copy" })).await;
    full.expect_problem(412, "quota-exceeded");
    let usage = ann.signs.plain("GET", "/folders/_/usage?name=copy").await.expect(200).json();
    assert!(usage["file_count"].as_u64().unwrap() <= 5, "{usage}");
    ann.signs.plain("DELETE", "/folders/copy").await.expect(204);
}

#[tokio::test]
async fn a_large_clone_is_a_task_that_any_replica_tells_of_to_its_end() {
    let app = with_jobs().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    filled(&app, &ann, 20).await;
    let made = clone(&ann.signs, "mydata", json!({ "target_name": "copy" })).await.expect(201).json();
    let task = made["bgtask_id"].as_str().expect("the id of a task");
    let told = followed(&ann.signs, task).await;
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.ends_with(&["bgtask_updated", "bgtask_done", "server_close"]), "{names:?}");
    assert!(names[..names.len() - 2].iter().all(|name| *name == "bgtask_updated"), "{names:?}");
    let last = &told[told.len() - 3].1;
    assert_eq!((&last["current_progress"], &last["total_progress"]), (&json!(20), &json!(20)), "{last}");
    assert_eq!((&last["task_id"], last["message"].is_string()), (&json!(task), true));
    assert_eq!(told[told.len() - 2].1["errors"], json!([]));
    // Once more, when all is over.
    assert_eq!(followed(&ann.signs, task).await.len(), 3);
    assert_eq!(ann.calls.names(made["id"].as_str().unwrap(), "d").await.1.len(), 20);
    let ask = |task: &str| format!("/events/background-task?task_id={task}");
    bob.signs.plain("GET", &ask(task)).await.expect_problem(404, "object-not-found");
    ann.signs.plain("GET", &ask("none")).await.expect_problem(400, "invalid-api-params");
    ann.signs.plain("GET", "/events/background-task").await.expect_problem(400, "invalid-api-params");
}

#[tokio::test]
async fn a_task_tells_what_could_not_be_done_and_that_it_was_stopped() {
    let app = with_jobs().await;
    let ann = app.person("ann").await;
    let id = filled(&app, &ann, 6).await;
    app.put_files(&id, ["d/x__XLDIR__".to_owned()].into_iter()).await;
    let made = clone(&ann.signs, "mydata", json!({ "target_name": "copy" })).await.expect(201).json();
    let told = followed(&ann.signs, made["bgtask_id"].as_str().unwrap()).await;
    let [.., (_, update), (name, done), _] = &told[..] else { panic!("{told:?}") };
    assert_eq!((name.as_str(), done["errors"].as_array().unwrap().len()), ("bgtask_done", 1), "{told:?}");
    assert!(update["message"].as_str().unwrap().contains("`d/x__XLDIR__`"), "{update}");

    filled_to_the_limit(&app, &ann).await;
    let job = app.left_copy(&ann, &id, "many", "copied").await;
    let cancel = format!("/admin/v1/jobs/{job}/cancel");
    app.admin().call(Method::POST, &cancel, &json!({})).await.expect(200);
    app.core().tend_jobs().await.unwrap();
    let told = followed(&ann.signs, &job).await;
    let [(_, update), (name, _), (close, _)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((name.as_str(), close.as_str()), ("bgtask_cancelled", "server_close"));
    assert!(update["current_progress"].as_u64().unwrap() < FILES, "{update}");
}

/// A clone that is too large for its folder.
async fn filled_to_the_limit(app: &App, ann: &Person) {
    let id = ann.signs.created("large").await;
    app.put_files(&id, (0..1001).map(|number| format!("{number:04}"))).await;
    let made = clone(&ann.signs, "large", json!({ "target_name": "too large" })).await.expect(201).json();
    let told = followed(&ann.signs, made["bgtask_id"].as_str().expect("a task")).await;
    let (name, failed) = &told[told.len() - 2];
    assert_eq!(name, "bgtask_failed");
    assert!(failed["message"].as_str().expect("a text").contains("1000 files"), "{failed}");
}

#[tokio::test]
async fn what_is_said_of_a_folders_use_is_shown_and_changed_by_its_owner() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let client = ann.signs.as_client();
    let body = json!({ "name": "mydata", "usage_mode": "data", "permission": "rw", "cloneable": false });
    let made = client.call("POST", "/folders", &body).await.expect(201).json();
    let id = made["id"].as_str().unwrap().to_owned();
    app.share(&ann, &id, &bob, Permission::Delete).await;
    let check = async |cloneable: bool, permission: &str| {
        let shown = client.plain("GET", "/folders/mydata").await.expect(200).json();
        let listed = client.plain("GET", "/folders").await.expect(200).json()[0].clone();
        for object in [&shown, &listed] {
            assert_eq!((&object["cloneable"], &object["usage_mode"]), (&json!(cloneable), &json!("data")), "{object}");
            assert_eq!(object["permission"], permission, "{object}");
        }
        // A member is told what he may.
        let shown = bob.signs.as_client().plain("GET", &format!("/folders/{id}")).await.expect(200).json();
        assert_eq!((&shown["cloneable"], &shown["permission"]), (&json!(cloneable), &json!("wd")));
    };
    check(false, "rw").await;
    let update = async |body: Value| client.call("POST", "/folders/mydata/update-options", &body).await;
    update(json!({ "cloneable": true, "permission": null })).await.expect(200);
    check(true, "rw").await;
    update(json!({ "cloneable": null, "permission": "ro" })).await.expect(200);
    check(true, "ro").await;
    update(json!({})).await.expect(200);
    check(true, "ro").await;
    for body in [json!({ "cloneable": "perhaps" }), json!({ "permission": "all" })] {
        update(body).await.expect_problem(400, "invalid-api-params");
    }
    check(true, "ro").await;
    // It grants nothing and takes nothing.
    client.call("POST", "/folders/mydata/mkdir", &json!({ "path": "new" })).await.expect(201);
}
