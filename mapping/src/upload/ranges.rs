//! Sets of byte positions, as ranges with the end exclusive.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of positions: disjoint ranges, none empty, none touching the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    /// Start to end.
    ends: BTreeMap<u64, u64>,
}

impl Ranges {
    /// Adds all positions of `range`.
    pub(super) fn insert(&mut self, range: Range<u64>) {
        if range.start >= range.end {
            return;
        }
        let (mut start, mut end) = (range.start, range.end);
        while let Some((other_start, other_end)) = self.ends.range(..=end).next_back().map(|(s, e)| (*s, *e)) {
            if other_end < start {
                break;
            }
            self.ends.remove(&other_start);
            start = start.min(other_start);
            end = end.max(other_end);
        }
        self.ends.insert(start, end);
    }

    /// Whether every position of `range` is in the set.
    pub(super) fn covers(&self, range: &Range<u64>) -> bool {
        range.start >= range.end
            || self.ends.range(..=range.start).next_back().is_some_and(|(_, end)| *end >= range.end)
    }

    /// The positions of `range` that are not in the set.
    pub(super) fn missing(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut holes = Vec::new();
        let mut at = range.start;
        let before = self.ends.range(..=at).next_back();
        for (start, end) in before.into_iter().chain(self.ends.range(at.saturating_add(1)..)) {
            if *start >= range.end {
                break;
            }
            if *start > at {
                holes.push(at..*start);
            }
            at = at.max(*end);
        }
        if at < range.end {
            holes.push(at..range.end);
        }
        holes
    }

    /// One past the last position; 0 for none.
    pub(super) fn end(&self) -> u64 {
        self.ends.last_key_value().map_or(0, |(_, end)| *end)
    }

    /// The ranges in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ends.iter().map(|(start, end)| *start..*end)
    }
}

impl Extend<Range<u64>> for Ranges {
    fn extend<I: IntoIterator<Item = Range<u64>>>(&mut self, ranges: I) {
        for range in ranges {
            self.insert(range);
        }
    }
}

impl FromIterator<Range<u64>> for Ranges {
    fn from_iter<I: IntoIterator<Item = Range<u64>>>(ranges: I) -> Self {
        let mut set = Self::default();
        set.extend(ranges);
        set
    }
}

/// The first few of `holes` for a sentence: `0-10, 20-30 and 4 more` (ends exclusive).
pub(super) fn in_words(holes: &[Range<u64>]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<_> = holes.iter().take(SHOWN).map(|hole| format!("{}-{}", hole.start, hole.end)).collect();
    match holes.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn holes_are_named_in_a_short_sentence() {
        assert_eq!(in_words(&[0..10, 20..30]), "0-10, 20-30");
        let many: Vec<_> = (0..12).map(|n| n * 10..n * 10 + 5).collect();
        assert!(in_words(&many).ends_with("70-75 and 4 more"));
    }

    proptest! {
        #[test]
        fn the_set_is_the_set_of_its_positions(
            inserted in prop::collection::vec((0..60_u64, 0..20_u64), 0..12), asked in (0..70_u64, 0..30_u64),
        ) {
            let ranges: Ranges = inserted.iter().map(|(start, length)| *start..start + length).collect();
            let plain: Vec<bool> =
                (0..120).map(|at| inserted.iter().any(|(start, length)| (*start..start + length).contains(&at))).collect();
            let asked = asked.0..asked.0 + asked.1;
            let expected: Vec<u64> = asked.clone().filter(|at| !plain[*at as usize]).collect();
            let missing: Vec<u64> = ranges.missing(asked.clone()).into_iter().flatten().collect();
            prop_assert_eq!(&missing, &expected);
            prop_assert_eq!(ranges.covers(&asked), expected.is_empty());
            let all: Vec<u64> = ranges.iter().flatten().collect();
            prop_assert_eq!(all, (0..120).filter(|at| plain[*at as usize]).collect::<Vec<_>>());
            let list: Vec<_> = ranges.iter().collect();
            prop_assert!(list.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}
