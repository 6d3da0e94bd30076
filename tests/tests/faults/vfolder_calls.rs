//! Requests about folders of the Backend.AI API, one or more for each route.

/// Who bob is for the folder before the request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bob {
    Nobody,
    Member,
    Invited,
}

/// What is so afterwards, however often it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// As it was.
    Same,
    /// Ann has one folder called `{new}`.
    Made,
    /// The folder is gone, and is not in the bin.
    Gone,
    /// It is in the bin.
    Binned,
    /// It is called `{new}`.
    Renamed,
    There(&'static str),
    NotThere(&'static str),
    Moved(&'static str),
    /// Bob may do this in it.
    Member(&'static str),
    NoMember,
    /// Bob has this many invitations into it.
    Invited(usize),
}

/// A route, and one request of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) route: &'static str,
    pub(crate) body: &'static str,
    pub(crate) by_bob: bool,
    pub(crate) bob: Bob,
    /// Whether the folder is in the bin before the request is made.
    pub(crate) in_bin: bool,
    /// Whether it speaks a version that knows the bin.
    pub(crate) newer: bool,
    pub(crate) status: u16,
    /// What it may answer when it was done before.
    pub(crate) done: &'static [u16],
    pub(crate) then: Then,
}

pub(crate) const fn call(
    method: &'static str,
    route: &'static str,
    body: &'static str,
    status: u16,
    then: Then,
) -> Call {
    Call { method, route, body, by_bob: false, bob: Bob::Nobody, in_bin: false, newer: false, status, done: &[], then }
}

impl Call {
    const fn again(self, done: &'static [u16]) -> Self {
        Self { done, ..self }
    }

    const fn with(self, bob: Bob) -> Self {
        Self { bob, ..self }
    }

    const fn in_bin(self) -> Self {
        Self { in_bin: true, ..self }
    }

    const fn by_newer(self) -> Self {
        Self { newer: true, ..self }
    }

    const fn by_bob(self) -> Self {
        Self { by_bob: true, ..self }
    }
}

const FILES: &str = r#"{"files": ["file.bin"]}"#;
const ID: &str = r#"{"id": "{folder}"}"#;
pub(crate) const BOB: &str = r#"{"emails": ["bob@example.org"], "permission": "rw"}"#;
const QUERY: &str = r#"{"query": "{ vfolder_list { total_count } }"}"#;
const INVITATION: &str = r#"{"inv_id": "{invitation}"}"#;

pub(crate) const CALLS: &[Call] = &[
    call("GET", "/folders", "", 200, Then::Same),
    call("POST", "/folders", r#"{"name": "{new}"}"#, 201, Then::Made).again(&[400]),
    call("POST", "/folders/create", r#"{"name": "{new}"}"#, 201, Then::Made).again(&[400]),
    call("DELETE", "/folders", ID, 204, Then::Gone).again(&[404]),
    call("GET", "/folders/{name}", "", 200, Then::Same),
    call("DELETE", "/folders/{name}", "", 204, Then::Gone).again(&[404]),
    call("DELETE", "/folders/{name}/force", "", 204, Then::Gone).again(&[404]),
    call("DELETE", "/folders", ID, 204, Then::Binned).by_newer().again(&[404]),
    call("DELETE", "/folders/{name}", "", 204, Then::Binned).by_newer().again(&[404]),
    call("POST", "/folders/restore-from-trash-bin", ID, 204, Then::Same).in_bin(),
    call("POST", "/folders/delete-from-trash-bin", ID, 204, Then::Gone).in_bin(),
    call("POST", "/folders/purge", ID, 204, Then::Gone).in_bin(),
    call("DELETE", "/folders/{name}/force", "", 204, Then::Gone).in_bin(),
    call("POST", "/folders/{name}/rename", r#"{"new_name": "{new}"}"#, 201, Then::Renamed).again(&[400]),
    call("GET", "/folders/_/id", r#"{"name": "{called}"}"#, 200, Then::Same),
    call("GET", "/folders/_/hosts", "", 200, Then::Same),
    call("GET", "/folders/_/all-hosts", "", 200, Then::Same),
    call("GET", "/folders/_/allowed-types", "", 200, Then::Same),
    call("GET", "/folders/_/usage", ID, 200, Then::Same),
    call("GET", "/folders/_/used-bytes", ID, 200, Then::Same),
    call("GET", "/folders/_/quota", ID, 200, Then::Same),
    call("POST", "/folders/_/quota", ID, 403, Then::Same),
    call("POST", "/folders/{name}/update-options", r#"{"cloneable": true}"#, 200, Then::Same),
    call("POST", "/folders/{name}/clone", r#"{"target_name": "{new}"}"#, 201, Then::Made).again(&[400]),
    call("GET", "/events/background-task", r#"{"task_id": "{folder}"}"#, 404, Then::Same),
    call("GET", "/manager/announcement", "", 200, Then::Same),
    call("GET", "/folders/{name}/files", r#"{"path": "dir"}"#, 200, Then::Same),
    call("POST", "/folders/{name}/mkdir", r#"{"path": "made"}"#, 201, Then::There("made")).again(&[400]),
    call("DELETE", "/folders/{name}/delete-files", FILES, 200, Then::NotThere("file.bin")),
    call("POST", "/folders/{name}/delete-files", FILES, 200, Then::NotThere("file.bin")),
    call(
        "POST",
        "/folders/{name}/delete-files-async",
        r#"{"files": ["dir"], "recursive": true}"#,
        202,
        Then::NotThere("dir"),
    ),
    call(
        "POST",
        "/folders/{name}/rename-file",
        r#"{"target_path": "file.bin", "new_name": "b.bin"}"#,
        200,
        Then::Moved("b.bin"),
    )
    .again(&[404]),
    call("POST", "/folders/{name}/move-file", r#"{"src": "file.bin", "dst": "c.bin"}"#, 200, Then::Moved("c.bin"))
        .again(&[404]),
    call("POST", "/folders/{name}/share", BOB, 201, Then::Member("rw")).again(&[400]),
    call("DELETE", "/folders/{name}/unshare", BOB, 200, Then::NoMember).with(Bob::Member).again(&[404]),
    call("POST", "/folders/{name}/leave", "", 200, Then::NoMember).with(Bob::Member).by_bob().again(&[404]),
    call("GET", "/folders/_/shared", r#"{"vfolder_id": "{folder}"}"#, 200, Then::Member("rw")).with(Bob::Member),
    call(
        "POST",
        "/folders/_/shared",
        r#"{"vfolder": "{folder}", "user": "{bob}", "perm": "ro"}"#,
        200,
        Then::Member("ro"),
    )
    .with(Bob::Member),
    call(
        "POST",
        "/folders/_/sharing",
        r#"{"vfolder_id": "{folder}", "user_perm_list": [{"user_id": "{bob}", "perm": "ro"}]}"#,
        200,
        Then::Member("ro"),
    )
    .with(Bob::Member),
    call("POST", "/folders/{name}/invite", r#"{"user_ids": ["bob@example.org"]}"#, 200, Then::Invited(1)),
    call("GET", "/folders/invitations/list", "", 200, Then::Invited(1)).with(Bob::Invited).by_bob(),
    call("GET", "/folders/invitations/list-sent", "", 200, Then::Invited(1)).with(Bob::Invited),
    call("POST", "/folders/invitations/accept", INVITATION, 200, Then::Member("rw"))
        .with(Bob::Invited)
        .by_bob()
        .again(&[404]),
    call("POST", "/folders/invitations/update/{id}", r#"{"perm": "rw"}"#, 200, Then::Invited(1)).with(Bob::Invited),
    call("DELETE", "/folders/invitations/delete", INVITATION, 200, Then::Invited(0))
        .with(Bob::Invited)
        .by_bob()
        .again(&[404]),
    call("POST", "/admin/gql", QUERY, 200, Then::Same),
    call("POST", "/admin/graphql", QUERY, 200, Then::Same),
];
