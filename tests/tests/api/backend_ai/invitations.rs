//! Invitations: the operations of the document, their examples and errors, and what clients send beside.

use serde_json::{Value, json};
use suites::app::{App, Person};

/// Ann with a folder `mydata`, and two others.
async fn with_folder() -> (App, Person, Person, Person) {
    let app = App::start().await;
    let (ann, bob, eve) = (app.person("ann").await, app.person("bob").await, app.person("eve").await);
    ann.signs.created("mydata").await;
    (app, ann, bob, eve)
}

async fn invite(person: &Person, body: Value) -> suites::reply::Reply {
    person.signs.call("POST", "/folders/mydata/invite", &body).await
}

/// Invites Bob and says by which id.
async fn invited(ann: &Person, bob: &Person, perm: &str) -> String {
    invite(ann, json!({ "perm": perm, "user_ids": ["bob@example.org"] })).await.expect(200);
    let list = bob.signs.plain("GET", "/folders/invitations/list").await.expect(200).json();
    list["invitations"][0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_folder_is_offered_and_accepted() {
    let (_app, ann, bob, _) = with_folder().await;
    let made = invite(&ann, json!({ "perm": "ro", "user_ids": ["bob@example.org"] })).await.expect(200);
    assert_eq!(made.json(), json!({ "invited_ids": ["bob@example.org"] }));
    let list = bob.signs.plain("GET", "/folders/invitations/list").await.expect(200).json();
    let offer = &list["invitations"][0];
    let folder = ann.signs.plain("GET", "/folders/mydata").await.expect(200).json();
    for (name, value) in [
        ("inviter", json!("ann@example.org")),
        ("inviter_user_email", json!("ann@example.org")),
        ("invitee", json!("bob@example.org")),
        ("perm", json!("ro")),
        ("permission", json!("ro")),
        ("mount_permission", json!("ro")),
        ("state", json!("pending")),
        ("status", json!("pending")),
        ("invitee_user_email", json!("bob@example.org")),
        ("vfolder_id", folder["id"].clone()),
        ("vfolder_name", json!("mydata")),
    ] {
        assert_eq!(offer[name], value, "{name}");
    }
    for name in ["created_at", "modified_at"] {
        assert!(offer[name].as_str().unwrap().ends_with("+00:00"), "{name}: {offer}");
    }
    bob.signs.plain("GET", "/folders/mydata").await.expect(404);
    let body = json!({ "inv_id": offer["id"], "inv_ak": bob.signs.access_key });
    let accepted = bob.signs.call("POST", "/folders/invitations/accept", &body).await.expect(200).json();
    assert!(accepted["msg"].as_str().unwrap().contains("mydata"));
    assert_eq!(bob.signs.plain("GET", "/folders/mydata").await.expect(200).json()["permission"], "ro");
    let list = bob.signs.plain("GET", "/folders/invitations/list").await.expect(200).json();
    assert_eq!(list, json!({ "invitations": [] }));
}

#[tokio::test]
async fn an_invitation_is_not_made_twice_nor_changed_by_another() {
    let (app, ann, bob, eve) = with_folder().await;
    let id = invited(&ann, &bob, "ro").await;
    let again = json!({ "perm": "rw", "user_ids": ["bob@example.org", "eve@example.org"] });
    assert_eq!(invite(&ann, again).await.expect(200).json(), json!({ "invited_ids": ["eve@example.org"] }));
    let list = bob.signs.plain("GET", "/folders/invitations/list").await.expect(200).json();
    assert_eq!((&list["invitations"][0]["id"], &list["invitations"][0]["perm"]), (&json!(id), &json!("ro")));
    assert_eq!(list["invitations"].as_array().map(Vec::len), Some(1));
    // Clients are answered 201, may name themselves, and may say `emails`, `userIDs` or an account's id.
    let by_id = json!({ "permission": "rw", "emails": ["ann@example.org", eve.id] });
    let reply = ann.signs.as_client().call("POST", "/folders/mydata/invite", &by_id).await.expect(201);
    assert_eq!(reply.json(), json!({ "invited_ids": [] }));
    app.person("dan").await;
    let camel = json!({ "perm": "ro", "userIDs": ["dan@example.org"] });
    assert_eq!(invite(&ann, camel).await.expect(200).json(), json!({ "invited_ids": ["dan@example.org"] }));
}

#[tokio::test]
async fn what_cannot_be_offered_is_refused() {
    let (app, ann, bob, _) = with_folder().await;
    for body in [
        json!({ "perm": "ro" }),
        json!({ "perm": "ro", "user_ids": [] }),
        json!({ "perm": "ro", "user_ids": ["ann@example.org"] }),
        json!({ "perm": "ro", "user_ids": ["bob"] }),
        json!({ "perm": "owner", "user_ids": ["bob@example.org"] }),
    ] {
        invite(&ann, body).await.expect_problem(400, "invalid-api-params");
    }
    let unknown = json!({ "perm": "ro", "user_ids": ["bob@example.org", "no@example.org"] });
    invite(&ann, unknown).await.expect_problem(404, "object-not-found");
    let theirs = json!({ "perm": "ro", "user_ids": ["ann@example.org"] });
    invite(&bob, theirs).await.expect_problem(404, "vfolder-not-found");
    let id = ann.signs.plain("GET", "/folders/mydata").await.expect(200).json()["id"].clone();
    app.share(&ann, id.as_str().unwrap(), &bob, mapping::access::Permission::Read).await;
    let member = json!({ "perm": "ro", "user_ids": ["bob@example.org"] });
    invite(&ann, member).await.expect_problem(400, "object-already-exists");
}

#[tokio::test]
async fn a_name_that_is_taken_keeps_an_invitation_pending() {
    let (_app, ann, bob, _) = with_folder().await;
    bob.signs.created("mydata").await;
    let id = invited(&ann, &bob, "rw").await;
    let accept = async || bob.signs.call("POST", "/folders/invitations/accept", &json!({ "inv_id": id })).await;
    accept().await.expect_problem(400, "vfolder-already-exists");
    bob.signs.call("POST", "/folders/mydata/rename", &json!({ "new_name": "own" })).await.expect(201);
    accept().await.expect(200);
    assert_eq!(bob.signs.plain("GET", "/folders/mydata").await.expect(200).json()["is_owner"], false);
}

#[tokio::test]
async fn what_is_somebody_elses_or_no_invitation_is_not_found() {
    let (_app, ann, bob, eve) = with_folder().await;
    let id = invited(&ann, &bob, "rw").await;
    let slug = "vfolder-invitation-not-found";
    for (person, id) in [(&eve, id.as_str()), (&bob, "none"), (&bob, &"0".repeat(80))] {
        let body = json!({ "inv_id": id });
        person.signs.call("POST", "/folders/invitations/accept", &body).await.expect_problem(404, slug);
        person.signs.call("DELETE", "/folders/invitations/delete", &body).await.expect_problem(404, slug);
        let update = format!("/folders/invitations/update/{id}");
        person.signs.call("POST", &update, &json!({ "perm": "ro" })).await.expect_problem(404, slug);
    }
    let other_key = json!({ "inv_id": id, "inv_ak": ann.signs.access_key });
    bob.signs.call("POST", "/folders/invitations/accept", &other_key).await.expect_problem(404, slug);
    for (method, verb) in [("POST", "accept"), ("DELETE", "delete")] {
        let target = format!("/folders/invitations/{verb}");
        bob.signs.call(method, &target, &json!({})).await.expect_problem(400, "invalid-api-params");
    }
}

#[tokio::test]
async fn an_invitation_is_rejected_or_cancelled() {
    let (_app, ann, bob, _) = with_folder().await;
    for who in [&bob, &ann] {
        let id = invited(&ann, &bob, "rw").await;
        let sent = ann.signs.plain("GET", "/folders/invitations/list_sent").await.expect(200).json();
        assert_eq!(
            (&sent["invitations"][0]["id"], sent["invitations"].as_array().map(Vec::len)),
            (&json!(id), Some(1))
        );
        let body = json!({ "inv_id": id });
        let ended = who.signs.call("DELETE", "/folders/invitations/delete", &body).await.expect(200).json();
        assert!(ended["msg"].is_string());
        let again = who.signs.call("DELETE", "/folders/invitations/delete", &body).await;
        again.expect_problem(404, "vfolder-invitation-not-found");
        let accept = bob.signs.call("POST", "/folders/invitations/accept", &body).await;
        accept.expect_problem(404, "vfolder-invitation-not-found");
    }
    let sent = ann.signs.plain("GET", "/folders/invitations/list-sent").await.expect(200).json();
    assert_eq!(sent, json!({ "invitations": [] }));
}

#[tokio::test]
async fn an_offer_is_changed_by_the_one_who_made_it() {
    let (_app, ann, bob, _) = with_folder().await;
    let id = invited(&ann, &bob, "ro").await;
    let update = format!("/folders/invitations/update/{id}");
    let refused = bob.signs.call("POST", &update, &json!({ "perm": "wd" })).await;
    refused.expect_problem(404, "vfolder-invitation-not-found");
    ann.signs.call("POST", &update, &json!({})).await.expect_problem(400, "invalid-api-params");
    // `rd` is the document's word for what clients call `wd`.
    assert!(ann.signs.call("POST", &update, &json!({ "perm": "rd" })).await.expect(200).json()["msg"].is_string());
    let shown = |reply: suites::reply::Reply| reply.expect(200).json()["invitations"][0]["perm"].clone();
    assert_eq!(shown(bob.signs.plain("GET", "/folders/invitations/list").await), "rd");
    assert_eq!(shown(bob.signs.as_client().plain("GET", "/v2/folders/invitations/list").await), "wd");
}

#[tokio::test]
async fn an_invitation_that_is_over_is_in_no_list_and_answers_nothing() {
    let (app, ann, bob, _) = with_folder().await;
    let folder = ann.signs.plain("GET", "/folders/mydata").await.expect(200).json()["id"].clone();
    for end in ["accepted", "rejected", "cancelled", "shared", "deleted"] {
        let body = json!({ "inv_id": invited(&ann, &bob, "ro").await });
        let (by_bob, by_ann, emails) = (&bob.signs, &ann.signs, json!({ "emails": ["bob@example.org"] }));
        match end {
            "accepted" => by_bob.call("POST", "/folders/invitations/accept", &body).await.expect(200),
            "rejected" => by_bob.call("DELETE", "/folders/invitations/delete", &body).await.expect(200),
            "cancelled" => by_ann.call("DELETE", "/folders/invitations/delete", &body).await.expect(200),
            "shared" => by_ann.call("POST", "/folders/mydata/share", &emails).await.expect(201),
            _ => by_ann.plain("DELETE", "/folders/mydata").await.expect(204),
        };
        let lists =
            [by_bob.plain("GET", "/folders/invitations/list"), by_ann.plain("GET", "/folders/invitations/list-sent")];
        for list in lists {
            assert_eq!(list.await.expect(200).json(), json!({ "invitations": [] }), "{end}");
        }
        let rejected = by_bob.call("DELETE", "/folders/invitations/delete", &body).await;
        rejected.expect_problem(404, "vfolder-invitation-not-found");
        if end == "accepted" || end == "shared" {
            by_ann.call("DELETE", "/folders/mydata/unshare", &emails).await.expect(200);
        }
        let accepted = by_bob.call("POST", "/folders/invitations/accept", &body).await;
        accepted.expect_problem(404, "vfolder-invitation-not-found");
        bob.signs.plain("GET", &format!("/folders/{}", folder.as_str().unwrap())).await.expect(404);
    }
    drop(app);
}

#[tokio::test]
async fn an_invitation_that_expired_is_in_no_list_and_can_be_made_again() {
    let core = mapping::Settings { invitation_life: Some(std::time::Duration::ZERO), ..Default::default() };
    let app = App::with(1, core, Default::default()).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    ann.signs.created("mydata").await;
    for _ in 0..2 {
        let made = invite(&ann, json!({ "perm": "ro", "user_ids": ["bob@example.org"] })).await.expect(200).json();
        assert_eq!(made, json!({ "invited_ids": ["bob@example.org"] }));
        for (who, verb) in [(&bob, "list"), (&ann, "list-sent")] {
            let list = who.signs.plain("GET", &format!("/folders/invitations/{verb}")).await.expect(200).json();
            assert_eq!(list, json!({ "invitations": [] }), "{verb}");
        }
    }
}

#[tokio::test]
async fn what_is_full_is_told_and_the_invitation_stays() {
    let core = mapping::Settings {
        most_members: 1,
        most_joined: 1,
        most_invited: 2,
        most_invitations: 2,
        ..Default::default()
    };
    let app = App::with(1, core, Default::default()).await;
    let (ann, bob, eve) = (app.person("ann").await, app.person("bob").await, app.person("eve").await);
    app.person("dan").await;
    for name in ["mydata", "second", "third"] {
        ann.signs.created(name).await;
    }
    let offer = async |folder: &str, to: &str| {
        let body = json!({ "perm": "ro", "user_ids": [format!("{to}@example.org")] });
        ann.signs.call("POST", &format!("/folders/{folder}/invite"), &body).await
    };
    let offered = async |who: &Person| {
        let list = who.signs.plain("GET", "/folders/invitations/list").await.expect(200).json();
        list["invitations"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    let accept = async |who: &Person, id: &Value| {
        who.signs.call("POST", "/folders/invitations/accept", &json!({ "inv_id": id })).await
    };
    for (folder, to) in [("mydata", "bob"), ("mydata", "eve"), ("second", "bob")] {
        offer(folder, to).await.expect(200);
    }
    offer("mydata", "dan").await.expect_problem(412, "quota-exceeded");
    offer("third", "bob").await.expect_problem(406, "too-many-vfolders");
    let (of_bob, of_eve) = (offered(&bob).await, offered(&eve).await);
    accept(&bob, &of_bob[0]).await.expect(200);
    accept(&bob, &of_bob[1]).await.expect_problem(406, "too-many-vfolders");
    accept(&eve, &of_eve[0]).await.expect_problem(412, "quota-exceeded");
    assert_eq!((offered(&bob).await, offered(&eve).await), (vec![of_bob[1].clone()], of_eve));
}
