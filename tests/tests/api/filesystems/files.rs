//! Directories and files by name: list, mkdir, delete.

use reqwest::Method;
use serde_json::json;
use suites::app::App;
use suites::caller::pattern;

#[tokio::test]
async fn a_listing_shows_one_level_and_names_only() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    for path in ["a.txt", "dir/b.txt", "dir/sub/c.txt", "ünï cödé/日本 語.txt"] {
        ann.calls.upload(&id, path, &pattern(10, 1), 10).await;
    }
    let (directories, files) = ann.calls.names(&id, "").await;
    assert_eq!(directories, ["dir", "ünï cödé"]);
    assert_eq!(files, ["a.txt"]);
    let listed = ann.calls.list(&id, "dir").await.expect(200).json();
    assert_eq!(listed, json!({ "directories": ["sub"], "files": ["b.txt"] }));
    assert_eq!(ann.calls.names(&id, "dir/").await.1, ["b.txt"], "a trailing slash changes nothing");
    assert_eq!(ann.calls.names(&id, "ünï cödé").await.1, ["日本 語.txt"]);
}

#[tokio::test]
async fn the_root_is_listed_with_and_without_a_slash() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "a.txt", &pattern(10, 1), 10).await;
    for path in ["list", "list/"] {
        let reply = ann.calls.call(Method::GET, &format!("/filesystems/{id}/{path}"), &json!({})).await;
        assert_eq!(reply.expect(200).json(), json!({ "directories": [], "files": ["a.txt"] }), "{path}");
    }
}

#[tokio::test]
async fn a_missing_directory_lists_as_empty() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    assert_eq!(ann.calls.list(&id, "nowhere").await.expect(200).json(), json!({ "directories": [], "files": [] }));
}

#[tokio::test]
async fn a_listing_is_whole_beyond_one_page_of_the_store() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    app.put_files(&id, (0..2105).map(|n| format!("many/{n:05}.txt"))).await;
    let (directories, files) = ann.calls.names(&id, "many").await;
    assert_eq!((directories.len(), files.len()), (0, 2105));
    assert_eq!((files[0].as_str(), files[2104].as_str()), ("00000.txt", "02104.txt"));
}

#[tokio::test]
async fn a_made_directory_shows_and_cannot_be_made_twice() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    let reply = ann.calls.mkdir(&id, "empty").await.expect(200);
    assert!(reply.body.is_empty(), "{}", reply.text());
    assert_eq!(ann.calls.names(&id, "").await, (vec!["empty".to_owned()], vec![]));
    assert_eq!(ann.calls.names(&id, "empty").await, (vec![], vec![]), "its marker is no file");
    ann.calls.mkdir(&id, "empty").await.expect_refusal(409);
    ann.calls.upload(&id, "implied/a.txt", &pattern(5, 1), 5).await;
    ann.calls.mkdir(&id, "implied").await.expect_refusal(409);
    ann.calls.mkdir(&id, "implied/a.txt").await.expect_refusal(409);
}

#[tokio::test]
async fn a_directory_needs_its_parent() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.mkdir(&id, "a/b").await.expect_refusal(400);
    assert_eq!(ann.calls.names(&id, "").await, (vec![], vec![]));
    ann.calls.mkdir(&id, "a").await.expect(200);
    ann.calls.mkdir(&id, "a/b").await.expect(200);
    assert_eq!(ann.calls.names(&id, "a").await.0, ["b"]);
}

#[tokio::test]
async fn a_deleted_file_is_gone_and_its_directory_stays() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "dir/a.txt", &pattern(10, 1), 10).await;
    let reply = ann.calls.remove(&id, "dir/a.txt").await.expect(200);
    assert!(reply.body.is_empty(), "{}", reply.text());
    ann.calls.download(&id, "dir/a.txt").await.expect_refusal(404);
    ann.calls.remove(&id, "dir/a.txt").await.expect_refusal(400);
    assert_eq!(ann.calls.names(&id, "").await.0, ["dir"]);
}

#[tokio::test]
async fn a_deleted_directory_takes_all_below_it_and_nothing_beside_it() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    for path in ["dir/a.txt", "dir/deep/er/b.txt", "dir.txt", "dir2/c.txt"] {
        ann.calls.upload(&id, path, &pattern(10, 1), 10).await;
    }
    ann.calls.mkdir(&id, "dir/empty").await.expect(200);
    ann.calls.remove(&id, "dir").await.expect(200);
    assert_eq!(ann.calls.names(&id, "").await, (vec!["dir2".to_owned()], vec!["dir.txt".to_owned()]));
    assert_eq!(ann.calls.list(&id, "dir").await.expect(200).json(), json!({ "directories": [], "files": [] }));
    ann.calls.download(&id, "dir/deep/er/b.txt").await.expect_refusal(404);
    assert_eq!(ann.calls.download(&id, "dir2/c.txt").await.expect(200).body, pattern(10, 1));
}

#[tokio::test]
async fn deleting_what_is_not_there_is_refused() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    for path in ["nothing", "nothing/at/all"] {
        ann.calls.remove(&id, path).await.expect_refusal(400);
    }
}

#[tokio::test]
async fn a_file_and_a_directory_cannot_have_one_name() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "a", &pattern(10, 1), 10).await;
    ann.calls.mkdir(&id, "d").await.expect(200);
    let before = app.snapshot_of(&format!("folders/{id}/")).await;
    let below_a_file = ann.calls.post_file(&id, "a/b.txt", &json!({ "size": 3 })).await;
    assert!(matches!(below_a_file.status, 400 | 409), "{}", below_a_file.text());
    let over_a_directory = ann.calls.post_file(&id, "d", &json!({ "size": 3 })).await;
    assert!(matches!(over_a_directory.status, 400 | 409), "{}", over_a_directory.text());
    let made_below_a_file = ann.calls.mkdir(&id, "a/c").await;
    assert!(matches!(made_below_a_file.status, 400 | 409), "{}", made_below_a_file.text());
    assert_eq!(app.snapshot_of(&format!("folders/{id}/")).await, before);
}

#[tokio::test]
async fn a_path_that_ends_in_a_slash_is_no_file() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.post_file(&id, "a/", &json!({ "size": 3 })).await.expect_refusal(400);
    ann.calls.send(ann.calls.file(Method::GET, &id, "a/")).await.expect_refusal(400);
}

#[tokio::test]
async fn the_root_is_there_already() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    let reply = ann.calls.mkdir(&id, "").await.expect_refusal(409);
    assert_eq!(reply.text(), "Directory already exists");
}
