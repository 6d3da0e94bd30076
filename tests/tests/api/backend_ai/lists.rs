//! Lists in GraphQL, as newer clients ask for them.

use mapping::access::Permission;
use serde_json::{Value, json};
use suites::app::App;
use suites::reply::Reply;
use suites::signer::Signer;

/// The query of a published client for this list.
fn query(root: &str, limit: u32, offset: u32, order: &str) -> Value {
    let query = format!(
        "query($limit:Int!, $offset:Int!, $group_id: UUID, $filter: String, $order: String) {{\n  {root}(\n      \
         limit:$limit, offset:$offset, group_id:$group_id, filter:$filter, order:$order) {{\n    items {{ host name \
         status created_at creator group permission ownership_type }}\n    total_count\n  }}\n}}"
    );
    let order = if order.is_empty() { Value::Null } else { order.into() };
    let variables = json!({ "group_id": null, "filter": null, "order": order, "limit": limit, "offset": offset });
    json!({ "query": query, "variables": variables })
}

async fn ask(signer: &Signer, body: &Value) -> Reply {
    signer.call("POST", "/admin/gql", body).await
}

fn names(reply: &Value, root: &str) -> Vec<String> {
    let items = reply["data"][root]["items"].as_array().expect("a list");
    items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn each_list_holds_what_it_says() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    for name in ["b", "c", "a"] {
        ann.signs.created(name).await;
    }
    let shared = bob.signs.created("shared").await;
    app.share(&bob, &shared, &ann, Permission::Read).await;
    for (root, expected) in [
        ("vfolder_list", &["a", "b", "c", "shared"][..]),
        ("vfolder_own_list", &["a", "b", "c"]),
        ("vfolder_invited_list", &["shared"]),
        ("vfolder_project_list", &[]),
    ] {
        let reply = ask(&ann.signs, &query(root, 20, 0, "")).await.expect(200).json();
        assert_eq!(names(&reply, root), expected, "{root}");
        assert_eq!(reply["data"][root]["total_count"], expected.len(), "{root}");
    }
    let reply = ask(&ann.signs, &query("vfolder_invited_list", 20, 0, "")).await.expect(200).json();
    let item = &reply["data"]["vfolder_invited_list"]["items"][0];
    assert_eq!((&item["creator"], &item["permission"]), (&json!("bob@example.org"), &json!("ro")));
    assert_eq!((&item["status"], &item["group"]), (&json!("ready"), &Value::Null));
    assert_eq!(item.as_object().map(serde_json::Map::len), Some(8), "what was asked for and no more: {item}");
}

#[tokio::test]
async fn what_is_asked_for_comes_in_that_order() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    ann.created("a").await;
    let body = json!({ "query": "{ vfolder_list { total_count items { status host name id creator } } }" });
    let text = ask(&ann, &body).await.expect(200).text();
    let order = ["total_count", "items", "status", "host", "name", "id", "creator"];
    let places: Vec<_> = order.iter().map(|name| text.find(&format!("\"{name}\":")).expect("a name")).collect();
    assert!(places.is_sorted(), "{text}");
}

#[tokio::test]
async fn a_list_comes_in_pages_and_in_order() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    for name in ["b", "c", "a"] {
        ann.created(name).await;
    }
    for (limit, offset, order, expected) in [
        (2, 0, "", &["a", "b"][..]),
        (2, 2, "", &["c"]),
        (2, 9, "", &[]),
        (9, 0, "-name", &["c", "b", "a"]),
        (1, 1, "+created_at", &["c"]),
        (9, 0, "-created_at,name", &["a", "c", "b"]),
    ] {
        let reply = ask(&ann, &query("vfolder_own_list", limit, offset, order)).await.expect(200).json();
        assert_eq!(names(&reply, "vfolder_own_list"), expected, "{limit} {offset} {order}");
        assert_eq!(reply["data"]["vfolder_own_list"]["total_count"], 3);
    }
}

#[tokio::test]
async fn a_filter_says_which_folders() {
    let app = App::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    for name in ["photos", "photos-old", "drafts"] {
        ann.signs.created(name).await;
    }
    let shared = bob.signs.created("photos-of-bob").await;
    app.share(&bob, &shared, &ann, Permission::Read).await;
    for (filter, expected) in [
        ("name like \"photos%\"", &["photos", "photos-of-bob", "photos-old"][..]),
        ("name == \"drafts\" | creator == \"bob@example.org\"", &["drafts", "photos-of-bob"]),
        ("permission == \"READ_ONLY\"", &["photos-of-bob"]),
        ("permission in [\"RW_DELETE\"] & !(name ilike \"%OLD\")", &["drafts", "photos"]),
        ("created_at < \"2001-01-01\"", &[]),
    ] {
        let mut body = query("vfolder_list", 2, 0, "name");
        body["variables"]["filter"] = filter.into();
        let reply = ask(&ann.signs, &body).await.expect(200).json();
        let page = &expected[..expected.len().min(2)];
        assert_eq!(names(&reply, "vfolder_list"), page, "{filter}");
        assert_eq!(reply["data"]["vfolder_list"]["total_count"], expected.len(), "{filter}");
    }
}

#[tokio::test]
async fn a_filter_by_status_tells_what_is_in_the_bin_from_what_is_in_use() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    let (older, newer) = (ann.as_client(), ann.speaking("v9.20250722").as_client());
    for name in ["in-use", "photos-in-use"] {
        ann.created(name).await;
    }
    for name in ["deleted", "photos-deleted"] {
        let id = ann.created(name).await;
        newer.call("DELETE", "/folders", &json!({ "id": id })).await.expect(204);
    }
    let (used, binned) = (&["in-use", "photos-in-use"][..], &["deleted", "photos-deleted"][..]);
    for (filter, of_older, of_newer) in [
        ("status == \"delete-pending\"", &[][..], binned),
        ("status == \"DELETE_PENDING\" & name like \"photos%\"", &[], &["photos-deleted"]),
        ("status in [\"READY\", \"PERFORMING\"]", used, used),
        ("status != \"delete-pending\"", used, used),
        ("!(status == \"ready\")", &[], binned),
        ("status == \"delete-complete\" | status == \"error\"", &[], &[]),
    ] {
        let mut body = query("vfolder_own_list", 20, 0, "name");
        body["variables"]["filter"] = filter.into();
        for (who, expected) in [(&older, of_older), (&newer, of_newer)] {
            let reply = ask(who, &body).await.expect(200).json();
            assert_eq!(names(&reply, "vfolder_own_list"), expected, "{filter}");
            assert_eq!(reply["data"]["vfolder_own_list"]["total_count"], expected.len(), "{filter}");
        }
    }
    let unheard = json!({ "query": "{ vfolder_list(filter: \"status == \\\"lost\\\"\") { total_count } }" });
    ask(&newer, &unheard).await.expect_problem(400, "graphql-error");
}

#[tokio::test]
async fn older_clients_get_the_data_alone_and_aliases_are_kept() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    let id = ann.created("a").await;
    app.put_files(&id, ["x".to_owned()].into_iter()).await;
    let body = json!({ "query": "{ mine: vfolder_list { n: total_count items { num_files what: name } } }" });
    for target in ["/admin/graphql", "/v4/admin/graphql"] {
        let reply = ann.call("POST", target, &body).await.expect(200).json();
        assert_eq!(reply, json!({ "mine": { "n": 1, "items": [{ "num_files": 1, "what": "a" }] } }));
    }
}

#[tokio::test]
async fn what_is_not_served_is_said() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    for text in [
        "mutation { x }",
        "{ keypair_list { items { id } } }",
        "{ vfolder_list { edges { id } } }",
        "{ vfolder_list(limit: -1) { total_count } }",
        "{ vfolder_list(filter: \"name == a\") { total_count } }",
        "{ vfolder_list(filter: \"size > 3\") { total_count } }",
        "{ vfolder_list(order: \"size\") { total_count } }",
        "{ a b c d e f g h i j k }",
        "{",
    ] {
        let problem = ask(&ann, &json!({ "query": text })).await.expect_problem(400, "graphql-error").json();
        assert_eq!(problem["data"][0]["message"], problem["msg"], "clients print what stands there");
    }
    ask(&ann, &json!({})).await.expect_problem(400, "invalid-api-params");
}
