//! Requests that are signed with the secret of an access key. What is signed: the method, the target as
//! it was sent, the time, the host, the type of the body, the version of the API and, up to a certain
//! version, the body. What a request shows becomes a [`Claim`]; a secret then proves it or does not.

mod claim;
mod date;

use aws_lc_rs::{constant_time, digest, hmac};

pub(crate) use claim::{BadClaim, Claim};
pub(crate) use date::moment;

/// The hash of a signature: every published client uses SHA-256; the two beside it are as good. Others
/// that such a server might know (MD5 and SHA-1 among them) are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// From `HMAC-SHA256` and the like.
    fn of_method(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "HMAC-SHA256" => Some(Self::Sha256),
            "HMAC-SHA384" => Some(Self::Sha384),
            "HMAC-SHA512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn mac(self, key: &[u8], message: &str) -> hmac::Tag {
        let algorithm = match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message.as_bytes())
    }

    fn digest(self, bytes: &[u8]) -> String {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        hex(digest::digest(algorithm, bytes).as_ref())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).expect("half a byte is a digit"));
        }
        text
    })
}

/// What is signed, beside the body.
#[derive(Debug)]
struct Signed {
    hash: Hash,
    /// `YYYYMMDD`: the first of the two keys is made of it.
    day: String,
    host: String,
    /// All lines but the last, which is the hash of the body.
    lines: String,
}

impl Signed {
    /// The signature of a request with this body by this secret.
    fn by(&self, secret: &str, body: &[u8]) -> String {
        let of_day = self.hash.mac(secret.as_bytes(), &self.day);
        let of_host = self.hash.mac(of_day.as_ref(), &self.host);
        let text = format!("{}\n{}", self.lines, self.hash.digest(body));
        hex(self.hash.mac(of_host.as_ref(), &text).as_ref())
    }
}

/// Whether two signatures are one, in a time that depends on their lengths only.
fn same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests;
