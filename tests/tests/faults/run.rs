//! One operation in trouble: what it may answer, and what must be so once the trouble is over.

use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt, stream};
use suites::reply::Reply;

use super::case::Case;
use super::operations::Operation;
use super::world::World;

/// Worlds at a time: most of a case is waiting.
const AT_ONCE: usize = 6;

/// Longer than a name waits for its maker.
const CLAIM: Duration = Duration::from_secs(61);

/// How often a client asks again that is told to.
const AGAIN: u32 = 6;

/// What a fault may make of an answer, beside success and 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Nothing else.
    Nothing,
    /// "It was changed by someone else": the store said 409 all the time.
    Conflict,
    /// "Start it again": the store has dropped the upload.
    Gone,
}

/// Asks for `operation` while `troubled`, and checks the answer; then heals the store, asks again if
/// the answer was no success, and checks that all is as if it had been asked for once.
/// Answers what it answered first; `None` when the answer broke off.
pub(crate) async fn in_trouble(
    world: &World,
    operation: Operation,
    allowed: Allowed,
    what: &str,
    trouble: impl FnOnce(),
) -> Option<Reply> {
    let tag = world.tag();
    let mut case = Case::prepare(world, operation, &tag).await;
    world.forget();
    trouble();
    let first = case.ask(world).await;
    world.shaky.heal();
    let what = format!("{operation:?}, {what}");
    if let Some(reply) = &first {
        judge(world, &case, reply, allowed, &what);
    }
    let done = first.clone().filter(|reply| reply.status == operation.status());
    let last = match done {
        Some(reply) => reply,
        None => insist(world, &mut case, &what).await,
    };
    world.forget();
    case.check(world, &last).await;
    first
}

/// Whether an operation in trouble was done at the first request.
pub(crate) fn is_first_answer_right(operation: Operation, first: &Option<Reply>) -> bool {
    first.as_ref().is_some_and(|reply| reply.status == operation.status())
}

/// The first answer: right, or an error in the API's voice.
fn judge(world: &World, case: &Case, reply: &Reply, allowed: Allowed, what: &str) {
    if reply.status == case.operation.status() {
        assert!(case.is_right(world, reply), "{what}: a wrong answer: {}", reply.text());
        return;
    }
    let fits = match reply.status {
        503 => true,
        409 => allowed == Allowed::Conflict,
        404 => allowed == Allowed::Gone && case.is_about_an_upload(),
        _ => false,
    };
    assert!(fits, "{what}: {} {}", reply.status, reply.text());
    if case.operation.is_of_admin() {
        let error = reply.json();
        assert!(error["error"].is_string() && error["message"].is_string(), "{what}: {error}");
    } else {
        reply.clone().expect_refusal(reply.status);
    }
    if reply.status == 404 {
        assert!(reply.text().contains("start it again"), "{what}: {}", reply.text());
    }
}

/// Asks until it is done, as a client does that reads the answers.
async fn insist(world: &World, case: &mut Case, what: &str) -> Reply {
    let mut said = Vec::new();
    for _ in 0..AGAIN {
        world.forget();
        let reply = case.ask(world).await.unwrap_or_else(|| panic!("{what}: a healthy store breaks off"));
        match reply.status {
            status if status == case.operation.status() => {
                assert!(case.is_right(world, &reply), "{what}: a wrong answer: {}", reply.text());
                return reply;
            }
            409 if case.operation.is_of_admin() && reply.json()["error"] == "busy" => world.shaky.clock.advance(CLAIM),
            status if status == case.operation.status_again() => return reply,
            404 if case.is_about_an_upload() => case.start_again(world).await,
            503 => world.shaky.clock.advance(CLAIM),
            status => panic!("{what}, again: {status} {}", reply.text()),
        }
        said.push(format!("{} {}", reply.status, reply.text()));
    }
    panic!("{what}: not done after {AGAIN} more requests: {said:?}");
}

/// Runs `case` for each of `all`, some at a time, and fails at the end with those that failed.
pub(crate) async fn each<T: Copy + Debug>(all: impl IntoIterator<Item = T>, case: impl AsyncFn(T)) {
    let case = &case;
    let runs = all.into_iter().map(|one| async move {
        let began = Instant::now();
        let outcome = AssertUnwindSafe(case(one)).catch_unwind().await;
        println!("{one:?}: {:.1} s", began.elapsed().as_secs_f32());
        outcome.is_err().then_some(one)
    });
    let failed: Vec<_> =
        stream::iter(runs).buffer_unordered(AT_ONCE).filter_map(|one| async move { one }).collect().await;
    assert!(failed.is_empty(), "failed: {failed:?}");
}
