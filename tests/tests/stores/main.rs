//! The store suite over every store there is: in memory, behind decorators, embedded, servers that the
//! tests start, and any that the environment names.
//!
//! `FOLDERBRIDGE_TEST_S3_ENDPOINT`, `_ACCESS_KEY`, `_SECRET_KEY`, `_BUCKET` and `_REGION` name one, and
//! `_KIND` (`minio`, `seaweedfs`, ...) says what is known of it.

mod inside;
mod refused;
mod servers;

use mapping::random::{Random, SystemRandom};
use mapping::store::Store;
use mapping::store::conformance::{Options, Report, run};
use suites::stores::differences::Kind;

fn options(kind: Kind) -> Options {
    let random: &dyn Random = &SystemRandom;
    Options { known: kind.known(), ..Options::new(random.alphanumeric(12)) }
}

async fn all_holds(title: &str, store: Store, options: Options) -> Report {
    let report = run(&store, &options).await;
    println!("{title}: {report}");
    assert_eq!(report.surprises().count(), 0, "{title}: {report}");
    let named = |name: &&str| report.findings.iter().any(|finding| finding.name == *name);
    let unknown: Vec<_> = options.known.iter().filter(|name| !named(name)).collect();
    assert!(unknown.is_empty(), "{title}: no such checks: {unknown:?}");
    report
}
