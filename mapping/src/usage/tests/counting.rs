//! When a folder is counted, and what a count says while something is under way.

use super::*;
use crate::store::faulty::Fault;

#[tokio::test]
async fn deletes_and_replaced_bytes_are_counted_away() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a", 10).await;
    write(folder, "a", 3).await;
    assert_eq!(exact(&fixture).await, Usage { bytes: 3, files: 1 });
    write(folder, "d/b", 20).await;
    remove(folder, "d/b").await;
    assert_eq!(exact(&fixture).await, Usage { bytes: 3, files: 1 });
    remove(folder, "a").await;
    assert_eq!(exact(&fixture).await, Usage::default());
    fixture.counted.reset();
    exact(&fixture).await;
    let counts = fixture.counted.reset();
    assert_eq!(counts.to_string(), "get 1", "nothing went since the last count");
}

#[tokio::test(start_paused = true)]
async fn two_writes_of_one_new_path_are_one_file() {
    for seed in 0..10 {
        let fixture = Fixture::new().await;
        let folder = &fixture.folder;
        fixture.slow(seed);
        futures::join!(write(folder, "a", 10), write(folder, "a", 3), write(folder, "b", 1));
        assert_eq!(exact(&fixture).await.files, 2);
    }
}

#[tokio::test]
async fn a_folder_that_others_filled_is_counted() {
    let fixture = Fixture::new().await;
    for name in ["x", "y", "marker/"] {
        let key =
            crate::key::ObjectKey::listed(format!("{}{name}", crate::key::KeyPrefix::folder(fixture.folder.prefix())));
        let body = crate::store::Body::from(vec![0; 4]);
        fixture.memory.put(&key, body, Default::default(), Default::default()).await.unwrap();
    }
    assert_eq!(exact(&fixture).await, Usage { bytes: 8, files: 2 });
}

#[tokio::test]
async fn what_is_under_way_is_never_missing() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a", 10).await;
    let charged = charge(folder, Charge::new_file(5).and_removes()).await.unwrap();
    let listed = fixture.listed().await;
    for _ in 0..2 {
        let usage = folder.usage().await.unwrap();
        assert_eq!(usage, Usage { bytes: listed.bytes + 5, files: listed.files + 1 });
    }
    charged.cancel();
    exact(&fixture).await;
}

#[tokio::test(start_paused = true)]
async fn a_charge_during_a_count_makes_it_count_again() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    for n in 0..5 {
        write(folder, &n.to_string(), 10).await;
    }
    remove(folder, "0").await;
    fixture.slow(7);
    for n in 0..20 {
        let one = format!("new {n}");
        let (usage, ()) = futures::join!(folder.usage(), write(folder, &one, 10));
        assert!(usage.unwrap().bytes >= 40 + n * 10, "never too little");
    }
    exact(&fixture).await;
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_outcome_stays_charged_until_it_cannot_come() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a", 10).await;
    // The file is sent fifth: that fails, and so does the look whether it is there all the same.
    let sent = fixture.faulty.calls();
    let at = (5..7).map(|n| (sent + n, Fault::Refuse)).collect();
    fixture.faulty.set_faults(crate::store::faulty::Faults { at, ..Default::default() });
    assert_eq!(try_write(folder, "b", 5).await.unwrap_err().kind(), ErrorKind::Unavailable);
    fixture.faulty.set_faults(Default::default());
    assert_eq!(folder.usage().await.unwrap(), Usage { bytes: 15, files: 2 });
    fixture.clock.advance(LATE_WRITE);
    assert_eq!(exact(&fixture).await, Usage { bytes: 10, files: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_cut_off_leaves_no_drift() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    fixture.slow(3);
    for n in 0..40 {
        let at = (n % 7).to_string();
        let one = tokio::time::timeout(Duration::from_micros(500 * n), try_write(folder, &at, 5));
        drop(one.await);
        assert!(folder.usage().await.unwrap().bytes >= fixture.listed().await.bytes, "after {n}");
    }
    fixture.clock.advance(LATE_WRITE);
    exact(&fixture).await;
}

#[tokio::test]
async fn copies_and_moves_are_charged() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a", 10).await;
    folder.copy_file(&path("a"), &path("b"), Overwrite::No).await.unwrap();
    assert_eq!(exact(&fixture).await.files, 2);
    folder.move_file(&path("a"), &path("b"), Overwrite::Yes).await.unwrap();
    assert_eq!(exact(&fixture).await, Usage { bytes: 10, files: 1 });
}
