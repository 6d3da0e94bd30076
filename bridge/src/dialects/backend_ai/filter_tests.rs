//! Filters: which folders they let through, and which are refused.

use serde_json::json;

use super::*;

fn folder(name: &str, permission: &str) -> Value {
    json!({
        "name": name, "id": "0123456789ab4def8123456789abcdef", "permission": permission, "status": "ready",
        "ownership_type": "user", "usage_mode": "general", "creator": "Ann@example.org", "group": null,
        "created_at": "2026-11-27T12:00:00.500000+00:00", "cloneable": true,
    })
}

fn wants(filter: &str) -> bool {
    Filter::parse(filter).unwrap_or_else(|why| panic!("`{filter}`: {why}")).wants(&folder("photos 100% \"x\"", "rw"))
}

#[test]
fn folders_are_wanted_or_not() {
    for (filter, wanted) in [
        (r#"name == "photos 100% \"x\"""#, true),
        (r#"name=="photos""#, false),
        (r#"name != "photos""#, true),
        (r#"name like "photo%""#, true),
        (r#"name like "Photo%""#, false),
        (r#"name ilike "PHOTO%""#, true),
        (r#"name like "photo""#, false),
        (r#"name like "ph_tos%100\% %""#, true),
        (r#"name like "%\_%""#, false),
        (r#"name contains "tos 1""#, true),
        (r#"name contains "%""#, true),
        (r#"name in ["a", "b"]"#, false),
        (r#"permission in ["READ_ONLY", "READ_WRITE"]"#, true),
        (r#"permission == "rw""#, true),
        (r#"permission isnot "owner_perm""#, true),
        (r#"permission in []"#, false),
        (r#"status == "READY" & ownership_type == "USER""#, true),
        (r#"status == "delete_pending""#, false),
        (r#"created_at >= "2026-11-27" & created_at < "2026-11-28""#, true),
        (r#"created_at > "2026-11-27 13:00:00+01:00""#, true),
        (r#"created_at <= "2026-11-27T12:00:00.499Z""#, false),
        (r#"created_at == "2026-11-27T12:00:00.5Z""#, true),
        (r#"id == "01234567-89AB-4def-8123-456789abcdef""#, true),
        ("group is null", true),
        ("group isnot null", false),
        (r#"group == "a""#, false),
        (r#"!(group == "a")"#, false),
        (r#"(!(group == "a")) | name like "%""#, true),
        ("cloneable == true", true),
        ("cloneable is false", false),
        (r#"name == "x" | (permission == "rw" & !(status == "error"))"#, true),
        (r#"(name == "x" | permission == "rw") & status == "error""#, false),
        (r#"name < "q" & name > "p" & name >= "photos""#, true),
        (r#"! name like "x%""#, true),
    ] {
        assert_eq!(wants(filter), wanted, "`{filter}`");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let deep = format!("{}name == \"a\"{}", "(".repeat(5000), ")".repeat(5000));
    let nots = format!("{}name == \"a\"", "!".repeat(3000));
    let long = format!("name == \"{}\"", "a".repeat(5000));
    for filter in [
        "",
        "name",
        "name ==",
        "name == a",
        "name = \"a\"",
        "name == \"a",
        "name == \"a\" name == \"b\"",
        "name == \"a\" &",
        "name == \"a\" & name == \"b\" | name == \"c\"",
        "!(name == \"a\") & name == \"b\"",
        "(name == \"a\"",
        "name == \"a\")",
        "size == 3",
        "name == 3",
        "name in \"a\"",
        "name == [\"a\"]",
        "name in [\"a\" \"b\"]",
        "permission == \"none\"",
        "permission like \"r%\"",
        "created_at > \"yesterday\"",
        "created_at like \"2026%\"",
        "cloneable > true",
        "cloneable == \"true\"",
        &deep,
        &nots,
        &long,
    ] {
        let read = Filter::parse(filter);
        assert!(read.is_err(), "{}: {read:?}", filter.chars().take(40).collect::<String>());
    }
}
