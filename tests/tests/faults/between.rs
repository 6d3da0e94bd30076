//! Faults on the way to the store, below the client of S3: one is made up for by its retries, one that
//! lasts ends in an error, and neither is tried for ever.

use std::sync::{Arc, Mutex};

use suites::environment::all_faults_are_wanted;
use suites::proxy::{Fault, Request};

use super::case::Case;
use super::operations::Operation;
use super::run::{Allowed, each, in_trouble, is_first_answer_right};
use super::world::World;

/// The most attempts of one request, as `Retries` has it.
const ATTEMPTS: u32 = 5;

/// The most requests to the store for one request to the API while everything fails.
const MOST_REQUESTS: u64 = 120;

/// Whether a fault is tried at every such request of an operation, and not only at one of them: where
/// it is hard to tell whether it was done, or to go on.
fn is_hard(fault: Fault, request: &Request) -> bool {
    match fault {
        Fault::LoseAnswer => request.is_write(),
        Fault::CutAnswer => !request.is_write(),
        Fault::LateConflict | Fault::DropUpload => true,
        _ => false,
    }
}

const fn allowed(fault: Fault) -> Allowed {
    match fault {
        Fault::Conflict => Allowed::Conflict,
        Fault::DropUpload => Allowed::Gone,
        _ => Allowed::Nothing,
    }
}

/// The requests that an operation makes in a world without trouble.
async fn requests(world: &World, operation: Operation) -> Vec<Request> {
    let case = Case::prepare(world, operation, &world.tag()).await;
    world.forget();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    world.shaky.proxy().script(move |request| {
        notes.lock().expect("notes").push(request.clone());
        None
    });
    let reply = case.ask(world).await.expect("an answer").expect(operation.status());
    world.shaky.heal();
    case.check(world, &reply).await;
    std::mem::take(&mut *seen.lock().expect("notes"))
}

/// The places among `requests` at which `fault` is tried.
fn places(operation: Operation, fault: Fault, requests: &[Request]) -> Vec<u64> {
    let possible: Vec<_> = (1..).zip(requests).filter(|(_, request)| fault.can_befall(request)).collect();
    let one = (operation as usize + fault as usize).checked_rem(possible.len());
    let wanted = possible
        .into_iter()
        .enumerate()
        .filter(|(at, (_, request))| all_faults_are_wanted() || is_hard(fault, request) || Some(*at) == one);
    wanted.map(|(_, (number, _))| number).collect()
}

async fn once(operation: Operation) {
    let world = World::between().await;
    let requests = requests(&world, operation).await;
    assert!(!requests.is_empty(), "{operation:?} asks nothing of the store");
    for fault in Fault::ALL {
        for number in places(operation, fault, &requests) {
            let asked = requests[usize::try_from(number - 1).expect("a small number")].operation;
            let what = format!("{fault:?} once, at request {number} of {}, {asked}", requests.len());
            let first = in_trouble(&world, operation, allowed(fault), &what, || {
                world.shaky.proxy().forget();
                world.shaky.proxy().once(number, fault);
            })
            .await;
            assert!(fault == Fault::DropUpload || is_first_answer_right(operation, &first), "{what}: {first:?}");
            let counts = world.shaky.proxy().counts();
            assert!(counts.most_attempts() <= ATTEMPTS, "{what}: {} attempts", counts.most_attempts());
        }
    }
    world.check_tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_on_the_way_is_made_up_for_in_any_operation() {
    each(Operation::ALL, once).await;
}

async fn always(operation: Operation) {
    let world = World::between().await;
    for fault in Fault::ALL {
        let what = format!("{fault:?} all the time");
        let first = in_trouble(&world, operation, allowed(fault), &what, || {
            world.shaky.proxy().forget();
            world.shaky.proxy().always(fault);
        })
        .await;
        let harmless = matches!(fault, Fault::SlowFirstByte | Fault::CloseIdle | Fault::LateConflict);
        assert!(!harmless || is_first_answer_right(operation, &first), "{operation:?}, {what}: {first:?}");
        let counts = world.shaky.proxy().counts();
        assert!(counts.most_attempts() <= ATTEMPTS, "{operation:?}, {what}: {} attempts", counts.most_attempts());
        assert!(counts.faults <= MOST_REQUESTS, "{operation:?}, {what}: {} requests", counts.faults);
    }
    world.check_tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_on_the_way_that_lasts_ends_in_a_clear_error_in_any_operation() {
    each(Operation::ALL, always).await;
}
