//! A bundle: small chunks of one upload that one replica stored together. The index lies at the
//! head, so one ranged read tells what is inside; the bytes follow in the index's order.
//!
//! Layout, numbers little-endian: `fbbundle`, version `u32`, count `u32`, then `count` times
//! start `u64` and length `u64`, then the bytes.

use std::ops::Range;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::fragments::Piece;

const MAGIC: &[u8; 8] = b"fbbundle";
const VERSION: u32 = 1;
const HEAD: usize = MAGIC.len() + 8;
const ENTRY: usize = 16;

/// The most ranges in one bundle, so that its index is one small read.
pub(super) const MAX_RANGES: usize = 4_000;

/// How much of a bundle is read to see its index.
pub(super) const INDEX_READ: u64 = (HEAD + MAX_RANGES * ENTRY) as u64;

/// Where a bundle's bytes belong in the file, and where they lie in the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Positions in the file.
    pub(super) file: Range<u64>,
    /// Position of the first byte in the bundle.
    pub(super) at: u64,
}

impl Segment {
    /// The part of it within `range`; `None` when nothing is.
    pub(super) fn within(&self, range: &Range<u64>) -> Option<Self> {
        let file = self.file.start.max(range.start)..self.file.end.min(range.end);
        let at = self.at + file.start.saturating_sub(self.file.start);
        (file.start < file.end).then_some(Self { file, at })
    }

    /// Where its bytes lie in the bundle.
    pub(super) fn stored(&self) -> Range<u64> {
        self.at..self.at + (self.file.end - self.file.start)
    }
}

/// The head and the bytes of the bundle of `pieces`, which are in order and disjoint. Pieces that
/// touch share one entry.
pub(super) fn encode(pieces: &[Piece]) -> Vec<Bytes> {
    let ranges = joined(pieces);
    let mut head = BytesMut::with_capacity(HEAD + ranges.len() * ENTRY);
    head.put_slice(MAGIC);
    head.put_u32_le(VERSION);
    head.put_u32_le(u32::try_from(ranges.len()).expect("a bundle has at most MAX_RANGES ranges"));
    for range in ranges {
        head.put_u64_le(range.start);
        head.put_u64_le(range.end - range.start);
    }
    std::iter::once(head.freeze()).chain(pieces.iter().map(|piece| piece.bytes.clone())).collect()
}

/// Splits `pieces` so that none of the bundles has too many ranges.
pub(super) fn batches(pieces: &[Piece]) -> Vec<&[Piece]> {
    // Pieces that touch share a range, so a batch has at most as many ranges as pieces.
    if joined(pieces).len() <= MAX_RANGES && !pieces.is_empty() {
        vec![pieces]
    } else {
        pieces.chunks(MAX_RANGES).collect()
    }
}

fn joined(pieces: &[Piece]) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for piece in pieces {
        match ranges.last_mut() {
            Some(last) if last.end == piece.start => last.end = piece.range().end,
            _ => ranges.push(piece.range()),
        }
    }
    ranges
}

/// Reads the index from the first [`INDEX_READ`] bytes of a bundle of `size` bytes.
///
/// # Errors
/// A sentence, when this is no bundle, not a whole one, or one of a newer version.
pub(super) fn decode(mut head: Bytes, size: u64) -> Result<Vec<Segment>, &'static str> {
    if head.len() < HEAD || head.split_to(MAGIC.len()) != MAGIC[..] {
        return Err("not a bundle");
    }
    if head.get_u32_le() != VERSION {
        return Err("a bundle of an unknown version");
    }
    let count = head.get_u32_le() as usize;
    if count > MAX_RANGES || head.len() < count * ENTRY {
        return Err("a bundle with a broken index");
    }
    let mut at = (HEAD + count * ENTRY) as u64;
    let mut segments = Vec::with_capacity(count);
    for _ in 0..count {
        let (start, length) = (head.get_u64_le(), head.get_u64_le());
        let end = start.checked_add(length).ok_or("a bundle with a broken index")?;
        segments.push(Segment { file: start..end, at });
        at = at.checked_add(length).ok_or("a bundle with a broken index")?;
    }
    if at == size { Ok(segments) } else { Err("a bundle of a wrong length") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use proptest::prelude::*;

    fn pieces(budget: &Budget, gaps_and_lengths: &[(u64, u64)]) -> Vec<Piece> {
        let mut at = 0;
        let make = |(gap, length): &(u64, u64)| {
            let start = at + gap;
            at = start + length;
            let bytes: Vec<u8> = (start..at).map(|position| position as u8).collect();
            Piece::new(start, bytes.into(), budget.try_spare(*length).unwrap())
        };
        gaps_and_lengths.iter().map(make).collect()
    }

    fn stored(parts: &[Bytes]) -> Bytes {
        parts.concat().into()
    }

    #[test]
    fn pieces_that_touch_share_an_entry() {
        let budget = Budget::new(1000);
        let bundle = stored(&encode(&pieces(&budget, &[(5, 10), (0, 10), (1, 10)])));
        let index = decode(bundle.clone(), bundle.len() as u64).unwrap();
        assert_eq!(index.iter().map(|segment| segment.file.clone()).collect::<Vec<_>>(), [5..25, 26..36]);
    }

    #[test]
    fn what_is_not_a_whole_bundle_is_refused() {
        let budget = Budget::new(1000);
        let bundle = stored(&encode(&pieces(&budget, &[(0, 10), (1, 10)])));
        let size = bundle.len() as u64;
        for (what, bytes, size) in [
            ("empty", Bytes::new(), 0),
            ("cut index", bundle.slice(..HEAD + ENTRY), size),
            ("cut bytes", bundle.slice(..bundle.len() - 1), size - 1),
            ("other magic", Bytes::from([&b"x"[..], &bundle[1..]].concat()), size),
            ("newer version", Bytes::from([&bundle[..8], &[2], &bundle[9..]].concat()), size),
        ] {
            assert!(decode(bytes, size).is_err(), "{what}");
        }
    }

    #[test]
    fn too_many_ranges_make_several_bundles() {
        let budget = Budget::new(1 << 20);
        let scattered = pieces(&budget, &vec![(1, 1); MAX_RANGES + 1]);
        assert_eq!(batches(&scattered).iter().map(|batch| batch.len()).collect::<Vec<_>>(), [MAX_RANGES, 1]);
        let adjacent = pieces(&budget, &vec![(0, 1); MAX_RANGES + 1]);
        assert_eq!(batches(&adjacent).len(), 1);
        assert!(batches(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn an_index_leads_back_to_every_byte(layout in prop::collection::vec((0..5_u64, 1..9_u64), 1..20)) {
            let budget = Budget::new(10_000);
            let pieces = pieces(&budget, &layout);
            let bundle = stored(&encode(&pieces));
            let index = decode(bundle.slice(..bundle.len().min(INDEX_READ as usize)), bundle.len() as u64).unwrap();
            let found: Vec<(u64, u8)> = index
                .iter()
                .flat_map(|segment| {
                    let stored = segment.stored();
                    segment.file.clone().zip(bundle[stored.start as usize..stored.end as usize].to_vec())
                })
                .collect();
            let expected: Vec<(u64, u8)> =
                pieces.iter().flat_map(|piece| piece.range().map(|at| (at, at as u8))).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_are_an_index_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80), valid in any::<bool>()) {
            let mut bytes = bytes;
            if valid && bytes.len() >= 16 {
                bytes[..12].copy_from_slice(b"fbbundle\x01\0\0\0");
                bytes[13..16].fill(0);
            }
            let size = bytes.len() as u64;
            let _ = decode(bytes.into(), size);
        }
    }
}
