//! An operation as one request, and what has to be there for it.

use bytes::Bytes;
use reqwest::Method;
use serde_json::json;
use suites::caller::{Caller, pattern};
use suites::reply::Reply;

use super::operations::{Operation, Operation as Op};
use super::world::World;

/// A small file, a part of its own, and a file of a part and a tail.
const SMALL: usize = 3000;
pub(crate) const PART: usize = 5 << 20;

/// An operation about to be asked for, and everything that it needs.
pub(crate) struct Case {
    pub(crate) operation: Operation,
    pub(super) tag: String,
    pub(super) folder: String,
    pub(super) path: String,
    pub(super) upload: String,
    pub(super) content: Bytes,
    pub(super) account: String,
    pub(super) token: String,
    pub(super) job: String,
}

impl Case {
    /// Makes what the operation needs. `tag` is used once in a world.
    pub(crate) async fn prepare(world: &World, operation: Operation, tag: &str) -> Self {
        let mut case = Self {
            operation,
            tag: tag.to_owned(),
            folder: world.folder.clone(),
            path: format!("{tag}/file.bin"),
            upload: String::new(),
            content: pattern(SMALL, 7),
            account: String::new(),
            token: String::new(),
            job: String::new(),
        };
        let ann = &world.ann.calls;
        match operation {
            Op::Destroy | Op::Share | Op::ShowFolder | Op::LimitFolder | Op::FolderUsage | Op::CheckFolder => {
                case.folder = ann.created(tag).await;
                ann.upload(&case.folder, "some/file.bin", &case.content, SMALL).await;
            }
            Op::ListDirectory | Op::Download | Op::DownloadRange | Op::DownloadInit | Op::DeleteTree => {
                ann.upload(&case.folder, &case.path, &case.content, SMALL).await;
            }
            Op::DeleteFile => {
                ann.upload(&case.folder, &case.path, &case.content, SMALL).await;
                ann.upload(&case.folder, &format!("{tag}/other.bin"), &case.content, SMALL).await;
            }
            Op::Chunk | Op::FinishSmall => {
                ann.upload(&case.folder, &case.path, &pattern(100, 1), 100).await;
                case.start(ann).await;
            }
            Op::WholePart | Op::FinishParts => {
                case.content = world.large.clone();
                case.start(ann).await;
            }
            Op::Jobs | Op::ShowJob | Op::CancelJob => case.leave_a_job(world).await,
            Op::ShowAccount | Op::Rotate | Op::Disable | Op::Enable | Op::LimitAccount => case.add_account(world).await,
            _ => {}
        }
        match operation {
            Op::FinishSmall => drop(case.send(ann, 0, SMALL).await.expect(200)),
            Op::FinishParts => {
                case.send(ann, PART, case.content.len()).await.expect(200);
                case.send(ann, 0, PART).await.expect(200);
            }
            Op::Enable => drop(case.account_verb(world, "disable").await.expect(200)),
            _ => {}
        }
        case
    }

    async fn start(&mut self, ann: &Caller) {
        self.upload = ann.started(&self.folder, &self.path, self.content.len() as u64).await;
    }

    pub(super) async fn send(&self, ann: &Caller, start: usize, end: usize) -> Reply {
        ann.chunk(&self.folder, &self.path, &self.upload, start as u64, self.content.slice(start..end)).await
    }

    async fn add_account(&mut self, world: &World) {
        let body = json!({ "email": format!("{}@example.org", self.tag) });
        let made = world.shaky.admin().call(Method::POST, "/admin/v1/accounts", &body).await.expect(201).json();
        self.account = made["account_id"].as_str().expect("an id").to_owned();
        self.token = made["api_token"].as_str().expect("a token").to_owned();
    }

    async fn leave_a_job(&mut self, world: &World) {
        self.folder = world.ann.calls.created(&self.tag).await;
        self.job = world.shaky.left_copy(&world.ann, &self.folder, "from", "to").await;
    }

    async fn account_verb(&self, world: &World, verb: &str) -> Reply {
        let path = format!("/admin/v1/accounts/{}/{verb}", self.account);
        world.shaky.admin().call(Method::POST, &path, &json!({})).await
    }

    /// Asks for the operation. `None` when the answer broke off, which only a download's may.
    pub(crate) async fn ask(&self, world: &World) -> Option<Reply> {
        let (ann, admin) = (&world.ann.calls, world.shaky.admin());
        let (folder, path) = (self.folder.as_str(), self.path.as_str());
        Some(match self.operation {
            Op::Filesystems => ann.filesystems().await,
            Op::Create => ann.create(&self.tag).await,
            Op::Destroy => ann.destroy(folder).await,
            Op::Share => ann.share(folder, &world.bob.id).await,
            Op::ListRoot => ann.list(folder, "").await,
            Op::ListDirectory => ann.list(folder, &self.tag).await,
            Op::Mkdir => ann.mkdir(folder, &self.tag).await,
            Op::Download => return ann.try_send(ann.file(Method::GET, folder, path)).await,
            Op::DownloadRange => {
                return ann.try_send(ann.file(Method::GET, folder, path).header("content-range", "100-2100")).await;
            }
            Op::DownloadInit => ann.download_init(folder, path).await,
            Op::Start => ann.post_file(folder, path, &json!({ "size": self.content.len() })).await,
            Op::FinishSmall | Op::FinishParts => ann.complete(folder, path, &self.upload).await,
            Op::Chunk => self.send(ann, 0, SMALL).await,
            Op::WholePart => self.send(ann, 0, PART).await,
            Op::DeleteFile => ann.remove(folder, path).await,
            Op::DeleteTree => ann.remove(folder, &self.tag).await,
            Op::Accounts => admin.send(admin.request(Method::GET, "/admin/v1/accounts?limit=1000")).await,
            Op::AddAccount => {
                let body = json!({ "email": format!("{}@example.org", self.tag) });
                admin.call(Method::POST, "/admin/v1/accounts", &body).await
            }
            Op::ShowAccount => {
                admin.send(admin.request(Method::GET, &format!("/admin/v1/accounts/{}", self.account))).await
            }
            Op::Rotate => self.account_verb(world, "rotate").await,
            Op::Disable => self.account_verb(world, "disable").await,
            Op::Enable => self.account_verb(world, "enable").await,
            Op::LimitAccount => {
                let path = format!("/admin/v1/accounts/{}/limits", self.account);
                admin.call(Method::PATCH, &path, &json!({ "max_folders": 7 })).await
            }
            Op::Folders => admin.send(admin.request(Method::GET, "/admin/v1/folders?limit=1000")).await,
            Op::ShowFolder => admin.send(admin.request(Method::GET, &self.of_folder(""))).await,
            Op::LimitFolder => admin.call(Method::PATCH, &self.of_folder("/limits"), &json!({ "max_files": 7 })).await,
            Op::FolderUsage => admin.send(admin.request(Method::GET, &self.of_folder("/usage"))).await,
            Op::CheckFolder => admin.call(Method::POST, &self.of_folder("/check"), &json!({ "repair": true })).await,
            Op::Jobs => {
                let path = format!("/admin/v1/jobs?limit=1000&folder={folder}");
                admin.send(admin.request(Method::GET, &path)).await
            }
            Op::ShowJob => admin.send(admin.request(Method::GET, &self.of_job(""))).await,
            Op::CancelJob => admin.call(Method::POST, &self.of_job("/cancel"), &json!({})).await,
            Op::SweepDry => admin.call(Method::POST, "/admin/v1/sweep", &json!({ "dry_run": true })).await,
        })
    }

    pub(super) fn of_folder(&self, rest: &str) -> String {
        format!("/admin/v1/folders/{}{rest}", self.folder)
    }

    pub(super) fn of_job(&self, rest: &str) -> String {
        format!("/admin/v1/jobs/{}{rest}", self.job)
    }

    /// Whether the upload can be gone on with: not when the store has dropped it.
    pub(crate) fn is_about_an_upload(&self) -> bool {
        !self.upload.is_empty()
    }

    /// Starts over after the store dropped the upload: what the error told the client to do.
    pub(crate) async fn start_again(&mut self, world: &World) {
        let ann = &world.ann.calls;
        self.start(ann).await;
        if self.operation != Op::WholePart {
            let length = self.content.len();
            self.send(ann, 0, PART.min(length)).await.expect(200);
            if length > PART {
                self.send(ann, PART, length).await.expect(200);
            }
        }
    }
}
