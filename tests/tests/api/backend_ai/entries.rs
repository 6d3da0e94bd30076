//! Directories listed and made, files renamed, moved and deleted.

use mapping::access::Permission;
use serde_json::{Value, json};
use suites::app::{App, Person};

/// One account with a folder `mydata` that holds these files, and its id.
async fn with_files(paths: &[&str]) -> (App, Person, String) {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.signs.created("mydata").await;
    app.put_files(&id, paths.iter().map(|path| (*path).to_owned())).await;
    (app, ann, id)
}

/// What is in a directory, by the form that newer clients read and by that of older ones, which are one.
async fn listed(ann: &Person, path: &str) -> Vec<String> {
    let object = ann.signs.call("GET", "/folders/mydata/files", &json!({ "path": path })).await.expect(200).json();
    let names = |list: &Value, name: &str| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|entry| entry[name].as_str().expect("a name").to_owned()).collect()
    };
    let files: Value = serde_json::from_str(object["files"].as_str().expect("a text")).expect("JSON in a text");
    assert_eq!(names(&object["items"], "name"), names(&files, "filename"));
    names(&files, "filename")
}

#[tokio::test]
async fn a_directory_is_listed_as_documents_and_clients_ask() {
    let (_app, ann, id) = with_files(&["a.txt", "sub dir/b.txt", "sub dir/deep/c.txt"]).await;
    for path in ["", ".", "/"] {
        assert_eq!(listed(&ann, path).await, ["a.txt", "sub dir"]);
    }
    assert_eq!(listed(&ann, "/sub dir/").await, ["b.txt", "deep"]);
    for target in [
        "/folders/mydata/files?path=sub+dir".to_owned(),
        format!("/v2/folders/{id}/files?path=%2Fsub%20dir"),
        format!("/folders/{id}/files/?path=./sub%20dir"),
    ] {
        let object = ann.signs.plain("GET", &target).await.expect(200).json();
        assert_eq!(object["folder_path"], "/sub dir", "{target}");
        assert_eq!(object["items"][0]["name"], "b.txt", "{target}");
    }
    let root = ann.signs.plain("GET", "/folders/mydata/files").await.expect(200).json();
    let files: Value = serde_json::from_str(root["files"].as_str().unwrap()).unwrap();
    assert_eq!((&files[0]["mode"], &files[0]["size"]), (&json!("-rw-r--r--"), &json!(1)));
    assert_eq!(files[1]["mode"], "drwxr-xr-x");
    assert!(files[0]["mtime"].as_f64().unwrap() > 1.7e9 && files[1]["ctime"].is_f64());
    assert_eq!((&root["items"][0]["type"], &root["items"][1]["type"]), (&json!("FILE"), &json!("DIRECTORY")));
}

#[tokio::test]
async fn a_long_directory_is_listed_whole_in_both_forms() {
    let paths: Vec<_> = (0..2050).map(|number| format!("d/{number:04}")).collect();
    let (_app, ann, _) = with_files(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let names = listed(&ann, "d").await;
    assert_eq!((names.len(), names.first().unwrap().as_str(), names.last().unwrap().as_str()), (2050, "0000", "2049"));
}

#[tokio::test]
async fn a_path_that_is_no_directory_is_refused() {
    let (_app, ann, _) = with_files(&["a.txt"]).await;
    let list = async |path: &str| ann.signs.call("GET", "/folders/mydata/files", &json!({ "path": path })).await;
    list("none").await.expect_problem(404, "object-not-found");
    list("a.txt").await.expect_problem(400, "invalid-api-params");
    for path in ["..", "../other", "a/../../b", "//etc", "\u{0}"] {
        let told = list(path).await.expect_problem(404, "object-not-found").json();
        assert!(told["msg"].is_string(), "{told}");
    }
    for path in [json!(5), json!(["a"]), json!({})] {
        let refused = ann.signs.call("GET", "/folders/mydata/files", &json!({ "path": path })).await;
        refused.expect_problem(400, "invalid-api-params");
    }
}

#[tokio::test]
async fn a_directory_is_made_with_those_above_and_never_emptied() {
    let (_app, ann, id) = with_files(&["file", "there/a.txt"]).await;
    let mkdir = async |path: &str, body: Value| ann.signs.call("POST", path, &body).await;
    let made = mkdir("/folders/mydata/mkdir", json!({ "path": "new/deep" })).await.expect(201);
    assert!(made.body.is_empty());
    mkdir(&format!("/v2/folders/{id}/mkdir"), json!({ "path": "new/deep" })).await.expect(201);
    mkdir("/folders/mydata/mkdir", json!({ "path": "there" })).await.expect(201);
    mkdir("/folders/mydata/mkdir", json!({ "path": "." })).await.expect(201);
    assert_eq!(listed(&ann, "there").await, ["a.txt"]);
    assert_eq!(listed(&ann, "").await, ["file", "new", "there"]);
    mkdir("/folders/mydata/mkdir", json!({ "path": "file" })).await.expect_problem(400, "vfolder-operation-failed");
    mkdir("/folders/mydata/mkdir", json!({ "path": "file/x" })).await.expect_problem(400, "vfolder-operation-failed");
    for body in [json!({}), json!({ "path": [] }), json!({ "path": 5 }), json!({ "path": "../x" })] {
        mkdir("/folders/mydata/mkdir", body).await.expect_problem(400, "invalid-api-params");
    }
    let nowhere = mkdir("/folders/nowhere/mkdir", json!({ "path": "x" })).await;
    nowhere.expect_problem(404, "vfolder-not-found");
    let many: Vec<_> = (0..51).map(|number| format!("many/{number}")).collect();
    mkdir("/folders/mydata/mkdir", json!({ "path": many })).await.expect_problem(400, "invalid-api-params");
}

#[tokio::test]
async fn newer_clients_are_told_what_became_of_each_directory() {
    let (_app, ann, _) = with_files(&["file", "there/a.txt"]).await;
    let mkdir = async |body: Value| ann.signs.call("POST", "/folders/mydata/mkdir", &body).await;
    let all = mkdir(json!({ "path": ["a", "b/c"], "parents": true, "exist_ok": false })).await.expect(200).json();
    let success = json!([{ "item": "a", "msg": null }, { "item": "b/c", "msg": null }]);
    assert_eq!(all, json!({ "results": { "success": success, "failed": [] } }));
    let some = mkdir(json!({ "path": ["a", "d", "../x"], "exist_ok": false })).await.expect(207).json();
    assert_eq!(some["results"]["success"], json!([{ "item": "d", "msg": null }]));
    assert_eq!(some["results"]["failed"][0]["item"], "a");
    assert_eq!(some["results"]["failed"][1]["item"], "../x");
    let none = mkdir(json!({ "path": "x/y", "parents": false, "exist_ok": false })).await.expect(422).json();
    assert!(none["results"]["failed"][0]["msg"].as_str().unwrap().contains("parent"), "{none}");
    assert_eq!(
        (&none["title"], &none["msg"]),
        (&json!("Virtual folder operation has failed."), &none["results"]["failed"][0]["msg"])
    );
    mkdir(json!({ "path": "there", "exist_ok": true })).await.expect(200);
    mkdir(json!({ "path": "there", "exist_ok": false })).await.expect(422);
    mkdir(json!({ "path": "file", "exist_ok": true })).await.expect(422);
    assert_eq!(listed(&ann, "").await, ["a", "b", "d", "file", "there"]);
    assert_eq!(listed(&ann, "there").await, ["a.txt"]);
}

#[tokio::test]
async fn files_are_deleted_all_or_none() {
    let (_app, ann, id) = with_files(&["a", "b", "c", "d/e", "d/f/g", "keep"]).await;
    let delete = async |body: Value| ann.signs.call("DELETE", "/folders/mydata/delete_files", &body).await;
    delete(json!({ "files": ["a", "d"] })).await.expect_problem(400, "vfolder-operation-failed");
    delete(json!({ "files": ["a", "none"], "recursive": true })).await.expect_problem(404, "object-not-found");
    for body in [json!({}), json!({ "files": ["."] }), json!({ "files": ["a", "../b"] }), json!({ "files": [1] })] {
        delete(body).await.expect_problem(400, "invalid-api-params");
    }
    assert_eq!(listed(&ann, "").await, ["a", "b", "c", "d", "keep"]);

    assert_eq!(delete(json!({ "files": ["a", "/b"] })).await.expect(200).json(), json!({}));
    let of_2 = format!("/v2/folders/{id}/delete_files");
    ann.signs.call("DELETE", &of_2, &json!({ "files": ["d"], "recursive": true })).await.expect(200);
    ann.signs.call("POST", "/folders/mydata/delete-files", &json!({ "files": ["c"] })).await.expect(200);
    assert_eq!(listed(&ann, "").await, ["keep"]);
}

#[tokio::test]
async fn clients_pass_over_what_is_not_there() {
    let (_app, ann, _) = with_files(&["a", "b"]).await;
    let files = json!({ "files": ["none", "a", "none/x"], "recursive": false });
    ann.signs.as_client().call("DELETE", "/folders/mydata/delete_files", &files).await.expect(200);
    assert_eq!(listed(&ann, "").await, ["b"]);
}

#[tokio::test]
async fn files_are_deleted_behind_the_answer() {
    let (app, ann, _) = with_files(&["a", "d/e", "d/f/g", "keep"]).await;
    let files = json!({ "files": ["a", "d"], "recursive": true });
    let begun = ann.signs.call("POST", "/folders/mydata/delete-files-async", &files).await.expect(202).json();
    assert_eq!(begun["bgtask_id"].as_str().map(str::len), Some(36));
    app.until("all but one is gone", async || listed(&ann, "").await == ["keep"]).await;
    let refused = ann.signs.call("POST", "/folders/mydata/delete-files-async", &json!({ "files": ["none"] })).await;
    refused.expect_problem(404, "object-not-found");
}

#[tokio::test]
async fn a_file_or_a_directory_gets_another_name() {
    let (_app, ann, _) = with_files(&["a.txt", "b.txt", "d/e/f"]).await;
    let rename = async |verb: &str, target: &str, name: &str| {
        let body = json!({ "target_path": target, "new_name": name });
        ann.signs.call("POST", &format!("/folders/mydata/{verb}"), &body).await
    };
    assert_eq!(rename("rename_file", "a.txt", "c.txt").await.expect(200).json(), json!({}));
    rename("rename-file", "d/e", "é").await.expect(200);
    assert_eq!(listed(&ann, "").await, ["b.txt", "c.txt", "d"]);
    assert_eq!(listed(&ann, "d/é").await, ["f"]);
    rename("rename-file", "c.txt", "b.txt").await.expect_problem(400, "object-already-exists");
    rename("rename-file", "none", "x").await.expect_problem(404, "object-not-found");
    for name in ["", "x/y", "..", "../c"] {
        rename("rename-file", "c.txt", name).await.expect_problem(400, "invalid-api-params");
    }
    assert_eq!(listed(&ann, "").await, ["b.txt", "c.txt", "d"]);
}

#[tokio::test]
async fn a_file_or_a_directory_is_moved() {
    let (_app, ann, _) = with_files(&["a.txt", "b.txt", "d/e", "f/g"]).await;
    let to = async |source: &str, target: &str| {
        ann.signs.call("POST", "/folders/mydata/move-file", &json!({ "src": source, "dst": target })).await
    };
    to("a.txt", "new/a.txt").await.expect(200);
    to("b.txt", "d").await.expect(200);
    to("d", "f").await.expect(200);
    assert_eq!(listed(&ann, "").await, ["f", "new"]);
    assert_eq!(listed(&ann, "f/d").await, ["b.txt", "e"]);
    to("f/d/e", "/").await.expect(200);
    assert_eq!(listed(&ann, "").await, ["e", "f", "new"]);
    to("e", "f/g").await.expect_problem(400, "object-already-exists");
    to("f", "f/inside").await.expect_problem(400, "invalid-api-params");
    to("none", "x").await.expect_problem(404, "object-not-found");
    ann.signs.call("POST", "/folders/mydata/move-file", &json!({ "src": "e" })).await.expect(400);
}

#[tokio::test]
async fn each_permission_opens_what_the_document_says() {
    let (app, ann, id) = with_files(&["a", "b"]).await;
    let (reads, writes, deletes) = (app.person("reads").await, app.person("writes").await, app.person("deletes").await);
    app.share(&ann, &id, &reads, Permission::Read).await;
    app.share(&ann, &id, &writes, Permission::Write).await;
    app.share(&ann, &id, &deletes, Permission::Delete).await;
    for (person, make, delete) in [(&reads, 404, 404), (&writes, 201, 404), (&deletes, 201, 200)] {
        let signs = &person.signs;
        signs.plain("GET", "/folders/mydata/files").await.expect(200);
        let directory = json!({ "path": format!("of {make} {delete}") });
        signs.call("POST", "/folders/mydata/mkdir", &directory).await.expect(make);
        signs.call("DELETE", "/folders/mydata/delete_files", &json!({ "files": ["a"] })).await.expect(delete);
    }
}

#[tokio::test]
async fn of_several_directories_one_that_must_wait_keeps_no_other_from_being_made() {
    let core = mapping::Settings { wait_for_moves: std::time::Duration::ZERO, ..Default::default() };
    let app = App::with(1, core, Default::default()).await;
    let ann = app.person("ann").await;
    let id = ann.signs.created("mydata").await;
    app.put_files(&id, ["a/x".to_owned()].into_iter()).await;
    ann.signs.call("POST", "/folders/mydata/move-file", &json!({ "src": "a", "dst": "b" })).await.expect(200);
    let body = json!({ "path": ["one", "a/two", "three"] });
    let made = ann.signs.call("POST", "/folders/mydata/mkdir", &body).await.expect(207).json();
    let results = &made["results"];
    let items = |list: &Value| list.as_array().unwrap().iter().map(|one| one["item"].clone()).collect::<Vec<_>>();
    assert_eq!(items(&results["success"]), ["one", "three"]);
    assert_eq!(items(&results["failed"]), ["a/two"]);
    assert!(results["failed"][0]["msg"].as_str().unwrap().contains("on its way"), "{results}");
    ann.signs.call("POST", "/folders/mydata/mkdir", &json!({ "path": "a/two" })).await.expect(503);
    assert_eq!(listed(&ann, "").await, ["b", "one", "three"]);
}
