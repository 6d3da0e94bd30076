//! Tables of what clients write, and what it means.

use serde_json::json;

use super::*;

const ID: &str = "abcdefghij0123456789";

fn spelled_as(upload: Option<&str>, start: u64, end: u64, standard: bool) -> Spelled {
    Spelled { upload: upload.map(str::to_owned), start, end, standard }
}

#[test]
fn every_spelling_of_a_chunk_is_read() {
    let cases = [
        (format!("[{ID}]:0-8388608"), spelled_as(Some(ID), 0, 8_388_608, false)),
        (format!(" [ {ID} ] : 5 - 9 "), spelled_as(Some(ID), 5, 9, false)),
        (format!("{ID}:0-10"), spelled_as(Some(ID), 0, 10, false)),
        (format!("bytes [{ID}]:0-10"), spelled_as(Some(ID), 0, 10, true)),
        (format!("[{ID}]:bytes 0-10/20"), spelled_as(Some(ID), 0, 10, true)),
        (format!("[{ID}]:0-10/*"), spelled_as(Some(ID), 0, 10, false)),
        ("0-10240".to_owned(), spelled_as(None, 0, 10240, false)),
        ("Bytes 0-9/10".to_owned(), spelled_as(None, 0, 9, true)),
        ("bytes=0-9".to_owned(), spelled_as(None, 0, 9, true)),
        ("7-7".to_owned(), spelled_as(None, 7, 7, false)),
        (format!("[{ID}]:0-{}", u64::MAX), spelled_as(Some(ID), 0, u64::MAX, false)),
    ];
    for (text, expected) in cases {
        assert_eq!(content_range(&text).unwrap(), expected, "{text}");
    }
}

#[test]
fn what_is_no_chunk_is_refused() {
    for text in [
        "",
        "-",
        "5",
        "0-",
        "-5",
        "9-1",
        "a-b",
        "0x1-2",
        "+1-2",
        "1.5-2",
        "-1-5",
        "0--5",
        "0-18446744073709551616",
        "[id]",
        "[id:0-5",
        "id]:0-5",
        "[]:0-5",
        ":0-5",
        "0-5/",
        "0-5/x",
        "0-5/6/7",
        "bytes",
        "bytes0-5",
        "bytes */5",
        "é-5",
    ] {
        assert!(matches!(content_range(text), Err(Refusal::BadRange)), "{text}");
    }
}

#[test]
fn the_body_tells_what_the_end_means() {
    let spelled = spelled_as(None, 100, 110, false);
    assert_eq!(spelled.chunk(Some(10)).unwrap(), 100..110);
    assert_eq!(spelled.chunk(Some(11)).unwrap(), 100..111);
    assert_eq!(spelled.chunk(None).unwrap(), 100..110);
    for length in [0, 9, 12, u64::MAX] {
        assert!(matches!(spelled.chunk(Some(length)), Err(Refusal::LengthMismatch { announced: 10, .. })), "{length}");
    }
    let all = spelled_as(None, 0, u64::MAX, false);
    assert!(all.chunk(Some(u64::MAX)).is_ok());
    assert!(spelled_as(None, 1, u64::MAX, false).chunk(Some(u64::MAX)).is_err(), "its end has no number");
    assert_eq!(spelled_as(None, 0, 0, false).chunk(Some(1)).unwrap(), 0..1);
    assert_eq!(spelled_as(None, 0, 0, false).chunk(Some(0)).unwrap(), 0..0);
}

#[test]
fn a_download_asks_in_two_languages() {
    let inclusive = |first, last| Asked::Standard(Wanted::From(first, Some(last)));
    let cases = [
        (None, None, Asked::Whole),
        (Some("0-10240"), None, Asked::Chunk(0, 10240)),
        (Some("0-10240"), Some("bytes=1-2"), Asked::Chunk(0, 10240)),
        (Some("bytes 0-99/1000"), None, inclusive(0, 99)),
        (None, Some("bytes=0-99"), inclusive(0, 99)),
        (None, Some("bytes=-5"), Asked::Standard(Wanted::Last(5))),
        (None, Some("bytes=0-1,5-6"), Asked::Whole),
        (None, Some("seconds=1-2"), Asked::Whole),
    ];
    for (own, standard, expected) in cases {
        assert_eq!(asked(own, standard).unwrap(), expected, "{own:?} {standard:?}");
    }
    assert!(matches!(asked(Some("x"), None), Err(Refusal::BadRange)));
    assert!(matches!(asked(None, Some("bytes=9-1")), Err(Refusal::BadRange)));
}

#[test]
fn a_post_starts_or_finishes() {
    let finish = UploadRequest::Finish(ID.parse().unwrap());
    let cases = [
        (json!({"size": 0}), UploadRequest::Start(0)),
        (json!({"size": u64::MAX}), UploadRequest::Start(u64::MAX)),
        (json!({"size": 5, "complete": false, "uploadId": ID}), UploadRequest::Start(5)),
        (json!({"size": 5, "complete": "false"}), UploadRequest::Start(5)),
    ];
    for (body, expected) in cases {
        assert_eq!(upload_request(&body).unwrap(), expected, "{body}");
    }
    for complete in [json!(true), json!("true"), json!("True"), json!(1), json!("1")] {
        for name in ["uploadId", "upload_id", "UploadId"] {
            let body = json!({"complete": complete, name: ID, "size": 9});
            assert_eq!(upload_request(&body).unwrap(), finish, "{body}");
        }
    }
    assert!(matches!(upload_request(&json!({"complete": true, "uploadId": "../x"})), Err(Refusal::NoSuchUpload)));
}

#[test]
fn a_post_that_says_nothing_sensible_is_refused() {
    for body in [
        json!({}),
        json!([]),
        json!("size"),
        json!(null),
        json!({"size": -1}),
        json!({"size": 1.5}),
        json!({"size": 1e30}),
        json!({"size": "5"}),
        json!({"size": null}),
        json!({"size": [1]}),
        json!({"complete": true}),
        json!({"complete": true, "uploadId": 5}),
        json!({"uploadId": ID}),
        json!({"uploadId": ID, "complete": false}),
    ] {
        assert!(matches!(upload_request(&body), Err(Refusal::Malformed(_))), "{body}");
    }
}

#[test]
fn names_and_grantees_have_aliases_and_types() {
    assert_eq!(filesystem_name(&json!({"filesystem_name": "a", "name": "b"})).unwrap().as_str(), "a");
    assert_eq!(filesystem_name(&json!({"name": "b"})).unwrap().as_str(), "b");
    for body in
        [json!({}), json!([]), json!({"filesystem_name": 5}), json!({"filesystem_name": ""}), json!({"name": "a/b"})]
    {
        assert!(filesystem_name(&body).is_err(), "{body}");
    }
    assert!(grantee(&json!({"grantee": "7f0c1d3e-5f0e-4a39-9f35-0e3a6c1b2a11"})).is_ok());
    for body in [json!({}), json!({"grantee": "ann"}), json!({"grantee": null}), json!(7)] {
        assert!(grantee(&body).is_err(), "{body}");
    }
}

#[test]
fn a_filesystem_has_exactly_two_keys() {
    let shown = Filesystem { filesystem_id: "i".to_owned(), filesystem_name: "n".to_owned() };
    assert_eq!(serde_json::to_value(shown).unwrap(), json!({"filesystem_id": "i", "filesystem_name": "n"}));
}
