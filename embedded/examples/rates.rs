//! Measures the store through aws-sdk-s3 in process: small objects at concurrency 16, one large object,
//! a listing. `cargo run --release -p embedded --example rates -- DIR`

use std::path::PathBuf;
use std::time::Instant;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use embedded::LocalStore;
use futures::{StreamExt, stream};

const SMALL: usize = 10_000;
const LARGE: usize = 256 << 20;

type Failed = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let dir = std::env::args_os().nth(1).map(PathBuf::from).ok_or("give a directory that may be filled")?;
    let store = LocalStore::open(&dir).await?;
    let (access_key, secret_key) = store.key_pair();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "rates"))
        .region(Region::new("us-east-1"))
        .endpoint_url("http://store.invalid")
        .force_path_style(true)
        .http_client(store.http_client());
    let client = Client::from_conf(config.build());
    client.create_bucket().bucket("rates").send().await?;

    for concurrency in [1, 16, 64] {
        per_second(&format!("PUT 4 KiB, {concurrency} at once"), concurrency, |n| put(&client, n)).await?;
        per_second(&format!("GET 4 KiB, {concurrency} at once"), concurrency, |n| get(&client, n)).await?;
    }
    let began = Instant::now();
    let mut pages = client.list_objects_v2().bucket("rates").into_paginator().send();
    while let Some(page) = pages.next().await {
        page?;
    }
    println!("LIST {SMALL} keys: {:?}", began.elapsed());
    large(&client).await?;
    store.close().await;
    Ok(())
}

async fn per_second<F>(what: &str, concurrency: usize, work: impl Fn(usize) -> F) -> Result<(), Failed>
where
    F: Future<Output = Result<(), Failed>>,
{
    let began = Instant::now();
    let mut all = stream::iter((0..SMALL).map(work)).buffer_unordered(concurrency);
    while let Some(done) = all.next().await {
        done?;
    }
    println!("{what}: {:.0} per second", SMALL as f64 / began.elapsed().as_secs_f64());
    Ok(())
}

async fn put(client: &Client, n: usize) -> Result<(), Failed> {
    let body = ByteStream::from(vec![b'x'; 4096]);
    client.put_object().bucket("rates").key(format!("small/{n}")).body(body).send().await?;
    Ok(())
}

async fn get(client: &Client, n: usize) -> Result<(), Failed> {
    let got = client.get_object().bucket("rates").key(format!("small/{n}")).send().await?;
    got.body.collect().await?;
    Ok(())
}

async fn large(client: &Client) -> Result<(), Failed> {
    let mebibytes = (LARGE >> 20) as f64;
    let body = ByteStream::from(vec![b'x'; LARGE]);
    let began = Instant::now();
    client.put_object().bucket("rates").key("large").body(body).send().await?;
    println!("PUT 256 MiB: {:.0} MiB/s", mebibytes / began.elapsed().as_secs_f64());
    let began = Instant::now();
    let mut got = client.get_object().bucket("rates").key("large").send().await?;
    while let Some(bytes) = got.body.next().await {
        bytes?;
    }
    println!("GET 256 MiB: {:.0} MiB/s", mebibytes / began.elapsed().as_secs_f64());
    Ok(())
}
