//! A directory that came back from a backup, or was left for long: nothing is removed that may be wanted.

use crate::common::{BUCKET, Fixture, noise};

#[tokio::test(flavor = "multi_thread")]
async fn the_row_of_a_blob_is_never_used_again() {
    let fixture = Fixture::new().await;
    let newest = || -> i64 {
        let index = rusqlite::Connection::open(fixture.path().join("index.sqlite")).unwrap();
        index.query_row("SELECT max(id) FROM blobs", [], |row| row.get(0)).unwrap()
    };
    fixture.put("one", noise(50_000, 1)).await;
    let first = newest();
    fixture.client.delete_object().bucket(BUCKET).key("one").send().await.unwrap();
    fixture.put("two", noise(50_000, 2)).await;
    assert!(newest() > first, "a copy that began before would take the bytes of another object");
}
