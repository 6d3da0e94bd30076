//! `docker compose up`: MinIO, its preparation, and one bridge.

use suites::caller::{Caller, pattern};
use suites::compose::{Project, repository};

/// The most that the image may weigh.
const LARGEST_IMAGE: u64 = 50_000_000;

#[tokio::test]
async fn the_plain_project_serves_files_over_minio() {
    let Some(project) = Project::up("compose", &["bridge"]) else { return };
    let ann = project.account("bridge", "ann@example.org");
    let caller = Caller::nobody(&[project.bridge]).with_token(ann["api_token"].as_str().expect("a token"));
    let id = caller.created("photos").await;
    for (length, chunk) in [(0, 100), (100_000, 10_240), (13_000_000, 5_500_000)] {
        let content = pattern(length, length as u64);
        caller.upload(&id, "notes/a.bin", &content, chunk).await;
        assert!(caller.download(&id, "notes/a.bin").await.expect(200).body == content, "{length} bytes");
    }
    the_image_is_small_and_not_root(&project);
    the_bridge_can_reach_its_bucket_only(&project);
    rules_are_in_force_and_spare_data(&project);
}

fn the_image_is_small_and_not_root(project: &Project) {
    let fact = |template| project.inspect("bridge", 1, template);
    assert_eq!(fact("{{.State.Health.Status}}"), "healthy");
    assert_eq!(fact("{{.HostConfig.ReadonlyRootfs}} {{.Config.User}}"), "true 10001:10001");
    let size: u64 = suites::compose::image_size("folderbridge");
    assert!(size < LARGEST_IMAGE, "the image has {size} bytes");
}

/// The user that the init script made may do nothing to MinIO itself, to the bucket or to another one.
fn the_bridge_can_reach_its_bucket_only(project: &Project) {
    let mc = |args: &[&str]| {
        let words = [&["mc", "--config-dir", "/tmp/mc-test"], args].concat();
        project.refused("minio", &words)
    };
    let alias = ["alias", "set", "own", "http://127.0.0.1:9000", "folderbridge", "for-trying-out-only"];
    let _ = project.exec("minio", &[&["mc", "--config-dir", "/tmp/mc-test"], &alias[..]].concat());
    let listed = project.exec("minio", &["mc", "--config-dir", "/tmp/mc-test", "ls", "own/folderbridge"]);
    assert!(listed.contains("folders/"), "{listed}");
    for args in [
        &["mb", "own/another"][..],
        &["rb", "--force", "own/folderbridge"],
        &["ilm", "rule", "add", "--expire-days", "1", "own/folderbridge"],
        &["anonymous", "set", "public", "own/folderbridge"],
        &["admin", "user", "list", "own"],
        &["admin", "info", "own"],
    ] {
        let error = mc(args);
        assert!(error.to_lowercase().contains("denied"), "{args:?}: {error}");
    }
}

/// MinIO took both rules as they are in the file, and no rule can reach a file of anybody.
fn rules_are_in_force_and_spare_data(project: &Project) {
    let alias = ["alias", "set", "root", "http://127.0.0.1:9000", "minio-root", "for-trying-out-only"];
    let _ = project.exec("minio", &[&["mc", "--config-dir", "/tmp/mc-test"], &alias[..]].concat());
    let export = ["mc", "--config-dir", "/tmp/mc-test", "ilm", "rule", "export", "root/folderbridge"];
    let in_force: serde_json::Value = serde_json::from_str(&project.exec("minio", &export)).expect("JSON");
    let rules = in_force["Rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 2, "{in_force}");
    for rule in rules {
        let filter = &rule["Filter"];
        let prefix = filter["Prefix"].as_str().or(filter["And"]["Prefix"].as_str()).unwrap_or_default();
        assert!([".folderbridge/uploads/", ".folderbridge/jobs/"].contains(&prefix), "{rule}");
    }
}

/// The suites and the gate read the release of MinIO here, so there is one of each.
#[test]
fn the_file_names_each_image_once() {
    let file = std::fs::read_to_string(repository().join("docker-compose.yml")).unwrap();
    for image in ["image: minio/minio:RELEASE.", "image: nginx:"] {
        assert_eq!(file.matches(image).count(), 1, "{image}");
    }
}
