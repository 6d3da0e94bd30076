//! What is done here, seen through the Filesystems API, and what is done there, seen here.

use mapping::access::Permission;
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::reply::Reply;

/// Ann with a folder `mydata`, its id, and Bob.
async fn with_folder() -> (App, Person, String, Person) {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = ann.signs.created("mydata").await;
    (app, ann, id, bob)
}

async fn sends(person: &Person, id: &str, file: &str, content: &str) -> Reply {
    let head = format!("--XX\r\nContent-Disposition: form-data; name=\"src\"; filename*=utf-8''{file}\r\n\r\n");
    let (kind, body) = ("multipart/form-data; boundary=XX", format!("{head}{content}\r\n--XX--\r\n"));
    person.signs.send(person.signs.request(Method::POST, &format!("/folders/{id}/upload"), kind, body.into())).await
}

/// Names of directories and files in a directory, as this API has them.
async fn listed(person: &Person, id: &str, path: &str) -> (Vec<String>, Vec<String>) {
    let target = format!("/folders/{id}/files?path={path}");
    let items = person.signs.plain("GET", &target).await.expect(200).json()["items"].clone();
    let (directories, files): (Vec<Value>, _) =
        items.as_array().expect("a list").clone().into_iter().partition(|item| item["type"] == "DIRECTORY");
    let names = |list: Vec<Value>| list.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect();
    (names(directories), names(files))
}

/// What the other API says that somebody has.
async fn there(person: &Person) -> Vec<String> {
    let list = person.calls.filesystems().await.expect(200).json();
    let list = list.as_array().expect("a list").clone();
    list.iter().map(|one| one["filesystem_name"].as_str().expect("a name").to_owned()).collect()
}

fn texts<const N: usize>(list: [&str; N]) -> Vec<String> {
    list.map(str::to_owned).into()
}

#[tokio::test]
async fn what_is_done_to_files_here_shows_there() {
    let (_app, ann, id, _) = with_folder().await;
    let call = async |method: &str, verb: &str, body: Value, status: u16| {
        ann.signs.call(method, &format!("/folders/mydata/{verb}"), &body).await.expect(status)
    };
    call("POST", "mkdir", json!({ "path": "made/deep" }), 201).await;
    sends(&ann, &id, "sub%2Fa.txt", "one").await.expect(201);
    assert_eq!(ann.calls.names(&id, "").await, (texts(["made", "sub"]), vec![]));
    assert_eq!(ann.calls.names(&id, "made").await, (texts(["deep"]), vec![]));
    assert_eq!(ann.calls.download(&id, "sub/a.txt").await.expect(200).body, "one");
    sends(&ann, &id, "sub%2Fa.txt", "two").await.expect(201);
    assert_eq!(ann.calls.download(&id, "sub/a.txt").await.expect(200).body, "two", "overwritten without warning");
    call("POST", "mkdir", json!({ "path": "sub" }), 201).await;
    assert_eq!(ann.calls.names(&id, "sub").await, (vec![], texts(["a.txt"])), "nothing is overwritten by a directory");
    call("POST", "rename_file", json!({ "target_path": "sub/a.txt", "new_name": "b.txt" }), 200).await;
    assert_eq!(ann.calls.names(&id, "sub").await, (vec![], texts(["b.txt"])));
    call("POST", "move-file", json!({ "src": "sub/b.txt", "dst": "made/deep" }), 200).await;
    assert_eq!(ann.calls.download(&id, "made/deep/b.txt").await.expect(200).body, "two");
    call("DELETE", "delete_files", json!({ "files": ["made"] }), 400).await;
    assert_eq!(ann.calls.names(&id, "made/deep").await, (vec![], texts(["b.txt"])));
    call("DELETE", "delete_files", json!({ "files": ["made"], "recursive": true }), 200).await;
    ann.calls.download(&id, "made/deep/b.txt").await.expect(404);
    assert!(!ann.calls.names(&id, "").await.0.contains(&"made".to_owned()));
}

#[tokio::test]
async fn what_is_done_to_files_there_shows_here() {
    let (_app, ann, id, _) = with_folder().await;
    ann.calls.mkdir(&id, "made").await.expect(200);
    ann.calls.upload(&id, "made/a.txt", &pattern(10, 1), 4).await;
    let unfinished = ann.calls.started(&id, "unfinished", 10).await;
    ann.calls.chunk(&id, "unfinished", &unfinished, 0, pattern(5, 1)).await.expect(200);
    assert_eq!(listed(&ann, &id, "").await, (texts(["made"]), vec![]));
    assert_eq!(listed(&ann, &id, "made").await, (vec![], texts(["a.txt"])));
    let target = format!("/folders/{id}/download_single?file=made/a.txt");
    assert_eq!(ann.signs.plain("GET", &target).await.expect(200).body, pattern(10, 1));
    ann.calls.remove(&id, "made/a.txt").await.expect(200);
    ann.signs.plain("GET", &target).await.expect_problem(404, "object-not-found");
    ann.calls.destroy(&id).await.expect(200);
    ann.signs.plain("GET", "/folders/mydata").await.expect_problem(404, "vfolder-not-found");
    let newer = ann.signs.speaking("v9.20250722").as_client();
    assert_eq!(newer.plain("GET", "/folders").await.expect(200).json(), json!([]), "for good, and not into the bin");
}

#[tokio::test]
async fn a_name_is_changed_for_one_and_stays_for_the_others_there_too() {
    let (app, ann, id, bob) = with_folder().await;
    app.share(&ann, &id, &bob, Permission::Read).await;
    let renamed = ann.signs.call("POST", "/folders/mydata/rename", &json!({ "new_name": "renamed" })).await.expect(201);
    assert!(renamed.body.is_empty());
    assert_eq!((there(&ann).await, there(&bob).await), (texts(["renamed"]), texts(["mydata"])));
    ann.calls.create("renamed").await.expect(409);
    let refused = ann.signs.call("POST", "/folders", &json!({ "name": "renamed" })).await;
    refused.expect_problem(400, "vfolder-already-exists");
    ann.calls.created("mydata").await;
}

#[tokio::test]
async fn who_is_invited_has_a_file_system_from_his_yes_until_he_is_no_member() {
    let (_app, ann, id, bob) = with_folder().await;
    let emails = json!({ "emails": ["bob@example.org"] });
    for end in ["leave", "unshare", "shared"] {
        let offer = json!({ "perm": "rw", "user_ids": ["bob@example.org"] });
        ann.signs.call("POST", "/folders/mydata/invite", &offer).await.expect(200);
        assert_eq!(there(&bob).await, texts([]));
        bob.calls.list(&id, "").await.expect(403);
        let list = bob.signs.plain("GET", "/folders/invitations/list").await.expect(200).json();
        let answer = json!({ "inv_id": list["invitations"][0]["id"] });
        bob.signs.call("POST", "/folders/invitations/accept", &answer).await.expect(200);
        assert_eq!(there(&bob).await, texts(["mydata"]));
        bob.calls.upload(&id, end, &pattern(3, 1), 3).await;
        let ended = match end {
            "leave" => bob.signs.plain("POST", "/folders/mydata/leave").await,
            "unshare" => ann.signs.call("DELETE", "/folders/mydata/unshare", &emails).await,
            _ => {
                let body = json!({ "vfolder": id, "user": bob.id, "perm": null });
                ann.signs.call("POST", "/folders/_/shared", &body).await
            }
        };
        ended.expect(200);
        assert_eq!(there(&bob).await, texts([]), "{end}");
        bob.calls.download(&id, end).await.expect(403);
        bob.signs.plain("GET", "/folders/mydata").await.expect_problem(404, "vfolder-not-found");
        assert!(listed(&ann, &id, "").await.1.contains(&end.to_owned()), "what he brought stays");
    }
}

#[tokio::test]
async fn a_permission_that_is_given_here_holds_in_both() {
    let (app, ann, id, bob) = with_folder().await;
    let offer = json!({ "perm": "ro", "user_ids": ["bob@example.org"] });
    ann.signs.call("POST", "/folders/mydata/invite", &offer).await.expect(200);
    let list = bob.signs.plain("GET", "/folders/invitations/list").await.expect(200).json();
    let answer = json!({ "inv_id": list["invitations"][0]["id"] });
    bob.signs.call("POST", "/folders/invitations/accept", &answer).await.expect(200);
    for (perm, writes, deletes) in [("ro", false, false), ("rw", true, false), ("wd", true, true)] {
        let body = json!({ "vfolder": id, "user": bob.id, "perm": perm });
        ann.signs.call("POST", "/folders/_/shared", &body).await.expect(200);
        app.put_files(&id, ["here".to_owned(), "there".to_owned()].into_iter()).await;
        let or = |may: bool, yes: u16, no: u16| if may { yes } else { no };
        let here = |verb: &str| format!("/folders/mydata/{verb}");
        bob.signs.plain("GET", &here("download_single?file=here")).await.expect(200);
        bob.calls.download(&id, "there").await.expect(200);
        sends(&bob, "mydata", &format!("of-{perm}"), "x").await.expect(or(writes, 201, 404));
        bob.calls.post_file(&id, "begun", &json!({ "size": 3 })).await.expect(or(writes, 200, 403));
        let path = json!({ "path": format!("here-{perm}") });
        bob.signs.call("POST", &here("mkdir"), &path).await.expect(or(writes, 201, 404));
        bob.calls.mkdir(&id, &format!("there-{perm}")).await.expect(or(writes, 200, 403));
        let files = json!({ "files": ["here"] });
        bob.signs.call("DELETE", &here("delete_files"), &files).await.expect(or(deletes, 200, 404));
        bob.calls.remove(&id, "there").await.expect(or(deletes, 200, 403));
        bob.signs.plain("DELETE", "/folders/mydata").await.expect_problem(404, "vfolder-not-found");
        bob.calls.destroy(&id).await.expect(403);
    }
    let left = (texts(["here-rw", "here-wd", "there-rw", "there-wd"]), texts(["of-rw", "of-wd"]));
    assert_eq!(ann.calls.names(&id, "").await, left);
}

#[tokio::test]
async fn what_is_shared_there_is_listed_here_as_somebody_elses() {
    let (_app, ann, id, bob) = with_folder().await;
    let other = ann.calls.created("photos").await;
    for id in [&id, &other] {
        ann.calls.share(id, &bob.id).await.expect(200);
    }
    bob.signs.created("own").await;
    let list = bob.signs.as_client().plain("GET", "/folders").await.expect(200).json();
    let list = list.as_array().expect("a list").clone();
    let shown: Vec<_> = list.iter().map(|one| (&one["name"], &one["is_owner"], &one["user_email"])).collect();
    let (ann_has, bob_has) = (json!("ann@example.org"), json!("bob@example.org"));
    let expected = [
        (&json!("own"), &json!(true), &bob_has),
        (&json!("mydata"), &json!(false), &ann_has),
        (&json!("photos"), &json!(false), &ann_has),
    ];
    assert_eq!(shown, expected);
    assert_eq!(list[1]["permission"], "wd");
    let pages = bob.signs.plain("GET", "/folders").await.expect(200).json();
    assert_eq!((&pages["items"][1]["is_owner"], &pages["items"][1]["permission"]), (&json!(false), &json!("rd")));
    bob.signs.plain("POST", "/folders/photos/leave").await.expect(200);
    assert_eq!(there(&bob).await, texts(["own", "mydata"]));
}

#[tokio::test]
async fn the_limits_of_a_folder_that_was_made_here_hold_there() {
    let (app, ann, id, _) = with_folder().await;
    app.put_files(&id, (0..1000).map(|number| format!("d/{number}"))).await;
    let check = format!("/admin/v1/folders/{id}/check");
    app.admin().call(Method::POST, &check, &json!({ "repair": true })).await.expect(200);
    let too_large = json!({ "path": "x", "size": (1_u64 << 30) + 1 });
    let refused = ann.signs.call("POST", "/folders/mydata/request-upload", &too_large).await;
    refused.expect_problem(412, "quota-exceeded");
    ann.calls.post_file(&id, "x", &too_large).await.expect(507);
    let free = ann.calls.created("photos").await;
    ann.calls.post_file(&free, "x", &too_large).await.expect(200);
    sends(&ann, &id, "one-more", "x").await.expect_problem(412, "quota-exceeded");
    let upload = ann.calls.started(&id, "one-more", 1).await;
    ann.calls.chunk(&id, "one-more", &upload, 0, pattern(1, 1)).await.expect(200);
    ann.calls.complete(&id, "one-more", &upload).await.expect(507);
    ann.calls.download(&id, "one-more").await.expect(404);
}
