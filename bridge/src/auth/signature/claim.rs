//! What a request says about who signed it, read from its head before anything is believed.

use std::time::Duration;

use http::{HeaderMap, Method, header};
use mapping::Timestamp;

use super::date::SignedDate;
use super::{Hash, Signed, same};

/// How far the time of a request may be from this machine's, either way.
const SKEW: Duration = Duration::from_secs(15 * 60);

/// From this version on no body is signed. Versions are compared as text.
const SIGNS_NO_BODY: &str = "v4.20181215";

const FORM: &str = "multipart/form-data";

/// Why a head cannot be signed by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadClaim {
    /// There is no `Authorization` header.
    Nobody,
    /// It, or what it needs beside it, cannot be read.
    Malformed(&'static str),
    /// There is no time, or it is too far from this machine's.
    Time,
}

/// Somebody's word that an access key signed a request.
#[derive(Debug)]
pub(crate) struct Claim {
    access_key: String,
    signature: String,
    pub(super) signed: Signed,
    signs_body: bool,
}

impl Claim {
    /// Reads the head of a request. `target` is what stood in its first line, byte for byte.
    pub(crate) fn of(method: &Method, target: &str, headers: &HeaderMap, now: Timestamp) -> Result<Self, BadClaim> {
        let authorization = headers.get(header::AUTHORIZATION).ok_or(BadClaim::Nobody)?;
        let authorization = authorization.to_str().map_err(|_| MALFORMED)?;
        let (hash, access_key, signature) = credential(authorization)?;
        let written = first_of(headers, &DATES).ok_or(BadClaim::Time)?.1;
        let date = SignedDate::parse(written).filter(|date| date.is_near(now, SKEW)).ok_or(BadClaim::Time)?;
        let (version_header, version) = first_of(headers, &VERSIONS).ok_or(NO_VERSION)?;
        let host = text(headers, "host").unwrap_or_default();
        let content_type = content_type(headers);
        let lines = format!(
            "{method}\n{target}\n{written}\nhost:{host}\ncontent-type:{content_type}\n{version_header}:{version}"
        );
        Ok(Self {
            access_key: access_key.to_owned(),
            signature: signature.to_owned(),
            signed: Signed { hash, day: date.day, host: host.to_owned(), lines },
            signs_body: version < SIGNS_NO_BODY && content_type != FORM,
        })
    }

    /// Who is said to have signed.
    pub(crate) fn access_key(&self) -> &str {
        &self.access_key
    }

    /// Whether the body is signed, too.
    pub(crate) const fn signs_body(&self) -> bool {
        self.signs_body
    }

    /// Whether `secret` made this signature. `body` is the request's where that is signed, else nothing.
    pub(crate) fn is_of(&self, secret: &str, body: &[u8]) -> bool {
        same(&self.signed.by(secret, body), &self.signature)
    }
}

const MALFORMED: BadClaim = BadClaim::Malformed(
    "the header `Authorization` is not `BackendAI signMethod=HMAC-SHA256, credential=ACCESSKEY:SIGNATURE`",
);

const NO_VERSION: BadClaim =
    BadClaim::Malformed("the header `X-BackendAI-Version`, which is part of what is signed, is missing");

pub(super) const BAD_METHOD: BadClaim =
    BadClaim::Malformed("the signing method is not taken: HMAC-SHA256, HMAC-SHA384 and HMAC-SHA512 are");

/// Where the time may stand, the first one there counts.
const DATES: [&str; 3] = ["date", "x-backendai-date", "x-sorna-date"];

/// Where the version may stand.
const VERSIONS: [&str; 2] = ["x-backendai-version", "x-sorna-version"];

/// The first of these headers that is there: its name and its value.
fn first_of<'h>(headers: &'h HeaderMap, names: &[&'static str]) -> Option<(&'static str, &'h str)> {
    names.iter().find_map(|name| Some((*name, text(headers, name)?)))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The media type alone. Servers of this family take a request without one for bytes.
fn content_type(headers: &HeaderMap) -> String {
    let value = text(headers, "content-type").unwrap_or("application/octet-stream");
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The hash, the access key and the signature of an `Authorization` header.
fn credential(value: &str) -> Result<(Hash, &str, &str), BadClaim> {
    let (kind, rest) = value.trim().split_once(' ').ok_or(MALFORMED)?;
    if !["BackendAI", "Sorna"].contains(&kind) {
        return Err(MALFORMED);
    }
    let (mut method, mut credential) = (None, None);
    for parameter in rest.split(',') {
        let (name, value) = parameter.split_once('=').ok_or(MALFORMED)?;
        match name.trim() {
            "signMethod" => method = Some(value.trim()),
            "credential" => credential = Some(value.trim()),
            _ => {}
        }
    }
    let (access_key, signature) = credential.and_then(|text| text.split_once(':')).ok_or(MALFORMED)?;
    let hash = Hash::of_method(method.ok_or(MALFORMED)?).ok_or(BAD_METHOD)?;
    Ok((hash, access_key, signature))
}
