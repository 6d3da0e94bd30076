//! Signatures that published clients made, and what must not pass for one.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use mapping::Timestamp;

use super::*;

const ACCESS: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const DATE: &str = "2020-03-15T12:34:56.123456+00:00";

/// 2020-03-15T12:35:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_584_275_700_000);

struct Sent {
    method: Method,
    target: &'static str,
    headers: HeaderMap,
    body: &'static [u8],
}

fn sent(method: Method, target: &'static str, content_type: &str, version: &str, signature: &str) -> Sent {
    let mut headers = HeaderMap::new();
    let credential = format!("BackendAI signMethod=HMAC-SHA256, credential={ACCESS}:{signature}");
    for (name, value) in [
        (header::AUTHORIZATION, credential.as_str()),
        (header::DATE, DATE),
        (header::HOST, "127.0.0.1:8081"),
        (header::CONTENT_TYPE, content_type),
        (HeaderName::from_static("x-backendai-version"), version),
    ] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    Sent { method, target, headers, body: b"" }
}

impl Sent {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    fn claim(&self) -> Result<Claim, BadClaim> {
        Claim::of(&self.method, self.target, &self.headers, NOW)
    }

    /// Whether it is taken for a request of the one who has `secret`.
    fn proves(&self, secret: &str) -> bool {
        let claim = self.claim().unwrap();
        let body = if claim.signs_body() { self.body } else { b"" };
        assert_eq!(claim.access_key(), ACCESS);
        claim.is_of(secret, body)
    }
}

/// Requests of real clients: the versions 20.3.10, 1.4.2 and 26.9.6.
fn published() -> [Sent; 6] {
    let of_20_3 = |method, target, kind, signature| sent(method, target, kind, "v5.20191215", signature);
    let of_1_4 = |target, kind, signature| sent(Method::POST, target, kind, "v2.20170315", signature);
    let mut create =
        of_1_4("/v2/folders/", "application/json", "3da54675be698df5fe47036881f721ac702989309cad5ea5cc0efdd33901d497");
    create.body = br#"{"name": "mydata"}"#;
    [
        of_20_3(
            Method::POST,
            "/folders",
            "application/json",
            "70d98469a1c4af793062b9312700d00210d72cf0e4b2b34c6b2a8119e5a906c3",
        ),
        of_20_3(
            Method::POST,
            "/folders/mydata/upload",
            "multipart/form-data; boundary=d1a2",
            "8ef12c040ba0b354f24fdb98cc66a09af9922dab02e0bbe522c18918fdd3b16b",
        ),
        of_20_3(
            Method::GET,
            "/folders/my%20data/files",
            "application/json",
            "0f597a52c997d9b84c9205b5b82c9bd2273996344d06aedba0d576c51429dab6",
        ),
        create,
        of_1_4(
            "/v2/folders/mydata/upload",
            "multipart/form-data; boundary=d1a2",
            "5a4d6e182c27e5ce663c03f4f608ac76dd0fea337205a4db4e90a54e9d7d5017",
        ),
        sent(
            Method::GET,
            "/folders/0123456789abcdef0123456789abcdef/files?path=sub+dir",
            "text/plain",
            "v9.20250722",
            "6c10d2d15ccdc1c5faade1ef24bcff2c01d05aee9f994fb48f43509c60fc52bd",
        ),
    ]
}

#[test]
fn what_published_clients_sign_is_theirs_and_nobody_elses() {
    for sent in published() {
        assert!(sent.proves(SECRET), "{} {}", sent.method, sent.target);
        assert!(!sent.proves("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEZ"), "{} {}", sent.method, sent.target);
    }
}

#[test]
fn nothing_that_is_signed_may_differ() {
    for number in 0..published().len() {
        let fresh = || published().into_iter().nth(number).unwrap();
        let changed = [
            Sent { method: Method::DELETE, ..fresh() },
            Sent { target: "/folders/other", ..fresh() },
            fresh().with("date", "2020-03-15T12:34:56.123457+00:00"),
            fresh().with("date", "2020-03-15T12:34:56.123456Z"),
            fresh().with("host", "127.0.0.1:8082"),
            fresh().with("content-type", "application/xml"),
            fresh().with("x-backendai-version", "v5.20191216"),
            fresh().without("content-type"),
        ];
        for (change, sent) in changed.iter().enumerate() {
            assert!(!sent.proves(SECRET), "{number} {change}");
        }
    }
}

#[test]
fn a_body_counts_where_its_version_signs_it() {
    let [_, _, _, mut create, mut form, _] = published();
    create.body = br#"{"name": "other"}"#;
    assert!(create.claim().unwrap().signs_body());
    assert!(!create.proves(SECRET));
    form.body = b"anything";
    assert!(!form.claim().unwrap().signs_body());
    assert!(form.proves(SECRET));
}

#[test]
fn older_spellings_of_names_are_taken() {
    let [.., sent] = published();
    let authorization = sent.headers[header::AUTHORIZATION].to_str().unwrap();
    let sorna = authorization.replace("BackendAI ", "Sorna   ").replace(", ", " ,  ").replace('=', " = ");
    let [.., sent] = published();
    let sent = sent.with("authorization", &sorna).without("date");
    assert!(sent.with("x-backendai-date", DATE).proves(SECRET));
    let [.., sent] = published();
    assert!(sent.without("date").with("x-sorna-date", DATE).proves(SECRET));

    // Which of the two version headers was sent is signed with it.
    let [.., sent] = published();
    let sent = sent.without("x-backendai-version").with("x-sorna-version", "v9.20250722");
    assert!(!sent.proves(SECRET));
    let signature = sent.claim().unwrap().signed.by(SECRET, b"");
    let credential = format!("Sorna signMethod=HMAC-SHA256,credential={ACCESS}:{signature}");
    assert!(sent.with("authorization", &credential).proves(SECRET));
}

#[test]
fn longer_hashes_are_taken_and_weaker_ones_refused() {
    let with = |method: &str, signature: &str| {
        let [sent, ..] = published();
        sent.with("authorization", &format!("BackendAI signMethod={method}, credential={ACCESS}:{signature}"))
    };
    for method in ["HMAC-SHA384", "hmac-sha512"] {
        let signature = with(method, "").claim().unwrap().signed.by(SECRET, b"");
        assert!(signature.len() > 64 && with(method, &signature).proves(SECRET), "{method}");
    }
    for method in ["HMAC-MD5", "HMAC-SHA1", "HMAC-SHA256X", "SHA256", ""] {
        assert_eq!(with(method, "00").claim().unwrap_err(), super::claim::BAD_METHOD, "{method}");
    }
}

#[test]
fn a_head_that_nobody_can_have_signed_is_refused() {
    let of = |authorization: &str| {
        let [sent, ..] = published();
        sent.with("authorization", authorization).claim().unwrap_err()
    };
    for text in [
        "",
        "BackendAI",
        "Bearer abc",
        "Basic YTpi",
        "BackendAI credential=a:b",
        "BackendAI signMethod=HMAC-SHA256",
        "BackendAI signMethod=HMAC-SHA256, credential=ab",
        "BackendAI signMethod=HMAC-SHA256; credential:a=b",
        "backendai signMethod=HMAC-SHA256, credential=a:b",
    ] {
        assert!(matches!(of(text), BadClaim::Malformed(_)), "{text}");
    }
    let [sent, ..] = published();
    assert_eq!(sent.without("authorization").claim().unwrap_err(), BadClaim::Nobody);
    let [sent, ..] = published();
    assert!(matches!(sent.without("x-backendai-version").claim(), Err(BadClaim::Malformed(_))));
    for date in ["2020-03-15T12:19:59Z", "2020-03-15T12:50:00Z", "yesterday", ""] {
        let [sent, ..] = published();
        assert_eq!(sent.with("date", date).claim().unwrap_err(), BadClaim::Time, "{date}");
    }
    let [sent, ..] = published();
    assert_eq!(sent.without("date").claim().unwrap_err(), BadClaim::Time);
}

#[test]
fn a_signature_is_compared_whole() {
    let [first, ..] = published();
    let credential = first.headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
    for wrong in [&credential[..credential.len() - 1], &format!("{credential}0"), &credential.to_uppercase()] {
        let [sent, ..] = published();
        let sent = sent.with("authorization", wrong);
        assert!(sent.claim().is_err() || !sent.proves(SECRET), "{wrong}");
    }
}
