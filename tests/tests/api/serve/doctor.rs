//! `folderbridge doctor`: what it says of stores, and what it exits with.

use std::path::Path;
use std::process::Command;

use mapping::key::KeyPrefix;
use mapping::store::s3::{KeyPair, S3Settings, S3Store};
use mapping::store::{ListRequest, ObjectStore};
use serde_json::Value;
use suites::process::{Server, binary, free_address};
use suites::s3::{Endpoint, Habits};

use super::{assert_one_sentence, run};

async fn endpoint(place: &Path, habits: Habits) -> Endpoint {
    let endpoint = Endpoint::open_with(&place.join("store"), ([127, 0, 0, 1], 0).into(), habits).await;
    endpoint.make_bucket("folders").await;
    endpoint
}

/// `folderbridge doctor`, told by the environment as `serve` would be, and without a master key.
fn doctor(endpoint: &Endpoint, bucket: &str) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().arg("doctor");
    command.env("FOLDERBRIDGE_S3_ENDPOINT", endpoint.url()).env("FOLDERBRIDGE_S3_BUCKET", bucket);
    command.env("FOLDERBRIDGE_S3_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", &endpoint.access_key).env("AWS_SECRET_ACCESS_KEY", &endpoint.secret_key);
    command
}

async fn keys(endpoint: &Endpoint) -> Vec<String> {
    let pair = KeyPair { access_key: endpoint.access_key.clone(), secret_key: endpoint.secret_key.clone() };
    let settings = S3Settings { endpoint: Some(endpoint.url()), credentials: Some(pair), ..S3Settings::new("folders") };
    let store = S3Store::connect(settings).await.expect("a client");
    let listed = store.list(ListRequest::all(KeyPrefix::everything())).await.expect("a listing");
    listed.objects.into_iter().map(|listed| listed.key.to_string()).collect()
}

fn json(out: &str) -> Value {
    assert_eq!(out.lines().count(), 1, "{out}");
    serde_json::from_str(out).expect("JSON")
}

fn outcome(report: &Value, check: &str) -> String {
    let found = report["checks"].as_array().expect("a list of checks").iter().find(|found| found["check"] == check);
    found.unwrap_or_else(|| panic!("no {check} in {report}"))["outcome"].as_str().expect("an outcome").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_everything_will_do() {
    let place = tempfile::tempdir().unwrap();
    let endpoint = endpoint(place.path(), Habits::default()).await;
    let (code, out, error) = run(&mut doctor(&endpoint, "folders"));
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert!(out.ends_with("this store will do\n"), "{out}");
    assert!(!out.contains("FAILS") && !out.contains("fallback ") && !out.contains("untried"), "{out}");
    let (code, out, error) = run(doctor(&endpoint, "folders").arg("--json"));
    let report = json(&out);
    assert_eq!((code, error.as_str(), report["verdict"].as_str()), (Some(0), "", Some("will_do")));
    assert!(report["checks"].as_array().unwrap().iter().all(|check| check["outcome"] == "ok"), "{report}");
    assert_eq!(report["missing_permissions"], serde_json::json!([]));
    assert_eq!(keys(&endpoint).await, Vec::<String>::new(), "nothing is left, and nothing else is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_is_named() {
    for (denied, action) in [
        ("PutObject", "s3:PutObject"),
        ("AbortMultipartUpload", "s3:AbortMultipartUpload"),
        ("ListParts", "s3:ListMultipartUploadParts"),
        ("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
        ("ListObjectsV2", "s3:ListBucket"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let habits = Habits { denies: vec![denied.to_owned()], ..Habits::default() };
        let endpoint = endpoint(place.path(), habits).await;
        let (code, out, _) = run(&mut doctor(&endpoint, "folders"));
        assert_eq!(code, Some(1), "{denied}: {out}");
        assert!(out.contains(&format!("FAILS     {action} ({denied})")), "{out}");
        assert!(out.lines().last().unwrap().starts_with("these credentials lack"), "{out}");
        let report = json(&run(doctor(&endpoint, "folders").arg("--json")).1);
        assert_eq!(report["missing_permissions"], serde_json::json!([action]), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_ignores_conditions_will_do_for_one() {
    let place = tempfile::tempdir().unwrap();
    let habits = Habits { ignores_conditions: true, ..Habits::default() };
    let endpoint = endpoint(place.path(), habits).await;
    let (code, out, _) = run(&mut doctor(&endpoint, "folders"));
    assert_eq!(code, Some(4), "{out}");
    let verdict = out.lines().last().unwrap();
    assert!(verdict.starts_with("this store will do for exactly one process") && verdict.contains("--single-writer"));
    assert!(out.contains("way out: `serve --single-writer`"), "{out}");
    let report = json(&run(doctor(&endpoint, "folders").arg("--json")).1);
    assert_eq!((report["verdict"].as_str(), report["exit_code"].as_u64()), (Some("single_writer"), Some(4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_that_are_denied_are_a_fallback() {
    let place = tempfile::tempdir().unwrap();
    let habits = Habits { denies: vec!["PutObjectTagging".to_owned()], ..Habits::default() };
    let endpoint = endpoint(place.path(), habits).await;
    let (code, out, _) = run(doctor(&endpoint, "folders").arg("--json"));
    let report = json(&out);
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("will_do")), "{report}");
    assert_eq!(outcome(&report, "allowed_set_tags"), "fallback");
    assert_eq!(report["capabilities"]["tags"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_no_verdict() {
    let place = tempfile::tempdir().unwrap();
    let endpoint = endpoint(place.path(), Habits::default()).await;
    let (code, out, _) = run(&mut doctor(&endpoint, "no-such-bucket"));
    assert_eq!(code, Some(3), "{out}");
    assert!(out.contains("`no-such-bucket` does not exist"), "{out}");
    let (code, out, _) = run(doctor(&endpoint, "folders").env("AWS_SECRET_ACCESS_KEY", "wrong"));
    assert_eq!(code, Some(3), "{out}");
    assert!(out.contains("SignatureDoesNotMatch") && !out.contains("wrong"), "{out}");
    let away = format!("http://{}", free_address());
    let (code, out, _) = run(doctor(&endpoint, "folders").env("FOLDERBRIDGE_S3_ENDPOINT", &away).arg("--json"));
    let report = json(&out);
    assert_eq!((code, report["verdict"].as_str()), (Some(3), Some("not_tried")), "{report}");
    assert!(report["sentence"].as_str().unwrap().contains(&away), "{report}");
    let mut none = doctor(&endpoint, "folders");
    let (code, out, _) = run(none.env_remove("AWS_ACCESS_KEY_ID").env("AWS_EC2_METADATA_DISABLED", "true"));
    assert_eq!(code, Some(3), "{out}");
    assert!(out.contains("no credentials found"), "{out}");
}

#[test]
fn flags_that_contradict_each_other_are_usage() {
    let mut command = Command::new(binary());
    let (code, out, error) = run(command.env_clear().args(["doctor", "--endpoint", "http://127.0.0.1:1"]));
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_one_sentence(&error, "--bucket");
    let (code, _, _) = run(Command::new(binary()).env_clear().args(["doctor", "--no-such-flag"]));
    assert_eq!(code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_is_tried_while_nobody_uses_it() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let doctor = || {
        let mut command = Command::new(binary());
        command.env_clear().arg("doctor").arg("--data").arg(&data);
        command
    };
    let (code, _, error) = run(&mut doctor());
    assert_eq!(code, Some(3));
    assert_one_sentence(&error, "there is no store");
    assert!(!data.exists(), "nothing is made");
    let server = Server::start(&data).await;
    let (code, _, error) = run(&mut doctor());
    assert_eq!(code, Some(3));
    assert_one_sentence(&error, "in use by another process");
    assert!(server.terminate().await.success());
    let (code, out, error) = run(&mut doctor());
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    Server::start(&data).await;
}
