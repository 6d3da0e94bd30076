//! What an operation answers and leaves behind when it was done once.

use mapping::access::Manage;
use mapping::{Account, FolderRef};
use reqwest::Method;
use serde_json::{Value, json};
use suites::jobs::FILES;
use suites::reply::Reply;

use super::case::{Case, PART};
use super::operations::Operation as Op;
use super::world::World;

impl Case {
    /// Whether an answer of success says what it should.
    pub(crate) fn is_right(&self, world: &World, reply: &Reply) -> bool {
        let has = |list: &Value, field: &str, wanted: &str| {
            list.as_array().is_some_and(|list| list.iter().any(|entry| entry[field] == wanted))
        };
        match self.operation {
            Op::Filesystems => has(&reply.json(), "filesystem_id", &world.folder),
            Op::Create => reply.json()["filesystem_name"] == self.tag.as_str(),
            Op::ListRoot => reply.json()["directories"].as_array().is_some_and(|list| list.contains(&json!("keep"))),
            Op::ListDirectory => reply.json()["files"] == json!(["file.bin"]),
            Op::Download => reply.body == self.content,
            Op::DownloadRange => reply.body == self.content.slice(100..2100),
            Op::DownloadInit => reply.json()["size"] == self.content.len(),
            Op::Start => reply.json()["uploadId"].as_str().is_some_and(|id| !id.is_empty()),
            Op::Accounts => has(&reply.json()["accounts"], "email", "ann@example.org"),
            Op::AddAccount => reply.json()["api_token"].is_string(),
            Op::ShowAccount => reply.json()["account_id"] == self.account.as_str(),
            Op::Rotate => reply.json()["api_token"].is_string(),
            Op::Disable => reply.json()["disabled"] == true,
            Op::Enable => reply.json()["disabled"] == false,
            Op::LimitAccount => reply.json()["limits"]["max_folders"] == 7,
            Op::Folders => has(&reply.json()["folders"], "folder_id", &world.folder),
            Op::ShowFolder => reply.json()["folder_id"] == self.folder.as_str(),
            Op::LimitFolder => reply.json()["max_files"] == 7,
            Op::FolderUsage => reply.json()["used"] == json!({ "bytes": self.content.len(), "files": 1 }),
            Op::CheckFolder => reply.json()["listed"] == json!({ "bytes": self.content.len(), "files": 1 }),
            Op::SweepDry => reply.json()["dry_run"] == true,
            Op::Jobs => has(&reply.json()["jobs"], "job_id", &self.job),
            Op::ShowJob => {
                let done = reply.json()["done"]["files"].as_u64();
                reply.json()["state"] == "running" && done.is_some_and(|done| (2..FILES).contains(&done))
            }
            Op::CancelJob => reply.json()["state"] == "cancelling",
            Op::Destroy | Op::Share | Op::Mkdir | Op::FinishSmall | Op::FinishParts | Op::Chunk | Op::WholePart => true,
            Op::DeleteFile | Op::DeleteTree => true,
        }
    }

    /// Checks that the operation, whose last answer was `last`, has had its effect once and no other.
    pub(crate) async fn check(&self, world: &World, last: &Reply) {
        let (ann, folder) = (&world.ann.calls, self.folder.as_str());
        match self.operation {
            Op::Create => {
                let list = ann.filesystems().await.expect(200).json();
                let made = only(&list, "filesystem_name", &self.tag);
                ann.list(made["filesystem_id"].as_str().expect("an id"), "").await.expect(200);
            }
            Op::Destroy => {
                let list = ann.filesystems().await.expect(200).json();
                assert_eq!(count(&list, "filesystem_id", folder), 0, "{}: still there", self.tag);
                ann.list(folder, "").await.expect_refusal(403);
            }
            Op::Share => {
                only(&world.bob.calls.filesystems().await.expect(200).json(), "filesystem_id", folder);
                world.bob.calls.download(folder, "some/file.bin").await.expect(200);
            }
            Op::Mkdir => {
                let directories = ann.names(folder, "").await.0;
                assert_eq!(directories.iter().filter(|name| **name == self.tag).count(), 1, "{}", self.tag);
            }
            Op::Start => self.finish_started(world, last).await,
            Op::Chunk | Op::WholePart => self.finish(world).await,
            Op::FinishSmall | Op::FinishParts => self.is_whole(world).await,
            Op::DeleteFile => assert_eq!(ann.names(folder, &self.tag).await.1, ["other.bin"], "{}", self.tag),
            Op::DeleteTree => assert!(!ann.names(folder, "").await.0.contains(&self.tag), "{}", self.tag),
            Op::AddAccount => {
                let list = world.accounts().await;
                only(&list, "email", &format!("{}@example.org", self.tag));
            }
            Op::Rotate => self.check_rotated(world, last).await,
            Op::Disable => drop(world.shaky.nobody().with_token(&self.token).filesystems().await.expect_refusal(401)),
            Op::Enable => drop(world.shaky.nobody().with_token(&self.token).filesystems().await.expect(200)),
            Op::LimitAccount => {
                let list = world.accounts().await;
                assert_eq!(only(&list, "account_id", &self.account)["limits"]["max_folders"], 7, "{}", self.tag);
            }
            Op::LimitFolder => {
                let admin = world.shaky.admin();
                let shown = admin.send(admin.request(Method::GET, &self.of_folder(""))).await.expect(200).json();
                assert_eq!(shown["limits"]["files"], json!({ "most": 7, "set_by": "folder" }), "{}", self.tag);
            }
            Op::CancelJob => {
                let admin = world.shaky.admin();
                let shown = admin.send(admin.request(Method::GET, &self.of_job(""))).await.expect(200).json();
                assert_eq!(shown["state"], "cancelling", "{}", self.tag);
                world.end_jobs().await;
                let shown = admin.send(admin.request(Method::GET, &self.of_job(""))).await.expect(200).json();
                assert_eq!(shown["state"], "cancelled", "{}", self.tag);
                assert!((ann.names(folder, "to").await.1.len() as u64) < FILES, "{}: it went on", self.tag);
            }
            Op::Folders | Op::ShowFolder | Op::FolderUsage | Op::CheckFolder | Op::SweepDry => {}
            Op::Filesystems | Op::ListRoot | Op::ListDirectory | Op::Download | Op::DownloadRange => {}
            Op::DownloadInit | Op::Accounts | Op::ShowAccount | Op::Jobs | Op::ShowJob => {}
        }
    }

    async fn check_rotated(&self, world: &World, last: &Reply) {
        let new = last.json()["api_token"].as_str().expect("a token").to_owned();
        world.shaky.nobody().with_token(&new).filesystems().await.expect(200);
        world.shaky.nobody().with_token(&self.token).filesystems().await.expect_refusal(401);
    }

    async fn finish_started(&self, world: &World, last: &Reply) {
        let (ann, upload) = (&world.ann.calls, last.json()["uploadId"].as_str().expect("an id").to_owned());
        ann.chunk(&self.folder, &self.path, &upload, 0, self.content.clone()).await.expect(200);
        ann.complete(&self.folder, &self.path, &upload).await.expect(200);
        self.is_whole(world).await;
    }

    /// What was sent is there: only the rest is sent now.
    async fn finish(&self, world: &World) {
        let ann = &world.ann.calls;
        if self.operation == Op::WholePart {
            self.send(ann, PART, self.content.len()).await.expect(200);
        }
        ann.complete(&self.folder, &self.path, &self.upload).await.expect(200);
        self.is_whole(world).await;
    }

    async fn is_whole(&self, world: &World) {
        let found = world.ann.calls.download(&self.folder, &self.path).await.expect(200).body;
        assert!(found == self.content, "{}: {} other bytes", self.tag, found.len());
        assert_eq!(world.ann.calls.names(&self.folder, &self.tag).await.1, ["file.bin"], "{}", self.tag);
    }
}

fn count(list: &Value, field: &str, wanted: &str) -> usize {
    let list = list.as_array().expect("a list");
    list.iter().filter(|entry| entry[field] == wanted).count()
}

fn only<'l>(list: &'l Value, field: &str, wanted: &str) -> &'l Value {
    assert_eq!(count(list, field, wanted), 1, "`{wanted}` in {list}");
    let list = list.as_array().expect("a list");
    list.iter().find(|entry| entry[field] == wanted).expect("the one")
}

/// How many bytes and files the folder's usage names.
pub(crate) async fn usage(world: &World, owner: &Account) -> (u64, u64) {
    let folder = FolderRef::Id(world.folder.parse().expect("an id"));
    let usage = world.shaky.core().folder::<Manage>(owner, &folder).await.expect("the folder").usage().await;
    let usage = usage.expect("its usage");
    (usage.bytes, usage.files)
}
