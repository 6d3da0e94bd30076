//! Both documents from their first operation to their last, with their own examples, through raw HTTP: each
//! documented status of each operation. What is made here is looked at through the Filesystems API too.

use mapping::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::{App, Person};
use suites::reply::Reply;

/// The address of a folder below which its operations are.
type At<'a> = &'a str;

async fn sends(person: &Person, at: At<'_>, file: &str) -> Reply {
    let body =
        format!("--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{file}\"\r\n\r\nhello\r\n--XX--\r\n");
    let kind = "multipart/form-data; boundary=XX";
    person.signs.send(person.signs.request(Method::POST, &format!("{at}/upload"), kind, body.into())).await
}

async fn takes(person: &Person, at: At<'_>, file: &str) -> Reply {
    person.signs.call("GET", &format!("{at}/download"), &json!({ "files": [file] })).await
}

async fn deletes(person: &Person, at: At<'_>, body: Value) -> Reply {
    person.signs.call("DELETE", &format!("{at}/delete_files"), &body).await
}

async fn listed(person: &Person, at: At<'_>, path: &str) -> Vec<String> {
    let reply = person.signs.call("GET", &format!("{at}/files"), &json!({ "path": path })).await.expect(200).json();
    let files: Vec<Value> = serde_json::from_str(reply["files"].as_str().expect("text")).expect("JSON");
    files.iter().map(|file| file["filename"].as_str().expect("a name").to_owned()).collect()
}

/// The same id, as the Filesystems API writes it.
fn dashed(id: &str) -> String {
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
}

/// What both documents say of the files of a folder: uploads, lists, downloads and deletions, and what is
/// answered where there is no such folder or nothing at a path.
async fn files_are_as_documented(ann: &Person, bob: &Person, at: At<'_>) {
    let nowhere = format!("{}/nowhere", at.rsplit_once('/').expect("a folder").0);
    sends(ann, at, "a.txt").await.expect(201);
    sends(ann, at, "sub/b.txt").await.expect(201);
    assert_eq!(listed(ann, at, "").await, ["a.txt", "sub"]);
    assert_eq!(listed(ann, at, "sub").await, ["b.txt"]);
    let got = takes(ann, at, "sub/b.txt").await.expect(200);
    assert!(got.header("content-type").starts_with("multipart/mixed"));
    sends(ann, at, "a.txt").await.expect(201);
    // What no document says is fine: a directory has that name, or a file is above it.
    for taken in ["sub", "a.txt/c"] {
        sends(ann, at, taken).await.expect(400);
    }
    ann.signs.call("GET", &format!("{at}/files"), &json!({ "path": "nothing" })).await.expect(404);
    takes(ann, at, "nothing").await.expect(404);
    for (person, at) in [(ann, nowhere.as_str()), (bob, at)] {
        person.signs.plain("GET", at).await.expect_problem(404, "vfolder-not-found");
        person.signs.plain("GET", &format!("{at}/files")).await.expect_problem(404, "vfolder-not-found");
        person.signs.plain("DELETE", at).await.expect_problem(404, "vfolder-not-found");
        sends(person, at, "x").await.expect_problem(404, "vfolder-not-found");
        takes(person, at, "a.txt").await.expect_problem(404, "vfolder-not-found");
        deletes(person, at, json!({ "files": ["a.txt"] })).await.expect_problem(404, "vfolder-not-found");
    }
    deletes(ann, at, json!({ "files": ["sub"] })).await.expect(400);
    deletes(ann, at, json!({ "files": ["a.txt"] })).await.expect(200);
    deletes(ann, at, json!({ "files": ["sub"], "recursive": true })).await.expect(200);
    assert_eq!(listed(ann, at, "").await, [""; 0]);
}

#[tokio::test]
async fn the_document_of_folders_by_id() {
    let app = App::with(1, Settings { most_folders: Some(2), ..Settings::default() }, Default::default()).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let create = async |body: Value| ann.signs.call("POST", "/v2/folders/create", &body).await;
    let id = create(json!({ "tagName": "My Data" })).await.expect(201).json()["folderId"].as_str().unwrap().to_owned();
    create(json!({ "tagName": "My Data" })).await.expect(400);
    create(json!({ "tagName": "a/b" })).await.expect(400);
    create(json!({ "tagName": "Second" })).await.expect(201);
    create(json!({ "tagName": "Third" })).await.expect(406);
    let page = ann.signs.call("GET", "/v2/folders", &json!({ "paging": { "size": 1, "index": 0 } })).await.expect(200);
    assert_eq!(page.json()["paging"], json!({ "pages": 2, "count": 2 }));
    assert_eq!(page.json()["items"][0]["name"], "My Data");
    let at = format!("/v2/folders/{id}");
    assert_eq!(ann.signs.plain("GET", &at).await.expect(200).json()["item"]["name"], "My Data");
    files_are_as_documented(&ann, &bob, &at).await;
    sends(&ann, &at, "kept.txt").await.expect(201);
    let reply = ann.signs.plain("GET", &format!("{at}/files")).await.expect(200).json();
    assert_eq!(reply["folder_path"], "/");
    let dashed = dashed(&id);
    assert_eq!(ann.calls.names(&dashed, "").await.1, ["kept.txt"], "the same, as a file system");
    let gone = ann.signs.plain("DELETE", &at).await.expect(204);
    assert!(gone.body.is_empty());
    ann.signs.plain("GET", &at).await.expect(404);
    ann.calls.list(&dashed, "").await.expect(403);
    app.until("all contents are deleted", async || app.keys(&format!("folders/{dashed}/")).await.is_empty()).await;
}

#[tokio::test]
async fn the_document_of_folders_by_name() {
    let app = App::with(1, Settings { most_folders: Some(2), ..Settings::default() }, Default::default()).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let create = async |body: Value| ann.signs.call("POST", "/folders/create", &body).await;
    let made = create(json!({ "name": "My Data" })).await.expect(201).json();
    assert_eq!(made["name"], "My Data");
    create(json!({ "name": "My Data" })).await.expect(400);
    create(json!({ "name": "" })).await.expect(400);
    create(json!({ "name": "Second" })).await.expect(201);
    create(json!({ "name": "Third" })).await.expect(406);
    let list = ann.signs.plain("GET", "/folders").await.expect(200).json();
    assert_eq!((&list["paging"]["count"], &list["items"][0]["name"]), (&json!(2), &json!("My Data")));
    let at = "/folders/My%20Data";
    let item = ann.signs.plain("GET", at).await.expect(200).json()["item"].clone();
    assert_eq!((&item["id"], &item["permission"]), (&made["id"], &json!("rd")));
    files_are_as_documented(&ann, &bob, at).await;

    let mkdir = async |person: &Person, path: &str| {
        person.signs.call("POST", &format!("{at}/mkdir"), &json!({ "path": path })).await
    };
    mkdir(&ann, "new/deep").await.expect(201);
    mkdir(&ann, "new/deep").await.expect(201);
    sends(&ann, at, "new/file").await.expect(201);
    mkdir(&ann, "new/file").await.expect(400);
    mkdir(&bob, "theirs").await.expect(404);
    assert_eq!(listed(&ann, at, "new").await, ["deep", "file"]);

    let invite = async |body: Value| ann.signs.call("POST", &format!("{at}/invite"), &body).await;
    let offered = json!({ "perm": "ro", "user_ids": ["bob@example.org"] });
    assert_eq!(invite(offered.clone()).await.expect(200).json(), json!({ "invited_ids": ["bob@example.org"] }));
    assert_eq!(invite(offered.clone()).await.expect(200).json(), json!({ "invited_ids": [] }), "made once");
    invite(json!({ "perm": "ro", "user_ids": [] })).await.expect(400);
    bob.signs.call("POST", &format!("{at}/invite"), &offered).await.expect(404);
    let pending =
        async || bob.signs.plain("GET", "/folders/invitations/list").await.expect(200).json()["invitations"].clone();
    let invitation = pending().await[0]["id"].clone();
    let end =
        async |id: &Value| bob.signs.call("DELETE", "/folders/invitations/delete", &json!({ "inv_id": id })).await;
    assert!(end(&invitation).await.expect(200).json()["msg"].is_string());
    end(&invitation).await.expect(404);
    assert_eq!(pending().await, json!([]));

    invite(offered).await.expect(200);
    let invitation = pending().await[0]["id"].clone();
    let body = json!({ "inv_id": invitation, "inv_ak": bob.signs.access_key });
    let accept = async || bob.signs.call("POST", "/folders/invitations/accept", &body).await;
    bob.signs.created("My Data").await;
    accept().await.expect(400);
    assert_eq!(pending().await[0]["id"], invitation, "a name that is taken keeps it");
    bob.signs.plain("DELETE", at).await.expect(204);
    assert!(accept().await.expect(200).json()["msg"].is_string());
    assert_eq!(pending().await, json!([]));
    let unknown = json!({ "inv_id": "unheard-of", "inv_ak": bob.signs.access_key });
    bob.signs.call("POST", "/folders/invitations/accept", &unknown).await.expect(404);

    // A reader reads, here and through another API, and changes nothing.
    takes(&bob, at, "new/file").await.expect(200);
    let shared = bob.calls.filesystems().await.expect(200).json()[0]["filesystem_id"].as_str().unwrap().to_owned();
    assert_eq!(bob.calls.names(&shared, "new").await.1, ["file"]);
    sends(&bob, at, "x").await.expect(404);
    mkdir(&bob, "x").await.expect(404);
    deletes(&bob, at, json!({ "files": ["new/file"] })).await.expect(404);
    bob.signs.plain("DELETE", at).await.expect(404);
    ann.signs.plain("DELETE", at).await.expect(204);
    assert_eq!(bob.calls.filesystems().await.expect(200).json(), json!([]), "gone for everybody, everywhere");
}

#[tokio::test]
async fn a_list_of_either_document_says_what_each_folder_holds() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    ann.signs.created("empty").await;
    let id = ann.signs.created("full").await;
    app.put_files(&id, (0..3).map(|number| format!("d/{number}"))).await;
    for root in ["/v2/folders", "/folders"] {
        let items = ann.signs.plain("GET", root).await.expect(200).json()["items"].clone();
        let held = |number: usize| (items[number]["numFiles"].clone(), items[number]["usedSize"].clone());
        assert_eq!((held(0), held(1)), ((json!(0), json!(0)), (json!(3), json!(1))), "{root}");
        assert_eq!((&items[1]["maxSize"], &items[1]["linked"]), (&json!(1024), &json!(false)));
        assert!(items[1]["created"].as_str().unwrap().starts_with("20"), "{items}");
    }
}
