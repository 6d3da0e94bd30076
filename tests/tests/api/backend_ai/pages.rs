//! Pages of any origin, in a browser: they may ask with a signature or a link of their own, and with nothing else.

use bytes::Bytes;
use reqwest::Method;
use suites::app::App;

#[tokio::test]
async fn a_page_of_any_origin_may_ask_with_a_signature() {
    let app = App::start().await;
    let (ann, nobody) = (app.person("ann").await.signs, app.nobody());
    for path in ["/folders", "/folders/", "/v4/folders/mydata/delete_files", "/folders/_/id", "/admin/gql", "/"] {
        let asked = nobody.request(Method::OPTIONS, path).header("origin", "https://pages.example.org");
        let asked = asked.header("access-control-request-method", "DELETE");
        let asked = asked.header("access-control-request-headers", "authorization,x-backendai-date,mode");
        let reply = nobody.send(asked).await.expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(reply.header("access-control-allow-headers"), "authorization,x-backendai-date,mode", "{path}");
        let methods = reply.header("access-control-allow-methods");
        assert!(methods.contains(if path == "/" { "GET" } else { "DELETE" }), "{path}: {methods}");
        assert!(!reply.headers.contains_key("access-control-allow-credentials"), "{path}");
    }
    let asked = ann.request(Method::GET, "/folders", "application/json", Bytes::new());
    let reply = ann.send(asked.header("origin", "https://pages.example.org")).await.expect(200);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(reply.header("access-control-expose-headers").contains("x-ratelimit-remaining"));
    assert!(!reply.headers.contains_key("access-control-allow-credentials"));
    for (path, status) in [("/folders", 401), ("/folders/mydata", 401), ("/", 200)] {
        let asked = nobody.request(Method::GET, path).header("origin", "https://pages.example.org");
        let reply = nobody.send(asked).await.expect(status);
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
    }
}

#[tokio::test]
async fn a_client_in_a_page_is_known_by_how_it_says_the_time() {
    let app = App::start().await;
    let ann = app.person("ann").await.signs;
    ann.created("mydata").await;
    let ask = || ann.request(Method::GET, "/folders", "application/json", Bytes::new());
    assert!(ann.send(ask()).await.expect(200).json()["items"].is_array());
    let in_page = ask().header("x-backendai-date", "2026-11-27T12:00:00.000Z");
    assert_eq!(ann.send(in_page).await.expect(200).json()[0]["name"], "mydata");
}
