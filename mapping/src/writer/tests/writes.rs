//! The lone writer's store does what every store must, over one that does not.

use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::oneshot;

use super::*;
use crate::store::conformance::{Options, run};
use crate::store::{CopyRequest, GetOptions, StoreErrorKind, StoreResult};

async fn lone(conditions: Conditions) -> LoneStore {
    let process = Process::over(&careless(conditions), 1);
    let place = process.take().await.unwrap();
    LoneStore::new(Arc::clone(&process.faulty) as Store, place)
}

/// A body whose last byte comes when it is told to.
fn slow_body() -> (oneshot::Sender<()>, Body) {
    let (send, receive) = oneshot::channel();
    let last = futures::stream::once(async move {
        receive.await.map_err(std::io::Error::other)?;
        Ok(Bytes::from_static(b"!"))
    });
    let first = futures::stream::once(async { Ok(Bytes::from_static(b"slow")) });
    (send, Body::once(5, first.chain(last).boxed()))
}

async fn read(store: &LoneStore, key: &ObjectKey) -> Bytes {
    let mut body = store.get(key, GetOptions::default()).await.unwrap().body;
    body.next().await.unwrap().unwrap()
}

async fn put(store: &LoneStore, key: &ObjectKey, bytes: &'static [u8], condition: Condition) -> StoreResult<()> {
    store.put(key, Body::from(Bytes::from_static(bytes)), Attributes::default(), condition).await.map(|_| ())
}

#[tokio::test(start_paused = true)]
async fn it_does_all_that_a_store_must() {
    for conditions in [Conditions::Ignored, Conditions::Looked] {
        let store = lone(conditions).await;
        let options = Options { least_part: 1000, ..Options::new("unit") };
        let report = run(&(Arc::new(store.clone()) as Store), &options).await;
        assert_eq!(report.surprises().count(), 0, "{conditions:?}: {report}");
        assert!(store.is_idle(), "no turn is left");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_waits_for_the_one_before_and_then_sees_it() {
    let (store, key) = (lone(Conditions::Ignored).await, ObjectKey::scratch("r", "x"));
    let (let_go, body) = slow_body();
    let slow = store.put(&key, body, Attributes::default(), Condition::Absent);
    let other = put(&store, &key, b"other", Condition::Absent);
    let hasten = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        // Other keys need not wait.
        put(&store, &ObjectKey::scratch("r", "y"), b"y", Condition::Absent).await.unwrap();
        let_go.send(()).unwrap();
    };
    let (slow, other, ()) = tokio::join!(slow, other, hasten);
    slow.unwrap();
    assert_eq!(other.unwrap_err().kind(), StoreErrorKind::PreconditionFailed);
    assert_eq!(read(&store, &key).await, "slow!");
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_has_written_nothing() {
    let (store, key) = (lone(Conditions::Ignored).await, ObjectKey::scratch("r", "x"));
    let (let_go, body) = slow_body();
    let slow = store.put(&key, body, Attributes::default(), Condition::Absent);
    let impatient = async {
        let keys = [ObjectKey::scratch("r", "a"), key.clone()];
        let many = store.delete_many(&keys);
        let (one, many) = tokio::join!(put(&store, &key, b"other", Condition::Always), many);
        assert_eq!(one.unwrap_err().kind(), StoreErrorKind::Conflict);
        assert_eq!(many.unwrap_err().kind(), StoreErrorKind::Unavailable);
        let_go.send(()).unwrap();
    };
    let (slow, ()) = tokio::join!(slow, impatient);
    slow.unwrap();
    assert_eq!(read(&store, &key).await, "slow!");
    assert!(store.is_idle(), "who gave up waits no more");
}

#[tokio::test(start_paused = true)]
async fn a_write_keeps_its_turn_when_its_caller_is_gone() {
    let (store, key) = (lone(Conditions::Ignored).await, ObjectKey::scratch("r", "x"));
    let (let_go, body) = slow_body();
    let caller = store.put(&key, body, Attributes::default(), Condition::Absent);
    assert!(tokio::time::timeout(Duration::from_secs(1), caller).await.is_err());
    assert!(!store.is_idle());
    let_go.send(()).unwrap();
    let second = put(&store, &key, b"other", Condition::Absent).await;
    assert_eq!(second.unwrap_err().kind(), StoreErrorKind::PreconditionFailed);
    assert_eq!(read(&store, &key).await, "slow!");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_under_way_ends_with_the_place() {
    let process = Process::over(&careless(Conditions::Ignored), 1);
    let place = process.take().await.unwrap();
    let store = LoneStore::new(Arc::clone(&process.faulty) as Store, place.clone());
    let (_never, body) = slow_body();
    let key = ObjectKey::scratch("r", "x");
    let write = store.put(&key, body, Attributes::default(), Condition::Always);
    let away = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        process.cut_off();
        process.elapsed()
    };
    let (written, away) = tokio::join!(write, away);
    assert!(written.unwrap_err().is_unknown());
    let took = process.elapsed() - away;
    assert!(took > BEAT && took <= LIFE && !place.is_held(), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_of_the_version_that_was_meant() {
    let store = lone(Conditions::Ignored).await;
    let (from, to) = (ObjectKey::scratch("r", "from"), ObjectKey::scratch("r", "to"));
    put(&store, &from, b"old", Condition::Always).await.unwrap();
    let etag = store.head(&from).await.unwrap().etag;
    put(&store, &from, b"new", Condition::Always).await.unwrap();
    let request = |from_etag| {
        let (from, to) = (from.clone(), to.clone());
        CopyRequest { from, from_etag, to, size: 3, attributes: Attributes::default() }
    };
    let stale = store.copy(request(Some(etag)), Condition::Absent).await;
    assert_eq!(stale.unwrap_err().kind(), StoreErrorKind::PreconditionFailed);
    let etag = store.head(&from).await.unwrap().etag;
    store.copy(request(Some(etag)), Condition::Absent).await.unwrap();
    assert_eq!(read(&store, &to).await, "new");
}
