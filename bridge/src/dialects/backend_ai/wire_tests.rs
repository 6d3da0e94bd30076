//! Names, permissions, times and pages in this API's spelling.

use super::*;

#[test]
fn names_are_those_that_can_be_reached() {
    for name in ["mydata", "My Data", ".local", "日本", "a_b-c.d", "Create", &"x".repeat(64), &"é".repeat(64)] {
        assert_eq!(new_name(name).unwrap().as_str(), name);
    }
    for name in [
        "",
        ".",
        "..",
        "a/b",
        " a",
        "_",
        "create",
        "invitations",
        "purge",
        "restore-from-trash-bin",
        "delete-from-trash-bin",
        "0123456789abcdef0123456789ABCDEF",
        "01234567-89ab-cdef-0123-456789abcdef",
        &"x".repeat(65),
    ] {
        assert!(new_name(name).is_err(), "{name}");
    }
}

#[test]
fn a_permission_is_said_as_its_reader_knows_it() {
    for (text, permission) in
        [("ro", Permission::Read), ("rw", Permission::Write), ("wd", Permission::Delete), ("rd", Permission::Delete)]
    {
        assert_eq!(super::permission(text).unwrap(), permission);
    }
    for text in ["", "r", "RO", "owner", "manage"] {
        assert!(super::permission(text).is_err(), "{text}");
    }
    let said = |permission| [Reader::Client, Reader::Document].map(|reader| permission_text(permission, reader));
    assert_eq!(said(Permission::Read), ["ro", "ro"]);
    assert_eq!(said(Permission::Write), ["rw", "rw"]);
    assert_eq!(said(Permission::Delete), ["wd", "rd"]);
    assert_eq!(said(Permission::Manage), ["wd", "rd"]);
}

#[test]
fn times_are_written_to_the_microsecond() {
    let at = Timestamp::from_millis(1_606_570_230_912);
    assert_eq!(spaced(at), "2020-11-28 13:30:30.912000+00:00");
    assert_eq!(iso(Timestamp::from_millis(0)), "1970-01-01T00:00:00.000000+00:00");
}

#[test]
fn a_list_is_cut_into_pages() {
    let all = || (0..7).collect::<Vec<_>>();
    for (size, index, page, pages) in [
        (0, 0, vec![0, 1, 2, 3, 4, 5, 6], 1),
        (0, 5, vec![0, 1, 2, 3, 4, 5, 6], 1),
        (3, 0, vec![0, 1, 2], 3),
        (3, 2, vec![6], 3),
        (3, 3, vec![], 3),
        (7, 0, vec![0, 1, 2, 3, 4, 5, 6], 1),
        (usize::MAX, 2, vec![], 1),
    ] {
        let paging = Paging { size, index };
        assert_eq!(paging.page(all()), page, "{size} {index}");
        assert_eq!(paging.info(7), json!({ "pages": pages, "count": 7 }));
    }
    assert_eq!(Paging::default().info(0), json!({ "pages": 0, "count": 0 }));
}

#[test]
fn paths_begin_at_the_folders_root_however_that_is_written() {
    for (text, expected) in
        [("", ""), (".", ""), ("/", ""), ("./", ""), ("a", "a"), ("/a/b/", "a/b"), ("./a b/c", "a b/c"), (".a", ".a")]
    {
        assert_eq!(directory(text).unwrap().to_string(), expected, "{text:?}");
    }
    for text in ["..", "../a", "a/../b", "//a", ".//a", "/./a", "a//b", "a\u{0}", "\\"] {
        assert!(directory(text).is_err(), "{text:?}");
    }
    assert_eq!(path("/a").unwrap().as_str(), "a");
    for root in ["", ".", "/"] {
        assert!(path(root).is_err(), "{root:?}");
    }
}
