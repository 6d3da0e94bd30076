//! Secrets at rest: sealed with a master key that is never in the bucket.
//!
//! AES-256-GCM, a random nonce per sealing, and associated data that binds a secret to its place:
//! a sealed secret copied into another account's record does not open.

mod secret;
mod word;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Result, Subject};
use crate::random::Random;

pub use secret::Secret;
pub(crate) use secret::same;

/// Bytes of a master key.
const KEY_BYTES: usize = 32;

/// The keys that secrets in the bucket are sealed with: the first seals, all open.
pub struct MasterKeys {
    keys: Vec<MasterKey>,
}

struct MasterKey {
    id: KeyId,
    key: LessSafeKey,
}

/// Says which master key sealed something, and nothing about the key: 16 hex digits of a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyId(String);

/// A secret that only the holder of its master key can read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sealed {
    key: KeyId,
    #[serde(with = "hex::serde")]
    nonce: [u8; NONCE_LEN],
    #[serde(with = "hex::serde")]
    bytes: Vec<u8>,
}

impl MasterKeys {
    /// A new key as text: 64 hex digits. Whoever loses it loses every sealed secret.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Secret {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        random.fill(&mut *bytes);
        Secret::new(hex::encode(*bytes))
    }

    /// The key that seals.
    pub(crate) fn sealing_id(&self) -> &KeyId {
        &self.first().id
    }

    /// Whether the key of this id is among these.
    pub(crate) fn has(&self, id: &KeyId) -> bool {
        self.keys.iter().any(|key| key.id == *id)
    }

    /// Seals `secret` for the place that `bound_to` names.
    pub(crate) fn seal(&self, secret: &Secret, bound_to: &str, random: &dyn Random) -> Result<Sealed> {
        let mut nonce = [0_u8; NONCE_LEN];
        random.fill(&mut nonce);
        let mut bytes = secret.expose().as_bytes().to_vec();
        let first = self.first();
        first
            .key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), &mut bytes)
            .map_err(|_| Error::internal(Subject::Account, "sealing failed"))?;
        Ok(Sealed { key: first.id.clone(), nonce, bytes })
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// `Internal` when its key is not among these, or it was changed or moved.
    pub(crate) fn open(&self, sealed: &Sealed, bound_to: &str) -> Result<Secret> {
        let refused = |why: &str| Error::internal(Subject::Account, format!("a sealed secret does not open: {why}"));
        let key = self.keys.iter().find(|key| key.id == sealed.key).ok_or_else(|| refused("its key is not given"))?;
        let mut bytes = Zeroizing::new(sealed.bytes.clone());
        let nonce = Nonce::assume_unique_for_key(sealed.nonce);
        let plain = key
            .key
            .open_in_place(nonce, Aad::from(bound_to), &mut bytes)
            .map_err(|_| refused("it was changed, or sealed for another place"))?;
        let text = std::str::from_utf8(plain).map_err(|_| refused("it is no text"))?;
        Ok(Secret::new(text.to_owned()))
    }

    fn first(&self) -> &MasterKey {
        self.keys.first().expect("parsing refuses an empty list of keys")
    }
}

impl FromStr for MasterKeys {
    type Err = Error;

    /// Takes keys of 64 hex digits, parted by commas.
    fn from_str(text: &str) -> Result<Self> {
        let keys = text.split(',').map(|key| MasterKey::parse(key.trim())).collect::<Result<_>>()?;
        Ok(Self { keys })
    }
}

impl MasterKey {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid(Subject::Request, "a master key is 64 hex digits");
        let bytes = Zeroizing::new(hex::decode(text).map_err(|_| wrong())?);
        if bytes.len() != KEY_BYTES {
            return Err(wrong());
        }
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| wrong())?;
        let id = Sha256::new().chain_update(b"folderbridge master key id\0").chain_update(&*bytes).finalize();
        Ok(Self { id: KeyId(hex::encode(&id[..8])), key: LessSafeKey::new(key) })
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn keys(text: &str) -> MasterKeys {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_sealed_opens_only_in_its_place() {
        let keys = keys(MasterKeys::generate(&SystemRandom).expose());
        let sealed = keys.seal(&Secret::new("hidden"), "here", &SystemRandom).unwrap();
        assert_eq!(keys.open(&sealed, "here").unwrap().expose(), "hidden");
        assert!(keys.open(&sealed, "there").is_err());
        let text = serde_json::to_string(&sealed).unwrap();
        assert!(!text.contains("hidden"));
        let mut changed: Sealed = serde_json::from_str(&text).unwrap();
        changed.bytes[0] ^= 1;
        assert!(keys.open(&changed, "here").is_err());
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let (old, new) = ("11".repeat(32), "22".repeat(32));
        let sealed = keys(&old).seal(&Secret::new("hidden"), "here", &SystemRandom).unwrap();
        let both = keys(&format!("{new}, {old}"));
        assert_eq!(both.open(&sealed, "here").unwrap().expose(), "hidden");
        let resealed = both.seal(&Secret::new("hidden"), "here", &SystemRandom).unwrap();
        assert!(keys(&new).open(&resealed, "here").is_ok());
        assert!(keys(&old).open(&resealed, "here").is_err());
    }

    #[test]
    fn what_is_no_key_is_refused_and_none_is_printed() {
        for text in ["", ",", "xyz", &"1".repeat(63), &"11".repeat(33), &format!("{},", "11".repeat(32))] {
            assert!(text.parse::<MasterKeys>().is_err(), "{text}");
        }
        let text = MasterKeys::generate(&SystemRandom);
        assert!(!format!("{:?}", keys(text.expose())).contains(&text.expose()[..16]));
    }
}
