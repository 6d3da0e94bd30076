//! Memory and sockets over many rounds of trouble. Alone in its process, so that what the process has
//! is what these rounds left.

use std::time::Duration;

use futures::{StreamExt, stream};
use mapping::random::{Random, SeededRandom};
use serde_json::json;
use suites::app::Person;
use suites::caller::pattern;
use suites::proxy::Fault;
use suites::shaky::Shaky;

/// Rounds after which everything that is kept for good is there, and rounds that may add nothing.
const WARM_UP: u64 = 150;
const ROUNDS: u64 = 200;

const AT_ONCE: usize = 6;

/// What an allocator may keep for itself of the same work done again and again: over a thousand rounds
/// the process grows by a fifth and then no more.
const MOST_GROWTH: u64 = 16 << 20;

/// Sockets and files beyond those after the warm-up: connections that are being closed.
const MOST_FILES: usize = 16;

const PART: usize = 5 << 20;

/// Resident memory and open files of this process, where the system tells.
fn resident() -> Option<(u64, usize)> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some((pages * 4096, std::fs::read_dir("/proc/self/fd").ok()?.count()))
}

/// An upload, a download and a delete, each asked for once, whatever comes of it.
async fn round(ann: &Person, folder: &str, number: u64) {
    let path = format!("d/{}.bin", number % 40);
    let size = if number.is_multiple_of(5) { PART + 1000 } else { 3000 };
    let content = pattern(size, number);
    let started = ann.calls.post_file(folder, &path, &json!({ "size": size })).await;
    if let Some(upload) = (started.status == 200).then(|| started.json()["uploadId"].clone()) {
        let upload = upload.as_str().expect("an id");
        for at in (0..size).step_by(PART) {
            ann.calls.chunk(folder, &path, upload, at as u64, content.slice(at..size.min(at + PART))).await;
        }
        ann.calls.complete(folder, &path, upload).await;
    }
    ann.calls.try_send(ann.calls.file(reqwest::Method::GET, folder, &path)).await;
    ann.calls.remove(folder, &path).await;
}

async fn rounds(shaky: &Shaky, ann: &Person, folder: &str, numbers: std::ops::Range<u64>) {
    let chance = SeededRandom::new(numbers.start);
    shaky.proxy().script(move |request| {
        let chance: &dyn Random = &chance;
        let fault = Fault::ALL[usize::try_from(chance.below(Fault::ALL.len() as u64)).expect("small")];
        // What stalls costs a time-out: less of that.
        let spared = format!("{fault:?}").starts_with("Stall") && chance.below(10) > 0;
        (chance.below(4) == 0 && fault.can_befall(request) && !spared).then_some(fault)
    });
    let all = stream::iter(numbers).map(|number| async move {
        shaky.clock.advance(Duration::from_secs(3));
        round(ann, folder, number).await;
    });
    all.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    shaky.heal();
    shaky.until("the budget is free", async || shaky.core().budget().held() == 0).await;
    shaky.until("no connection is kept", async || shaky.proxy().counts().open == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_rounds_of_trouble_leave_neither_memory_nor_sockets() {
    let shaky = Shaky::between().await;
    let ann = shaky.person("ann").await;
    let folder = ann.calls.created("photos").await;
    rounds(&shaky, &ann, &folder, 0..WARM_UP).await;
    let before = resident();
    rounds(&shaky, &ann, &folder, WARM_UP..WARM_UP + ROUNDS).await;
    let after = resident();
    let counts = shaky.proxy().counts();
    assert!(counts.faults > 2 * ROUNDS, "too little trouble: {}", counts.faults);
    let (Some((memory, files)), Some((memory_after, files_after))) = (before, after) else {
        println!("skipped: this system has no /proc/self/statm");
        return;
    };
    println!(
        "{} faults: {} -> {} KiB resident, {files} -> {files_after} files open",
        counts.faults,
        memory >> 10,
        memory_after >> 10
    );
    assert!(memory_after <= memory + MOST_GROWTH, "{memory} -> {memory_after} bytes resident");
    assert!(files_after <= files + MOST_FILES, "{files} -> {files_after} files open");
    shaky.shutdown().await;
}
