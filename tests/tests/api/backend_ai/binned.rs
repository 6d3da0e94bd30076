//! A folder in the bin: whole, waiting, and out of reach for all but the ways out of it.

use bytes::Bytes;
use mapping::access::Permission;
use mapping::id::FolderId;
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::reply::Reply;
use suites::signer::Signer;

use super::routes;

/// The routes that reach into the bin.
const WAYS: [&str; 5] = [
    "/folders/restore-from-trash-bin",
    "/folders/delete-from-trash-bin",
    "/folders/purge",
    "/folders/{name}/force",
    "/folders/_/id",
];

/// As clients from 24.03 on sign.
fn new(person: &Person) -> Signer {
    person.signs.speaking("v9.20250722").as_client()
}

async fn deleted(client: &Signer, id: &str) {
    client.call("DELETE", "/folders", &json!({ "id": id })).await.expect(204);
}

async fn restored(client: &Signer, id: &str) {
    client.call("POST", "/folders/restore-from-trash-bin", &json!({ "id": id })).await.expect(204);
}

#[tokio::test]
async fn nothing_but_the_ways_out_reaches_a_folder_in_the_bin() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    app.person("guest").await;
    let id = new(&ann).created("mydata").await;
    app.put_files(&id, ["file-owner/a.txt".to_owned()].into_iter()).await;
    app.share(&ann, &id, &bob, Permission::Delete).await;
    deleted(&new(&ann), &id).await;
    app.settle().await;
    let (before, mut tried) = (app.snapshot().await, 0);
    for (method, path, body, _) in routes::rows() {
        let names_it = path.contains("{name}") || body.contains("{name}");
        if !names_it || WAYS.contains(path) {
            continue;
        }
        let fill = |text: &str| text.replace("{name}", &id).replace("{who}", "owner").replace("{self}", &bob.id);
        let kind = if body.starts_with("--XX") { "multipart/form-data; boundary=XX" } else { "application/json" };
        for who in [new(&ann), new(&bob)] {
            let method: Method = method.parse().expect("a method");
            who.send(who.request(method, &fill(path), kind, fill(body).into())).await.expect(404);
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn what_is_in_the_bin_keeps_its_data_until_it_is_deleted_from_there() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let client = new(&ann);
    for verb in ["delete-from-trash-bin", "purge", "force"] {
        let id = client.created("mydata").await;
        let place = format!("folders/{}/", id.parse::<FolderId>().expect("an id"));
        app.put_files(&id, ["a".to_owned(), "d/b".to_owned()].into_iter()).await;
        let whole = app.snapshot_of(&place).await;
        assert_eq!(whole.len(), 2);
        deleted(&client, &id).await;
        // The name is free, in every API.
        let next = ann.calls.created("mydata").await;
        assert_eq!(ann.calls.names(&next, "").await, (vec![], vec![]));
        assert_eq!(app.snapshot_of(&place).await, whole, "{verb}");
        let reply = match verb {
            "force" => client.plain("DELETE", &format!("/folders/{id}/force")).await,
            _ => client.call("POST", &format!("/folders/{verb}"), &json!({ "id": id })).await,
        };
        assert!(reply.expect(204).body.is_empty());
        app.until("its data is gone", async || app.keys(&place).await.is_empty()).await;
        ann.calls.list(&id, "").await.expect(403);
        ann.calls.destroy(&next).await.expect(200);
    }
}

#[tokio::test]
async fn an_invitation_waits_while_its_folder_is_in_the_bin() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = new(&ann).created("mydata").await;
    let offer = json!({ "perm": "ro", "user_ids": ["bob@example.org"] });
    ann.signs.call("POST", "/folders/mydata/invite", &offer).await.expect(200);
    let list = async |who: &Person, verb: &str| {
        let list = who.signs.plain("GET", &format!("/folders/invitations/{verb}")).await.expect(200).json();
        list["invitations"].clone()
    };
    let offered = list(&bob, "list").await;
    let answer = json!({ "inv_id": offered[0]["id"] });
    deleted(&new(&ann), &id).await;
    assert_eq!((list(&bob, "list").await, list(&ann, "list-sent").await), (json!([]), json!([])));
    for (method, verb) in [("POST", "accept"), ("DELETE", "delete")] {
        let refused = bob.signs.call(method, &format!("/folders/invitations/{verb}"), &answer).await;
        refused.expect_problem(404, "vfolder-invitation-not-found");
    }
    restored(&new(&ann), &id).await;
    assert_eq!(list(&bob, "list").await, offered);
    bob.signs.call("POST", "/folders/invitations/accept", &answer).await.expect(200);
    assert_eq!(bob.calls.filesystems().await.expect(200).json()[0]["filesystem_name"], "mydata");
}

/// Asks for a link and says its path and query.
async fn link(client: &Signer, verb: &str, body: Value) -> String {
    let reply = client.call("POST", &format!("/folders/mydata/{verb}"), &body).await.expect(200).json();
    let (url, token) = (reply["url"].as_str().expect("a URL"), reply["token"].as_str().expect("a token"));
    let path = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("of this host").1;
    format!("/{path}?token={token}")
}

#[tokio::test]
async fn links_of_a_folder_in_the_bin_wait_for_it() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let client = new(&ann);
    let id = client.created("mydata").await;
    app.put_files(&id, ["there".to_owned()].into_iter()).await;
    let content = pattern(10, 1);
    let up = link(&client, "request-upload", json!({ "path": "new", "size": 10 })).await;
    let down = link(&client, "request-download", json!({ "path": "there" })).await;
    let nobody = app.nobody();
    let sent = async |at: usize, bytes: Bytes| -> Reply {
        let request = nobody.request(Method::PATCH, &up).header("upload-offset", at.to_string());
        nobody.send(request.body(bytes)).await
    };
    sent(0, content.slice(..5)).await.expect(204);
    deleted(&client, &id).await;
    sent(5, content.slice(5..)).await.expect_problem(404, "vfolder-not-found");
    nobody.send(nobody.request(Method::GET, &down)).await.expect_problem(404, "vfolder-not-found");
    restored(&client, &id).await;
    sent(5, content.slice(5..)).await.expect(204);
    nobody.send(nobody.request(Method::GET, &down)).await.expect(200);
    assert_eq!(ann.calls.download(&id, "new").await.expect(200).body, content);
}
