//! Limits as the operator sets them and as clients meet them.

use bridge::app::AppSettings;
use mapping::Settings;
use mapping::limits::FolderLimits;
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::App;
use suites::caller::{Caller, pattern};
use suites::reply::Reply;

async fn admin(app: &App, method: Method, path: &str, body: Value) -> Reply {
    app.admin().call(method, &format!("/admin/v1{path}"), &body).await
}

/// The end of an upload that takes chunks.
async fn finished(calls: &Caller, id: &str, path: &str, size: usize) -> Reply {
    let upload = calls.started(id, path, size as u64).await;
    calls.chunk(id, path, &upload, 0, pattern(size, 1)).await.expect(200);
    calls.complete(id, path, &upload).await
}

#[track_caller]
fn assert_says(reply: &Reply, parts: &[&str]) {
    let text = reply.text();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[tokio::test]
async fn a_full_folder_refuses_in_the_voice_of_the_api_and_says_the_way_out() {
    let app = App::replicas(2).await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    let set = admin(&app, Method::PATCH, &format!("/folders/{id}/limits"), json!({ "max_bytes": 5000 })).await;
    assert_eq!(
        set.expect(200).json()["limits"],
        json!({ "bytes": { "most": 5000, "set_by": "folder" }, "files": null })
    );
    app.until("both replicas know the limit", async || {
        let never = json!({ "size": 5001 });
        let tried = [ann.calls.post_file(&id, "x", &never).await, ann.calls.post_file(&id, "x", &never).await];
        tried.iter().all(|reply| reply.status == 507)
    })
    .await;
    finished(&ann.calls, &id, "a", 3000).await.expect(200);
    finished(&ann.calls, &id, "b", 2000).await.expect(200);
    let full = finished(&ann.calls, &id, "c", 1).await.expect_refusal(507);
    assert_says(&full, &["5000 bytes", "5000 are used", "needs 1", "folderbridge folder limits", &id]);
    ann.calls.download(&id, "c").await.expect(404);
    ann.calls.remove(&id, "b").await.expect(200);
    finished(&ann.calls, &id, "c", 2000).await.expect(200);

    let usage = admin(&app, Method::GET, &format!("/folders/{id}/usage"), json!({})).await.expect(200).json();
    assert_eq!(usage["used"], json!({ "bytes": 5000, "files": 2 }));
    assert_eq!(usage["limits"]["bytes"]["most"], 5000);
    let unset = admin(&app, Method::PATCH, &format!("/folders/{id}/limits"), json!({ "max_bytes": null })).await;
    assert_eq!(unset.expect(200).json()["limits"]["bytes"], Value::Null);
    app.until("the limit is gone", async || finished(&ann.calls, &id, "d", 3000).await.status == 200).await;
}

#[tokio::test]
async fn the_folder_goes_before_the_account_and_the_account_before_the_deployment() {
    let folder_limits = FolderLimits { bytes: Some(100), files: Some(50) };
    let core = Settings { folder_limits, most_folders: Some(2), ..Settings::default() };
    let app = App::with(1, core, AppSettings::default()).await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    let refused = ann.calls.post_file(&id, "a", &json!({ "size": 101 })).await.expect_refusal(507);
    assert_says(&refused, &["can never fit", "100 bytes", "FOLDERBRIDGE_FOLDER_MAX_BYTES"]);

    let account = format!("/accounts/{}/limits", ann.id);
    let set = admin(&app, Method::PATCH, &account, json!({ "folder_max_bytes": 200, "max_folders": 1 })).await;
    let expected = json!({ "max_folders": 1, "folder_max_bytes": 200, "folder_max_files": null });
    assert_eq!(set.expect(200).json()["limits"], expected);
    let refused = ann.calls.post_file(&id, "a", &json!({ "size": 201 })).await.expect_refusal(507);
    assert_says(&refused, &["200 bytes", "folderbridge account limits"]);
    assert_says(&ann.calls.create("more").await.expect_refusal(507), &["may own 1 folders", "account limits"]);

    admin(&app, Method::PATCH, &format!("/folders/{id}/limits"), json!({ "max_bytes": 0 })).await.expect(200);
    ann.calls.post_file(&id, "a", &json!({ "size": 1_000_000 })).await.expect(200);
    let shown = admin(&app, Method::GET, &format!("/folders/{id}"), json!({})).await.expect(200).json();
    assert_eq!((&shown["limits"]["bytes"], &shown["max_bytes"]), (&Value::Null, &json!(0)));
    assert_eq!(shown["limits"]["files"], json!({ "most": 50, "set_by": "deployment" }));

    admin(&app, Method::PATCH, &account, json!({ "max_folders": null })).await.expect(200);
    ann.calls.created("more").await;
    ann.calls.create("too many").await.expect_refusal(507);
}

#[tokio::test]
async fn what_cannot_be_a_limit_is_refused_and_a_gone_folder_is_not_found() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    for body in [json!({ "max_bytes": -1 }), json!({ "max_bytes": "1 GiB" }), json!({ "bytes": 1 }), json!(7)] {
        admin(&app, Method::PATCH, &format!("/folders/{id}/limits"), body).await.expect(400);
    }
    let listed = admin(&app, Method::GET, "/folders", json!({})).await.expect(200).json();
    assert_eq!(listed["folders"][0]["folder_id"], id.as_str());
    assert_eq!(listed["folders"][0]["owner"], ann.id.as_str());
    ann.calls.destroy(&id).await.expect(200);
    for (method, verb) in
        [(Method::PATCH, "limits"), (Method::GET, "usage"), (Method::POST, "check"), (Method::GET, "")]
    {
        let path = format!("/folders/{id}/{verb}");
        admin(&app, method, path.trim_end_matches('/'), json!({})).await.expect(404);
    }
    assert_eq!(admin(&app, Method::GET, "/folders", json!({})).await.json()["folders"], json!([]));
}
