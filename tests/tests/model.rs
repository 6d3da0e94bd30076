//! Uploads against a reference: random sequences over a store in memory.

use std::sync::Arc;

use mapping::Settings;
use mapping::clock::ManualClock;
use mapping::store::Store;
use mapping::store::memory::Repeat;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use suites::model::actions::{Case, REPLICAS, cases};
use suites::model::run::run;
use suites::model::world::{World, tiny, tiny_memory};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

async fn run_in_memory(case: &Case) -> Result<(), String> {
    let clock = Arc::new(ManualClock::new());
    let memory = tiny_memory(&clock, if case.forgetful { Repeat::NoSuchUpload } else { Repeat::Succeeds });
    let settings = Settings { budget_bytes: case.budget, ..tiny() };
    let mut world = World::over(Arc::clone(&memory) as Store, clock, settings, REPLICAS, case.seed).await;
    run(&mut world, case).await?;
    match memory.unfinished().as_slice() {
        [] => Ok(()),
        left => Err(format!("the sweep leaves {left:?}")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn uploads_do_what_the_reference_says(case in cases()) {
        block_on(run_in_memory(&case)).map_err(TestCaseError::fail)?;
    }
}
