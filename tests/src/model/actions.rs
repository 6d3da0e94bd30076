//! What can happen to an upload, made by chance.

use proptest::prelude::*;

use super::bytes::{Delivery, VARIANTS};

/// One chunk that a client sends.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Which replica it reaches.
    pub replica: usize,
    /// Where it starts, in thousandths of what the file may have.
    pub start: u64,
    /// How long it is.
    pub length: u64,
    /// Which content.
    pub variant: u8,
    /// What becomes of its body.
    pub delivery: Delivery,
    /// Whether it is to be acknowledged only once it is stored.
    pub durable: bool,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// Chunks at the same time.
    Chunks(usize, Vec<Chunk>),
    /// The whole file as the real client sends it: equal chunks, five at a time, in a window of
    /// six, to one replica after the other (`spread`) or all to the first.
    Whole {
        /// Which upload.
        upload: usize,
        /// Length of a chunk.
        chunk: u64,
        /// Whether the chunks go to all replicas in turn.
        spread: bool,
    },
    /// A finish, through some replica.
    Finish(usize, usize),
    /// Two finishes at the same time, through two replicas.
    FinishTwice(usize),
    /// A replica dies and another takes its place.
    Restart(usize),
    /// Long enough for everything held to be stored.
    Rest,
    /// The client gives up.
    Abort(usize, usize),
}

/// What a case begins with.
#[derive(Clone, Debug)]
pub struct Case {
    /// Makes all chance inside.
    pub seed: u64,
    /// The lengths of the uploads to the one path; `None` for one that is not announced.
    pub lengths: Vec<Option<u64>>,
    /// What happens.
    pub actions: Vec<Action>,
    /// The byte budget.
    pub budget: u32,
    /// Whether a repeated Complete is an error, as on MinIO.
    pub forgetful: bool,
}

/// The longest file of a case: more than seven cells.
pub const LONGEST: u64 = 600;

/// How many uploads a case has.
pub const UPLOADS: usize = 2;

/// How many replicas.
pub const REPLICAS: usize = 2;

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![
        17 => Just(Delivery::Whole),
        1 => Just(Delivery::Short),
        1 => Just(Delivery::Long),
        1 => Just(Delivery::Broken),
    ]
}

fn chunk() -> impl Strategy<Value = Chunk> {
    let length = prop_oneof![5 => 1..30_u64, 4 => 30..120_u64, 1 => 120..LONGEST, 1 => Just(80_u64)];
    (0..REPLICAS, 0..1000_u64, length, 0..VARIANTS, delivery(), prop::bool::weighted(0.15)).prop_map(
        |(replica, start, length, variant, delivery, durable)| Chunk {
            replica,
            start,
            length,
            variant,
            delivery,
            durable,
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        10 => (0..UPLOADS, prop::collection::vec(chunk(), 1..6)).prop_map(|(upload, chunks)| Action::Chunks(upload, chunks)),
        4 => (0..UPLOADS, 7..100_u64, any::<bool>())
            .prop_map(|(upload, chunk, spread)| Action::Whole { upload, chunk, spread }),
        2 => (0..UPLOADS, 0..REPLICAS).prop_map(|(upload, replica)| Action::Finish(upload, replica)),
        1 => (0..UPLOADS).prop_map(Action::FinishTwice),
        2 => (0..REPLICAS).prop_map(Action::Restart),
        2 => Just(Action::Rest),
        1 => (0..UPLOADS, 0..REPLICAS).prop_map(|(upload, replica)| Action::Abort(upload, replica)),
    ]
}

/// Cases, by chance.
pub fn cases() -> impl Strategy<Value = Case> {
    let length = prop_oneof![8 => (0..LONGEST).prop_map(Some), 2 => Just(None)];
    let budget = prop_oneof![2 => Just(1_u32 << 20), 1 => 100..400_u32];
    let actions = prop::collection::vec(action(), 1..14);
    (any::<u64>(), prop::collection::vec(length, UPLOADS), actions, budget, any::<bool>())
        .prop_map(|(seed, lengths, actions, budget, forgetful)| Case { seed, lengths, actions, budget, forgetful })
}

impl Case {
    /// The same case with shorter files and fewer actions, for a store that takes its time.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        self.lengths.iter_mut().flatten().for_each(|length| *length %= LONGEST / 3);
        self.actions.truncate(5);
        self
    }
}
