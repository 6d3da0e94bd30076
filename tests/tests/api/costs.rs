//! What each operation of the API costs in requests to the store, and so in money: the table of
//! `docs/AWS.md` is what is counted here.

use std::path::Path;
use std::time::Duration;

use bridge::app::AppSettings;
use mapping::Settings;
use mapping::store::counted::Counts;
use mapping::store::operation::Operation;
use reqwest::Method;
use serde_json::json;
use suites::app::{App, Person};
use suites::caller::{Caller, pattern};

/// A kind of request as AWS bills it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// PUT, COPY, POST and LIST.
    Dear,
    /// GET, HEAD and all others.
    Cheap,
    /// DELETE, and aborting an upload.
    Free,
}

const fn class(operation: Operation) -> Class {
    match operation {
        Operation::Put
        | Operation::Copy
        | Operation::CreateMultipart
        | Operation::PutPart
        | Operation::CompleteMultipart
        | Operation::List
        | Operation::ListParts
        | Operation::ListMultiparts
        | Operation::SetTags
        // A POST; whether it is billed as the deletes in it, the price list does not say.
        | Operation::DeleteMany => Class::Dear,
        Operation::Get | Operation::Head | Operation::Tags => Class::Cheap,
        Operation::Delete | Operation::AbortMultipart => Class::Free,
    }
}

/// A row of the table. Prices in millionths of a dollar: 0.005 and 0.0004 for a thousand.
fn row(what: &str, counts: &Counts) -> String {
    let sum = |wanted| Operation::ALL.into_iter().filter(|one| class(*one) == wanted).map(|one| counts.of(one)).sum();
    let (dear, cheap, free): (u64, u64, u64) = (sum(Class::Dear), sum(Class::Cheap), sum(Class::Free));
    let millionths = dear * 5_000 + cheap * 400;
    format!(
        "| {what} | {dear} | {cheap} | {free} | {}.{:04} | {counts} |",
        millionths / 1_000_000,
        millionths % 1_000_000 / 100
    )
}

/// Two replicas: what the tests prepare goes through the first, what is counted through the second.
struct Counter {
    app: App,
    ann: Person,
    ours: Caller,
    rows: Vec<String>,
}

impl Counter {
    async fn start() -> Self {
        // Long enough that neither a slow machine nor the order of the rows changes a count.
        let long = Duration::from_secs(600);
        let core = Settings {
            hold_chunks_for: long,
            cache_for: long,
            opened_for: long,
            remember_uploads_for: long,
            lease_for: long,
            job_after: long,
            job_lease_for: long,
            ..Settings::default()
        };
        let app = App::with(2, core, AppSettings::default()).await;
        let mut ann = app.person("ann").await;
        let round = app.nobody();
        let addresses = [round.replica(), round.replica()];
        let other = addresses.into_iter().find(|address| *address != app.server()).expect("a second replica");
        let ours = Caller::nobody(&[other]).with_token(&ann.token);
        // Each sticks to one replica: a finish would wait for what the other one holds.
        ann.calls = Caller::nobody(&[app.server()]).with_token(&ann.token);
        Self { app, ann, ours, rows: Vec::new() }
    }

    /// Counts what `work` costs, with what follows from it in the background.
    async fn count(&mut self, what: &str, work: impl Future<Output = ()>) {
        self.quiet().await;
        let before = self.app.store().counts();
        work.await;
        self.quiet().await;
        self.rows.push(row(what, &self.app.store().counts().since(&before)));
    }

    /// Waits until nothing has been asked of the store for a while.
    async fn quiet(&self) {
        let mut before = self.app.store().counts();
        loop {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let now = self.app.store().counts();
            if now == before {
                return;
            }
            before = now;
        }
    }
}

async fn uploaded(calls: &Caller, id: &str, path: &str, bytes: usize, chunk: usize) {
    calls.upload(id, path, &pattern(bytes, 1), chunk).await;
}

async fn count_bin(counter: &mut Counter, calls: &Caller, ann: &Person) {
    let client = ann.signs.through(calls).speaking("v9.20250722");
    let which = json!({ "id": ann.signs.created("kept").await });
    let into_bin = async || drop(client.call("DELETE", "/folders", &which).await.expect(204));
    let out_of_bin =
        async |verb: &str| drop(client.call("POST", &format!("/folders/{verb}"), &which).await.expect(204));
    counter.count("move a folder into the bin", into_bin()).await;
    counter.count("restore it", out_of_bin("restore-from-trash-bin")).await;
    into_bin().await;
    counter.count("purge it, an empty one", out_of_bin("purge")).await;
}

async fn count_account(counter: &mut Counter) {
    let admin = counter.app.admin();
    let eve = json!({ "email": "eve@example.org" });
    let made = async { drop(admin.call(Method::POST, "/admin/v1/accounts", &eve).await.expect(201)) };
    counter.count("make an account", made).await;
}

#[tokio::test]
async fn the_document_says_what_each_operation_costs() {
    let mut counter = Counter::start().await;
    let (calls, ann, bob) = (counter.ours.clone(), counter.ann.clone(), counter.app.person("bob").await);
    let id = ann.calls.created("photos").await;
    uploaded(&ann.calls, &id, "there.bin", 1000, 1000).await;
    counter.app.put_files(&id, (0..1500).map(|n| format!("tree/{n:05}.txt"))).await;
    let destroyed = format!("/filesystems/{id}");

    counter
        .count("list file systems, as the first request of an account in two seconds", async {
            drop(calls.filesystems().await.expect(200));
        })
        .await;
    counter.count("list file systems", async { drop(calls.filesystems().await.expect(200)) }).await;
    counter.count("create a file system", async { drop(calls.created("more").await) }).await;
    counter.count("share it", async { drop(calls.share(&id, &bob.id).await.expect(200)) }).await;
    counter.count("list a directory, each 1,000 entries", async { drop(calls.list(&id, "").await.expect(200)) }).await;
    counter.count("make a directory", async { drop(calls.mkdir(&id, "made").await.expect(200)) }).await;
    counter
        .count("upload a file of up to 8 MiB in one chunk", uploaded(&calls, &id, "new.bin", 100_000, 100_000))
        .await;
    counter.count("the same over a file that is there", uploaded(&calls, &id, "new.bin", 90_000, 90_000)).await;
    counter.count("upload 64 MiB in chunks of 8 MiB", uploaded(&calls, &id, "big.bin", 64 << 20, 8 << 20)).await;
    counter.count("upload 25 MB in chunks of 10 KiB", uploaded(&calls, &id, "small.bin", 25_000_000, 10_240)).await;
    counter
        .count("download, whole or a range", async { drop(calls.download(&id, "there.bin").await.expect(200)) })
        .await;
    let name = "delete a file that was written within the last minute (an older one: one read less)";
    // Written anew: the rows before it take longer than that minute where the machine is slow.
    uploaded(&calls, &id, "new.bin", 1000, 1000).await;
    counter.count(name, async { drop(calls.remove(&id, "new.bin").await.expect(200)) }).await;
    counter
        .count("delete a directory of 1,500 files", async { drop(calls.remove(&id, "tree").await.expect(200)) })
        .await;
    counter
        .count("delete a file system of three files", async {
            drop(calls.send(calls.request(Method::DELETE, &destroyed)).await.expect(200));
        })
        .await;
    count_bin(&mut counter, &calls, &ann).await;
    count_account(&mut counter).await;

    let more = ann.calls.created("three files").await;
    counter.app.put_files(&more, (0..3).map(|n| format!("{n}.txt"))).await;
    let (signs, clone) = (ann.signs.through(&calls), format!("/folders/{more}/clone"));
    signs.plain("GET", &format!("/folders/{more}")).await.expect(200);
    counter
        .count("clone a folder of three files (Backend.AI)", async {
            drop(signs.call("POST", &clone, &json!({ "target_name": "clone" })).await.expect(201));
        })
        .await;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/AWS.md");
    let document = std::fs::read_to_string(path).expect("docs/AWS.md");
    let missing = counter.rows.iter().any(|row| !document.contains(row.as_str()));
    assert!(!missing, "the table of docs/AWS.md is to be\n{}", counter.rows.join("\n"));
}
