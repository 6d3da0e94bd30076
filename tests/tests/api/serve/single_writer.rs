//! `serve --single-writer` over a store that ignores the conditions of writes: one process, and it loses
//! nothing.

use std::net::SocketAddr;
use std::process::Command;

use bytes::Bytes;
use futures::TryStreamExt;
use mapping::key::ObjectKey;
use mapping::store::s3::S3Store;
use mapping::store::{Attributes, Body, Condition, GetOptions, ObjectStore};
use suites::caller::pattern;
use suites::process::{Server, free_address, serve_bucket};
use suites::s3::{Endpoint, Habits};

use super::{assert_one_sentence, run};

struct Stage {
    place: tempfile::TempDir,
    endpoint: Endpoint,
}

impl Stage {
    async fn set() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let habits = Habits { ignores_conditions: true, ..Habits::default() };
        let endpoint = Endpoint::open_with(&place.path().join("store"), ([127, 0, 0, 1], 0).into(), habits).await;
        endpoint.make_bucket("folders").await;
        Self { place, endpoint }
    }

    fn serve(&self, address: SocketAddr) -> Command {
        serve_bucket(&self.endpoint.settings("folders"), address)
    }

    fn alone(&self, address: SocketAddr) -> Command {
        let mut command = self.serve(address);
        command.env("FOLDERBRIDGE_SINGLE_WRITER", "1");
        command
    }

    async fn started(&self, name: &str) -> Server {
        let address = free_address();
        Server::run(self.alone(address), &self.place.path().join(name), address).await
    }

    async fn store(&self) -> S3Store {
        S3Store::connect(self.endpoint.settings("folders")).await.expect("a client")
    }

    /// What lies in the writer's place.
    async fn record(&self) -> serde_json::Value {
        let object = self.store().await.get(&ObjectKey::writer(), GetOptions::default()).await.expect("the place");
        let bytes = object.body.try_collect::<Vec<Bytes>>().await.expect("all of it").concat();
        serde_json::from_slice(&bytes).expect("JSON")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_flag_such_a_store_is_refused_and_the_flag_named() {
    let stage = Stage::set().await;
    let (code, _, error) = run(&mut stage.serve(free_address()));
    assert_eq!(code, Some(1));
    assert_one_sentence(&error, "it ignores `If-None-Match: *` on writes");
    assert!(error.contains("`--single-writer`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_serves_keeps_names_apart_and_is_followed_by_the_next() {
    let stage = Stage::set().await;
    let first = stage.started("first").await;
    let credentials = first.account("ann").await;
    let ann = first.caller(&credentials);
    let made: Vec<_> = (0..16).map(|_| ann.create("photos")).collect();
    let made = futures::future::join_all(made).await;
    assert_eq!(made.iter().filter(|reply| reply.status == 200).count(), 1, "of many of one name one is made: {made:?}");
    let folder = made.iter().find(|reply| reply.status == 200).unwrap().json()["filesystem_id"].clone();
    let folder = folder.as_str().expect("an id").to_owned();
    let content = pattern(300_000, 7);
    ann.upload(&folder, "a/b.bin", &content, 100_000).await;

    let (code, _, error) = run(&mut stage.alone(free_address()));
    assert_eq!(code, Some(1), "{error}");
    assert_one_sentence(&error, "a `serve --single-writer` serves this bucket since");

    assert!(first.terminate().await.success());
    assert!(stage.record().await["body"]["writer"].is_null(), "the place was given back");
    let next = stage.started("next").await;
    let again = next.caller(&credentials);
    assert!(again.download(&folder, "a/b.bin").await.expect(200).body == content);
    again.upload(&folder, "a/c.bin", &content, 100_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_killed_is_followed_and_who_lost_its_place_ends() {
    let stage = Stage::set().await;
    let first = stage.started("first").await;
    first.account("ann").await;
    first.kill();
    assert!(stage.record().await["body"]["writer"].is_string(), "the dead keep their place for a while");
    let mut next = stage.started("next").await;
    assert!(next.log().contains("looking for signs of life"), "{}", next.log());
    next.account("bob").await;

    // Somebody who was slow to write himself down.
    let mut record = stage.record().await;
    record["body"]["writer"] = "6f1a6e0e-52b5-4f0e-9d0f-0a7c4f5f8f11".into();
    let body = Body::from(serde_json::to_vec(&record).unwrap());
    let written = stage.store().await.put(&ObjectKey::writer(), body, Attributes::default(), Condition::Always).await;
    written.unwrap();
    let status = next.ended().await;
    assert_eq!(status.code(), Some(1));
    assert_one_sentence(&next.log(), "no longer be sure that it alone writes");
}
