//! Chance as the core sees it, so that a test can replay a run from one seed.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

/// Digits and letters: what every dialect, URL and file name takes unescaped.
const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Where the core takes random bits from. Secrets come from here too: the one of a running
/// process is a cryptographic generator seeded by the operating system.
pub trait Random: Send + Sync + fmt::Debug {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Random + '_ {
    /// `length` random digits and letters, about 5.95 bits each.
    #[must_use]
    pub fn alphanumeric(&self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let mut bytes = [0_u8; 32];
            self.fill(&mut bytes);
            // 248 = 4 * 62: a byte above it would favour the first letters.
            let fair = bytes.iter().filter(|byte| **byte < 248);
            text.extend(fair.map(|byte| char::from(ALPHANUMERIC[usize::from(*byte) % 62])).take(length - text.len()));
        }
        text
    }

    /// A number in `0..below`; 0 when `below` is 0. For jitter.
    #[must_use]
    pub fn below(&self, below: u64) -> u64 {
        let mut bytes = [0_u8; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(below).unwrap_or(0)
    }

    /// A random (version 4) UUID.
    #[must_use]
    pub fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0_u8; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// The operating system's randomness, through a cryptographic generator per thread.
#[derive(Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// A replayable stream from one seed. For tests only: it keeps no secret.
#[derive(Debug)]
pub struct SeededRandom {
    generator: Mutex<StdRng>,
}

impl SeededRandom {
    /// The stream that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { generator: Mutex::new(StdRng::seed_from_u64(seed)) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.generator.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphanumeric_has_the_length_asked_for_and_nothing_else() {
        let random: &dyn Random = &SystemRandom;
        for length in [0, 1, 20, 43, 100] {
            let text = random.alphanumeric(length);
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn one_seed_gives_one_stream() {
        let (one, two): (&dyn Random, &dyn Random) = (&SeededRandom::new(7), &SeededRandom::new(7));
        assert_eq!(one.alphanumeric(30), two.alphanumeric(30));
        assert_eq!(one.uuid(), two.uuid());
    }
}
