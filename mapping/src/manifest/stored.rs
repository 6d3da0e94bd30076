//! A document as it lies in the bucket: its body, its sequence number, and who wrote what was
//! written last.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::Stamp;

use super::Document;

/// How many of the last writes are remembered (besides the first, which is remembered for ever:
/// so a creation whose answer was lost can always be proved).
pub(super) const RING: usize = 32;

/// `{"format": 1, "seq": 7, "stamps": [{"seq": 1, "stamp": "…"}, …], "body": {…}}`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stored<T> {
    format: u32,
    pub(crate) seq: u64,
    stamps: VecDeque<Mark>,
    pub(crate) body: T,
}

/// One write: what it made, and whose it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Mark {
    seq: u64,
    stamp: Stamp,
}

/// What a document says about one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It was done.
    Done,
    /// It was not done and cannot be any more: another took its number.
    NotDone,
    /// It was not done so far.
    NotYet,
    /// Too many writes came after it: nobody can tell.
    Forgotten,
}

impl<T: Document> Stored<T> {
    /// The first version.
    pub(crate) fn first(body: T, stamp: Stamp) -> Self {
        Self { format: T::FORMAT, seq: 1, stamps: VecDeque::from([Mark { seq: 1, stamp }]), body }
    }

    /// The version after this one.
    pub(crate) fn next(&self, body: T, stamp: Stamp) -> Self {
        let seq = self.seq + 1;
        let mut stamps = self.stamps.clone();
        stamps.push_back(Mark { seq, stamp });
        if stamps.len() > RING + 1 {
            stamps.remove(1);
        }
        Self { format: T::FORMAT, seq, stamps, body }
    }

    /// Whether version `seq` was written by the write that bears `stamp`.
    pub(super) fn proof(&self, seq: u64, stamp: &Stamp) -> Proof {
        if self.seq < seq {
            return Proof::NotYet;
        }
        match self.stamps.iter().find(|mark| mark.seq == seq) {
            Some(mark) if mark.stamp == *stamp => Proof::Done,
            Some(_) => Proof::NotDone,
            None => Proof::Forgotten,
        }
    }

    /// The JSON as it is stored.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::internal(T::SUBJECT, error))
    }

    /// The document that `bytes` are.
    ///
    /// # Errors
    /// `Internal` when they are something else, or were written by a newer version of this program.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let damaged = |error| Error::internal(T::SUBJECT, error);
        let Head { format } = serde_json::from_slice(bytes).map_err(damaged)?;
        if format == T::FORMAT {
            return serde_json::from_slice(bytes).map_err(damaged);
        }
        let other: Stored<serde_json::Value> = serde_json::from_slice(bytes).map_err(damaged)?;
        let body = T::upgrade(format, other.body).ok_or_else(|| unknown_format::<T>(format))?;
        Ok(Self { format: T::FORMAT, seq: other.seq, stamps: other.stamps, body })
    }
}

fn unknown_format<T: Document>(format: u32) -> Error {
    let source = format!("a {} of format {format}: this program knows formats up to {}", T::KIND, T::FORMAT);
    Error::internal(T::SUBJECT, source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;
    use crate::random::{Random, SystemRandom};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Note(String);

    impl Document for Note {
        const KIND: &'static str = "note";
        const FORMAT: u32 = 2;

        fn owner(&self) -> Option<AccountId> {
            None
        }

        fn state(&self) -> &'static str {
            "live"
        }

        fn upgrade(format: u32, body: serde_json::Value) -> Option<Self> {
            (format == 1).then(|| Self(body["text"].as_str().unwrap_or_default().to_owned()))
        }
    }

    fn stamp() -> Stamp {
        Stamp::random(&SystemRandom as &dyn Random)
    }

    #[test]
    fn the_last_writes_and_the_first_are_remembered() {
        let first = stamp();
        let mut stored = Stored::first(Note("a".into()), first.clone());
        let stamps: Vec<Stamp> = (0..40).map(|_| stamp()).collect();
        for stamp in &stamps {
            stored = stored.next(stored.body.clone(), stamp.clone());
        }
        assert_eq!(stored.seq, 41);
        assert_eq!(stored.stamps.len(), RING + 1);
        assert_eq!(stored.proof(1, &first), Proof::Done);
        assert_eq!(stored.proof(9, &stamps[7]), Proof::Forgotten);
        assert_eq!(stored.proof(10, &stamps[8]), Proof::Done);
        assert_eq!(stored.proof(10, &stamps[9]), Proof::NotDone);
        assert_eq!(stored.proof(41, &stamps[39]), Proof::Done);
        assert_eq!(stored.proof(42, &first), Proof::NotYet);
    }

    #[test]
    fn an_older_format_is_read_and_a_newer_one_is_refused() {
        let old = br#"{"format":1,"seq":3,"stamps":[],"body":{"text":"hello"}}"#;
        let read = Stored::<Note>::decode(old).unwrap();
        assert_eq!((read.seq, &read.body), (3, &Note("hello".into())));
        let again = Stored::<Note>::decode(&read.encode().unwrap()).unwrap();
        assert_eq!(again.body, read.body);
        let newer = br#"{"format":3,"seq":3,"stamps":[],"body":"x"}"#;
        assert!(Stored::<Note>::decode(newer).is_err());
        assert!(Stored::<Note>::decode(b"<html>").is_err());
    }
}
