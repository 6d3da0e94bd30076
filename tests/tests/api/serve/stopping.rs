//! SIGTERM: what runs may end, what is held in memory is stored, nothing new comes in.

use std::time::Duration;

use suites::caller::pattern;
use suites::process::{Home, Server};
use suites::raw;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_running_upload_ends_well_and_what_was_held_is_stored() {
    let home = Home::new().await;
    let mut server = Server::at(&home).await;
    let ann = server.account("ann").await;
    let calls = server.caller(&ann);
    let id = calls.created("photos").await;
    let content = pattern(1000, 1);
    let upload = calls.started(&id, "a.bin", 1000).await;
    calls.chunk(&id, "a.bin", &upload, 0, content.slice(..400)).await.expect(200);

    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let token = ann["api_token"].as_str().unwrap();
    let head = format!(
        "PUT /filesystems/{id}/files/a.bin HTTP/1.1\r\nHost: h\r\nAuthorization: {token}\r\nContent-Range: [{upload}]:400-1000\r\nContent-Length: 600\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&content[400..700]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.signal("TERM");
    let listens = async || TcpStream::connect(server.address).await.is_ok();
    while listens().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    socket.write_all(&content[700..]).await.unwrap();
    raw::answer(&mut socket, "the running chunk").await.expect("an answer").expect(200);
    assert!(server.ended().await.success(), "{}", server.log());

    let server = Server::at(&home).await;
    let calls = server.caller(&ann);
    calls.complete(&id, "a.bin", &upload).await.expect(200);
    assert_eq!(calls.download(&id, "a.bin").await.expect(200).body, content);
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let home = Home::new().await;
    let server = Server::at(&home).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    let began = std::time::Instant::now();
    assert!(server.terminate().await.success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(idle);
}
