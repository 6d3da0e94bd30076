//! What one replica holds in memory of one upload: pieces of chunks, each with the budget's
//! permit for its bytes. A piece stays here until its cell is a part, also when a bundle has it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::ranges::Ranges;
use crate::budget::Permit;

/// Bytes in memory, and where they belong. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Position of the first byte in the file.
    pub(super) start: u64,
    /// The bytes, at least one.
    pub(super) bytes: Bytes,
    /// Shared by everything cut from one allocation.
    _permit: Arc<Permit>,
}

impl Piece {
    /// Bytes that came in under `permit`.
    pub(super) fn new(start: u64, bytes: Bytes, permit: Permit) -> Self {
        Self { start, bytes, _permit: Arc::new(permit) }
    }

    /// The positions of its bytes.
    pub(super) fn range(&self) -> Range<u64> {
        self.start..self.start + self.bytes.len() as u64
    }

    /// The part of it that lies within `range`; `None` when nothing does.
    pub(super) fn within(&self, range: &Range<u64>) -> Option<Self> {
        let mine = self.range();
        let (start, end) = (range.start.max(mine.start), range.end.min(mine.end));
        let from = usize::try_from(start.checked_sub(self.start)?).ok()?;
        let length = usize::try_from(end.checked_sub(start)?).ok().filter(|length| *length > 0)?;
        Some(Self { start, bytes: self.bytes.slice(from..from + length), _permit: Arc::clone(&self._permit) })
    }
}

/// The pieces of one upload: disjoint, by position.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    pieces: BTreeMap<u64, Held>,
}

#[derive(Debug)]
struct Held {
    piece: Piece,
    since: Instant,
    /// A bundle has these bytes too, so they may be dropped at any time.
    bundled: bool,
}

impl Fragments {
    /// Keeps what is not held yet: of two pieces for one position the first stays.
    pub(super) fn insert(&mut self, piece: &Piece, since: Instant) {
        for hole in self.ranges(&piece.range()).missing(piece.range()) {
            if let Some(piece) = piece.within(&hole) {
                self.pieces.insert(piece.start, Held { piece, since, bundled: false });
            }
        }
    }

    /// Whether every position of `range` is held.
    pub(super) fn covers(&self, range: &Range<u64>) -> bool {
        // Pieces are disjoint, so their lengths add up.
        let held: u64 =
            self.touching(range).filter_map(|held| held.piece.within(range)).map(|p| p.bytes.len() as u64).sum();
        held == range.end.saturating_sub(range.start)
    }

    /// What is held of `range`, in order, cut to it.
    pub(super) fn within(&self, range: &Range<u64>) -> Vec<Piece> {
        self.touching(range).filter_map(|held| held.piece.within(range)).collect()
    }

    /// What no bundle has, in order, and since when it is held.
    pub(super) fn unbundled(&self) -> impl Iterator<Item = (&Piece, Instant)> {
        self.pieces.values().filter(|held| !held.bundled).map(|held| (&held.piece, held.since))
    }

    /// Notes that bundles have all of `stored`.
    pub(super) fn bundled(&mut self, stored: &Ranges) {
        for held in self.pieces.values_mut() {
            held.bundled |= stored.covers(&held.piece.range());
        }
    }

    /// Lets go of everything in `range`; what a piece has outside of it stays.
    pub(super) fn remove(&mut self, range: &Range<u64>) {
        let starts: Vec<u64> = self.touching(range).map(|held| held.piece.start).collect();
        for held in starts.iter().filter_map(|start| self.pieces.remove(start)).collect::<Vec<_>>() {
            let mine = held.piece.range();
            for outside in [mine.start..range.start.min(mine.end), range.end.max(mine.start)..mine.end] {
                if let Some(piece) = held.piece.within(&outside) {
                    self.pieces.insert(piece.start, Held { piece, ..held });
                }
            }
        }
    }

    /// Lets go of what bundles have; answers how many bytes that were.
    pub(super) fn drop_bundled(&mut self) -> u64 {
        let before = self.bytes();
        self.pieces.retain(|_, held| !held.bundled);
        before - self.bytes()
    }

    /// How many bytes are held.
    pub(super) fn bytes(&self) -> u64 {
        self.pieces.values().map(|held| held.piece.bytes.len() as u64).sum()
    }

    /// Whether nothing is held.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn touching(&self, range: &Range<u64>) -> impl Iterator<Item = &Held> {
        let from = self.pieces.range(..range.start).next_back().map_or(range.start, |(start, _)| *start);
        self.pieces.range(from..range.end.max(from)).map(|(_, held)| held)
    }

    fn ranges(&self, near: &Range<u64>) -> Ranges {
        self.touching(near).map(|held| held.piece.range()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use proptest::prelude::*;

    fn piece(budget: &Budget, start: u64, text: &'static str) -> Piece {
        Piece::new(start, Bytes::from_static(text.as_bytes()), budget.try_spare(text.len() as u64).unwrap())
    }

    fn text(pieces: &[Piece]) -> String {
        pieces.iter().map(|piece| format!("{}:{} ", piece.start, String::from_utf8_lossy(&piece.bytes))).collect()
    }

    #[test]
    fn of_two_pieces_for_one_position_the_first_stays() {
        let budget = Budget::new(1000);
        let mut held = Fragments::default();
        held.insert(&piece(&budget, 4, "bbbb"), Instant::now());
        held.insert(&piece(&budget, 0, "aaaaaaaaaaaa"), Instant::now());
        assert_eq!(text(&held.within(&(0..12))), "0:aaaa 4:bbbb 8:aaaa ");
        assert_eq!(text(&held.within(&(2..5))), "2:aa 4:b ");
        assert!(held.covers(&(0..12)) && !held.covers(&(0..13)));
    }

    #[test]
    fn a_permit_lives_as_long_as_the_last_of_its_bytes() {
        let budget = Budget::new(1000);
        let mut held = Fragments::default();
        held.insert(&piece(&budget, 4, "bb"), Instant::now());
        held.insert(&piece(&budget, 0, "aaaaaaaa"), Instant::now());
        held.remove(&(0..5));
        assert_eq!(text(&held.within(&(0..8))), "5:b 6:aa ");
        assert_eq!(budget.held(), 10);
        held.remove(&(4..8));
        assert_eq!(budget.held(), 0);
        assert!(held.is_empty());
    }

    #[test]
    fn what_a_bundle_has_can_be_dropped() {
        let budget = Budget::new(1000);
        let mut held = Fragments::default();
        held.insert(&piece(&budget, 0, "aa"), Instant::now());
        let stored = held.unbundled().map(|(piece, _)| piece.range()).collect();
        held.insert(&piece(&budget, 5, "b"), Instant::now());
        held.bundled(&stored);
        assert_eq!(held.unbundled().map(|(piece, _)| piece.start).collect::<Vec<_>>(), [5]);
        assert_eq!(held.drop_bundled(), 2);
        assert_eq!(text(&held.within(&(0..9))), "5:b ");
    }

    proptest! {
        #[test]
        fn pieces_hold_exactly_the_positions_put_in(
            pieces in prop::collection::vec((0..60_u64, 1..20_usize), 0..12), asked in (0..70_u64, 1..30_u64),
        ) {
            let budget = Budget::new(10_000);
            let mut held = Fragments::default();
            let mut plain = [None; 120];
            for (letter, (start, length)) in (b'a'..).zip(&pieces) {
                let permit = budget.try_spare(*length as u64).unwrap();
                held.insert(&Piece::new(*start, Bytes::from(vec![letter; *length]), permit), Instant::now());
                for position in plain.iter_mut().skip(*start as usize).take(*length) {
                    position.get_or_insert(letter);
                }
            }
            let asked = asked.0..asked.0 + asked.1;
            let mut seen = [None; 120];
            for piece in held.within(&asked) {
                for (at, byte) in (piece.start as usize..).zip(piece.bytes.iter()) {
                    prop_assert!(seen[at].replace(*byte).is_none());
                }
            }
            for at in 0..120 {
                let expected = plain[at].filter(|_| asked.contains(&(at as u64)));
                prop_assert_eq!(seen[at], expected);
            }
        }
    }
}
