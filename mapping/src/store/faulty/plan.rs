//! What is to go wrong, and at which call.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::random::{Random, SeededRandom};
use crate::store::operation::Operation;

/// One thing that can befall a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done and `Unavailable` is answered, as after a 500 or a 503.
    Refuse,
    /// Nothing is done and `Conflict` is answered, as AWS does to racing conditional writes.
    Conflict,
    /// The call is done and `Unavailable` is answered.
    LoseAnswer,
    /// The write is done, sent once more, and the second answer is the one that is seen: as a client
    /// does that retries by itself. Reads, and bodies that stream once, are sent once.
    Resend,
    /// The body breaks after half of its bytes, on its way in or out; one on its way in is not stored.
    CutBody,
    /// The store has dropped the multipart upload that the call is about.
    DropUpload,
}

/// One call, as far as it decides what can befall it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What was asked.
    pub operation: Operation,
    /// Whether under a condition.
    pub conditional: bool,
}

impl Fault {
    /// Whether it makes a difference to such a call. (A read whose answer is lost is as good as
    /// refused.)
    #[must_use]
    pub fn can_befall(self, call: Asked) -> bool {
        use Operation::{CompleteMultipart, Copy, CreateMultipart, Delete, Get, ListParts, Put, PutPart};
        match self {
            Self::Refuse => true,
            Self::Conflict => call.conditional,
            Self::LoseAnswer => call.operation.is_write(),
            Self::Resend => {
                matches!(call.operation, Put | Delete | Copy | CreateMultipart | CompleteMultipart)
            }
            Self::CutBody => matches!(call.operation, Get | Put | PutPart),
            Self::DropUpload => matches!(call.operation, PutPart | ListParts | CompleteMultipart),
        }
    }
}

/// When the process that calls is to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// At the call of this number, from 1.
    pub at: u64,
    /// Before it is done, or after it is done and before its answer.
    pub moment: Moment,
    /// Whether only writes are counted.
    pub only_writes: bool,
}

/// On which side of a call the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The call is not done.
    Before,
    /// The call is done; its answer is never seen.
    After,
}

impl Kill {
    /// The moment, when this is the call to die at.
    pub(super) fn moment(self, number: u64, write: Option<u64>) -> Option<Moment> {
        let counted = if self.only_writes { write? } else { number };
        (counted >= self.at).then_some(self.moment)
    }
}

/// What goes wrong, by chance and by plan. The default is nothing.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// What the chances below are drawn from.
    pub seed: u64,
    /// Calls of a thousand that are refused.
    pub refused: u16,
    /// Conditional writes of a thousand that are answered 409.
    pub conflicts: u16,
    /// Calls of a thousand whose answer is lost.
    pub lost: u16,
    /// Bodies of a thousand that are cut.
    pub cut: u16,
    /// Calls of a thousand on a multipart upload that find it dropped.
    pub dropped: u16,
    /// Each call waits up to this long.
    pub latency: Duration,
    /// Each answer takes up to this long after the call was done.
    pub answers: Duration,
    /// What befalls the calls of these numbers (from 1), whatever the chances say; a conflict only
    /// where there is a condition.
    pub at: BTreeMap<u64, Fault>,
}

impl Faults {
    /// One fault at the call of one number, from 1.
    #[must_use]
    pub fn once(number: u64, fault: Fault) -> Self {
        Self { at: BTreeMap::from([(number, fault)]), ..Self::default() }
    }

    pub(super) fn delay(&self, number: u64) -> Option<Duration> {
        self.up_to(self.latency, number, 1)
    }

    pub(super) fn answer_delay(&self, number: u64) -> Option<Duration> {
        self.up_to(self.answers, number, 2)
    }

    fn up_to(&self, most: Duration, number: u64, purpose: u64) -> Option<Duration> {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        (most > 0).then(|| Duration::from_micros(self.draw(number, purpose).below(most)))
    }

    pub(super) fn befalls(&self, number: u64, operation: Operation, conditional: bool) -> Option<Fault> {
        if let Some(fault) = self.at.get(&number) {
            return Some(*fault).filter(|fault| conditional || *fault != Fault::Conflict);
        }
        let call = Asked { operation, conditional };
        let chances = [
            (Fault::Refuse, self.refused, true),
            (Fault::Conflict, self.conflicts, Fault::Conflict.can_befall(call)),
            (Fault::LoseAnswer, self.lost, true),
            (Fault::CutBody, self.cut, Fault::CutBody.can_befall(call)),
            (Fault::DropUpload, self.dropped, Fault::DropUpload.can_befall(call)),
        ];
        let mut drawn = self.draw(number, 0).below(1000);
        for (fault, chance, possible) in chances {
            if drawn < u64::from(chance) {
                return possible.then_some(fault);
            }
            drawn -= u64::from(chance);
        }
        None
    }

    fn draw(&self, number: u64, purpose: u64) -> Box<dyn Random> {
        // Odd multipliers spread neighbouring numbers over the whole range of seeds.
        let place = number.wrapping_mul(2).wrapping_add(purpose & 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let stream = (purpose >> 1).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        Box::new(SeededRandom::new(self.seed ^ place ^ stream))
    }
}
