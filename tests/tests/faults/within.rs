//! Faults above the client of S3: each is what is left when its retries are used up.

use mapping::store::faulty::{Asked, Fault, Faults};

use super::case::Case;
use super::operations::Operation;
use super::run::{Allowed, each, in_trouble};
use super::world::World;

const FAULTS: [Fault; 6] =
    [Fault::Refuse, Fault::Conflict, Fault::LoseAnswer, Fault::Resend, Fault::CutBody, Fault::DropUpload];

/// The most calls of one case: it is made ready, asked for while everything fails, asked for again, and
/// looked at.
const MOST_CALLS: u64 = 150;

const fn allowed(fault: Fault) -> Allowed {
    match fault {
        Fault::Conflict => Allowed::Conflict,
        Fault::DropUpload => Allowed::Gone,
        Fault::Refuse | Fault::LoseAnswer | Fault::Resend | Fault::CutBody => Allowed::Nothing,
    }
}

/// The calls that an operation makes in a world without trouble.
async fn calls(world: &World, operation: Operation) -> Vec<Asked> {
    let case = Case::prepare(world, operation, &world.tag()).await;
    world.forget();
    world.shaky.faulty().begin_trace();
    let reply = case.ask(world).await.expect("an answer").expect(operation.status());
    let calls = world.shaky.faulty().take_trace();
    case.check(world, &reply).await;
    calls
}

async fn at_each_call(operation: Operation) {
    let world = World::within().await;
    let calls = calls(&world, operation).await;
    assert!(!calls.is_empty(), "{operation:?} asks nothing of the store");
    for fault in FAULTS {
        for (number, call) in (1..).zip(&calls).filter(|(_, call)| fault.can_befall(**call)) {
            let what = format!("{fault:?} at call {number} of {}, {}", calls.len(), call.operation.name());
            in_trouble(&world, operation, allowed(fault), &what, || {
                let faulty = world.shaky.faulty();
                faulty.set_faults(Faults::once(faulty.calls() + number, fault));
            })
            .await;
        }
    }
    world.check_tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_any_call_of_any_operation() {
    each(Operation::ALL, at_each_call).await;
}

/// Every call of the request fails in one way.
async fn at_every_call(operation: Operation) {
    let world = World::within().await;
    for (fault, faults) in [
        (Fault::Refuse, Faults { refused: 1000, ..Faults::default() }),
        (Fault::Conflict, Faults { conflicts: 1000, ..Faults::default() }),
        (Fault::LoseAnswer, Faults { lost: 1000, ..Faults::default() }),
        (Fault::CutBody, Faults { cut: 1000, ..Faults::default() }),
        (Fault::DropUpload, Faults { dropped: 1000, ..Faults::default() }),
    ] {
        let what = format!("{fault:?} at every call");
        let before = world.shaky.faulty().calls();
        in_trouble(&world, operation, allowed(fault), &what, || world.shaky.faulty().set_faults(faults)).await;
        let calls = world.shaky.faulty().calls() - before;
        assert!(calls <= MOST_CALLS, "{operation:?}, {what}: {calls} calls");
    }
    world.check_tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_all_the_time_at_every_call_of_any_operation() {
    each(Operation::ALL, at_every_call).await;
}
