//! `serve` with nothing configured, for the first time and again.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use suites::caller::pattern;
use suites::process::{Home, Server, free_address, serve};

#[tokio::test]
async fn the_first_start_prints_one_object_and_keeps_it_for_its_owner_only() {
    let place = tempfile::tempdir().unwrap();
    let (data, address) = (place.path().join("data"), free_address());
    let printing = || {
        let mut command = serve(&data, address);
        command.arg("--print-credentials");
        command
    };
    let server = Server::run(printing(), &data, address).await;
    server.printed("api_token").await;
    let credentials: Value = serde_json::from_str(&server.output()).expect("one JSON object and nothing else");
    let mut keys: Vec<_> = credentials.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["access_key", "account_id", "api_token", "email", "secret_key"]);
    server.caller(&credentials).filesystems().await.expect(200);

    for (name, mode) in [("credentials.json", 0o600), ("master.key", 0o600)] {
        let found = std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}: {found:o}");
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(data.join("credentials.json")).unwrap()).unwrap();
    assert_eq!(kept, credentials);
    for secret in ["api_token", "secret_key"] {
        assert!(!server.log().contains(credentials[secret].as_str().unwrap()), "{secret} is in the log");
    }

    assert!(server.terminate().await.success());
    let again = Server::run(printing(), &data, address).await;
    assert_eq!(again.output().lines().count(), 1, "a later start prints nothing: {}", again.output());
    again.caller(&credentials).filesystems().await.expect(200);
}

#[tokio::test]
async fn what_a_newcomer_reads_works_when_it_is_pasted() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data")).await;
    server.printed("More accounts").await;
    let text = server.output();
    assert!(text.contains(&server.url()), "{text}");
    let commands: Vec<_> = text.lines().skip_while(|line| !line.contains("Paste this")).skip(1).collect();
    let commands: Vec<_> = commands.into_iter().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    assert!(commands.len() > 5, "{text}");
    let script = format!("set -eu\n{}", commands.join("\n"));
    let output = std::process::Command::new("bash").arg("-c").arg(script).current_dir(place.path()).output().unwrap();
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{complaint}");
    assert!(said.contains(r#""files":["hello.txt"]"#), "{said} {complaint}");
    assert!(said.contains("Hello, folder!"), "{said} {complaint}");
}

#[tokio::test]
async fn killed_at_any_moment_it_keeps_every_finished_file() {
    let home = Home::new().await;
    let mut server = Server::at(&home).await;
    let ann = server.account("ann").await;
    let id = server.caller(&ann).created("photos").await;
    let small = pattern(30_000, 1);
    let large = pattern(9 * 1024 * 1024 + 5, 2);
    for round in 0..3_u64 {
        let calls = server.caller(&ann);
        calls.upload(&id, &format!("small-{round}.bin"), &small, 10_240).await;
        calls.upload(&id, &format!("large-{round}.bin"), &large, 3_000_000).await;
        let unfinished = calls.started(&id, "unfinished.bin", 100).await;
        calls.chunk(&id, "unfinished.bin", &unfinished, 0, pattern(50, 3)).await.expect(200);
        server.kill();
        server = Server::at(&home).await;
        let calls = server.caller(&ann);
        for before in 0..=round {
            assert!(calls.download(&id, &format!("small-{before}.bin")).await.expect(200).body == small);
            assert!(calls.download(&id, &format!("large-{before}.bin")).await.expect(200).body == large);
        }
        calls.download(&id, "unfinished.bin").await.expect_refusal(404);
        assert_eq!(calls.names(&id, "").await.1.len() as u64, 2 * (round + 1));
    }
}
