//! Who may call: what is signed, what is refused and how, and how often.

use std::time::Duration;

use bridge::app::AppSettings;
use bytes::Bytes;
use mapping::Settings;
use mapping::clock::{Clock, SystemClock};
use reqwest::Method;
use serde_json::json;
use suites::app::App;
use suites::signer::Parts;

#[tokio::test]
async fn every_generation_of_clients_signs_its_way() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    for (number, (version, root)) in [
        ("v2.20170315", "/v2/folders/"),
        ("v4.20181215", "/v4/folders"),
        ("v4.20190615", "/folders"),
        ("v5.20191215", "/folders"),
        ("v6.20210815", "/folders"),
        ("v9.20250722", "/folders"),
    ]
    .into_iter()
    .enumerate()
    {
        let ann = ann.speaking(version).as_client();
        ann.call("POST", root, &json!({ "name": format!("of-{number}") })).await.expect(201);
        let listed = ann.plain("GET", root).await.expect(200).json();
        assert_eq!(listed.as_array().map(Vec::len), Some(number + 1), "{version}: {listed}");
    }
}

#[tokio::test]
async fn a_wrong_signature_and_an_unknown_key_read_alike() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    let unknown = suites::signer::Signer::new(&app.nobody(), "FBnobodynobodynobody", "secret");
    let nobody = app.nobody();
    let answers = [
        nobody.send(nobody.request(Method::GET, "/folders")).await,
        ann.with_secret("another").plain("GET", "/folders").await,
        unknown.plain("GET", "/folders").await,
        unknown.with_secret("").plain("GET", "/folders").await,
    ];
    for answer in &answers {
        let answer = answer.clone().expect_problem(401, "auth-failed");
        assert_eq!(answer.body, answers[0].body);
    }
}

#[tokio::test]
async fn a_refusal_asks_the_store_as_often_for_a_known_key_as_for_an_unknown_one() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    ann.plain("GET", "/folders").await.expect(200);
    let unknown = suites::signer::Signer::new(&app.nobody(), "FBnobodynobodynobody", "secret");
    let mut asked = Vec::new();
    for signer in [ann.with_secret("another"), unknown] {
        app.store().reset();
        signer.plain("GET", "/folders").await.expect(401);
        asked.push(app.store().counts().reads());
    }
    assert_eq!(asked, [1, 1]);
}

#[tokio::test]
async fn a_signature_is_good_for_what_was_signed_and_nothing_else() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    ann.created("mydata").await;
    let parts = ann.parts(Method::GET, "/folders/mydata", "text/plain", &Bytes::new());
    let sent = ann.signed(&parts, Bytes::new()).build().unwrap();
    let authorization = sent.headers()["authorization"].clone();
    let again = |method: Method, target: &str, date: &str| {
        let bent = Parts { method, target: target.to_owned(), date: date.to_owned(), ..parts.clone() };
        let mut request = ann.signed(&bent, Bytes::new()).build().unwrap();
        request.headers_mut().insert("authorization", authorization.clone());
        reqwest::RequestBuilder::from_parts(reqwest::Client::builder().no_proxy().build().unwrap(), request)
    };
    ann.send(again(Method::GET, "/folders/mydata", &parts.date)).await.expect(200);
    // The same once more: it does what it did. (Retries of proxies and clients look like this.)
    ann.send(again(Method::GET, "/folders/mydata", &parts.date)).await.expect(200);
    let other_date = SystemClock::new().now().plus(Duration::from_secs(1)).to_string();
    for (method, target, date) in [
        (Method::DELETE, "/folders/mydata", parts.date.as_str()),
        (Method::GET, "/folders/mydata?x=1", &parts.date),
        (Method::GET, "/folders/mydata/", &parts.date),
        (Method::GET, "/folders/%6dydata", &parts.date),
        (Method::GET, "/v2/folders/mydata", &parts.date),
        (Method::GET, "/folders/mydata", &other_date),
    ] {
        ann.send(again(method, target, date)).await.expect_problem(401, "auth-failed");
    }
}

#[tokio::test]
async fn a_target_is_signed_as_it_was_sent() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    let id = ann.created("My Data").await;
    for target in ["/folders/My%20Data", "/folders/%4Dy%20Data?x=a+b&y=%2F", "/v2/folders/My%20Data/"] {
        assert_eq!(ann.plain("GET", target).await.expect(200).json()["id"], id.as_str(), "{target}");
    }
}

#[tokio::test]
async fn a_body_is_signed_by_the_oldest_clients_only() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    for (version, status) in [("v2.20170315", 401), ("v5.20191215", 201)] {
        let ann = ann.speaking(version);
        let signed = Bytes::from_static(br#"{"name": "signed"}"#);
        let parts = ann.parts(Method::POST, "/folders", "application/json", &signed);
        let other = Bytes::from_static(br#"{"name": "other"}"#);
        ann.send(ann.signed(&parts, other)).await.expect(status);
    }
    let long = json!({ "name": "x".repeat(2 << 20) });
    ann.speaking("v2.20170315").call("POST", "/folders", &long).await.expect_problem(413, "content-too-large");
}

#[tokio::test]
async fn a_head_that_nobody_can_have_signed_is_refused() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    let now = SystemClock::new().now();
    let at = |date: &str| {
        let parts = ann.parts(Method::GET, "/folders", "text/plain", &Bytes::new());
        ann.signed(&Parts { date: date.to_owned(), ..parts }, Bytes::new())
    };
    let late = mapping::Timestamp::from_millis(now.as_millis() - 16 * 60 * 1000).to_string();
    let early = now.plus(Duration::from_secs(16 * 60)).to_string();
    for date in [late.as_str(), &early, "yesterday", ""] {
        ann.send(at(date)).await.expect_problem(400, "invalid-auth-params");
    }
    let near = now.plus(Duration::from_secs(14 * 60)).to_string();
    ann.send(at(&near)).await.expect(200);

    let nobody = app.nobody();
    for authorization in ["Bearer x", "BackendAI", "BackendAI signMethod=HMAC-MD5, credential=a:b"] {
        let request = nobody.request(Method::GET, "/folders").header("authorization", authorization);
        nobody.send(request.header("date", now.to_string())).await.expect_problem(400, "invalid-auth-params");
    }
}

#[tokio::test]
async fn a_method_in_a_header_is_the_one_that_is_signed() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    ann.created("mydata").await;
    let parts = ann.parts(Method::POST, "/folders/mydata", "text/plain", &Bytes::new());
    let request = ann.signed(&parts, Bytes::new()).header("x-method-override", "DELETE");
    ann.send(request).await.expect_problem(401, "auth-failed");
    let signed = Parts { method: Method::DELETE, ..parts.clone() };
    let mut request = ann.signed(&signed, Bytes::new()).header("x-method-override", "DELETE").build().unwrap();
    *request.method_mut() = Method::POST;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    ann.send(reqwest::RequestBuilder::from_parts(client, request)).await.expect(204);
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_refused() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    ann.signs.plain("GET", "/folders").await.expect(200);
    let admin = app.admin();
    admin.call(Method::POST, &format!("/admin/v1/accounts/{}/disable", ann.id), &json!({})).await.expect(200);
    ann.signs.plain("GET", "/folders").await.expect_problem(401, "auth-failed");
}

#[tokio::test]
async fn a_key_has_so_many_requests_and_hears_how_many_are_left() {
    let settings = AppSettings { rate_limit: 3, ..AppSettings::default() };
    let app = App::with(1, Settings::default(), settings).await;
    let (ann, bob) = (app.person("ann").await.signs, app.person("bob").await.signs);
    for left in ["2", "1", "0"] {
        // Somebody else's guesses at a key cost its owner nothing.
        ann.with_secret("another").plain("GET", "/folders").await.expect(401);
        let reply = ann.plain("GET", "/folders").await.expect(200);
        assert_eq!(reply.header("x-ratelimit-limit"), "3");
        assert_eq!(reply.header("x-ratelimit-remaining"), left);
        assert_eq!(reply.header("x-ratelimit-window"), "900");
    }
    let refused = ann.plain("GET", "/folders").await.expect_problem(429, "rate-limit-exceeded");
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=901).contains(&seconds), "{seconds}");
    bob.plain("GET", "/folders/none").await.expect(404);
}
