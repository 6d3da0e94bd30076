//! Hosts, usage and limits, as clients of each age ask for them.

use serde_json::json;
use suites::app::App;

#[tokio::test]
async fn a_client_finds_one_place_for_folders() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    for path in ["/folders/_/hosts", "/folders/_/all-hosts", "/folders/_/all_hosts", "/v4/folders/_/hosts/"] {
        let hosts = ann.plain("GET", path).await.expect(200).json();
        assert_eq!(hosts["allowed"], json!([hosts["default"]]), "{path}");
        ann.call("POST", "/folders", &json!({ "name": path.replace('/', "."), "host": hosts["default"] }))
            .await
            .expect(201);
    }
    for path in ["/folders/_/allowed-types", "/folders/_/allowed_types"] {
        assert_eq!(ann.plain("GET", path).await.expect(200).json(), json!(["user"]));
    }
}

#[tokio::test]
async fn what_a_folder_holds_and_may_hold_is_told() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.signs.created("mydata").await;
    app.put_files(&id, ["a".to_owned(), "d/b".to_owned(), "d/c".to_owned()].into_iter()).await;
    for query in [format!("id={id}&folder_host=folderbridge"), "name=mydata".to_owned()] {
        let told = |what: &str| format!("/folders/_/{what}?{query}");
        let usage = ann.signs.plain("GET", &told("usage")).await.expect(200).json();
        assert_eq!(usage, json!({ "file_count": 3, "used_bytes": 3 }));
        assert_eq!(ann.signs.plain("GET", &told("used_bytes")).await.expect(200).json(), json!({ "used_bytes": 3 }));
        let quota = ann.signs.plain("GET", &told("quota")).await.expect(200).json();
        assert_eq!(quota, json!({ "used": 3, "limit": 1 << 30, "used_files": 3, "limit_files": 1000 }));
    }
    ann.signs.plain("GET", "/folders/_/usage").await.expect_problem(400, "invalid-api-params");
    ann.signs.plain("GET", "/folders/_/usage?id=none").await.expect_problem(404, "vfolder-not-found");
    let input = json!({ "id": id, "input": { "size_bytes": 5 } });
    let refused = ann.signs.call("POST", "/folders/_/quota", &input).await.expect_problem(403, "generic-forbidden");
    assert!(refused.json()["msg"].as_str().unwrap().contains("folderbridge folder limits"));
}

#[tokio::test]
async fn there_is_nothing_to_announce() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs.as_client();
    let told = ann.plain("GET", "/manager/announcement").await.expect(200).json();
    assert_eq!(told, json!({ "enabled": false, "message": "" }));
}

#[tokio::test]
async fn all_roots_are_one_api() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs.as_client();
    let id = ann.created("mydata").await;
    for prefix in ["", "/v2", "/v3", "/v4", "/v5", "/v6", "/v7", "/v8", "/v9"] {
        for root in [format!("{prefix}/folders"), format!("{prefix}/folders/")] {
            let list = ann.plain("GET", &root).await.expect(200).json();
            assert_eq!(list[0]["id"], id.as_str(), "{root}");
            let made = ann.call("POST", &root, &json!({ "name": root.replace('/', ".") })).await.expect(201).json();
            let path = format!("{prefix}/folders/{}", made["id"].as_str().unwrap());
            assert_eq!(ann.plain("GET", &path).await.expect(200).json()["name"], made["name"]);
            ann.plain("DELETE", &format!("{path}/")).await.expect(204);
        }
    }
    assert_eq!(ann.plain("GET", "/folders").await.expect(200).json().as_array().map(Vec::len), Some(1));
    for root in ["/v1/folders", "/v10/folders", "/v2"] {
        ann.plain("GET", root).await.expect(404);
    }
}
