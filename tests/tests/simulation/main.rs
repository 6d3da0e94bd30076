//! The whole core under crashes: see `suites::simulation`.
//!
//! The short form runs with the other suites. `FOLDERBRIDGE_SIMULATION=long` runs 100,000 operations and
//! at least 1,000 kills; `FOLDERBRIDGE_SIMULATION_SEED` begins at another seed, which a failure names.

use suites::environment::{simulation_is_long, simulation_seed};
use suites::simulation::report::Figures;
use suites::simulation::{Plan, run};

/// Runs a future where time passes only while everybody waits.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().expect("a runtime").block_on(future)
}

fn simulate(plan: Plan) -> Figures {
    println!("{plan:?}");
    let figures = block_on(run(plan)).unwrap_or_else(|wrong| panic!("{plan:?}: {wrong}"));
    println!("{figures}");
    figures
}

/// Runs the plans of many seeds; `trees` of a hundred operations are with trees, and some of the others.
fn simulate_all(trees: u64) {
    let first = simulation_seed().unwrap_or(1);
    let (seeds, operations) = if simulation_is_long() { (50, 2_000) } else { (8, 1_000) };
    let (mut done, mut kills) = (0, 0);
    for seed in first..first + seeds {
        let figures = simulate(Plan { seed, operations, life: 300, trees });
        done += figures.operations;
        kills += figures.kills;
    }
    println!("seeds {first} to {}: {done} operations, {kills} kills", first + seeds - 1);
    let (least, deaths) = if simulation_is_long() { (100_000, 1_000) } else { (8_000, 100) };
    assert!(done >= least && kills >= deaths, "{done} operations, {kills} kills");
}

#[test]
fn every_promise_holds_whatever_dies_when() {
    simulate_all(0);
}

#[test]
fn trees_are_where_they_were_put_whatever_dies_when() {
    simulate_all(75);
}
