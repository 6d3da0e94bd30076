//! Every route of the Backend.AI API, tried as everybody: a line of the table for each.

use bytes::Bytes;
use mapping::access::Permission;
use reqwest::Method;
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::signer::Signer;

/// Who tries: as in `authorisation.rs`. The operator shows the admin token, which this API cannot read.
const EVERYBODY: [&str; 6] = ["nobody", "stranger", "reader", "member", "owner", "operator"];

/// Method, path, body and what each of [`EVERYBODY`] is answered. `{name}` is the id of a folder that the
/// owner has, `{who}` the one who tries and `{self}` his account; each of them has files to use up in it,
/// `file-{who}/a.txt`. `{id}` is an invitation of somebody else into it.
pub(crate) type Row = (&'static str, &'static str, &'static str, [u16; 6]);

const FOLDERS: &[Row] = &[
    ("GET", "/folders", "", [401, 200, 200, 200, 200, 400]),
    ("POST", "/folders", r#"{"name": "of {who}"}"#, [401, 201, 201, 201, 201, 400]),
    ("POST", "/folders/create", r#"{"name": "also of {who}"}"#, [401, 201, 201, 201, 201, 400]),
    ("DELETE", "/folders", r#"{"id": "{name}"}"#, [401, 404, 404, 404, 204, 400]),
    ("GET", "/folders/{name}", "", [401, 404, 200, 200, 200, 400]),
    ("DELETE", "/folders/{name}", "", [401, 404, 404, 404, 204, 400]),
    ("DELETE", "/folders/{name}/force", "", [401, 404, 404, 404, 204, 400]),
    ("POST", "/folders/restore-from-trash-bin", r#"{"id": "{name}"}"#, [401, 404, 404, 404, 204, 400]),
    ("POST", "/folders/delete-from-trash-bin", r#"{"id": "{name}"}"#, [401, 404, 404, 404, 400, 400]),
    ("POST", "/folders/purge", r#"{"id": "{name}"}"#, [401, 404, 404, 404, 400, 400]),
    ("POST", "/folders/{name}/rename", r#"{"new_name": "to {who}"}"#, [401, 404, 201, 201, 201, 400]),
    ("GET", "/folders/_/id", r#"{"name": "{name}"}"#, [401, 404, 200, 200, 200, 400]),
];

const ABOUT: &[Row] = &[
    ("GET", "/folders/_/hosts", "", [401, 200, 200, 200, 200, 400]),
    ("GET", "/folders/_/all-hosts", "", [401, 200, 200, 200, 200, 400]),
    ("GET", "/folders/_/allowed-types", "", [401, 200, 200, 200, 200, 400]),
    ("GET", "/folders/_/usage", r#"{"id": "{name}"}"#, [401, 404, 200, 200, 200, 400]),
    ("GET", "/folders/_/used-bytes", r#"{"id": "{name}"}"#, [401, 404, 200, 200, 200, 400]),
    ("GET", "/folders/_/quota", r#"{"id": "{name}"}"#, [401, 404, 200, 200, 200, 400]),
    ("POST", "/folders/_/quota", r#"{"id": "{name}"}"#, [401, 404, 403, 403, 403, 400]),
    ("POST", "/folders/{name}/update-options", r#"{"cloneable": true}"#, [401, 404, 404, 404, 200, 400]),
    ("POST", "/folders/{name}/clone", r#"{"target_name": "clone of {who}"}"#, [401, 404, 201, 201, 201, 400]),
    ("GET", "/events/background-task", r#"{"task_id": "{name}"}"#, [401, 404, 404, 404, 404, 400]),
    ("GET", "/manager/announcement", "", [401, 200, 200, 200, 200, 400]),
];

const ENTRIES: &[Row] = &[
    ("GET", "/folders/{name}/files", r#"{"path": "file-{who}"}"#, [401, 404, 200, 200, 200, 400]),
    ("POST", "/folders/{name}/mkdir", r#"{"path": "made-{who}"}"#, [401, 404, 404, 201, 201, 400]),
    ("DELETE", "/folders/{name}/delete-files", FILES, [401, 404, 404, 200, 200, 400]),
    ("POST", "/folders/{name}/delete-files", FILES, [401, 404, 404, 200, 200, 400]),
    ("POST", "/folders/{name}/delete-files-async", FILES, [401, 404, 404, 202, 202, 400]),
    (
        "POST",
        "/folders/{name}/rename-file",
        r#"{"target_path": "file-{who}/a.txt", "new_name": "b.txt"}"#,
        [401, 404, 404, 200, 200, 400],
    ),
    (
        "POST",
        "/folders/{name}/move-file",
        r#"{"src": "file-{who}/a.txt", "dst": "moved-{who}.txt"}"#,
        [401, 404, 404, 200, 200, 400],
    ),
];

/// Those of links answer 401 to everybody: nobody here has one. `tus.rs` and `downloads.rs` follow them.
const TRANSFERS: &[Row] = &[
    ("POST", "/folders/{name}/upload", FORM, [401, 404, 404, 201, 201, 400]),
    ("POST", "/folders/{name}/request-upload", UPLOAD, [401, 404, 404, 200, 200, 400]),
    ("POST", "/folders/{name}/create-upload-session", UPLOAD, [401, 404, 404, 200, 200, 400]),
    ("PATCH", "/folders/_/tus/upload", "four", [401; 6]),
    ("HEAD", "/folders/_/tus/upload", "", [401; 6]),
    ("OPTIONS", "/folders/_/tus/upload", "", [204; 6]),
    ("PATCH", "/folders/_/tus/upload/{token}", "four", [401; 6]),
    ("HEAD", "/folders/_/tus/upload/{token}", "", [401; 6]),
    ("OPTIONS", "/folders/_/tus/upload/{token}", "", [204; 6]),
    ("GET", "/folders/{name}/download", FILES, [401, 404, 200, 200, 200, 400]),
    ("GET", "/folders/{name}/download-single", FILE, [401, 404, 200, 200, 200, 400]),
    ("POST", "/folders/{name}/request-download", FILE, [401, 404, 200, 200, 200, 400]),
    ("POST", "/folders/{name}/request-download-archive", FILES, [401, 404, 200, 200, 200, 400]),
    ("GET", "/folders/_/download-with-token", "", [401; 6]),
];

const FORM: &str = "--XX\r\nContent-Disposition: form-data; filename=\"by-{who}\"\r\n\r\nfour\r\n--XX--";
const UPLOAD: &str = r#"{"path": "by-{who}", "size": 4}"#;
const FILE: &str = r#"{"path": "file-{who}/a.txt"}"#;
const SHARING: &[Row] = &[
    ("POST", "/folders/{name}/share", GUEST, [401, 404, 404, 404, 201, 400]),
    ("DELETE", "/folders/{name}/unshare", GUEST, [401, 404, 404, 404, 200, 400]),
    ("POST", "/folders/{name}/leave", "", [401, 404, 200, 200, 400, 400]),
    ("GET", "/folders/_/shared", r#"{"vfolder_id": "{name}"}"#, [401, 404, 404, 404, 200, 400]),
    ("POST", "/folders/_/shared", r#"{"vfolder": "{name}", "user": "{self}"}"#, [401, 404, 404, 404, 404, 400]),
    ("POST", "/folders/_/sharing", r#"{"vfolder_id": "{name}", "user_perm_list": []}"#, [401, 404, 404, 404, 200, 400]),
    ("POST", "/folders/{name}/invite", r#"{"user_ids": ["guest@example.org"]}"#, [401, 404, 404, 404, 200, 400]),
    ("GET", "/folders/invitations/list", "", [401, 200, 200, 200, 200, 400]),
    ("GET", "/folders/invitations/list-sent", "", [401, 200, 200, 200, 200, 400]),
    ("POST", "/folders/invitations/accept", INVITATION, [401, 404, 404, 404, 404, 400]),
    ("POST", "/folders/invitations/update/{id}", r#"{"perm": "ro"}"#, [401, 404, 404, 404, 200, 400]),
    ("DELETE", "/folders/invitations/delete", INVITATION, [401, 404, 404, 404, 200, 400]),
];

/// An invitation of somebody else by the owner.
const INVITATION: &str = r#"{"inv_id": "{id}"}"#;

const GUEST: &str = r#"{"emails": ["guest@example.org"]}"#;

const LISTS: &[Row] = &[
    ("POST", "/admin/gql", QUERY, [401, 200, 200, 200, 200, 400]),
    ("POST", "/admin/graphql", QUERY, [401, 200, 200, 200, 200, 400]),
];

const QUERY: &str = r#"{"query": "{ vfolder_list { total_count } }"}"#;

const FILES: &str = r#"{"files": ["file-{who}/a.txt"]}"#;

/// All tables.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    FOLDERS.iter().chain(ABOUT).chain(ENTRIES).chain(TRANSFERS).chain(SHARING).chain(LISTS)
}

struct Cast {
    app: App,
    owner: Person,
    reader: Person,
    member: Person,
    stranger: Person,
}

impl Cast {
    async fn gather() -> Self {
        let app = App::start().await;
        let (owner, reader) = (app.person("owner").await, app.person("reader").await);
        let (member, stranger) = (app.person("member").await, app.person("stranger").await);
        app.person("guest").await;
        app.person("invitee").await;
        Self { app, owner, reader, member, stranger }
    }

    /// A folder of the owner with something in it for everybody to try, and an invitation into it.
    async fn scene(&self, name: &str) -> (String, String) {
        let id = self.owner.signs.created(name).await;
        for who in EVERYBODY {
            self.owner.calls.upload(&id, &format!("file-{who}/a.txt"), &pattern(4, 1), 4).await;
        }
        self.app.share(&self.owner, &id, &self.reader, Permission::Read).await;
        self.app.share(&self.owner, &id, &self.member, Permission::Delete).await;
        let invite = serde_json::json!({ "user_ids": ["invitee@example.org"], "perm": "rw" });
        self.owner.signs.call("POST", &format!("/folders/{id}/invite"), &invite).await.expect(200);
        let sent = self.owner.signs.plain("GET", "/folders/invitations/list-sent").await.expect(200).json();
        let sent = sent["invitations"].as_array().expect("a list").clone();
        let sent = sent.into_iter().find(|sent| sent["vfolder_id"] == id.as_str()).expect("the invitation");
        (id, sent["id"].as_str().expect("an id").to_owned())
    }

    fn signer(&self, number: usize) -> Option<&Signer> {
        let people = [None, Some(&self.stranger), Some(&self.reader), Some(&self.member), Some(&self.owner), None];
        people[number].map(|person| &person.signs)
    }

    /// Tries a row as one of everybody.
    async fn answer(&self, row: &Row, scene: &(String, String), number: usize) -> suites::reply::Reply {
        let (method, path, body, _) = row;
        let people = [&self.stranger, &self.stranger, &self.reader, &self.member, &self.owner, &self.stranger];
        let fill = |text: &str| {
            let text = text.replace("{name}", &scene.0).replace("{id}", &scene.1);
            text.replace("{who}", EVERYBODY[number]).replace("{self}", &people[number].id)
        };
        let (method, path, body): (Method, _, _) =
            (method.parse().expect("a method"), fill(path), Bytes::from(fill(body)));
        if let Some(signer) = self.signer(number) {
            let kind = if body.starts_with(b"--XX") { "multipart/form-data; boundary=XX" } else { "application/json" };
            return signer.send(signer.request(method, &path, kind, body)).await;
        }
        let caller = if EVERYBODY[number] == "operator" { self.app.admin() } else { self.app.nobody() };
        caller.send(caller.request(method, &path).body(body)).await
    }
}

#[tokio::test]
async fn every_route_of_the_backend_ai_api_answers_everybody_as_the_table_says() {
    let cast = Cast::gather().await;
    for (number, row) in rows().enumerate() {
        let scene = cast.scene(&format!("scene {number}")).await;
        for (number, who) in EVERYBODY.into_iter().enumerate() {
            let reply = cast.answer(row, &scene, number).await;
            assert_eq!(reply.status, row.3[number], "{who}: {} {}: {}", row.0, row.1, reply.text());
            if reply.status >= 400 {
                assert_eq!(reply.header("content-type"), "application/problem+json", "{who}: {} {}", row.0, row.1);
            }
        }
    }
}

#[tokio::test]
async fn a_refused_request_of_the_backend_ai_api_changes_nothing() {
    let cast = Cast::gather().await;
    let scene = cast.scene("quiet").await;
    cast.app.settle().await;
    let before = cast.app.snapshot().await;
    for row in rows() {
        for number in (0..EVERYBODY.len()).filter(|number| row.3[*number] >= 400) {
            cast.answer(row, &scene, number).await.expect(row.3[number]);
        }
    }
    assert_eq!(cast.app.snapshot().await, before);
}
