//! The bin: what clients delete that can restore it, and all that becomes of it.

use std::time::Duration;

use mapping::Settings;
use mapping::access::Permission;
use serde_json::{Value, json};
use suites::app::{App, Person};
use suites::signer::Signer;

/// As clients from 24.03 on sign.
fn new(person: &Person) -> Signer {
    person.signs.speaking("v9.20250722").as_client()
}

async fn in_bin(client: &Signer, name: &str) -> String {
    let id = client.created(name).await;
    client.call("DELETE", "/folders", &json!({ "id": id })).await.expect(204);
    id
}

/// Names and statuses of a list.
fn shown(list: &Value) -> Vec<(&str, &str)> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| (item["name"].as_str().expect("a name"), item["status"].as_str().expect("a status"))).collect()
}

#[tokio::test]
async fn a_deleted_folder_comes_back_with_its_files_and_members_here_and_there() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let client = new(&ann);
    let id = client.created("mydata").await;
    app.put_files(&id, ["a.txt".to_owned(), "d/b.txt".to_owned()].into_iter()).await;
    app.share(&ann, &id, &bob, Permission::Write).await;
    client.call("POST", "/folders/mydata/rename", &json!({ "new_name": "mine" })).await.expect(201);
    client.call("DELETE", "/folders", &json!({ "id": id })).await.expect(204);
    for who in [&ann, &bob] {
        assert_eq!(who.calls.filesystems().await.expect(200).json(), json!([]));
        new(who).plain("GET", &format!("/folders/{id}")).await.expect_problem(404, "vfolder-not-found");
        new(who).plain("GET", &format!("/folders/{id}/files")).await.expect_problem(404, "vfolder-not-found");
    }
    for stranger in [&bob, &app.person("eve").await] {
        for verb in ["restore-from-trash-bin", "delete-from-trash-bin", "purge"] {
            let refused = new(stranger).call("POST", &format!("/folders/{verb}"), &json!({ "id": id })).await;
            refused.expect_problem(404, "vfolder-not-found");
        }
        new(stranger).plain("DELETE", &format!("/folders/{id}/force")).await.expect_problem(404, "vfolder-not-found");
    }
    let found = client.call("GET", "/folders/_/id", &json!({ "name": "mine" })).await.expect(200).json();
    assert_eq!(found["id"].as_str().unwrap().replace('-', ""), id);
    for _ in 0..2 {
        client.call("POST", "/folders/restore-from-trash-bin", &json!({ "id": id })).await.expect(204);
    }
    for (who, name) in [(&ann, "mine"), (&bob, "mydata")] {
        assert_eq!(who.calls.filesystems().await.expect(200).json()[0]["filesystem_name"], name);
        let info = new(who).plain("GET", &format!("/folders/{name}")).await.expect(200).json();
        assert_eq!((&info["numFiles"], &info["status"]), (&json!(2), &json!("ready")));
        who.calls.download(&id, "d/b.txt").await.expect(200);
    }
    // A member may what he might.
    bob.calls.mkdir(&id, "made").await.expect(200);
    bob.calls.remove(&id, "a.txt").await.expect(403);
}

#[tokio::test]
async fn what_is_deleted_from_the_bin_is_gone_in_either_order_and_spelling() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let client = new(&ann);
    for (first, second) in [
        ("delete-from-trash-bin", "purge"),
        ("purge", "delete-from-trash-bin"),
        ("delete_from_trash_bin", "delete-from-trash-bin"),
    ] {
        let id = in_bin(&client, "mydata").await;
        client.call("POST", "/folders/restore_from_trash_bin", &json!({ "id": id })).await.expect(204);
        for verb in [first, second] {
            let refused = client.call("POST", &format!("/folders/{verb}"), &json!({ "id": id })).await;
            refused.expect_problem(400, "invalid-api-params");
        }
        client.plain("DELETE", "/folders/mydata").await.expect(204);
        for verb in [first, second] {
            client.call("POST", &format!("/folders/{verb}"), &json!({ "id": id })).await.expect(204);
            client.call("GET", "/folders/_/id", &json!({ "name": "mydata" })).await.expect(404);
        }
        let restored = client.call("POST", "/folders/restore-from-trash-bin", &json!({ "id": id })).await;
        restored.expect_problem(404, "vfolder-not-found");
    }
    let (live, binned) = (client.created("live").await, in_bin(&client, "binned").await);
    // A name means what is in use: asked for twice, it takes nothing else along.
    client.plain("DELETE", "/folders/binned/force").await.expect_problem(404, "vfolder-not-found");
    for id in [live, binned] {
        client.plain("DELETE", &format!("/folders/{id}/force")).await.expect(204);
        client.call("POST", "/folders/restore-from-trash-bin", &json!({ "id": id })).await.expect(404);
    }
    for verb in ["restore-from-trash-bin", "delete-from-trash-bin", "purge"] {
        for body in [json!({}), json!({ "id": "mydata" })] {
            let refused = client.call("POST", &format!("/folders/{verb}"), &body).await;
            refused.expect_problem(400, "invalid-api-params");
        }
        let unknown = json!({ "id": "00000000000040008000000000000000" });
        let refused = client.call("POST", &format!("/folders/{verb}"), &unknown).await;
        refused.expect_problem(404, "vfolder-not-found");
    }
}

#[tokio::test]
async fn for_documents_and_older_clients_a_deleted_folder_is_gone_and_there_is_no_bin() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let older = [ann.signs.clone(), ann.signs.as_client(), ann.signs.speaking("v7.20230615").as_client()];
    for (number, caller) in older.iter().enumerate() {
        for by_body in [false, true] {
            let id = caller.created("mydata").await;
            let deleted = match by_body {
                true => caller.call("DELETE", "/folders", &json!({ "id": id })).await,
                false => caller.plain("DELETE", "/folders/mydata").await,
            };
            deleted.expect(204);
            let restored = new(&ann).call("POST", "/folders/restore-from-trash-bin", &json!({ "id": id })).await;
            restored.expect_problem(404, "vfolder-not-found");
        }
        in_bin(&new(&ann), &format!("binned-{number}")).await;
        let list = caller.call("GET", "/folders", &json!({ "all": false })).await.expect(200).json();
        assert_eq!(list, json!([]));
    }
    let query = json!({ "query": "{ vfolder_own_list { total_count } }" });
    let data = ann.signs.call("POST", "/admin/graphql", &query).await.expect(200).json();
    assert_eq!(data["vfolder_own_list"]["total_count"], 0);
}

#[tokio::test]
async fn newer_clients_see_the_bin_in_their_lists() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let client = new(&ann);
    let id = client.created("a").await;
    app.put_files(&id, ["one".to_owned()].into_iter()).await;
    app.share(&ann, &id, &bob, Permission::Read).await;
    client.call("DELETE", "/folders", &json!({ "id": id })).await.expect(204);
    client.created("b").await;
    let expected = [("b", "ready"), ("a", "delete-pending")];
    assert_eq!(shown(&client.call("GET", "/folders", &json!({ "all": false })).await.expect(200).json()), expected);
    let query = "{ vfolder_own_list(order: \"-name\") { items { name status num_files } total_count } }";
    let reply = client.call("POST", "/admin/gql", &json!({ "query": query })).await.expect(200).json();
    let list = &reply["data"]["vfolder_own_list"];
    assert_eq!((shown(&list["items"]), &list["total_count"]), (expected.to_vec(), &json!(2)));
    assert_eq!(list["items"][1]["num_files"], 1, "{list}");
    let theirs = new(&bob).call("GET", "/folders", &json!({ "all": false })).await.expect(200).json();
    assert_eq!(theirs, json!([]));
}

#[tokio::test]
async fn a_taken_name_is_told_and_so_are_the_folders_that_had_one_name() {
    let app = App::with(1, Settings { most_folders: Some(3), ..Settings::default() }, Default::default()).await;
    let ann = app.person("ann").await;
    let client = new(&ann);
    let (first, second) = (in_bin(&client, "mydata").await, in_bin(&client, "mydata").await);
    let found = client.call("GET", "/folders/_/id", &json!({ "name": "mydata" })).await;
    let told = found.expect_problem(400, "invalid-api-params").json()["msg"].as_str().unwrap().replace('-', "");
    assert!(told.contains(&first) && told.contains(&second), "{told}");
    let third = client.created("mydata").await;
    let found = client.call("GET", "/folders/_/id", &json!({ "name": "mydata" })).await.expect(200).json();
    assert_eq!(found["id"].as_str().unwrap().replace('-', ""), third);
    let refused = client.call("POST", "/folders/restore-from-trash-bin", &json!({ "id": third })).await;
    let told = refused.expect_problem(400, "invalid-api-params").json();
    assert!(told["msg"].as_str().unwrap().contains("is not in the bin"), "{told}");
    let refused = client.call("POST", "/folders/restore-from-trash-bin", &json!({ "id": first })).await;
    let told = refused.expect_problem(400, "vfolder-already-exists").json();
    assert!(told["msg"].as_str().unwrap().contains("rename it"), "{told}");
    let full = client.call("POST", "/folders", &json!({ "name": "more" })).await;
    let told = full.expect_problem(406, "too-many-vfolders").json();
    assert!(told["msg"].as_str().unwrap().contains("2 of them in the bin"), "{told}");
    client.call("POST", "/folders/purge", &json!({ "id": second })).await.expect(204);
    client.call("POST", "/folders/mydata/rename", &json!({ "new_name": "other" })).await.expect(201);
    client.call("POST", "/folders/restore-from-trash-bin", &json!({ "id": first })).await.expect(204);
    assert_eq!(client.plain("GET", "/folders/mydata").await.expect(200).json()["id"], first.as_str());
}

#[tokio::test]
async fn the_operator_sees_the_bin_and_the_sweeper_empties_it() {
    let app =
        App::with(1, Settings { trash_for: Some(Duration::from_millis(1)), ..Settings::default() }, Default::default())
            .await;
    let ann = app.person("ann").await;
    let id = in_bin(&new(&ann), "mydata").await;
    let admin = app.admin();
    let list = admin.call(reqwest::Method::GET, "/admin/v1/folders", &json!({})).await.expect(200).json();
    assert!(list["folders"][0]["binned"].is_string(), "{list}");
    admin.call(reqwest::Method::GET, &format!("/admin/v1/folders/{id}/usage"), &json!({})).await.expect(200);
    app.until("the sweeper purges it", async || app.core().sweep().await.unwrap().folders_purged == 1).await;
    let restored = new(&ann).call("POST", "/folders/restore-from-trash-bin", &json!({ "id": id })).await;
    restored.expect_problem(404, "vfolder-not-found");
}
