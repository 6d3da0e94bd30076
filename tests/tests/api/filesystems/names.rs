//! Names of files and directories: each is given back as it was put, or refused with the rule that it
//! breaks, and then nothing has changed. `docs/decisions/0006-key-safety.md` has the rules.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use mapping::path::FilePath;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::raw::{self, request};

async fn with_file() -> (App, Person, String) {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "a/b.txt", &pattern(10, 1), 10).await;
    app.settle().await;
    (app, ann, id)
}

/// A name as it stands in a request line.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    let one = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(one).collect()
}

/// Paths as they are sent that nothing can have, the status, and a word of the rule that is named.
fn unsayable() -> Vec<(String, u16, &'static str)> {
    let fixed = [
        ("a//b", 400, "empty segment"),
        ("/a", 400, "empty segment"),
        (".", 400, "`.` or"),
        ("a/./b", 400, "`.` or `..`"),
        ("%20.", 400, "white space around it"),
        ("a/.%20/b", 400, "white space around it"),
        ("..%20/b", 400, "white space around it"),
        ("a%5Cb", 400, "backslash"),
        ("%5C", 400, "backslash"),
        ("a%00b", 400, "U+0000"),
        ("a%01b", 400, "U+0001"),
        ("a%09b", 400, "U+0009"),
        ("a%0Ab", 400, "U+000A"),
        ("a%1B%5B2J", 400, "U+001B"),
        ("a%7F", 400, "U+007F"),
        ("a%C2%85", 400, "U+0085"),
        ("a%C2%9B", 400, "U+009B"),
        ("a%EF%BF%BE", 400, "U+FFFE"),
        ("%EF%BF%BF/a", 400, "U+FFFF"),
        ("a%2Fb", 400, "cannot hold `/`"),
        ("%FF", 400, "not UTF-8"),
        ("%C3%28", 400, "not UTF-8"),
        ("%ED%A0%80", 400, "not UTF-8"),
        ("..", 403, "Invalid path"),
        ("a/../b", 403, "Invalid path"),
    ];
    let mut paths: Vec<_> = fixed.into_iter().map(|(path, status, rule)| (path.to_owned(), status, rule)).collect();
    paths.push(("x".repeat(256), 400, "more than 255 bytes"));
    paths.push((format!("a/{}", "%C3%A9".repeat(128)), 400, "more than 255 bytes"));
    paths.push((vec!["d"; 451].join("/"), 400, "at most 900"));
    paths
}

/// The same for paths that can be read where another program put them, and not made.
fn not_made() -> Vec<(String, &'static str)> {
    vec![
        ("x__XLDIR__".to_owned(), "`__XLDIR__`"),
        ("x__XLDIR__/f".to_owned(), "`__XLDIR__`"),
        (".uploads/f".to_owned(), "`.uploads`"),
        ("a/x.versions/f".to_owned(), "`x.versions`"),
        (format!("{}/f", "d".repeat(247)), "at most 246 bytes"),
    ]
}

#[tokio::test]
async fn a_refused_name_is_told_its_rule_and_changes_nothing() {
    let (app, ann, id) = with_file().await;
    let before = app.snapshot().await;
    let refused = |method: &'static str, place: &'static str, path: String, body: &'static str| {
        let (target, token) = (format!("/v1/filesystems/{id}/{place}/{path}"), ann.token.clone());
        let server = app.server();
        async move {
            let sent = request(method, &target, &token, "", body.as_bytes());
            (target, raw::exchange(server, &sent).await.expect("an answer"))
        }
    };
    let verbs =
        [("POST", "files", r#"{"size": 3}"#), ("POST", "mkdir", ""), ("GET", "files", ""), ("DELETE", "files", "")];
    for (path, status, rule) in unsayable() {
        for (method, place, body) in verbs {
            let (target, reply) = refused(method, place, path.clone(), body).await;
            let text = reply.expect_refusal(status).text();
            assert!(text.contains(rule), "{method} {target}: {text}");
            assert!(!text.contains(char::is_control), "{method} {target}: {text:?}");
        }
    }
    for (path, rule) in not_made() {
        let (target, reply) = refused("POST", "files", path, r#"{"size": 3}"#).await;
        let text = reply.expect_refusal(400).text();
        assert!(text.contains(rule), "{target}: {text}");
    }
    for (path, rule) in [("x__XLDIR__", "`__XLDIR__`"), (".uploads", "`.uploads`"), ("a/x.versions", "`x.versions`")] {
        let text = refused("POST", "mkdir", path.to_owned(), "").await.1.expect_refusal(400).text();
        assert!(text.contains(rule), "{path}: {text}");
    }
    assert_eq!(app.snapshot().await, before);
}

/// Names that look as if they would be refused, and what people call their files.
const TAKEN: &[&str] = &[
    "plain",
    "a b",
    " lead",
    "trail ",
    " ",
    ".hidden",
    "trail.",
    "...",
    ".. .",
    "..a",
    "a..",
    "50%",
    "%2F",
    "%00",
    "a+b",
    "#1",
    "what?",
    "a&b=c;d",
    "'\"<>",
    "]]>",
    "a:b",
    "*",
    "|",
    "~",
    "é",
    "e\u{301}",
    "K",
    "\u{212a}",
    "k",
    "日本",
    "😀",
    "a\u{200d}b",
    "\u{202e}gpj.exe",
    "\u{feff}a",
    "\u{a0}",
    "CON",
    "nul.txt",
    "x.versions",
    ".uploads",
    ".versions",
    "xl.meta",
    "null",
    ".minio.sys",
    "__XLDIR__a",
    "\u{fdd0}",
    "\u{10ffff}",
];

/// Makes, reads, lists and removes a file of each name, all of them there at once.
async fn round_trip(ann: &Person, id: &str, directory: &str, names: &[String]) {
    let at = |name: &str| encoded(&format!("{directory}/{name}"));
    let made = stream::iter(names.iter().enumerate()).map(|(number, name)| async move {
        ann.calls.upload(id, &at(name), &pattern(20, number as u64), 20).await;
    });
    made.buffer_unordered(8).collect::<Vec<()>>().await;
    for (number, name) in names.iter().enumerate() {
        let reply = ann.calls.download(id, &at(name)).await.expect(200);
        assert_eq!(reply.body, pattern(20, number as u64), "{name:?}");
    }
    let (directories, files) = ann.calls.names(id, &encoded(directory)).await;
    assert_eq!(directories, Vec::<String>::new());
    assert_eq!(files.len(), names.len());
    assert_eq!(BTreeSet::from_iter(files), names.iter().cloned().collect());
    for name in names {
        ann.calls.remove(id, &at(name)).await.expect(200);
        ann.calls.download(id, &at(name)).await.expect_refusal(404);
    }
    assert_eq!(ann.calls.names(id, &encoded(directory)).await, (vec![], vec![]));
}

#[tokio::test]
async fn a_name_that_is_taken_is_given_back() {
    let (_app, ann, id) = with_file().await;
    let mut names: Vec<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
    names.extend(["x".repeat(255), "日".repeat(85)]);
    round_trip(&ann, &id, "taken", &names).await;
    for name in ["é ", "#?%2F", "\u{202e}", "...", &"d".repeat(246)] {
        ann.calls.mkdir(&id, &encoded(name)).await.expect(200);
        assert!(ann.calls.names(&id, "").await.0.contains(&name.to_owned()), "{name:?}");
        round_trip(&ann, &id, name, &["f".to_owned(), "g ".to_owned()]).await;
        ann.calls.remove(&id, &encoded(name)).await.expect(200);
        assert!(!ann.calls.names(&id, "").await.0.contains(&name.to_owned()), "{name:?}");
    }
}

#[tokio::test]
async fn any_name_is_given_back_or_refused() {
    let (_app, ann, id) = with_file().await;
    let mut runner = TestRunner::deterministic();
    let letters = "([ .+%&<>\"'#?:*|~$=,;@\\[\\]{}()^`!a-cA-C]|[\u{0}-\u{20}]|\\\\|é|\u{301}|日|😀|[\u{7f}-\u{a0}]|\u{200d}|\u{202e}|[\u{fff0}-\u{ffff}]|__XLDIR__|\\PC){1,10}";
    let strategy = proptest::string::string_regex(letters).expect("a pattern");
    let names: BTreeSet<String> = std::iter::repeat_with(|| strategy.new_tree(&mut runner).expect("a name").current())
        .filter(|name| !name.contains('/') && name != "..")
        .take(300)
        .collect();
    let safe = |name: &String| name.parse::<FilePath>().is_ok_and(|path| path.check_new_file().is_ok());
    let (taken, refused): (Vec<String>, Vec<String>) = names.into_iter().partition(safe);
    assert!(taken.len() > 60 && refused.len() > 60, "{} taken, {} refused", taken.len(), refused.len());
    for name in refused {
        let path = format!("any/{}", encoded(&name));
        let target = format!("/filesystems/{id}/files/{path}");
        let sent = request("POST", &target, &ann.token, "", br#"{"size": 3}"#);
        let reply = raw::exchange(ann.calls.replica(), &sent).await.expect("an answer");
        reply.expect_refusal(400);
    }
    assert_eq!(ann.calls.names(&id, "any").await, (vec![], vec![]));
    round_trip(&ann, &id, "any", &taken).await;
}

#[tokio::test]
async fn what_another_program_named_so_is_shown_read_and_removed() {
    let (app, ann, id) = with_file().await;
    let paths = ["x__XLDIR__", "x.versions/f", ".uploads/f", "a/y.versions/g"];
    app.put_files(&id, paths.iter().map(|path| (*path).to_owned())).await;
    let (directories, files) = ann.calls.names(&id, "").await;
    assert_eq!(
        (directories, files),
        (vec![".uploads".into(), "a".into(), "x.versions".into()], vec!["x__XLDIR__".into()])
    );
    for path in paths {
        assert_eq!(ann.calls.download(&id, path).await.expect(200).body, "x", "{path}");
    }
    for path in ["x__XLDIR__", "x.versions", ".uploads", "a"] {
        ann.calls.remove(&id, path).await.expect(200);
    }
    assert_eq!(ann.calls.names(&id, "").await, (vec![], vec![]));
}

#[tokio::test]
async fn a_folders_name_is_in_no_key() {
    let (app, ann, _id) = with_file().await;
    for name in ["x__XLDIR__", ".uploads", "x.versions", "a%2Fb", "trail.", "\u{202e}gpj", ".folderbridge", "folders"] {
        let before = app.snapshot().await;
        let id = ann.calls.created(name).await;
        ann.calls.upload(&id, "f", &pattern(5, 1), 5).await;
        for key in app.snapshot().await.into_keys().filter(|key| !before.contains_key(key)) {
            let own = key.replace("folders/", "").replace(".folderbridge/", "").replace("uploads/", "");
            assert!(!own.contains(name), "{name:?} in {key}");
        }
        assert_eq!(ann.calls.names(&id, "").await.1, ["f"]);
    }
}
