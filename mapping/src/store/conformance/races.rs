//! Many writers at once: conditions are worth what they are worth then.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::Check;
use super::bench::{Bench, Checked, Difference, LOST, refused, same};
use crate::key::ObjectKey;
use crate::store::{Attributes, Body, Condition, GetOptions, Store, StoreError, StoreResult};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "of many puts if absent one wins", run: |bench| Box::pin(one_winner(bench)) },
    Check { name: "no update is lost", run: |bench| Box::pin(no_lost_update(bench)) },
    Check { name: "of many completes if absent one wins", run: |bench| Box::pin(one_complete(bench)) },
    Check { name: "of many completes if matching one wins", run: |bench| Box::pin(one_replaces(bench)) },
    Check { name: "of many copies if absent one wins", run: |bench| Box::pin(one_copy(bench)) },
];

/// How often a writer tries again before the check gives up.
const TRIES: usize = 10_000;

async fn join<T: 'static>(mut tasks: JoinSet<T>) -> Checked<Vec<T>> {
    let mut results = Vec::new();
    while let Some(result) = tasks.join_next().await {
        results.push(result.map_err(|error| Difference(format!("a writer broke: {error}")))?);
    }
    Ok(results)
}

/// Exactly one of the answers is success, and every other says that it lost.
fn winner<T: Clone>(results: Vec<(T, StoreResult<()>)>) -> Checked<T> {
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, result)| result.is_ok());
    for (_, result) in lost {
        refused("a loser's write", result, LOST)?;
    }
    let [(winner, _)] = won.as_slice() else {
        return Err(Difference(format!("{} winners", won.len())));
    };
    Ok(winner.clone())
}

async fn one_winner(bench: &Bench) -> Checked {
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for writer in 0..bench.options.writers {
            let (store, key) = (Arc::clone(&bench.store), bench.key(&round.to_string()));
            tasks.spawn(async move {
                let body = Body::from(writer.to_string().into_bytes());
                let put = store.put(&key, body, Attributes::default(), Condition::Absent).await;
                (writer, put.map(|_| ()))
            });
        }
        let winner = winner(join(tasks).await?)?;
        bench.holds_bytes(&round.to_string(), winner.to_string().as_bytes()).await?;
    }
    Ok(())
}

async fn no_lost_update(bench: &Bench) -> Checked {
    bench.put("counter", "0").await?;
    let mut tasks = JoinSet::new();
    for _ in 0..bench.options.writers {
        let (store, key, rounds) = (Arc::clone(&bench.store), bench.key("counter"), bench.options.rounds);
        tasks.spawn(async move { count_up(&store, &key, rounds).await });
    }
    for counted in join(tasks).await? {
        counted?;
    }
    let expected = bench.options.writers * bench.options.rounds;
    same("the counter", &String::from_utf8_lossy(&bench.read("counter").await?).into_owned(), &expected.to_string())
}

/// Adds one to the counter `rounds` times, trying again when another writer was faster.
async fn count_up(store: &Store, key: &ObjectKey, rounds: usize) -> Checked {
    let (mut done, mut tries) = (0, 0);
    while done < rounds {
        tries += 1;
        if tries > TRIES {
            return Err(Difference(format!("{done} of {rounds} updates in {TRIES} tries")));
        }
        let object = store.get(key, GetOptions::default()).await?;
        let etag = object.meta.etag.clone();
        let text = String::from_utf8_lossy(&super::bench::collect(object.body).await?).into_owned();
        let count: usize = text.parse().map_err(|error| Difference(format!("the counter is `{text}`: {error}")))?;
        let body = Body::from((count + 1).to_string().into_bytes());
        match store.put(key, body, Attributes::default(), Condition::Matches(etag)).await {
            Ok(_) => done += 1,
            Err(error) if error.is_lost_race() => tokio::task::yield_now().await,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn race_completes(bench: &Bench, name: &str, condition: Condition) -> Checked {
    let mut uploads = Vec::new();
    for writer in 0..8_u8 {
        let upload = bench.create(name).await?;
        let part = bench.put_part(name, &upload, 1, vec![b'0' + writer]).await?;
        uploads.push((writer, upload, part));
    }
    let mut tasks = JoinSet::new();
    for (writer, upload, part) in uploads {
        let (store, key, condition) = (Arc::clone(&bench.store), bench.key(name), condition.clone());
        tasks.spawn(async move {
            let done = store.complete_multipart(&key, &upload, &[part], condition).await;
            (writer, upload, done)
        });
    }
    let mut results = Vec::new();
    for (writer, upload, done) in join(tasks).await? {
        if done.is_err() {
            bench.store.abort_multipart(&bench.key(name), &upload).await?;
        }
        results.push((writer, done.map(|_| ())));
    }
    let winner = winner(results)?;
    bench.holds_bytes(name, &[b'0' + winner]).await
}

async fn one_complete(bench: &Bench) -> Checked {
    for round in 0..6 {
        race_completes(bench, &format!("x{round}"), Condition::Absent).await?;
    }
    Ok(())
}

async fn one_replaces(bench: &Bench) -> Checked {
    for round in 0..6 {
        let name = format!("x{round}");
        let etag = bench.put(&name, "old").await?;
        race_completes(bench, &name, Condition::Matches(etag)).await?;
    }
    Ok(())
}

async fn one_copy(bench: &Bench) -> Checked {
    let mut tasks = JoinSet::new();
    for writer in 0..8_u8 {
        let from = writer.to_string();
        bench.put(&from, from.clone()).await?;
        let (store, from, to) = (Arc::clone(&bench.store), bench.key(&from), bench.key("to"));
        tasks.spawn(async move {
            let attributes = Attributes::default();
            let request = crate::store::CopyRequest { from, from_etag: None, to, size: 1, attributes };
            let done: Result<_, StoreError> = store.copy(request, Condition::Absent).await;
            (writer, done.map(|_| ()))
        });
    }
    let winner = winner(join(tasks).await?)?;
    bench.holds_bytes("to", winner.to_string().as_bytes()).await
}
