//! Listens on 127.0.0.1, so that any S3 client can look into a store.
//! `cargo run -p embedded --example listen -- DIR PORT`, then
//! `aws --endpoint-url http://127.0.0.1:PORT s3 ls` with the printed keys.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use embedded::LocalStore;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let dir = arguments.next().map(PathBuf::from).ok_or("give a directory")?;
    let port: u16 = arguments.next().and_then(|port| port.to_str()?.parse().ok()).ok_or("give a port")?;
    let store = LocalStore::open(&dir).await?;
    let (access_key, secret_key) = store.key_pair();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("AWS_ACCESS_KEY_ID={access_key} AWS_SECRET_ACCESS_KEY={secret_key} AWS_REGION=us-east-1");
    println!("listening on http://{}", listener.local_addr()?);
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let service = store.service();
        connections.spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            // A client that hangs up is no concern of the others.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}
