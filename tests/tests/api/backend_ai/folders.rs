//! Folders: the documents' own examples, what clients send, and every error that is documented.

use mapping::access::Permission;
use mapping::{Settings, limits::FolderLimits};
use serde_json::{Value, json};
use suites::app::App;

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|item| item["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn a_folder_is_made_as_either_document_has_it() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await.signs, app.person("bob").await.signs);
    let made = ann.call("POST", "/folders/create", &json!({ "name": "My Data" })).await.expect(201).json();
    assert_eq!(made["name"], "My Data");
    let id = made["id"].as_str().unwrap();
    assert_eq!((id.len(), id.contains('-')), (32, false));
    let made = bob.call("POST", "/v2/folders/create", &json!({ "tagName": "My Data" })).await.expect(201).json();
    let id = made["folderId"].as_str().unwrap();
    let item = bob.plain("GET", &format!("/v2/folders/{id}")).await.expect(200).json()["item"].clone();
    assert_eq!((item["name"].as_str(), item["id"].as_str()), (Some("My Data"), Some(id)));
}

#[tokio::test]
async fn a_folder_is_made_as_clients_of_each_age_do() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs.as_client();
    let of_20_3 = json!({
        "name": "b", "host": "folderbridge", "group": null, "unmanaged_path": null, "usage_mode": "general",
        "permission": "rw",
    });
    let of_23 = json!({ "name": "c", "host": null, "quota": "0", "cloneable": false, "usage_mode": "general" });
    for (path, body) in [("/v2/folders/", json!({ "name": "a" })), ("/folders", of_20_3), ("/folders", of_23)] {
        let made = ann.call("POST", path, &body).await.expect(201).json();
        for name in ["id", "name", "host", "usage_mode", "permission", "creator", "ownership_type", "user", "status"] {
            assert!(made[name].is_string(), "{name}: {made}");
        }
        assert_eq!(made["name"], body["name"]);
        // Its owner is told what he said, and else what he may.
        let expected = if body["permission"].is_null() { json!("wd") } else { body["permission"].clone() };
        assert_eq!(made["permission"], expected);
    }
}

#[tokio::test]
async fn a_bad_or_taken_name_is_refused_and_makes_nothing() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    ann.created("taken").await;
    for path in ["/folders", "/folders/create", "/v2/folders/create"] {
        let taken = ann.call("POST", path, &json!({ "name": "taken", "tagName": "taken" })).await;
        taken.expect_problem(400, "vfolder-already-exists");
        for name in [
            json!(""),
            json!(".."),
            json!("a/b"),
            json!(" a"),
            json!("_"),
            json!("create"),
            json!("invitations"),
            json!("0123456789abcdef0123456789abcdef"),
            json!("x".repeat(65)),
            json!(5),
            json!(null),
        ] {
            let body = json!({ "name": name, "tagName": name });
            ann.call("POST", path, &body).await.expect_problem(400, "invalid-api-params");
        }
    }
    for (name, value) in [
        ("host", json!("elsewhere")),
        ("group", json!("default")),
        ("unmanaged_path", json!("/mnt")),
        ("usage_mode", json!("other")),
        ("permission", json!("all")),
    ] {
        let refused = ann.call("POST", "/folders", &json!({ "name": "new", name: value })).await;
        refused.expect_problem(400, "invalid-api-params");
    }
    assert_eq!(names(&ann.as_client().plain("GET", "/folders").await.expect(200).json()), ["taken"]);
}

#[tokio::test]
async fn too_many_folders_are_not_acceptable() {
    let app = App::with(1, Settings { most_folders: Some(1), ..Settings::default() }, Default::default()).await;
    let ann = app.person("ann").await.signs;
    ann.created("one").await;
    for path in ["/folders", "/folders/create"] {
        ann.call("POST", path, &json!({ "name": "two" })).await.expect_problem(406, "too-many-vfolders");
    }
}

#[tokio::test]
async fn documents_are_answered_in_pages_and_clients_with_an_array() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    for name in ["a", "b", "c"] {
        ann.created(name).await;
    }
    let all = ann.plain("GET", "/v2/folders").await.expect(200).json();
    assert_eq!(all["paging"], json!({ "pages": 1, "count": 3 }));
    assert_eq!(names(&all["items"]), ["a", "b", "c"]);
    for name in ["id", "linked", "usedSize", "numFiles", "maxSize", "created", "is_owner", "permission"] {
        assert!(!all["items"][0][name].is_null(), "{name}");
    }
    assert_eq!(all["items"][0]["permission"], "rd");
    let page = ann.call("GET", "/folders", &json!({ "paging": { "size": 2, "index": 1 } })).await.expect(200).json();
    assert_eq!((names(&page["items"]), &page["paging"]), (vec!["c"], &json!({ "pages": 2, "count": 3 })));
    let page = ann.plain("GET", "/folders?paging=%7B%22size%22%3A%202%7D").await.expect(200).json();
    assert_eq!(names(&page["items"]), ["a", "b"]);
    for bad in [json!(5), json!({ "size": -1 }), json!({ "index": "x" }), json!([])] {
        let refused = ann.call("GET", "/folders", &json!({ "paging": bad })).await;
        refused.expect_problem(400, "invalid-api-params");
    }

    let arrays = [
        ann.as_client().plain("GET", "/folders").await,
        ann.plain("GET", "/v2/folders/").await,
        ann.call("GET", "/folders", &json!({ "all": false })).await,
    ];
    for array in arrays {
        let array = array.expect(200).json();
        assert_eq!(names(&array), ["a", "b", "c"]);
        for name in ["id", "host", "usage_mode", "created_at", "user", "type", "ownership_type", "status"] {
            assert!(array[0][name].is_string(), "{name}");
        }
        assert_eq!(array[0]["permission"], "wd");
    }
}

#[tokio::test]
async fn a_folder_is_shown_by_name_and_by_id_with_what_it_holds() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.signs.created("mydata").await;
    app.put_files(&id, ["a.txt".to_owned(), "d/b.txt".to_owned()].into_iter()).await;
    let hyphens = format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
    for path in ["mydata", id.as_str(), &hyphens] {
        let shown = ann.signs.plain("GET", &format!("/folders/{path}")).await.expect(200).json();
        for object in [&shown, &shown["item"]] {
            assert_eq!((&object["name"], &object["id"]), (&json!("mydata"), &json!(id)));
            assert_eq!((&object["numFiles"], &object["num_files"]), (&json!(2), &json!(2)));
            assert_eq!((&object["is_owner"], &object["permission"]), (&json!(true), &json!("rd")));
            assert_eq!((&object["maxSize"], &object["max_files"]), (&json!(1024), &json!(1000)));
            assert_eq!(object["user_email"], "ann@example.org");
        }
    }
    assert_eq!(ann.signs.as_client().plain("GET", "/folders/mydata").await.expect(200).json()["permission"], "wd");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_yours_read_alike() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await.signs);
    let id = ann.signs.created("mydata").await;
    let unknown = "00000000000040008000000000000000";
    for (method, rest, body) in
        [("GET", "", json!({})), ("DELETE", "", json!({})), ("POST", "/rename", json!({ "new_name": "x" }))]
    {
        let theirs = bob.call(method, &format!("/folders/{id}{rest}"), &body).await;
        let theirs = theirs.expect_problem(404, "vfolder-not-found");
        for nothing in [unknown, "mydata", "nothing", "%20a", "a%2Fb", "%ff"] {
            let reply = bob.call(method, &format!("/folders/{nothing}{rest}"), &body).await;
            assert_eq!(reply.expect_problem(404, "vfolder-not-found").body, theirs.body, "{method} {nothing}{rest}");
        }
    }
    for id in [id.as_str(), unknown] {
        bob.call("DELETE", "/folders", &json!({ "id": id })).await.expect_problem(404, "vfolder-not-found");
    }
    ann.signs.plain("GET", "/folders/mydata").await.expect(200);
}

#[tokio::test]
async fn a_folder_is_deleted_by_name_by_id_and_by_a_body() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    for way in ["name", "id", "force", "body"] {
        let id = ann.created("mydata").await;
        let reply = match way {
            "name" => ann.plain("DELETE", "/folders/mydata").await,
            "id" => ann.plain("DELETE", &format!("/v2/folders/{id}")).await,
            "force" => ann.plain("DELETE", &format!("/folders/{id}/force")).await,
            _ => ann.call("DELETE", "/folders", &json!({ "id": id })).await,
        };
        assert!(reply.expect(204).body.is_empty());
        ann.plain("GET", "/folders/mydata").await.expect(404);
        ann.plain("DELETE", &format!("/folders/{id}")).await.expect_problem(404, "vfolder-not-found");
    }
    for body in [json!({}), json!({ "id": "mydata" })] {
        ann.call("DELETE", "/folders", &body).await.expect_problem(400, "invalid-api-params");
    }
}

#[tokio::test]
async fn a_member_sees_a_folder_and_only_its_owner_deletes_it() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = ann.signs.created("mydata").await;
    app.share(&ann, &id, &bob, Permission::Delete).await;
    let shown = bob.signs.plain("GET", "/folders/mydata").await.expect(200).json();
    assert_eq!((&shown["is_owner"], &shown["permission"]), (&json!(false), &json!("rd")));
    assert_eq!(shown["creator"], "ann@example.org");
    bob.signs.plain("DELETE", "/folders/mydata").await.expect_problem(404, "vfolder-not-found");
    bob.signs.call("DELETE", "/folders", &json!({ "id": id })).await.expect_problem(404, "vfolder-not-found");
    ann.signs.plain("GET", "/folders/mydata").await.expect(200);
}

#[tokio::test]
async fn a_folder_is_renamed_for_the_one_who_asks() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = ann.signs.created("mydata").await;
    ann.signs.created("other").await;
    app.share(&ann, &id, &bob, Permission::Read).await;
    ann.signs.call("POST", "/folders/mydata/rename", &json!({ "new_name": "renamed" })).await.expect(201);
    assert_eq!(ann.signs.plain("GET", "/folders/renamed").await.expect(200).json()["id"], id.as_str());
    assert_eq!(bob.signs.plain("GET", "/folders/mydata").await.expect(200).json()["id"], id.as_str());
    for (name, slug) in
        [("other", "vfolder-already-exists"), ("create", "invalid-api-params"), ("a/b", "invalid-api-params")]
    {
        let refused = ann.signs.call("POST", "/folders/renamed/rename", &json!({ "new_name": name })).await;
        refused.expect_problem(400, slug);
    }
    ann.signs.call("POST", "/folders/renamed/rename", &json!({})).await.expect_problem(400, "invalid-api-params");
}

#[tokio::test]
async fn a_name_is_looked_up() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    let id = ann.created("mydata").await;
    for found in [
        ann.call("GET", "/folders/_/id", &json!({ "name": "mydata" })).await,
        ann.call("GET", "/folders/_/id", &json!({ "vfolder_name": "mydata" })).await,
        ann.plain("GET", "/folders/_/id?vfolderName=mydata").await,
    ] {
        let found = found.expect(200).json();
        assert_eq!(found["name"], "mydata");
        assert_eq!(found["id"].as_str().unwrap().replace('-', ""), id);
    }
    ann.call("GET", "/folders/_/id", &json!({ "name": "no" })).await.expect_problem(404, "vfolder-not-found");
    ann.call("GET", "/folders/_/id", &json!({})).await.expect_problem(400, "invalid-api-params");
}

#[tokio::test]
async fn nobody_acts_for_somebody_else() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await.signs, app.person("bob").await.signs);
    let own = json!({ "name": "own", "owner_access_key": bob.access_key });
    bob.call("POST", "/folders", &own).await.expect(201);
    let other = json!({ "name": "other", "owner_access_key": ann.access_key });
    bob.call("POST", "/folders", &other).await.expect_problem(403, "generic-forbidden");
    let query = format!("/folders?owner_access_key={}", ann.access_key);
    bob.plain("GET", &query).await.expect_problem(403, "generic-forbidden");
}

#[tokio::test]
async fn a_folder_made_here_is_a_file_system_there_and_the_other_way_round() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.signs.created("mydata").await;
    let there = ann.calls.filesystems().await.expect(200).json();
    assert_eq!(there[0]["filesystem_name"], "mydata");
    assert_eq!(there[0]["filesystem_id"].as_str().unwrap().replace('-', ""), id);
    let made = ann.calls.created("photos").await;
    let shown = ann.signs.plain("GET", "/folders/photos").await.expect(200).json();
    assert_eq!(shown["id"].as_str().unwrap(), made.replace('-', ""));
    assert_eq!((&shown["maxSize"], &shown["max_files"]), (&json!(0), &json!(0)), "only folders made here have bounds");
    // A name that no folder can be given here is still found by its id.
    let odd = ann.calls.created("create").await;
    assert_eq!(ann.signs.plain("GET", &format!("/folders/{odd}")).await.expect(200).json()["name"], "create");
}

#[tokio::test]
async fn what_the_operator_sets_goes_before_the_documents_limits() {
    let set = FolderLimits { bytes: Some(5 << 20), files: Some(0) };
    let app = App::with(1, Settings { folder_limits: set, ..Settings::default() }, Default::default()).await;
    let ann = app.person("ann").await.signs;
    ann.created("mydata").await;
    let shown = ann.plain("GET", "/folders/mydata").await.expect(200).json();
    assert_eq!((&shown["maxSize"], &shown["max_files"]), (&json!(5), &json!(0)));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    for path in ["/folders/x/y/z", "/folders//", "/v2/folders/x/unheard-of"] {
        ann.plain("GET", path).await.expect_problem(404, "url-not-found");
    }
    ann.plain("PUT", "/folders").await.expect_problem(405, "method-not-allowed");
    ann.plain("GET", "/folders/create").await.expect_problem(405, "method-not-allowed");
    let version = ann.plain("GET", "/").await.expect(200).json();
    assert!(version["version"].as_str().unwrap() > "v4.20190615");
}
