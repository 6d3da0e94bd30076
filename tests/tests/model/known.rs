//! Sequences that once went wrong.

use suites::model::actions::{Action, Case, Chunk};
use suites::model::bytes::Delivery;

use super::block_on;
use super::random::run_in_memory;

fn chunk(replica: usize, start: u64, length: u64) -> Chunk {
    Chunk { replica, start, length, variant: 0, delivery: Delivery::Whole, durable: false }
}

fn check(lengths: [Option<u64>; 2], actions: Vec<Action>, budget: u32) {
    let case = Case { seed: 0, lengths: lengths.to_vec(), actions, budget, forgetful: false };
    block_on(run_in_memory(&case)).expect("what the reference says");
}

#[test]
fn a_broken_first_chunk_of_unknown_length_leaves_an_empty_file() {
    let broken = Chunk { delivery: Delivery::Short, ..chunk(1, 0, 50) };
    check([None, Some(0)], vec![Action::Chunks(0, vec![broken])], 1 << 20);
}

#[test]
fn the_tail_of_an_unknown_length_is_not_left_with_another_replica() {
    let whole = Action::Whole { upload: 1, chunk: 51, spread: false };
    check([Some(0), None], vec![whole], 1 << 20);
}

#[test]
fn chunks_on_their_way_when_the_upload_is_given_up_elsewhere_are_told() {
    let actions = vec![
        Action::Chunks(0, vec![chunk(0, 99, 22)]),
        Action::Abort(0, 1),
        Action::Whole { upload: 0, chunk: 8, spread: false },
    ];
    check([None, Some(0)], actions, 1 << 20);
}

#[test]
fn what_is_held_of_an_upload_that_was_given_up_elsewhere_is_let_go() {
    let actions = vec![
        Action::Chunks(1, vec![chunk(1, 0, 108), chunk(0, 77, 47)]),
        Action::Abort(1, 1),
        Action::Whole { upload: 1, chunk: 82, spread: false },
    ];
    check([Some(0), Some(390)], actions, 124);
}
