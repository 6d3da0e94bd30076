//! A directory that came back from a backup, or was left for long: nothing is removed that may be wanted.

use std::fs;
use std::path::Path;

use embedded::LocalStore;

use crate::common::{BUCKET, Fixture, answer, audit, blobs, client, noise, settles_at};

async fn read(store: &LocalStore, key: &str) -> Vec<u8> {
    let got = client(store).get_object().bucket(BUCKET).key(key).send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

async fn refusal(dir: &Path) -> String {
    match LocalStore::open(dir).await {
        Ok(_) => panic!("the store opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_without_an_index_are_not_taken_for_rubbish() {
    let fixture = Fixture::new().await;
    fixture.put("key", noise(50_000, 1)).await;
    let (index, aside) = (fixture.path().join("index.sqlite"), fixture.path().join("aside"));
    // Without its log this is an index that has no tables yet.
    let torn = fs::read(&index).unwrap();
    fixture.store.clone().close().await;
    fs::rename(&index, &aside).unwrap();

    let refused = refusal(fixture.path()).await;
    assert!(refused.contains(&fixture.path().display().to_string()), "{refused}");
    assert!(refused.contains("index.sqlite") && refused.contains("backup"), "{refused}");
    assert!(!index.exists(), "a refused directory stays as it is");
    fs::write(&index, torn).unwrap();
    refusal(fixture.path()).await;
    assert_eq!(blobs(fixture.path()).len(), 1);

    fs::rename(&aside, &index).unwrap();
    let store = LocalStore::open(fixture.path()).await.unwrap();
    assert_eq!(read(&store, "key").await, noise(50_000, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_old_index_does_not_name_comes_back_with_the_right_one() {
    let fixture = Fixture::new().await;
    fixture.put("old", noise(50_000, 1)).await;
    let index = fixture.path().join("index.sqlite");
    fixture.store.clone().close().await;
    let old = fs::read(&index).unwrap();
    let store = LocalStore::open(fixture.path()).await.unwrap();
    client(&store).put_object().bucket(BUCKET).key("new").body(noise(60_000, 2).into()).send().await.unwrap();
    store.close().await;
    let right = fs::read(&index).unwrap();

    fs::write(&index, old).unwrap();
    let store = LocalStore::open(fixture.path()).await.unwrap();
    assert_eq!(read(&store, "old").await, noise(50_000, 1));
    assert_eq!(fs::read_dir(fixture.path().join("lost")).unwrap().count(), 1);
    store.close().await;
    audit(fixture.path());

    fs::write(&index, right).unwrap();
    let store = LocalStore::open(fixture.path()).await.unwrap();
    assert_eq!(read(&store, "new").await, noise(60_000, 2));
    store.close().await;
    audit(fixture.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_nobody_goes_on_with_is_removed_after_eight_days() {
    let fixture = Fixture::new().await;
    let (stale, young) = (fixture.begin("stale").await, fixture.begin("young").await);
    let (done, late) = (fixture.begin("done").await, fixture.begin("late").await);
    for (key, id) in [("stale", &stale), ("young", &young), ("late", &late)] {
        fixture.part(key, id, 1, noise(50_000, 1)).await;
    }
    let part = fixture.part("done", &done, 1, noise(50_000, 2)).await;
    let days_ago = |table: &str, column: &str, id: &str, days: i64| {
        let index = rusqlite::Connection::open(fixture.path().join("index.sqlite")).unwrap();
        let key = if table == "parts" { "upload" } else { "id" };
        let sql = format!("UPDATE {table} SET {column} = {column} - ?1 WHERE {key} = ?2");
        assert_eq!(index.execute(&sql, (days * 24 * 60 * 60 * 1000, id)).unwrap(), 1);
    };
    for id in [&stale, &late] {
        days_ago("uploads", "created", id, 9);
    }
    days_ago("uploads", "created", &young, 7);
    for (id, days) in [(&stale, 9), (&young, 7), (&late, 7)] {
        days_ago("parts", "modified", id, days);
    }

    // Completing another one is when they are looked for.
    fixture.complete("done", &done, &[part]).send().await.unwrap();
    settles_at(fixture.path(), 3).await;
    let listed = fixture.client.list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
    let left: Vec<_> = listed.uploads().iter().filter_map(|upload| upload.upload_id()).collect();
    assert_eq!(left, [late.as_str(), young.as_str()]);

    // Opening the store is another.
    days_ago("parts", "modified", &late, 2);
    fixture.store.clone().close().await;
    let store = LocalStore::open(fixture.path()).await.unwrap();
    settles_at(fixture.path(), 2).await;
    let parts = client(&store).list_parts().bucket(BUCKET).key("late").upload_id(&late).send().await;
    assert_eq!(answer(parts), "404 NoSuchUpload");
    store.close().await;
    audit(fixture.path());
}

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
