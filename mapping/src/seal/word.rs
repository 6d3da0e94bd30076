//! A sealed secret as one word that stands unescaped in a URL.

use aws_lc_rs::aead::NONCE_LEN;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{KeyId, Sealed};

/// Bytes of a key's id.
const ID_BYTES: usize = 8;

impl Sealed {
    /// The word: the key's id, the nonce and the sealed bytes in base64.
    pub(crate) fn to_word(&self) -> String {
        let id = hex::decode(&self.key.0).expect("an id is hex digits");
        URL_SAFE_NO_PAD.encode([&id[..], &self.nonce, &self.bytes].concat())
    }

    /// What a word stands for; `None` for what is none.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let all = URL_SAFE_NO_PAD.decode(word).ok()?;
        let (id, rest) = all.split_at_checked(ID_BYTES)?;
        let (nonce, bytes) = rest.split_at_checked(NONCE_LEN)?;
        Some(Self { key: KeyId(hex::encode(id)), nonce: nonce.try_into().ok()?, bytes: bytes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;
    use crate::seal::{MasterKeys, Secret};

    #[test]
    fn a_word_opens_as_what_it_was_and_no_other_does() {
        let keys: MasterKeys = MasterKeys::generate(&SystemRandom).expose().parse().unwrap();
        let word = keys.seal(&Secret::new("hidden"), "here", &SystemRandom).unwrap().to_word();
        assert!(word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "{word}");
        let open = |word: &str| Some(keys.open(&Sealed::from_word(word)?, "here").ok()?.expose().to_owned());
        assert_eq!(open(&word).as_deref(), Some("hidden"));
        for at in 0..word.len() {
            let other = if word.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &word[..at], &word[at + 1..]);
            assert_eq!(open(&changed), None, "{changed}");
        }
        for text in ["", "A", "AAAAAAAAAAA", "not a word", &format!("{word}="), &word[..word.len() - 1]] {
            assert_eq!(open(text), None, "{text}");
        }
    }
}
