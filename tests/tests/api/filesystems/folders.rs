//! File systems: create, list, share, delete.

use reqwest::Method;
use serde_json::json;
use suites::app::App;
use suites::caller::pattern;

#[tokio::test]
async fn a_created_file_system_has_exactly_two_keys() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let created = ann.calls.create("photos").await.expect(200).json();
    let keys: Vec<&String> = created.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["filesystem_id", "filesystem_name"]);
    assert_eq!(created["filesystem_name"], "photos");
    let id = created["filesystem_id"].as_str().unwrap();
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "a random UUID in its usual form: {id}");
    assert_eq!(ann.calls.filesystems().await.expect(200).json(), json!([created]));
}

#[tokio::test]
async fn both_prefixes_are_one_api() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let versioned = ann.calls.below("/v1");
    let id = versioned.created("photos").await;
    ann.calls.upload(&id, "a.txt", &pattern(9, 1), 4).await;
    assert_eq!(versioned.download(&id, "a.txt").await.expect(200).body, pattern(9, 1));
    assert_eq!(ann.calls.filesystems().await.json(), versioned.filesystems().await.json());
    versioned.destroy(&id).await.expect(200);
    ann.calls.list(&id, "").await.expect(403);
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_collection() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    for prefix in ["", "/v1"] {
        let calls = ann.calls.below(prefix);
        let body = json!({ "filesystem_name": format!("f{}", prefix.len()) });
        let created = calls.call(Method::POST, "/filesystems/", &body).await.expect(200).json();
        let id = created["filesystem_id"].as_str().unwrap();
        calls.call(Method::GET, "/filesystems/", &json!({})).await.expect(200);
        calls.call(Method::DELETE, &format!("/filesystems/{id}/"), &json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn the_name_of_a_file_system_is_unique_per_account() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let first = ann.calls.created("photos").await;
    let refusal = ann.calls.create("photos").await.expect_refusal(409);
    assert!(refusal.text().contains("photos") && refusal.text().contains("already exists"), "{}", refusal.text());
    ann.calls.create("Photos").await.expect(200);
    assert_ne!(bob.calls.created("photos").await, first, "another account has names of its own");
}

#[tokio::test]
async fn a_name_can_be_used_again_after_its_file_system_is_gone() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let first = ann.calls.created("photos").await;
    ann.calls.upload(&first, "old.txt", &pattern(10, 1), 10).await;
    ann.calls.destroy(&first).await.expect(200);
    let second = ann.calls.created("photos").await;
    assert_ne!(first, second, "an id is never used again");
    assert_eq!(ann.calls.names(&second, "").await, (vec![], vec![]), "nothing of the old one shows");
    ann.calls.download(&first, "old.txt").await.expect_refusal(403);
}

#[tokio::test]
async fn racing_creates_of_one_name_have_one_winner() {
    let app = App::replicas(2).await;
    let ann = app.person("ann").await;
    let replies = futures::future::join_all((0..12).map(|_| ann.calls.create("photos"))).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    let lost = replies.iter().filter(|reply| reply.status != 200);
    assert!(lost.clone().all(|reply| matches!(reply.status, 409 | 503)), "{:?}", lost.collect::<Vec<_>>());
    assert_eq!(ann.calls.filesystems().await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_body_that_names_nothing_is_refused() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let before = app.snapshot().await;
    let bodies =
        ["", "{", "[]", "null", "\"photos\"", "{}", r#"{"filesystem_name": 7}"#, r#"{"filesystem_name": null}"#];
    let names = ["", ".", "..", "a/b", "a\\b", " a", "a\n", &"x".repeat(256)];
    let named = names.map(|name| json!({ "filesystem_name": name }).to_string());
    for body in bodies.into_iter().map(str::to_owned).chain(named) {
        let request = ann.calls.request(Method::POST, "/filesystems").body(body);
        ann.calls.send(request).await.expect_refusal(400);
    }
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn the_other_spelling_of_the_name_is_understood() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let created = ann.calls.call(Method::POST, "/filesystems", &json!({ "name": "日本 photos" })).await.expect(200);
    assert_eq!(created.json()["filesystem_name"], "日本 photos");
}

#[tokio::test]
async fn own_file_systems_come_before_shared_ones() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let shared = ann.calls.created("a-shared").await;
    ann.calls.share(&shared, &bob.id).await.expect(200);
    for name in ["zebra", "own"] {
        bob.calls.created(name).await;
    }
    let listed = bob.calls.filesystems().await.expect(200).json();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|entry| entry["filesystem_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["own", "zebra", "a-shared"]);
    assert!(listed.as_array().unwrap().iter().all(|entry| entry.as_object().unwrap().len() == 2));
}

#[tokio::test]
async fn a_share_lets_another_account_read_and_write_and_no_more() {
    let app = App::replicas(2).await;
    let (ann, bob, eve) = (app.person("ann").await, app.person("bob").await, app.person("eve").await);
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "a.txt", &pattern(20, 1), 20).await;
    bob.calls.download(&id, "a.txt").await.expect_refusal(403);

    let reply = ann.calls.share(&id, &bob.id).await.expect(200);
    assert!(reply.body.is_empty(), "{}", reply.text());
    assert_eq!(bob.calls.download(&id, "a.txt").await.expect(200).body, pattern(20, 1));
    bob.calls.upload(&id, "b.txt", &pattern(30, 2), 7).await;
    assert_eq!(ann.calls.download(&id, "b.txt").await.expect(200).body, pattern(30, 2));
    bob.calls.remove(&id, "a.txt").await.expect(200);

    bob.calls.share(&id, &eve.id).await.expect_refusal(403);
    bob.calls.destroy(&id).await.expect_refusal(403);
    eve.calls.list(&id, "").await.expect_refusal(403);
}

#[tokio::test]
async fn a_share_that_makes_no_sense_is_refused() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = ann.calls.created("photos").await;
    let path = format!("/filesystems/{id}/share");
    for body in ["", "{}", "[]", r#"{"grantee": 5}"#, r#"{"grantee": ""}"#, r#"{"grantee": "bob"}"#] {
        let request = ann.calls.request(Method::POST, &path).body(body);
        ann.calls.send(request).await.expect_refusal(400);
    }
    ann.calls.share(&id, &ann.id).await.expect_refusal(403);
    ann.calls.share(&id, &bob.id).await.expect(200);
    ann.calls.share(&id, &bob.id).await.expect_refusal(409);
    let nobody = "5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11";
    let status = ann.calls.share(&id, nobody).await.status;
    assert!((400..405).contains(&status), "sharing with nobody: {status}");
}

#[tokio::test]
async fn a_share_under_a_taken_name_gets_another_name() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let own = bob.calls.created("photos").await;
    let id = ann.calls.created("photos").await;
    ann.calls.share(&id, &bob.id).await.expect(200);
    let listed = bob.calls.filesystems().await.expect(200).json();
    let joined = listed.as_array().unwrap().iter().find(|entry| entry["filesystem_id"] == id.as_str());
    assert_eq!(joined.unwrap()["filesystem_name"], "photos (1)");
    assert_eq!(listed[0]["filesystem_id"], own.as_str());
}

#[tokio::test]
async fn a_deleted_file_system_is_gone_for_everybody_and_from_the_bucket() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "deep/er/a.txt", &pattern(20, 1), 20).await;
    ann.calls.share(&id, &bob.id).await.expect(200);
    assert!(app.keys("folders/").await.iter().any(|key| key.contains(&id)));

    let reply = ann.calls.destroy(&id).await.expect(200);
    assert!(reply.body.is_empty(), "clients parse what is there as JSON: {}", reply.text());
    for person in [&ann, &bob] {
        assert_eq!(person.calls.filesystems().await.expect(200).json(), json!([]));
        person.calls.list(&id, "").await.expect_refusal(403);
        person.calls.destroy(&id).await.expect_refusal(403);
    }
    app.until("its files are gone from the bucket", async || app.keys(&format!("folders/{id}/")).await.is_empty())
        .await;
}

#[tokio::test]
async fn an_unknown_file_system_and_a_strangers_look_the_same() {
    let app = App::start().await;
    let (ann, eve) = (app.person("ann").await, app.person("eve").await);
    let id = ann.calls.created("photos").await;
    let missing = "5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11";
    let (theirs, none) = (eve.calls.list(&id, "").await, eve.calls.list(missing, "").await);
    assert_eq!((theirs.status, theirs.text()), (403, none.text().replace(missing, &id)));
    assert_eq!(none.status, 403);
}
