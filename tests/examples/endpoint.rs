//! The embedded store on a socket, for `tests/load/run` and for trying the bridge over "some S3":
//! `cargo run --release -p suites --example endpoint -- DIR ADDR:PORT BUCKET` prints the access key and the
//! secret key and serves until it is killed.

use std::path::PathBuf;

use suites::s3::Endpoint;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let mut next =
        |what: &str| args.next().unwrap_or_else(|| panic!("usage: endpoint DIR ADDR:PORT BUCKET; no {what}"));
    let (directory, address, bucket) = (PathBuf::from(next("DIR")), next("ADDR:PORT"), next("BUCKET"));
    let endpoint = Endpoint::open(&directory, address.parse().expect("ADDR:PORT")).await;
    endpoint.make_bucket(&bucket).await;
    println!("{} {}", endpoint.access_key, endpoint.secret_key);
    std::future::pending::<()>().await;
}
