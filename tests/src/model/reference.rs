//! The reference: of one upload, which bytes were sent, and which of them the bridge answered for.

use std::ops::Range;

use super::bytes::{VARIANTS, byte};

/// What is known of one position.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    /// Variants that were sent for it, whole or not: bit per variant.
    sent: u8,
    /// Replicas that acknowledged it from memory: bit per replica.
    held: u8,
    /// It was acknowledged as stored, or has been held long enough to be.
    stored: bool,
}

/// One upload.
#[derive(Clone, Debug)]
pub struct Reference {
    total: Option<u64>,
    positions: Vec<Position>,
}

impl Reference {
    /// Nothing sent so far.
    #[must_use]
    pub fn new(total: Option<u64>) -> Self {
        Self { total, positions: Vec::new() }
    }

    fn at(&mut self, range: &Range<u64>) -> &mut [Position] {
        let (start, end) = (range.start as usize, range.end as usize);
        if self.positions.len() < end {
            self.positions.resize(end, Position::default());
        }
        &mut self.positions[start..end]
    }

    /// A chunk is on its way.
    pub fn sends(&mut self, range: &Range<u64>, variant: u8) {
        self.at(range).iter_mut().for_each(|position| position.sent |= 1 << (variant % VARIANTS));
    }

    /// It was acknowledged by a replica that holds it.
    pub fn held(&mut self, range: &Range<u64>, replica: usize) {
        self.at(range).iter_mut().for_each(|position| position.held |= 1 << replica);
    }

    /// It was acknowledged as stored.
    pub fn stored(&mut self, range: &Range<u64>) {
        self.at(range).iter_mut().for_each(|position| position.stored = true);
    }

    /// Everything held has been held long enough to be stored.
    pub fn settled(&mut self) {
        self.positions.iter_mut().for_each(|position| position.stored |= position.held != 0);
    }

    /// A replica died.
    pub fn died(&mut self, replica: usize) {
        self.positions.iter_mut().for_each(|position| position.held &= !(1 << replica));
    }

    /// Where the last byte ends that must be there.
    fn certain_end(&self) -> u64 {
        let last = self.positions.iter().rposition(|position| position.held != 0 || position.stored);
        last.map_or(0, |at| at as u64 + 1)
    }

    fn is_certain(&self, at: u64) -> bool {
        self.positions.get(at as usize).is_some_and(|position| position.held != 0 || position.stored)
    }

    fn was_sent(&self, at: u64) -> bool {
        self.positions.get(at as usize).is_some_and(|position| position.sent != 0)
    }

    /// Checks the file that a finish made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_file(&self, file: &[u8]) -> Result<(), String> {
        let size = file.len() as u64;
        match self.total {
            Some(total) if size != total => return Err(format!("{size} bytes instead of {total}")),
            None if size < self.certain_end() => {
                return Err(format!("{size} bytes, but {} were acknowledged", self.certain_end()));
            }
            _ => {}
        }
        for (at, found) in (0..).zip(file) {
            let sent = self.positions.get(at as usize).map_or(0, |position| position.sent);
            let possible = (0..VARIANTS).filter(|variant| sent & (1 << variant) != 0);
            if !possible.map(|variant| byte(at, variant)).any(|byte| byte == *found) {
                return Err(format!("byte {at} is {found}, which nobody sent"));
            }
        }
        Ok(())
    }

    /// Checks the holes that a finish named: all that were never sent, none that were acknowledged.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check_missing(&self, missing: &[Range<u64>]) -> Result<(), String> {
        let end = self.total.unwrap_or_else(|| self.certain_end());
        let named = |at: u64| missing.iter().any(|hole| hole.contains(&at));
        if missing.is_empty() || missing.iter().any(|hole| hole.start >= hole.end) {
            return Err(format!("{missing:?} names nothing"));
        }
        if missing.windows(2).any(|pair| pair[0].end >= pair[1].start) {
            return Err(format!("{missing:?} is not in order"));
        }
        for at in 0..end {
            if !self.was_sent(at) && !named(at) {
                return Err(format!("byte {at} was never sent and is not named in {missing:?}"));
            }
        }
        let certain = missing.iter().flat_map(Clone::clone).find(|at| self.is_certain(*at));
        certain.map_or(Ok(()), |at| Err(format!("byte {at} was acknowledged and is called missing")))
    }
}
