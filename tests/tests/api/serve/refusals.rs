//! Starts that must fail, each with one sentence that names the thing and the way out.

use std::net::TcpListener;
use std::process::Command;

use suites::caller::pattern;
use suites::process::{Server, binary, free_address, serve};

use super::{assert_one_sentence, run};

fn folderbridge() -> Command {
    let mut command = Command::new(binary());
    command.env_clear();
    command
}

#[test]
fn a_taken_port_is_named() {
    let place = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap();
    let data = place.path().join("data");
    let (code, _, error) = run(&mut serve(&data, address));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, &address.to_string());
    assert!(error.contains("--listen"), "{error}");
    assert!(!data.exists(), "a start that cannot listen leaves nothing");
}

#[tokio::test]
async fn a_second_process_on_one_directory_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let first = Server::start(&data).await;
    let (code, _, error) = run(&mut serve(&data, free_address()));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "in use by another process");
    first.nobody().filesystems().await.expect(401);
    assert!(first.terminate().await.success());
    Server::start(&data).await;
}

#[tokio::test]
async fn a_store_that_has_lost_its_index_does_not_begin_anew() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let first = Server::start(&data).await;
    // Small enough to lie in the index, without a blob that would miss it.
    let ann = first.caller(&first.account("ann").await);
    let folder = ann.created("photos").await;
    ann.upload(&folder, "small.bin", &pattern(15, 1), 15).await;
    assert!(first.terminate().await.success());
    for file in std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()) {
        if file.file_name().unwrap().to_string_lossy().starts_with("index.sqlite") {
            std::fs::remove_file(file).unwrap();
        }
    }
    for _ in 0..2 {
        let (code, _, error) = run(&mut serve(&data, free_address()));
        assert_eq!(code, Some(1));
        assert_one_sentence(&error, "put `index.sqlite` and `index.sqlite-wal` back");
    }
    std::fs::remove_file(data.join("credentials.json")).unwrap();
    Server::start(&data).await;
}

#[test]
fn a_bucket_without_a_master_key_is_refused() {
    let (code, out, error) = run(folderbridge().args(["serve", "--bucket", "b", "--endpoint", "http://127.0.0.1:1"]));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_one_sentence(&error, "FOLDERBRIDGE_MASTER_KEY");
    assert!(error.contains("folderbridge key new"), "{error}");
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let cases: [(&[&str], &str); 4] = [
        (&["--bucket", "b", "--data", "d"], "--data"),
        (&["--endpoint", "http://127.0.0.1:1"], "--bucket"),
        (&["--bucket", "b", "--endpoint", "127.0.0.1:9000"], "http://"),
        (&["--bucket", "b"], "master key"),
    ];
    for (flags, part) in cases {
        let (code, _, error) = run(folderbridge().arg("serve").args(flags));
        assert_eq!(code, Some(1), "{flags:?}");
        assert_one_sentence(&error, part);
    }
    for flags in [["--listen", "nonsense"], ["--no-such-flag", "x"], ["--drain-seconds", "soon"]] {
        let (code, _, error) = run(folderbridge().arg("serve").args(flags));
        assert_eq!(code, Some(2), "{flags:?}: {error}");
        assert!(error.contains(flags[0]), "{error}");
    }
}

#[test]
fn a_malformed_master_key_is_refused_without_showing_it() {
    let bad = "0123456789abcdef-not-a-key";
    let mut command = folderbridge();
    command.args(["serve", "--bucket", "b", "--endpoint", "http://127.0.0.1:1"]).env("FOLDERBRIDGE_MASTER_KEY", bad);
    let (code, _, error) = run(&mut command);
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "FOLDERBRIDGE_MASTER_KEY");
    assert!(!error.contains(bad), "{error}");
}
