//! Every route, tried as everybody. A route that is not in the table fails, and so does a line of the
//! table whose route is gone.

use reqwest::Method;
use suites::app::{App, Person};
use suites::caller::{Caller, pattern};

use mapping::access::Permission;

/// Who tries. A reader cannot be made through this API yet and is made in the core.
const EVERYBODY: [&str; 6] = ["nobody", "stranger", "reader", "member", "owner", "operator"];

/// Method, path, body and what each of [`EVERYBODY`] is answered. `{id}` is a file system that the
/// owner has, `{who}` the one who tries; each of them has a file, an upload and a grantee to use up.
type Row = (&'static str, &'static str, &'static str, [u16; 6]);

const FILESYSTEMS: [Row; 11] = [
    ("GET", "/filesystems", "{}", [401, 200, 200, 200, 200, 401]),
    ("POST", "/filesystems", r#"{"filesystem_name": "of {who} in {id}"}"#, [401, 200, 200, 200, 200, 401]),
    ("DELETE", "/filesystems/{id}", "{}", [401, 403, 403, 403, 200, 401]),
    ("POST", "/filesystems/{id}/share", r#"{"grantee": "{grantee}"}"#, [401, 403, 403, 403, 200, 401]),
    ("GET", "/filesystems/{id}/list", "{}", [401, 403, 200, 200, 200, 401]),
    ("GET", "/filesystems/{id}/list/{path}", "{}", [401, 403, 200, 200, 200, 401]),
    ("POST", "/filesystems/{id}/mkdir/{path}", "{}", [401, 403, 403, 200, 200, 401]),
    ("GET", "/filesystems/{id}/files/{path}", "", [401, 403, 200, 200, 200, 401]),
    ("POST", "/filesystems/{id}/files/{path}", r#"{"size": 4}"#, [401, 403, 403, 200, 200, 401]),
    ("PUT", "/filesystems/{id}/files/{path}", "four", [401, 403, 403, 200, 200, 401]),
    ("DELETE", "/filesystems/{id}/files/{path}", "{}", [401, 403, 403, 200, 200, 401]),
];

const ADMIN: [Row; 8] = [
    ("GET", "/admin/v1/accounts", "", [401, 401, 401, 401, 401, 200]),
    ("POST", "/admin/v1/accounts", r#"{"email": "new-{who}@example.org"}"#, [401, 401, 401, 401, 401, 201]),
    ("GET", "/admin/v1/accounts/{id}", "", [401, 401, 401, 401, 401, 200]),
    ("POST", "/admin/v1/accounts/{id}/rotate", "", [401, 401, 401, 401, 401, 200]),
    ("POST", "/admin/v1/accounts/{id}/disable", "", [401, 401, 401, 401, 401, 200]),
    ("POST", "/admin/v1/accounts/{id}/enable", "", [401, 401, 401, 401, 401, 200]),
    ("PATCH", "/admin/v1/accounts/{id}/limits", r#"{"max_folders": 9}"#, [401, 401, 401, 401, 401, 200]),
    ("POST", "/admin/v1/sweep", r#"{"dry_run": true}"#, [401, 401, 401, 401, 401, 200]),
];

const ADMIN_FOLDERS: [Row; 5] = [
    ("GET", "/admin/v1/folders", "", [401, 401, 401, 401, 401, 200]),
    ("GET", "/admin/v1/folders/{id}", "", [401, 401, 401, 401, 401, 200]),
    ("PATCH", "/admin/v1/folders/{id}/limits", r#"{"max_files": 9}"#, [401, 401, 401, 401, 401, 200]),
    ("GET", "/admin/v1/folders/{id}/usage", "", [401, 401, 401, 401, 401, 200]),
    ("POST", "/admin/v1/folders/{id}/check", "{}", [401, 401, 401, 401, 401, 200]),
];

const ADMIN_JOBS: [Row; 3] = [
    ("GET", "/admin/v1/jobs", "", [401, 401, 401, 401, 401, 200]),
    ("GET", "/admin/v1/jobs/{id}", "", [401, 401, 401, 401, 401, 200]),
    ("POST", "/admin/v1/jobs/{id}/cancel", "", [401, 401, 401, 401, 401, 200]),
];

/// The routes that the tables try, under each prefix that they are served.
fn tried() -> Vec<(String, String)> {
    let prefixed = ["", "/v1"].into_iter().flat_map(|prefix| FILESYSTEMS.map(|row| (prefix, row)));
    let all = prefixed.chain(ADMIN.into_iter().chain(ADMIN_FOLDERS).chain(ADMIN_JOBS).map(|row| ("", row)));
    let backend_ai = crate::backend_ai::routes::rows().map(|row| ("", *row));
    all.chain(backend_ai).map(|(prefix, (method, path, ..))| (method.to_owned(), format!("{prefix}{path}"))).collect()
}

#[test]
fn every_route_is_tried_and_every_tried_route_is_there() {
    let (mut tried, mut served) = (tried(), bridge::dialects::routes());
    tried.sort();
    served.sort();
    let missing: Vec<_> = served.iter().filter(|route| !tried.contains(route)).collect();
    assert!(missing.is_empty(), "routes that nobody tries, add them to the table: {missing:?}");
    let gone: Vec<_> = tried.iter().filter(|route| !served.contains(route)).collect();
    assert!(gone.is_empty(), "lines of the table without a route: {gone:?}");
}

/// A file system of the owner with something in it for everybody to try.
struct Scene {
    id: String,
    grantees: Vec<String>,
    uploads: Vec<String>,
}

struct Cast {
    app: App,
    owner: Person,
    reader: Person,
    member: Person,
    grantees: Vec<String>,
    callers: [Caller; 6],
}

impl Cast {
    async fn gather() -> Self {
        let app = App::start().await;
        let (owner, reader) = (app.person("owner").await, app.person("reader").await);
        let (member, stranger) = (app.person("member").await, app.person("stranger").await);
        let callers = [&stranger, &reader, &member, &owner].map(|person| person.calls.clone());
        let [stranger, as_reader, as_member, as_owner] = callers;
        let callers = [app.nobody(), stranger, as_reader, as_member, as_owner, app.admin()];
        let mut grantees = Vec::new();
        for who in EVERYBODY {
            grantees.push(app.person(&format!("grantee-of-{who}")).await.id);
        }
        Self { app, owner, reader, member, grantees, callers }
    }

    async fn scene(&self, name: &str) -> Scene {
        let id = self.owner.calls.created(name).await;
        let mut uploads = Vec::new();
        for who in EVERYBODY {
            self.owner.calls.upload(&id, &format!("file-{who}/a.txt"), &pattern(4, 1), 4).await;
            uploads.push(self.owner.calls.started(&id, &format!("file-{who}/a.txt"), 4).await);
        }
        self.app.share(&self.owner, &id, &self.reader, Permission::Read).await;
        self.owner.calls.share(&id, &self.member.id).await.expect(200);
        Scene { id, grantees: self.grantees.clone(), uploads }
    }
}

/// Fills a line of the table in for one who tries.
fn filled(row: &Row, scene: &Scene, number: usize) -> (Method, String, String) {
    let (method, path, body, _) = row;
    let who = EVERYBODY[number];
    let file = match (*method, path.contains("/mkdir/"), path.contains("/list/")) {
        ("POST", true, _) => format!("made-by-{who}"),
        (_, _, true) => format!("file-{who}"),
        _ => format!("file-{who}/a.txt"),
    };
    let path = path.replace("{id}", &scene.id).replace("{path}", &file);
    let body = body.replace("{id}", &scene.id).replace("{who}", who).replace("{grantee}", &scene.grantees[number]);
    (method.parse().expect("a method"), path, body)
}

#[tokio::test]
async fn every_route_of_the_filesystems_api_answers_everybody_as_the_table_says() {
    let cast = Cast::gather().await;
    for prefix in ["", "/v1"] {
        for row in &FILESYSTEMS {
            let scene = cast.scene(&format!("{}{} {}", prefix, row.0, row.1).replace('/', "_")).await;
            for (number, who) in EVERYBODY.into_iter().enumerate() {
                let (method, path, body) = filled(row, &scene, number);
                let range = format!("[{}]:0-4", scene.uploads[number]);
                let mut request = cast.callers[number].below(prefix).request(method.clone(), &path).body(body);
                if method == Method::PUT {
                    request = request.header("content-range", range);
                }
                let reply = cast.callers[number].send(request).await;
                assert_eq!(reply.status, row.3[number], "{who}: {method} {prefix}{path}: {}", reply.text());
                if reply.status >= 400 {
                    reply.clone().expect_refusal(reply.status);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let cast = Cast::gather().await;
    let scene = cast.scene("quiet").await;
    cast.app.settle().await;
    let before = cast.app.snapshot().await;
    for row in &FILESYSTEMS {
        for number in (0..EVERYBODY.len()).filter(|number| row.3[*number] >= 400) {
            let (method, path, body) = filled(row, &scene, number);
            let request = cast.callers[number]
                .request(method, &path)
                .header("content-range", format!("[{}]:0-4", scene.uploads[number]));
            cast.callers[number].send(request.body(body)).await.expect(row.3[number]);
        }
    }
    assert_eq!(cast.app.snapshot().await, before);
}

#[tokio::test]
async fn every_route_of_the_admin_api_answers_everybody_as_the_table_says() {
    let cast = Cast::gather().await;
    let somebody = cast.app.person("somebody").await.id;
    let account = Scene { id: somebody, grantees: cast.grantees.clone(), uploads: vec![] };
    let folder = cast.scene("counted").await;
    let job = cast.app.left_copy(&cast.owner, &folder.id, "many", "copied").await;
    let job = Scene { id: job, grantees: cast.grantees.clone(), uploads: vec![] };
    let rows = ADMIN.iter().map(|row| (row, &account)).chain(ADMIN_FOLDERS.iter().map(|row| (row, &folder)));
    let rows = rows.chain(ADMIN_JOBS.iter().map(|row| (row, &job)));
    for (row, scene) in rows {
        for (number, who) in EVERYBODY.into_iter().enumerate() {
            let (method, path, body) = filled(row, scene, number);
            let reply = cast.callers[number].send(cast.callers[number].request(method, &path).body(body)).await;
            assert_eq!(reply.status, row.3[number], "{who}: {} {path}: {}", row.0, reply.text());
        }
    }
}

#[tokio::test]
async fn what_needs_no_credentials_tells_nothing() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos-of-the-secret-garden").await;
    for path in ["/", "/livez", "/readyz", "/metrics", "/openapi.json"] {
        let reply = app.nobody().send(app.nobody().request(Method::GET, path)).await.expect(200);
        for secret in [id.as_str(), "secret-garden", ann.token.as_str(), ann.id.as_str(), "ann@example.org"] {
            assert!(!reply.text().contains(secret), "{path} tells {secret}");
        }
    }
}
