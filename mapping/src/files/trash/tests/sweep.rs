//! What the sweeper does in the trash.

use super::*;
use crate::files::Depth;
use crate::store::operation::Operation;
use crate::sweep::{Mode, What};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn scene(trash_for: Option<Duration>) -> (Scene, Replica) {
    let scene = Scene::with(Settings { job_page: 3, trash_for, ..Settings::default() }).await;
    scene.fill(&["d/1", "d/2", "d/3", "d/4", "f", "kept"]).await;
    let replica = scene.replica(7).await;
    done(replica.trash("d").await);
    done(replica.trash("f").await);
    (scene, replica)
}

#[tokio::test(start_paused = true)]
async fn what_was_in_the_trash_for_long_enough_is_removed_for_good() {
    let (scene, replica) = scene(Some(30 * DAY)).await;
    scene.test.clock.advance(30 * DAY - Duration::from_secs(1));
    done(replica.trash("kept").await);
    scene.fill(&["Trash/foreign"]).await;
    assert_eq!(replica.bucket.sweep().await.unwrap().trash_removed, 0);
    scene.test.clock.advance(Duration::from_secs(1));
    let planned = replica.bucket.sweep_as(Mode::DryRun).await.unwrap();
    assert_eq!(replica.files().await.len(), 7, "a dry run changes nothing");
    let swept = replica.bucket.sweep_as(Mode::Remove).await.unwrap();
    let of_trash = |swept: &crate::sweep::Swept| {
        let found = swept.findings.iter().filter(|finding| finding.what == What::Trash);
        let mut found: Vec<_> = found.map(|finding| (finding.place.clone(), finding.objects)).collect();
        found.sort();
        found
    };
    assert_eq!(of_trash(&planned), of_trash(&swept));
    let prefix = FolderPrefix::of(scene.id());
    let places =
        [(format!("{}Trash/d", KeyPrefix::folder(&prefix)), 5), (format!("{}Trash/f", KeyPrefix::folder(&prefix)), 1)];
    assert_eq!(of_trash(&swept), places, "the directory's marker too");
    assert_eq!(replica.files().await, ["Trash/foreign", "Trash/kept"], "what nobody trashed stays for ever");
    assert_eq!((scene.records().await, scene.passages().await), (1, 0));
    let usage = replica.folder.usage().await.unwrap();
    assert_eq!(usage.files, 2);
}

#[tokio::test(start_paused = true)]
async fn a_trash_that_is_never_emptied_stays() {
    let (scene, replica) = scene(None).await;
    scene.test.clock.advance(10_000 * DAY);
    assert_eq!(replica.bucket.sweep().await.unwrap().trash_removed, 0);
    assert_eq!(replica.files().await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_was_put_back_or_removed_is_forgotten_and_not_removed() {
    let (scene, replica) = scene(Some(30 * DAY)).await;
    done(replica.restore("Trash/d", None, ConflictPolicy::Reject).await);
    assert_eq!(replica.folder.remove(&path("Trash/f"), Depth::File).await.unwrap().files, 1);
    assert_eq!(scene.records().await, 1);
    scene.test.clock.advance(scene.settings.late_writes - Duration::from_secs(1));
    assert_eq!(replica.bucket.sweep().await.unwrap().trash_records_removed, 0);
    scene.test.clock.advance(Duration::from_secs(1));
    assert_eq!(replica.bucket.sweep().await.unwrap().trash_records_removed, 1);
    scene.test.clock.advance(60 * DAY);
    replica.bucket.sweep().await.unwrap();
    assert_eq!(replica.files().await, ["d/1", "d/2", "d/3", "d/4", "kept"]);
    assert_eq!(scene.records().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_of_a_young_trash_reads_none_of_its_records() {
    let (_scene, replica) = scene(Some(30 * DAY)).await;
    replica.bucket.sweep().await.unwrap();
    replica.counted.reset();
    replica.bucket.sweep().await.unwrap();
    let with = replica.counted.reset();
    let reads = replica.bucket.sweep_trash(&crate::sweep::Run::new(Mode::Remove)).await;
    reads.unwrap();
    let alone = replica.counted.reset();
    assert!(alone.of(Operation::Get) <= 2, "the folder and its owner: {alone}, of {with}");
    assert_eq!(alone.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_folder_takes_what_is_known_of_its_trash_with_it() {
    let (scene, replica) = scene(Some(30 * DAY)).await;
    assert_eq!(scene.records().await, 2);
    replica.folder.delete().await.unwrap();
    replica.bucket.drain(Duration::from_secs(10)).await;
    scene.test.clock.advance(scene.settings.late_writes);
    scene.replica_of_nothing(8).await.sweep().await.unwrap();
    assert_eq!(scene.keys(KeyPrefix::folders()).await, [] as [String; 0]);
}

impl Scene {
    async fn replica_of_nothing(&self, seed: u64) -> Bucket {
        testing::open(Arc::clone(&self.store), Arc::clone(&self.test.clock), self.settings.clone(), seed).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn of_the_sweeper_and_one_who_puts_back_one_gets_it() {
    let (mut kept, mut purged) = (0, 0);
    for seed in 0..32 {
        let (scene, _) = scene(Some(30 * DAY)).await;
        scene.test.clock.advance(30 * DAY);
        let (sweeper, other) = (scene.replica(10 * seed).await, scene.replica(10 * seed + 1).await);
        for (replica, seed) in [(&sweeper, seed), (&other, seed + 100)] {
            replica.faulty.set_faults(Faults { seed, latency: Duration::from_millis(20), ..Faults::default() });
        }
        let run = crate::sweep::Run::new(Mode::Remove);
        let later = Duration::from_millis(seed * 5);
        let (swept, restored) = tokio::join!(sweeper.bucket.sweep_trash(&run), async {
            tokio::time::sleep(later).await;
            other.restore("Trash/d", None, ConflictPolicy::Reject).await
        });
        swept.unwrap();
        let files = scene.replica(10 * seed + 2).await.files().await;
        let back = files.iter().filter(|at| at.starts_with("d/")).count();
        match restored {
            Ok(_) => {
                assert_eq!(back, 4, "{seed}: {files:?}");
                kept += 1;
            }
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Busy | ErrorKind::NotFound), "{error:?}");
                assert_eq!(back, 0, "{seed}: {files:?}");
                purged += 1;
            }
        }
    }
    assert!(kept > 0 && purged > 0, "{kept} and {purged}");
}
