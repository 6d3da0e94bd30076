//! What survives the death of the process, and who may open the directory.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use embedded::{LocalStore, OpenError};
use futures::future::join_all;

use crate::common::{BUCKET, Fixture, audit, blobs, client, noise};

/// Starts one of the ignored tests below in a process of its own; it reads the directory from its input.
fn start(entry: &str, dir: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", entry, "--nocapture"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    writeln!(child.stdin.as_mut().unwrap(), "{}", dir.display()).unwrap();
    child
}

fn directory_from_parent() -> PathBuf {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    PathBuf::from(line.trim())
}

/// The bytes of the version `version` of a key: small, in a file, and at times in parts.
fn body(version: u64) -> Vec<u8> {
    noise([700, 20_000, 300_000][usize::try_from(version % 3).unwrap()], version)
}

async fn write(client: &aws_sdk_s3::Client, key: &str, version: u64) {
    let body = body(version);
    if version % 4 != 3 {
        client.put_object().bucket(BUCKET).key(key).body(body.into()).send().await.unwrap();
        return;
    }
    let begun = client.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
    let id = begun.upload_id.unwrap();
    let part = client.upload_part().bucket(BUCKET).key(key).upload_id(&id).part_number(1).body(body.into());
    let etag = part.send().await.unwrap().e_tag.unwrap();
    let part = CompletedPart::builder().part_number(1).e_tag(etag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .upload_id(id)
        .multipart_upload(parts)
        .send()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by `nothing_that_was_answered_is_lost`"]
async fn child_writes_until_killed() {
    let store = LocalStore::open(&directory_from_parent()).await.unwrap();
    let client = client(&store);
    let writer = |writer: u64| {
        let client = client.clone();
        async move {
            for round in 0.. {
                let key = format!("{writer}/{}", round % 3);
                write(&client, &key, round).await;
                println!("\nanswered {key} {round} .");
            }
        }
    };
    join_all((0..6).map(writer)).await;
}

/// Reads what the child says was answered, and kills it `after` its first answer.
fn kill_after(mut child: Child, after: Duration) -> BTreeMap<String, u64> {
    let output = BufReader::new(child.stdout.take().unwrap());
    let (first, began) = std::sync::mpsc::channel();
    let killer = std::thread::spawn(move || {
        // Without any answer the child has ended by itself.
        let _ = began.recv();
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let mut answered = BTreeMap::new();
    for line in output.lines() {
        let line = line.unwrap();
        // A line that the kill cut short lacks its end.
        if let ["answered", key, version, "."] = line.split(' ').collect::<Vec<_>>()[..] {
            answered.insert(key.to_owned(), version.parse().unwrap());
            let _ = first.send(());
        }
    }
    drop(first);
    killer.join().unwrap();
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_is_lost() {
    let fixture = Fixture::new().await;
    let dir = fixture.dir;
    fixture.store.close().await;
    drop(fixture.client);
    for millis in [500, 1100, 800] {
        let child = start("crash::child_writes_until_killed", dir.path());
        let answered = kill_after(child, Duration::from_millis(millis));
        assert!(!answered.is_empty(), "the child wrote nothing before it was killed");
        let store = LocalStore::open(dir.path()).await.unwrap();
        let client = client(&store);
        for (key, version) in &answered {
            let got = client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
            let bytes = got.body.collect().await.unwrap().to_vec();
            // The next version may have been written without its answer having been seen.
            assert!(bytes == body(*version) || bytes == body(version + 3), "{key} is not version {version}");
        }
        store.close().await;
        audit(dir.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_of_an_earlier_run_is_put_away_and_nothing_else() {
    let fixture = Fixture::new().await;
    fixture.put("key", noise(50_000, 1)).await;
    let dir = fixture.dir;
    fixture.store.close().await;
    let rubbish = [dir.path().join("tmp/half"), dir.path().join("blobs/ab/ab00000000000000000000000000abcd")];
    rubbish.iter().for_each(|path| std::fs::write(path, "x").unwrap());
    let store = LocalStore::open(dir.path()).await.unwrap();
    assert!(!rubbish[0].exists() && !rubbish[1].exists());
    assert!(dir.path().join("lost/ab00000000000000000000000000abcd").exists());
    assert_eq!(blobs(dir.path()).len(), 1);
    let got = client(&store).get_object().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), noise(50_000, 1));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by `a_second_process_is_refused`"]
async fn child_opens_and_reports() {
    match LocalStore::open(&directory_from_parent()).await {
        Ok(_) => println!("\nopened"),
        Err(error) => println!("\nrefused: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_refused() {
    let fixture = Fixture::new().await;
    let second = || {
        let child = start("crash::child_opens_and_reports", fixture.dir.path());
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let refused = second();
    let name = fixture.dir.path().display().to_string();
    assert!(refused.contains("refused: ") && refused.contains(&name), "{refused}");
    assert!(matches!(LocalStore::open(fixture.dir.path()).await, Err(OpenError::Locked(_))));
    fixture.store.clone().close().await;
    assert!(second().contains("opened"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_refuses_and_opens_again_with_the_same_keys() {
    let fixture = Fixture::new().await;
    let keys = fixture.store.key_pair();
    fixture.put("key", "x").await;
    fixture.store.clone().close().await;
    let put = fixture.client.put_object().bucket(BUCKET).key("key").body(b"y".to_vec().into()).send().await;
    assert_eq!(crate::common::answer(put), "503 ServiceUnavailable");
    let get = fixture.client.get_object().bucket(BUCKET).key("key").send().await;
    assert_eq!(crate::common::answer(get), "503 ServiceUnavailable");

    let store = LocalStore::open(fixture.dir.path()).await.unwrap();
    assert_eq!(store.key_pair(), keys);
    let got = client(&store).get_object().bucket(BUCKET).key("key").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"x");
    let mode = std::fs::metadata(fixture.dir.path().join("store-credentials")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    let (inside, dir) = (fixture.dir.path().join("made"), fixture.dir.path().join("made/store"));
    LocalStore::open(&dir).await.unwrap();
    let mode = std::fs::metadata(inside).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o700);
}
