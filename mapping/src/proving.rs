//! Whether a store will do. Tried out once for each place that the bucket lies at; the bucket
//! remembers what was found, and where.

use std::collections::BTreeMap;

use crate::error::{Error, Result, Subject};
use crate::format::LAYOUT;
use crate::id::Stamp;
use crate::key::ObjectKey;
use crate::manifest::{Stored, attributes, read_stored};
use crate::random::Random;
use crate::records::FormatRecord;
use crate::store::probe::{Promise, Verdict, examine_puts};
use crate::store::s3::S3Store;
use crate::store::{Body, Capabilities, Condition, ETag, ObjectStore, StoreResult};

/// How many processes are to write to the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// Any number: the store must check conditions.
    Any,
    /// Exactly one, which checks them itself: see [`crate::writer`].
    One,
}

/// The store, doing itself what it was found to do and taking detours around the rest. To be called
/// before [`Bucket::open`](crate::Bucket::open), on every start: five small requests, but for the first time at
/// this endpoint and bucket.
///
/// # Errors
/// `Invalid` when the store breaks a promise that nothing can be built without: the message says
/// which and what would be lost. `Unavailable` when it does not answer.
pub async fn prove(store: S3Store, writers: Writers, random: &dyn Random) -> Result<S3Store> {
    let run = random.alphanumeric(12);
    let asked = store.clone().with_capabilities(Capabilities::all());
    let trials = Trials { store: store.identity(), puts: examine_puts(&asked, &run), all: store.probe(&run) };
    let verdict = verdict(&store, trials, writers, random).await?;
    Ok(store.with_capabilities(verdict.capabilities))
}

/// What can be tried of a store; nothing is until it is waited for.
struct Trials<P, A> {
    /// Which store it is.
    store: String,
    /// What must hold at every start, lest data be lost.
    puts: P,
    /// All.
    all: A,
}

/// What the bucket remembers of an earlier probe of this same store, or what is found now. The
/// bucket's objects may have been copied here from another store, with what was found there.
async fn verdict(
    store: &dyn ObjectStore,
    trials: Trials<impl Future<Output = StoreResult<Vec<Promise>>>, impl Future<Output = StoreResult<Verdict>>>,
    writers: Writers,
    random: &dyn Random,
) -> Result<Verdict> {
    let format = read(store).await?;
    let known = format.as_ref().and_then(|(_, format)| format.body.probe.clone());
    if let Some(known) = known.filter(|known| known.store == trials.store) {
        let broken = trials.puts.await.map_err(|error| error.about(Subject::Request))?;
        refuse(&Verdict { broken, ..known.clone() }, writers)?;
        return Ok(known);
    }
    let found = trials.all.await.map_err(|error| error.about(Subject::Request))?;
    refuse(&found, writers)?;
    for warning in found.warnings() {
        tracing::warn!("about this store: {warning}");
    }
    // What will not do for all is found out again at each start.
    if found.broken.is_empty() {
        remember(store, format, &found, random).await?;
    }
    Ok(found)
}

fn refuse(found: &Verdict, writers: Writers) -> Result<()> {
    let Some(refusal) = found.refusal() else {
        if writers == Writers::One {
            tracing::info!(
                "this store checks conditions: any number of replicas could serve it, without `--single-writer`"
            );
        }
        return Ok(());
    };
    match (writers, found.suits_single_writer()) {
        (Writers::One, true) => Ok(()),
        (Writers::Any, true) => Err(Error::invalid(Subject::Request, format!("{refusal}; {WAY_OUT}"))),
        (_, false) => Err(Error::invalid(Subject::Request, refusal)),
    }
}

/// What one can do with a store that is fine but for conditions.
const WAY_OUT: &str = "exactly one process can serve it, with `--single-writer`";

async fn read(store: &dyn ObjectStore) -> Result<Option<(ETag, Stored<FormatRecord>)>> {
    read_stored(store, &ObjectKey::format()).await
}

/// Tried once: whoever changes the format at the same moment has been told the same by the store,
/// and what is not remembered is found out again at the next start.
async fn remember(
    store: &dyn ObjectStore,
    format: Option<(ETag, Stored<FormatRecord>)>,
    found: &Verdict,
    random: &dyn Random,
) -> Result<()> {
    let stamp = Stamp::random(random);
    let (condition, next) = match format {
        Some((etag, there)) => {
            let body = FormatRecord { probe: Some(found.clone()), ..there.body.clone() };
            (Condition::Matches(etag), there.next(body, stamp))
        }
        None => {
            let body = FormatRecord { layout: LAYOUT, key_checks: BTreeMap::new(), probe: Some(found.clone()) };
            (Condition::Absent, Stored::first(body, stamp))
        }
    };
    let body = Body::from(next.encode()?);
    if let Err(error) = store.put(&ObjectKey::format(), body, attributes(&next.body), condition).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "what the store can do was not remembered");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::error::ErrorKind;
    use crate::random::SystemRandom;
    use crate::store::Store;
    use crate::store::memory::MemoryStore;
    use crate::store::probe::examine;
    use crate::testing;

    fn memory() -> Store {
        Arc::new(MemoryStore::new(Arc::new(ManualClock::new())).with_least_part(1))
    }

    fn good() -> Verdict {
        let capabilities = Capabilities { tags: false, ..Capabilities::all() };
        Verdict { store: "here".to_owned(), capabilities, broken: Vec::new(), denied: Vec::new(), incomplete: false }
    }

    async fn ask(store: &Store, answer: Verdict) -> Result<Verdict> {
        let trials = Trials { store: "here".to_owned(), puts: async { Ok(Vec::new()) }, all: async { Ok(answer) } };
        verdict(&**store, trials, Writers::Any, &SystemRandom).await
    }

    async fn remembered(store: &Store, place: &str, broken: Vec<Promise>) -> Result<Verdict> {
        let all = async { panic!("the store is tried again") };
        let trials = Trials { store: place.to_owned(), puts: async { Ok(broken) }, all };
        verdict(&**store, trials, Writers::Any, &SystemRandom).await
    }

    #[tokio::test]
    async fn a_store_is_tried_once() {
        let store = memory();
        let found =
            ask(&store, Verdict { store: "here".to_owned(), ..examine(&*store, "run").await.unwrap() }).await.unwrap();
        assert!(found.broken.is_empty());
        assert_eq!(remembered(&store, "here", Vec::new()).await.unwrap(), found);
        let clock = Arc::new(ManualClock::new());
        testing::open(Arc::clone(&store), clock, crate::Settings::default(), 1).await.unwrap();
        assert_eq!(remembered(&store, "here", Vec::new()).await.unwrap(), found);
    }

    #[tokio::test]
    async fn what_was_found_elsewhere_counts_for_nothing() {
        let store = memory();
        ask(&store, Verdict { store: "elsewhere".to_owned(), ..good() }).await.unwrap();
        assert_eq!(ask(&store, good()).await.unwrap(), good());
        assert_eq!(remembered(&store, "here", Vec::new()).await.unwrap(), good());
    }

    #[tokio::test]
    async fn a_known_store_that_has_stopped_checking_puts_is_refused() {
        let store = memory();
        ask(&store, good()).await.unwrap();
        let error = remembered(&store, "here", vec![Promise::CreateOnce]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn a_bucket_of_before_is_tried_and_keeps_its_keys() {
        let store = memory();
        let open =
            |seed| testing::open(Arc::clone(&store), Arc::new(ManualClock::new()), crate::Settings::default(), seed);
        open(1).await.unwrap();
        assert_eq!(ask(&store, good()).await.unwrap(), good());
        let (_, format) = read(&*store).await.unwrap().unwrap();
        assert_eq!((format.seq, format.body.key_checks.len(), format.body.probe), (2, 1, Some(good())));
        open(2).await.unwrap();
    }

    #[tokio::test]
    async fn a_store_that_will_not_do_is_refused_each_time() {
        let store = memory();
        let bad = Verdict { broken: vec![Promise::ReplaceWhatWasRead], ..good() };
        for _ in 0..2 {
            let error = ask(&store, bad.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.message().contains("If-Match"), "{error}");
        }
        assert!(read(&*store).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_store_that_ignores_conditions_is_taken_for_one_writer_and_not_remembered() {
        let store = memory();
        let careless = Verdict { broken: vec![Promise::CreateOnce, Promise::ReplaceWhatWasRead], ..good() };
        let asked = |answer: Verdict, writers| {
            let trials = Trials { store: "here".to_owned(), puts: async { Ok(Vec::new()) }, all: async { Ok(answer) } };
            verdict(&*store, trials, writers, &SystemRandom)
        };
        let error = asked(careless.clone(), Writers::Any).await.unwrap_err();
        assert!(error.message().ends_with(WAY_OUT), "{error}");
        assert_eq!(asked(careless.clone(), Writers::One).await.unwrap(), careless);
        assert!(read(&*store).await.unwrap().is_none());
        let unusable = Verdict { broken: vec![Promise::CreateOnce, Promise::JoinParts], ..good() };
        for writers in [Writers::Any, Writers::One] {
            let error = asked(unusable.clone(), writers).await.unwrap_err();
            assert!(!error.message().contains("--single-writer"), "{error}");
        }
    }
}
