//! What `aws-config/` and `docs/AWS.md` say is what the program does and needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mapping::store::operation::Operation;
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

/// How long an upload lives at most, in days: docs/BUCKET.md.
const LONGEST_UPLOAD: i64 = 28;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        other => vec![other.as_str().unwrap_or_else(|| panic!("{other} is no text")).to_owned()],
    }
}

/// What a policy allows: resource and action.
fn allowed(path: &str) -> BTreeSet<(String, String)> {
    let policy = json(path);
    let statements = policy["Statement"].as_array().expect("statements").iter();
    let pairs = statements.flat_map(|statement| {
        assert_eq!(statement["Effect"], "Allow", "{path}");
        let resources = texts(&statement["Resource"]);
        let actions = texts(&statement["Action"]);
        resources.into_iter().flat_map(move |resource| {
            actions.clone().into_iter().map(move |action| (resource.clone(), action)).collect::<Vec<_>>()
        })
    });
    pairs.collect()
}

/// What the program asks for: a listing is about the bucket, everything else about objects.
fn needed() -> BTreeSet<(String, String)> {
    let actions = Operation::ALL.into_iter().flat_map(Operation::actions);
    let placed = actions.map(|action| {
        let of_bucket = action.starts_with("s3:ListBucket");
        let resource = if of_bucket { "arn:aws:s3:::BUCKET" } else { "arn:aws:s3:::BUCKET/*" };
        (resource.to_owned(), (*action).to_owned())
    });
    placed.collect()
}

#[test]
fn the_policies_allow_what_the_program_needs_and_nothing_else() {
    assert_eq!(allowed("aws-config/policy.json"), needed());
    let mut minio = allowed("minio-config/policy.json");
    // MinIO's own client asks for it.
    minio.remove(&("arn:aws:s3:::BUCKET".to_owned(), "s3:GetBucketLocation".to_owned()));
    assert_eq!(minio, needed());
    let key: Vec<_> = allowed("aws-config/policy-kms.json").into_iter().map(|(_, action)| action).collect();
    assert_eq!(key, ["kms:Decrypt", "kms:GenerateDataKey"]);
}

/// Each call of the SDK, and the operation of the port that makes it.
const CALLS: &[(&str, Operation)] = &[
    ("abort_multipart_upload", Operation::AbortMultipart),
    ("complete_multipart_upload", Operation::CompleteMultipart),
    ("copy_object", Operation::Copy),
    ("create_multipart_upload", Operation::CreateMultipart),
    ("delete_object", Operation::Delete),
    ("delete_objects", Operation::DeleteMany),
    ("get_object", Operation::Get),
    ("get_object_tagging", Operation::Tags),
    // Asks for `s3:ListBucket`, as a listing does.
    ("head_bucket", Operation::List),
    ("head_object", Operation::Head),
    ("list_multipart_uploads", Operation::ListMultiparts),
    ("list_objects_v2", Operation::List),
    ("list_parts", Operation::ListParts),
    ("put_object", Operation::Put),
    ("put_object_tagging", Operation::SetTags),
    ("upload_part", Operation::PutPart),
    ("upload_part_copy", Operation::Copy),
];

/// Names of calls that follow `client` in the sources of the S3 store, over line ends.
fn calls_made() -> BTreeSet<String> {
    let directory = root().join("mapping/src/store/s3");
    let sources = fs::read_dir(&directory).expect("the S3 store").map(|entry| entry.expect("an entry").path());
    let code: Vec<String> = sources
        .filter(|path| path.file_name().is_some_and(|name| name != "tests.rs"))
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|code| code.split_whitespace().collect())
        .collect();
    let after = |code: &String| -> Vec<String> {
        let calls = code.split("client.").skip(1).filter_map(|rest| rest.split_once("().bucket("));
        calls.map(|(name, _)| name.to_owned()).collect()
    };
    code.iter()
        .flat_map(after)
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c)))
        .collect()
}

#[test]
fn every_call_to_the_store_is_covered_by_an_operation() {
    let mut known: BTreeSet<String> = CALLS.iter().map(|(call, _)| (*call).to_owned()).collect();
    // For the embedded store, whose bucket nobody else makes, and for the suites' own buckets.
    known.extend(["create_bucket", "delete_bucket"].map(str::to_owned));
    assert_eq!(calls_made(), known);
    let covered: BTreeSet<&str> = CALLS.iter().map(|(_, operation)| operation.name()).collect();
    assert_eq!(covered.len(), Operation::ALL.len(), "{covered:?}");
}

#[test]
fn the_document_says_what_each_action_is_for() {
    let document = text("docs/AWS.md");
    let mut by_action: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for operation in Operation::ALL {
        for action in operation.actions() {
            by_action.entry(action).or_default().push(operation.name());
        }
    }
    for (action, operations) in by_action {
        let row = format!("| `{action}` | {} |", operations.join(", "));
        assert!(document.contains(&row), "docs/AWS.md lacks the row\n{row}");
    }
    for file in fs::read_dir(root().join("aws-config")).expect("aws-config") {
        let name = file.expect("a file").file_name().into_string().expect("a name");
        assert!(document.contains(&format!("(../aws-config/{name})")), "docs/AWS.md does not name {name}");
    }
}

/// The prefix of a rule, whatever else filters it.
fn prefix(rule: &Value) -> &str {
    let filter = &rule["Filter"];
    filter["Prefix"].as_str().or_else(|| filter["And"]["Prefix"].as_str()).expect("a prefix")
}

#[test]
fn no_lifecycle_rule_touches_current_data_or_living_uploads() {
    for path in ["aws-config/lifecycle.json", "aws-config/lifecycle-versioned.json", "minio-config/lifecycle.json"] {
        let rules = json(path);
        let rules = rules["Rules"].as_array().expect("rules").clone();
        for rule in &rules {
            assert_eq!(rule["Status"], "Enabled", "{path}: {rule}");
            if let Some(days) = rule["Expiration"]["Days"].as_i64() {
                let prefix = prefix(rule);
                let finished = rule["Filter"]["And"]["Tags"][0]["Value"] == "done";
                let rubbish = prefix == ".folderbridge/uploads/" || (prefix == ".folderbridge/jobs/" && finished);
                assert!(rubbish && days > LONGEST_UPLOAD, "{path}: {rule}");
            }
            assert!(rule["Expiration"]["Date"].is_null() && rule["Transitions"].is_null(), "{path}: {rule}");
            if let Some(days) = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].as_i64() {
                assert!(days > LONGEST_UPLOAD, "{path}: {rule}");
            }
        }
        let aborts = rules.iter().any(|rule| rule["AbortIncompleteMultipartUpload"].is_object());
        assert_eq!(aborts, path.starts_with("aws"), "MinIO takes no such rule: {path}");
    }
    let plain = json("aws-config/lifecycle.json")["Rules"].as_array().expect("rules").clone();
    let versioned = json("aws-config/lifecycle-versioned.json")["Rules"].as_array().expect("rules").clone();
    assert_eq!(versioned[..plain.len()], plain[..], "the second file is the first and more");
    assert!(versioned[plain.len()..].iter().all(|rule| rule["NoncurrentVersionExpiration"].is_object()));
}

fn environment(container: &Yaml) -> BTreeMap<String, Yaml> {
    let list = container["env"].as_vec().expect("env");
    list.iter().map(|one| (one["name"].as_str().expect("a name").to_owned(), one.clone())).collect()
}

#[test]
fn the_kubernetes_example_has_a_role_probes_and_time_to_end() {
    let documents = YamlLoader::load_from_str(&text("aws-config/kubernetes.yaml")).expect("YAML");
    let of_kind = |kind: &str| documents.iter().find(|one| one["kind"].as_str() == Some(kind)).expect(kind).clone();
    let role = &of_kind("ServiceAccount")["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
    assert!(role.as_str().is_some_and(|arn| arn.starts_with("arn:aws:iam::")), "{role:?}");
    let pod = of_kind("Deployment")["spec"]["template"]["spec"].clone();
    assert_eq!(pod["serviceAccountName"].as_str(), of_kind("ServiceAccount")["metadata"]["name"].as_str());
    let container = &pod["containers"][0];
    for (probe, path) in [("startupProbe", "/readyz"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        assert_eq!(container[probe]["httpGet"]["path"].as_str(), Some(path), "{probe}");
    }
    let variables = environment(container);
    assert!(!variables.keys().any(|name| name.starts_with("AWS_")), "a role, no keys: {variables:?}");
    for secret in ["FOLDERBRIDGE_MASTER_KEY", "FOLDERBRIDGE_ADMIN_TOKEN"] {
        assert!(!variables[secret]["valueFrom"]["secretKeyRef"].is_badvalue(), "{secret}");
    }
    let drain: i64 = variables["FOLDERBRIDGE_DRAIN_SECONDS"]["value"].as_str().expect("text").parse().expect("seconds");
    let pause = container["lifecycle"]["preStop"]["sleep"]["seconds"].as_i64().expect("seconds");
    assert_eq!(pod["terminationGracePeriodSeconds"].as_i64(), Some(drain + pause + 5));
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"].as_bool(), Some(true));
}

#[test]
fn the_ecs_example_has_a_role_secrets_and_time_to_end() {
    let task = json("aws-config/ecs-task.json");
    assert!(task["taskRoleArn"].as_str().is_some_and(|arn| arn.starts_with("arn:aws:iam::")));
    let container = &task["containerDefinitions"][0];
    let names = |list: &str| -> Vec<String> {
        container[list].as_array().expect(list).iter().flat_map(|one| texts(&one["name"])).collect()
    };
    assert!(!names("environment").iter().any(|name| name.starts_with("AWS_") || name.contains("KEY")));
    assert_eq!(names("secrets"), ["FOLDERBRIDGE_MASTER_KEY", "FOLDERBRIDGE_ADMIN_TOKEN"]);
    let environment = container["environment"].as_array().expect("environment");
    let drain = environment.iter().find(|one| one["name"] == "FOLDERBRIDGE_DRAIN_SECONDS").expect("a drain");
    let drain: i64 = drain["value"].as_str().expect("text").parse().expect("seconds");
    // ECS kills after 120 seconds whatever it is told.
    assert!(container["stopTimeout"].as_i64().is_some_and(|stop| stop >= drain + 5 && stop <= 120));
    let trust = json("aws-config/trust-eks.json");
    assert_eq!(trust["Statement"][0]["Action"], "sts:AssumeRoleWithWebIdentity");
}
