//! What a run of the suites is told from outside. The only file here that reads the environment.

use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "the one place of the suites that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a real client that is missing is a failure (as in the gate) and not a skip.
#[must_use]
pub fn real_clients_are_required() -> bool {
    variable("FOLDERBRIDGE_REAL_CLIENTS").as_deref() == Some("required")
}

/// Whether every fault is tried at every request, and not only those that differ most.
#[must_use]
pub fn all_faults_are_wanted() -> bool {
    variable("FOLDERBRIDGE_TEST_FAULTS").as_deref() == Some("all")
}

/// Whether an engine or an image that is missing is a failure (as in the gate) and not a skip.
#[must_use]
pub fn containers_are_required() -> bool {
    variable("FOLDERBRIDGE_CONTAINERS").as_deref() == Some("required")
}

/// Whether an S3 server that `tests/stores/install` did not install is a failure (as in the gate) and
/// not a skip.
#[must_use]
pub fn stores_are_required() -> bool {
    variable("FOLDERBRIDGE_STORES").as_deref() == Some("required")
}

/// How many operations the soak does, when that is said.
#[must_use]
pub fn soak_operations() -> Option<u64> {
    variable("FOLDERBRIDGE_TEST_SOAK")?.parse().ok()
}

/// What all chance of the soak comes from, when a run is to be repeated.
#[must_use]
pub fn soak_seed() -> Option<u64> {
    variable("FOLDERBRIDGE_TEST_SOAK_SEED")?.parse().ok()
}

/// For how many seconds real processes are killed, when that is said.
#[must_use]
pub fn killing_seconds() -> Option<u64> {
    variable("FOLDERBRIDGE_TEST_KILLING")?.parse().ok()
}

/// What all chance of the killing comes from, when a run is to be repeated.
#[must_use]
pub fn killing_seed() -> Option<u64> {
    variable("FOLDERBRIDGE_TEST_KILLING_SEED")?.parse().ok()
}

/// Whether the simulation runs for as long as it takes to try everything.
#[must_use]
pub fn simulation_is_long() -> bool {
    variable("FOLDERBRIDGE_SIMULATION").as_deref() == Some("long")
}

/// The seed that the simulation begins with.
#[must_use]
pub fn simulation_seed() -> Option<u64> {
    variable("FOLDERBRIDGE_SIMULATION_SEED")?.parse().ok()
}

/// A setting of the store that the suites run over instead of the embedded one: `ENDPOINT`, `BUCKET`, ...
#[must_use]
pub fn test_store(setting: &str) -> Option<String> {
    variable(&format!("FOLDERBRIDGE_TEST_S3_{setting}"))
}

/// Where caches of the gate lie.
fn gate_cache() -> Option<PathBuf> {
    variable("FOLDERBRIDGE_CI_CACHE").map(PathBuf::from).or_else(|| {
        let caches = variable("XDG_CACHE_HOME").map(PathBuf::from);
        let caches = caches.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
        Some(caches?.join("folderbridge-ci"))
    })
}

/// Where `tests/stores/install` puts S3 servers.
#[must_use]
pub fn stores_directory() -> Option<PathBuf> {
    variable("FOLDERBRIDGE_STORES_DIR").map(PathBuf::from).or_else(|| Some(gate_cache()?.join("stores")))
}

/// Python with the published `et-engine` client, where `tests/clients/et_engine/install` puts it.
#[must_use]
pub fn et_engine_python() -> Option<PathBuf> {
    let installed = variable("FOLDERBRIDGE_ET_ENGINE").map(PathBuf::from);
    let installed = installed.or_else(|| Some(gate_cache()?.join("et-engine-0.0.1")))?;
    let python = installed.join("bin/python");
    python.exists().then_some(python)
}

/// The command line of a generation of `backend.ai-client`, where `tests/clients/backend_ai/install` puts it.
#[must_use]
pub fn backend_ai_command(version: &str) -> Option<PathBuf> {
    let command = backend_ai_place()?.join(version).join("bin/backend.ai");
    command.exists().then_some(command)
}

/// Why `tests/clients/backend_ai/install` left a generation out, if it did.
#[must_use]
pub fn backend_ai_left_out(version: &str) -> Option<String> {
    std::fs::read_to_string(backend_ai_place()?.join(format!("{version}.left-out"))).ok()
}

/// The directory with the modules of the client for JavaScript, where the same script puts them.
#[must_use]
pub fn backend_ai_for_node() -> Option<PathBuf> {
    let modules = backend_ai_place()?.join("node-21.3.1/node_modules");
    modules.join("backend.ai-client").exists().then_some(modules)
}

fn backend_ai_place() -> Option<PathBuf> {
    let place = variable("FOLDERBRIDGE_BACKEND_AI").map(PathBuf::from);
    place.or_else(|| Some(gate_cache()?.join("backend-ai")))
}

/// Which seeds the long simulation of limits runs, first and how many: `COUNT` or `FIRST:COUNT`.
#[must_use]
pub fn quota_seeds() -> Option<(u64, u64)> {
    let text = variable("FOLDERBRIDGE_TEST_QUOTA_SEEDS")?;
    match text.split_once(':') {
        Some((first, count)) => Some((first.parse().ok()?, count.parse().ok()?)),
        None => Some((1, text.parse().ok()?)),
    }
}
