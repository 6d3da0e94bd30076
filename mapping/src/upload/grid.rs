//! Where a file is cut into parts. Fixed once per upload: afterwards the number and the borders
//! of every part follow from the position alone, on every replica and on every retry.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::store::PartNumber;

/// The most parts that a store takes in one object.
pub(super) const MAX_PARTS: u64 = 10_000;

/// The largest chunk that becomes a part of its own: beyond it, a failure costs the client too much.
const MAX_OWN_PART: u64 = 512 << 20;

/// The largest part that a store takes.
const MAX_PART: u64 = 5 << 30;

/// How many parts of a file of unknown length have the same size before it doubles. With
/// 10,000 parts of 5 MiB and up that makes 4.9 TiB, with 8 MiB and up 7.9 TiB.
const PARTS_PER_STEP: u64 = 1_000;

/// A file's cells: part `n` holds exactly the bytes of cell `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grid {
    /// Size of every cell but the last (length known), or of the first 1,000 (unknown).
    part: u64,
    /// The file's length, when it is known before the end.
    total: Option<u64>,
}

/// What sizes a store and a deployment want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The smallest part that a store takes but as the last one.
    floor: u64,
}

impl Sizes {
    /// Sizes over a store whose smallest part is `floor` bytes: 5 MiB but in tests.
    pub(super) fn new(floor: u64) -> Self {
        Self { floor: floor.max(1) }
    }

    /// The part size to aim at when the client's chunks are smaller: 8 MiB for a floor of 5 MiB.
    /// A file up to this length needs no parts at all.
    pub(super) const fn target(self) -> u64 {
        self.floor.saturating_mul(8).div_ceil(5)
    }

    /// Whether a chunk is large enough to be a part as it comes.
    pub(super) const fn own_part(self, length: u64) -> bool {
        length >= self.floor && length <= MAX_OWN_PART
    }

    /// The longest file that fits into 10,000 parts.
    pub(super) const fn longest() -> u64 {
        MAX_PARTS * MAX_PART
    }
}

impl Grid {
    /// The grid that a chunk proposes by its position: `None` when it is the tail of a file that
    /// has more before it, or when the whole file is small enough to need no parts.
    pub(super) fn propose(sizes: Sizes, total: Option<u64>, chunk: &Range<u64>) -> Option<Self> {
        let length = chunk.end.checked_sub(chunk.start).filter(|length| *length > 0)?;
        let tail = total == Some(chunk.end) && chunk.start > 0;
        let small = total.unwrap_or(chunk.end) <= sizes.target() && !sizes.own_part(length);
        if tail || small { None } else { Some(Self::for_chunks_of(sizes, total, length)) }
    }

    /// The grid for a client that sends chunks of `length` bytes.
    pub(super) fn for_chunks_of(sizes: Sizes, total: Option<u64>, length: u64) -> Self {
        let least = total.unwrap_or(0).div_ceil(MAX_PARTS);
        if sizes.own_part(length) && length >= least {
            return Self { part: length, total };
        }
        let aim = sizes.target().max(least);
        let whole_chunks = aim.div_ceil(length.max(1)) * length.max(1);
        // A chunk far larger than the aim would make one giant part: it is cut instead.
        let part = if whole_chunks > MAX_OWN_PART.max(aim) { aim } else { whole_chunks };
        Self { part, total }
    }

    /// The part that holds the byte at `offset`.
    pub(super) const fn part_at(self, offset: u64) -> PartNumber {
        let Some(_) = self.total else { return self.growing_part_at(offset) };
        number(offset / self.part)
    }

    /// The bytes of part `n`. The last cell of a known length ends with the file.
    pub(super) fn cell(self, part: PartNumber) -> Range<u64> {
        let index = u64::from(part.max(1) - 1);
        match self.total {
            Some(total) => (index * self.part).min(total)..((index + 1) * self.part).min(total),
            None => self.growing_cell(index),
        }
    }

    /// The parts of a file of `total` bytes, each with its cell; the last one ends with the file.
    pub(super) fn cells(self, total: u64) -> impl Iterator<Item = (PartNumber, Range<u64>)> {
        (1..=number(MAX_PARTS - 1))
            .map(move |part| (part, self.cell(part)))
            .map_while(move |(part, cell)| (cell.start < total).then(|| (part, cell.start..cell.end.min(total))))
    }

    /// The pieces of `chunk`, cut at the borders of the cells, each with its part.
    pub(super) fn cut(self, chunk: Range<u64>) -> impl Iterator<Item = (PartNumber, Range<u64>)> {
        let mut at = chunk.start;
        std::iter::from_fn(move || {
            (at < chunk.end).then(|| {
                let part = self.part_at(at);
                let piece = at..self.cell(part).end.min(chunk.end);
                at = piece.end;
                (part, piece)
            })
        })
    }

    /// Where the last cell ends: no file on this grid is longer.
    pub(super) fn end(self) -> u64 {
        self.total.unwrap_or_else(|| self.growing_cell(MAX_PARTS - 1).end)
    }

    const fn growing_part_at(self, offset: u64) -> PartNumber {
        let (mut step, mut start, mut size) = (0, 0_u64, self.part);
        while offset - start >= size * PARTS_PER_STEP {
            start += size * PARTS_PER_STEP;
            size *= 2;
            step += 1;
        }
        number(step * PARTS_PER_STEP + (offset - start) / size)
    }

    const fn growing_cell(self, index: u64) -> Range<u64> {
        let (step, within) = (index / PARTS_PER_STEP, index % PARTS_PER_STEP);
        let start = self.part * PARTS_PER_STEP * ((1 << step) - 1);
        let size = self.part << step;
        start + within * size..start + (within + 1) * size
    }
}

/// The part number of the cell at `index`; parts count from 1.
#[expect(clippy::cast_possible_truncation, reason = "an index is checked against the grid's end: below 10,000")]
const fn number(index: u64) -> PartNumber {
    index as PartNumber + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIB: u64 = 1 << 20;

    fn part_size(total: Option<u64>, chunk: Range<u64>) -> Option<u64> {
        Grid::propose(Sizes::new(5 * MIB), total, &chunk).map(|grid| grid.part)
    }

    #[test]
    fn the_first_chunk_decides_the_part_size() {
        let (kib, tib) = (1 << 10, 1_u64 << 40);
        let cases = [
            ("the chunk's own length", Some(1 << 30), 0..8 * MIB, Some(8 * MIB)),
            ("also from the middle", Some(1 << 30), 16 * MIB..24 * MIB, Some(8 * MIB)),
            ("chunks of 10 KiB are gathered", Some(25_000_000), 0..10 * kib, Some(820 * 10 * kib)),
            ("chunks of 4 MiB are gathered", Some(1 << 30), 0..4 * MIB, Some(8 * MIB)),
            ("too many parts of its own length", Some(tib), 0..8 * MIB, Some(112 * MIB)),
            ("a tail decides nothing", Some(100 * MIB), 90 * MIB..100 * MIB, None),
            ("a small file needs no parts", Some(8 * MIB), 0..10 * kib, None),
            ("a whole file of 5 MiB is one part", Some(5 * MIB), 0..5 * MIB, Some(5 * MIB)),
            ("a whole file of 1 GiB is cut", Some(1 << 30), 0..1 << 30, Some(8 * MIB)),
            ("unknown length: small so far", None, 0..10 * kib, None),
            ("unknown length: past the small size", None, 8 * MIB..8 * MIB + 1, Some(8 * MIB)),
            ("unknown length: large chunk", None, 0..6 * MIB, Some(6 * MIB)),
            ("nothing decides nothing", Some(100), 5..5, None),
        ];
        for (what, total, chunk, expected) in cases {
            assert_eq!(part_size(total, chunk), expected, "{what}");
        }
    }

    #[test]
    fn a_growing_grid_holds_five_tebibytes() {
        let grid = Grid::for_chunks_of(Sizes::new(5 * MIB), None, 8 * MIB);
        assert!(grid.end() > 5 << 40);
        assert_eq!(grid.cell(1), 0..8 * MIB);
        assert_eq!(grid.cell(1001), 8000 * MIB..8016 * MIB);
        assert_eq!(grid.part_at(grid.end() - 1), 10_000);
    }

    fn grids() -> impl Strategy<Value = (Grid, u64)> {
        (1..40_u64, prop::option::of(1..50_000_u64), 1..3_000_u64).prop_map(|(floor, total, length)| {
            let grid = Grid::for_chunks_of(Sizes::new(floor), total, length);
            (grid, total.unwrap_or(100_000))
        })
    }

    proptest! {
        #[test]
        fn the_cells_lie_side_by_side_and_cover_the_file((grid, total) in grids()) {
            let mut at = 0;
            for (index, (part, cell)) in grid.cells(total).enumerate() {
                prop_assert_eq!(part as usize, index + 1);
                prop_assert_eq!(cell.start, at);
                prop_assert!(cell.end > at);
                prop_assert_eq!(grid.part_at(cell.start), part);
                prop_assert_eq!(grid.part_at(cell.end - 1), part);
                at = cell.end;
            }
            prop_assert_eq!(at, total);
        }

        #[test]
        fn the_pieces_of_a_chunk_are_the_chunk((grid, total) in grids(), a in 0..50_000_u64, b in 0..50_000_u64) {
            let chunk = a.min(b) % total..a.max(b) % total;
            let mut at = chunk.start;
            for (part, piece) in grid.cut(chunk.clone()) {
                let cell = grid.cell(part);
                prop_assert_eq!(piece.start, at);
                prop_assert!(piece.start >= cell.start && piece.end <= cell.end && piece.start < piece.end);
                at = piece.end;
            }
            prop_assert_eq!(at, chunk.end.max(chunk.start));
        }

        #[test]
        fn no_file_needs_more_parts_than_a_store_takes(total in 1..Sizes::longest(), length in 1..600 * MIB) {
            let grid = Grid::for_chunks_of(Sizes::new(5 * MIB), Some(total), length);
            prop_assert!(u64::from(grid.part_at(total - 1)) <= MAX_PARTS);
            prop_assert!(grid.part >= 5 * MIB && grid.part <= MAX_PART);
        }
    }
}
