//! The admin API: accounts are made, listed, given new credentials, refused and taken again.

use std::time::Duration;

use bridge::app::AppSettings;
use mapping::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::App;

const ACCOUNTS: &str = "/admin/v1/accounts";

async fn made(app: &App, email: &str) -> Value {
    app.admin().call(Method::POST, ACCOUNTS, &json!({ "email": email, "name": "Ann" })).await.expect(201).json()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {value}"))
}

#[tokio::test]
async fn a_made_account_can_call_at_once() {
    let app = App::replicas(2).await;
    let made = made(&app, "Ann@Example.org").await;
    assert_eq!(text(&made, "email"), "ann@example.org");
    for field in ["account_id", "access_key", "secret_key", "api_token"] {
        assert!(text(&made, field).len() >= 20, "{field}");
    }
    for _ in 0..2 {
        app.nobody().with_token(text(&made, "api_token")).filesystems().await.expect(200);
    }
    app.nobody().with_token(text(&made, "access_key")).filesystems().await.expect_refusal(401);
    app.nobody().with_token(text(&made, "secret_key")).filesystems().await.expect_refusal(401);
}

#[tokio::test]
async fn an_address_has_one_account() {
    let app = App::replicas(2).await;
    made(&app, "ann@example.org").await;
    let again = app.admin().call(Method::POST, ACCOUNTS, &json!({ "email": "ANN@example.org" })).await.expect(409);
    assert_eq!(again.json()["error"], "already_exists");
    let admin = app.admin();
    let body = json!({ "email": "bob@example.org" });
    let racing = futures::future::join_all((0..8).map(|_| admin.call(Method::POST, ACCOUNTS, &body))).await;
    let won = racing.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(won, 1, "{:?}", racing.iter().map(|reply| reply.status).collect::<Vec<_>>());
}

#[tokio::test]
async fn accounts_are_listed_by_pages_without_any_secret() {
    let app = App::start().await;
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.push(text(&made(&app, &format!("a{number}@example.org")).await, "email").to_owned());
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page =
            app.admin().send(app.admin().request(Method::GET, &format!("{ACCOUNTS}?limit=2{after}"))).await.expect(200);
        for secret in ["secret_key", "api_token", "access_key", "password"] {
            assert!(!page.text().contains(secret), "{}", page.text());
        }
        let page = page.json();
        let accounts = page["accounts"].as_array().unwrap();
        assert!(accounts.len() <= 2);
        seen.extend(accounts.iter().map(|account| text(account, "email").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    seen.sort();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn rotated_and_disabled_credentials_are_refused_in_time_on_every_replica() {
    let core = Settings { cache_for: Duration::from_millis(200), ..Settings::default() };
    let app = App::with(2, core, AppSettings::default()).await;
    let ann = made(&app, "ann@example.org").await;
    let path = |verb: &str| format!("{ACCOUNTS}/{}/{verb}", text(&ann, "account_id"));
    let old = app.nobody().with_token(text(&ann, "api_token"));
    old.created("photos").await;

    let rotated = app.admin().call(Method::POST, &path("rotate"), &json!({})).await.expect(200).json();
    let new = app.nobody().with_token(text(&rotated, "api_token"));
    assert_eq!(new.filesystems().await.expect(200).json().as_array().unwrap().len(), 1, "the same account");
    app.until("the old token is refused", async || {
        old.filesystems().await.status == 401 && old.filesystems().await.status == 401
    })
    .await;

    let disabled = app.admin().call(Method::POST, &path("disable"), &json!({})).await.expect(200).json();
    assert_eq!(disabled["disabled"], true);
    app.until("the account is refused", async || {
        new.filesystems().await.status == 401 && new.filesystems().await.status == 401
    })
    .await;

    app.admin().call(Method::POST, &path("enable"), &json!({})).await.expect(200);
    app.until("the account is taken again", async || {
        new.filesystems().await.status == 200 && new.filesystems().await.status == 200
    })
    .await;
    old.filesystems().await.expect_refusal(401);
}

#[tokio::test]
async fn refusals_are_json_that_says_what_is_wrong() {
    let app = App::start().await;
    let nobody = "5b6a2a5c-94a3-4a0c-9f46-2f0b7a3d7c11";
    let cases = [
        (Method::POST, ACCOUNTS.to_owned(), "{", 400),
        (Method::POST, ACCOUNTS.to_owned(), "{}", 400),
        (Method::POST, ACCOUNTS.to_owned(), r#"{"email": "nobody"}"#, 400),
        (Method::POST, ACCOUNTS.to_owned(), r#"{"email": "a@b", "phone": "x"}"#, 400),
        (Method::GET, format!("{ACCOUNTS}?limit=0"), "", 400),
        (Method::GET, format!("{ACCOUNTS}?limit=1001"), "", 400),
        (Method::GET, format!("{ACCOUNTS}/x"), "", 400),
        (Method::GET, format!("{ACCOUNTS}/{nobody}"), "", 404),
        (Method::POST, format!("{ACCOUNTS}/{nobody}/rotate"), "", 404),
        (Method::POST, format!("{ACCOUNTS}/{nobody}/disable"), "", 404),
        (Method::DELETE, ACCOUNTS.to_owned(), "", 405),
        (Method::GET, "/admin/v1/nothing".to_owned(), "", 404),
    ];
    for (method, path, body, status) in cases {
        let reply = app.admin().send(app.admin().request(method, &path).body(body)).await.expect(status);
        let refusal = reply.json();
        assert!(
            !text(&refusal, "error").is_empty() && !text(&refusal, "message").is_empty(),
            "{path} {body}: {refusal}"
        );
    }
}
