//! Members: added at once, listed, changed, removed, and leaving.

use serde_json::{Value, json};
use suites::app::{App, Person};

/// Ann with a folder `mydata`, its id, and two others.
async fn with_folder() -> (App, Person, String, Person, Person) {
    let app = App::start().await;
    let (ann, bob, eve) = (app.person("ann").await, app.person("bob").await, app.person("eve").await);
    let id = ann.signs.created("mydata").await;
    (app, ann, id, bob, eve)
}

/// Who may do what in all of one's folders.
async fn members(person: &Person, query: &str) -> Vec<(String, String)> {
    let target = format!("/folders/_/shared{query}");
    let shared = person.signs.as_client().plain("GET", &target).await.expect(200).json();
    let shared = shared["shared"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    shared.iter().map(|member| (text(&member["shared_to"]["email"]), text(&member["perm"]))).collect()
}

fn pair(email: &str, perm: &str) -> (String, String) {
    (email.to_owned(), perm.to_owned())
}

#[tokio::test]
async fn a_folder_is_shared_with_all_or_none() {
    let (_app, ann, id, bob, eve) = with_folder().await;
    let share = async |body: Value| ann.signs.call("POST", "/folders/mydata/share", &body).await;
    let both = ["eve@example.org", "bob@example.org"];
    let with_nobody = share(json!({ "permission": "rw", "emails": ["bob@example.org", "no@example.org"] })).await;
    with_nobody.expect_problem(404, "object-not-found");
    for body in [
        json!({}),
        json!({ "emails": [] }),
        json!({ "emails": ["bob"] }),
        json!({ "emails": both, "permission": "all" }),
        json!({ "emails": ["ann@example.org"] }),
    ] {
        share(body).await.expect_problem(400, "invalid-api-params");
    }
    assert_eq!(members(&ann, "").await, []);
    let shared = share(json!({ "permission": "ro", "emails": ["bob@example.org"] })).await.expect(201).json();
    assert_eq!(shared, json!({ "shared_emails": ["bob@example.org"] }));
    share(json!({ "emails": both })).await.expect_problem(400, "object-already-exists");
    eve.signs.plain("GET", "/folders/mydata").await.expect(404);
    share(json!({ "emails": ["eve@example.org", "eve@example.org"] })).await.expect(201);
    let expected = [pair("bob@example.org", "ro"), pair("eve@example.org", "rw")];
    let mut found = members(&ann, &format!("?vfolder_id={id}")).await;
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(bob.signs.plain("GET", "/folders/mydata").await.expect(200).json()["permission"], "ro");
}

#[tokio::test]
async fn a_member_is_changed_and_removed() {
    let (app, ann, id, bob, eve) = with_folder().await;
    let share = json!({ "emails": ["bob@example.org", "eve@example.org"], "permission": "ro" });
    ann.signs.call("POST", "/folders/mydata/share", &share).await.expect(201);
    let change = async |perm: Value| {
        let body = json!({ "vfolder": id, "user": bob.id, "perm": perm });
        ann.signs.call("POST", "/folders/_/shared", &body).await
    };
    assert!(change(json!("wd")).await.expect(200).json()["msg"].is_string());
    assert_eq!(bob.signs.as_client().plain("GET", "/folders/mydata").await.expect(200).json()["permission"], "wd");
    change(json!("all")).await.expect_problem(400, "invalid-api-params");
    change(Value::Null).await.expect(200);
    bob.signs.plain("GET", "/folders/mydata").await.expect(404);
    change(json!("ro")).await.expect_problem(404, "object-not-found");

    let list = json!([{ "user_id": eve.id, "perm": "rw" }]);
    let body = json!({ "vfolder_id": id, "user_perm_list": list });
    ann.signs.call("POST", "/folders/_/sharing", &body).await.expect(200);
    assert_eq!(members(&ann, "").await, [pair("eve@example.org", "rw")]);
    let body = json!({ "vfolder_id": id, "user_perm_list": [{ "user_id": eve.id, "perm": null }] });
    ann.signs.call("POST", "/folders/_/sharing", &body).await.expect(200);
    assert_eq!(members(&ann, "").await, []);
    for list in [json!(null), json!([{}]), json!([{ "user_id": "eve" }]), json!([{ "user_id": eve.id, "perm": 5 }])] {
        let body = json!({ "vfolder_id": id, "user_perm_list": list });
        ann.signs.call("POST", "/folders/_/sharing", &body).await.expect_problem(400, "invalid-api-params");
    }
    drop(app);
}

#[tokio::test]
async fn a_folder_is_taken_back_by_address() {
    let (_app, ann, _, bob, _) = with_folder().await;
    let emails = json!({ "emails": ["bob@example.org"] });
    ann.signs.call("POST", "/folders/mydata/share", &emails).await.expect(201);
    let both = json!({ "emails": ["bob@example.org", "eve@example.org"] });
    let taken = ann.signs.call("DELETE", "/folders/mydata/unshare", &both).await.expect(200).json();
    assert_eq!(taken, json!({ "unshared_emails": ["bob@example.org"] }));
    bob.signs.plain("GET", "/folders/mydata").await.expect_problem(404, "vfolder-not-found");
}

#[tokio::test]
async fn a_member_leaves_and_an_owner_cannot() {
    let (_app, ann, _, bob, eve) = with_folder().await;
    let emails = json!({ "emails": ["bob@example.org", "eve@example.org"] });
    ann.signs.call("POST", "/folders/mydata/share", &emails).await.expect(201);
    // A member cannot put another one out, and the owner can.
    let other = json!({ "shared_user_uuid": eve.id });
    bob.signs.call("POST", "/folders/mydata/leave", &other).await.expect_problem(404, "vfolder-not-found");
    let own = json!({ "shared_user_uuid": bob.id });
    let left = bob.signs.call("POST", "/folders/mydata/leave", &own).await.expect(200).json();
    assert!(left["msg"].is_string());
    bob.signs.plain("POST", "/folders/mydata/leave").await.expect_problem(404, "vfolder-not-found");
    ann.signs.plain("POST", "/folders/mydata/leave").await.expect_problem(400, "invalid-api-params");
    assert_eq!(members(&ann, "").await, [pair("eve@example.org", "rw")]);
    ann.signs.call("POST", "/folders/mydata/leave", &other).await.expect(200);
    assert_eq!(members(&ann, "").await, []);
}

#[tokio::test]
async fn only_its_owner_sees_and_changes_who_is_a_member() {
    let (_app, ann, id, bob, eve) = with_folder().await;
    let share = json!({ "emails": ["bob@example.org"], "permission": "wd" });
    ann.signs.call("POST", "/folders/mydata/share", &share).await.expect(201);
    assert_eq!(members(&bob, "").await, []);
    for person in [&bob, &eve] {
        let query = format!("/folders/_/shared?vfolder_id={id}");
        person.signs.plain("GET", &query).await.expect_problem(404, "vfolder-not-found");
        let body = json!({ "vfolder": id, "user": bob.id, "perm": "rw" });
        person.signs.call("POST", "/folders/_/shared", &body).await.expect_problem(404, "vfolder-not-found");
    }
}
