//! Random sequences, over a store in memory and over the one under test: that of the environment, else
//! an embedded one.

use std::sync::Arc;
use std::time::Duration;

use mapping::Settings;
use mapping::clock::ManualClock;
use mapping::store::memory::{ETags, Repeat};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use suites::model::actions::{Case, REPLICAS, cases};
use suites::model::run::run;
use suites::model::world::{FLOOR, World, tiny};
use suites::stores::under_test::UnderTest;

use super::{block_on, world_of};

/// Runs a case over a store in memory of its own.
pub(crate) async fn run_in_memory(case: &Case) -> Result<(), String> {
    run_over(case, ETags::OfBytes).await
}

async fn run_over(case: &Case, etags: ETags) -> Result<(), String> {
    let repeat = if case.forgetful { Repeat::NoSuchUpload } else { Repeat::Succeeds };
    let settings = Settings { budget_bytes: case.budget, ..tiny() };
    let (mut world, memory) = world_of(repeat, etags, settings, REPLICAS, case.seed).await;
    run(&mut world, case).await?;
    match memory.unfinished().as_slice() {
        [] => Ok(()),
        left => Err(format!("the sweep leaves {left:?}")),
    }
}

/// Runs a case over a bucket of its own, each position `scale` bytes.
async fn run_stored(case: &Case, scale: u64) -> Result<(), String> {
    let (lower, store) = UnderTest::open().await;
    // In real time: a finish waits for four times as long, in which a busy machine must have stored.
    let settings = Settings { hold_chunks_for: Duration::from_millis(100), ..Settings::default() };
    let clock = Arc::new(ManualClock::new());
    let mut world = World::over(Arc::new(store), clock, settings, REPLICAS, case.seed).await;
    world.scale = scale;
    let outcome = run(&mut world, case).await;
    drop(world);
    lower.close().await;
    outcome
}

fn run_stored_case(case: &Case, scale: u64) -> Result<(), TestCaseError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(run_stored(case, scale)).map_err(TestCaseError::fail)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn uploads_do_what_the_reference_says(case in cases()) {
        block_on(run_in_memory(&case)).map_err(TestCaseError::fail)?;
    }

    /// As with SSE-KMS, where an ETag says nothing of the bytes.
    #[test]
    fn uploads_do_the_same_where_etags_say_nothing(case in cases()) {
        block_on(run_over(&case, ETags::Opaque)).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20, ..config(24) })]

    #[test]
    fn small_uploads_over_a_store_do_what_the_reference_says(case in cases()) {
        run_stored_case(&case, 1)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 5, ..config(3) })]

    #[test]
    fn uploads_over_a_store_do_what_the_reference_says(case in cases()) {
        // So that the model's smallest part is S3's.
        run_stored_case(&case.shortened(), (5 << 20) / FLOOR + 1)?;
    }
}
