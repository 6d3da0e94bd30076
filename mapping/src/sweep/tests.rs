//! A process is killed at every call of every verb that takes more than one write. What was
//! acknowledged stays, what was not is whole or not there, the request can be made again, and the
//! sweeper leaves what an undisturbed run would have left.

mod turns;

use std::collections::BTreeMap;
use std::task::Poll;
use std::time::Duration;

use super::world::{DEEDS, Deed, World, managed};
use crate::bucket::Settings;
use crate::error::ErrorKind;
use crate::files::{Overwrite, WriteOptions};
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::Change;
use crate::records::{FolderRecord, FolderState};
use crate::store::faulty::{Faults, Kill, Moment};
use crate::store::operation::Operation;
use crate::store::{Attributes, Body, Condition, ListRequest};
use crate::upload::UploadOptions;

/// What an undisturbed run shows and leaves.
struct Undisturbed {
    before: String,
    left_before: BTreeMap<String, usize>,
    after: String,
    left_after: BTreeMap<String, usize>,
}

async fn undisturbed(deed: Deed) -> Undisturbed {
    let world = World::new().await;
    world.prepare(deed).await;
    let before = world.seen().await;
    world.sweep().await;
    let left_before = world.objects().await;
    world.perform(deed, &world.test.bucket).await.unwrap();
    let after = world.seen().await;
    world.sweep().await;
    Undisturbed { before, left_before, after, left_after: world.objects().await }
}

/// Dies at a call, and answers the world it left and whether the request was acknowledged; `None`
/// when the request had ended before that call.
async fn killed(deed: Deed, at: u64, moment: Moment) -> Option<(World, bool)> {
    let world = World::new().await;
    world.prepare(deed).await;
    let (faulty, bucket) = world.mortal_process(7).await;
    faulty.kill_at(Kill { at: faulty.calls() + at, moment, only_writes: false });
    let answer = world.perform(deed, &bucket).await;
    bucket.drain(Duration::from_secs(600)).await;
    faulty.is_dead().then(|| (world, answer.is_ok()))
}

async fn check_killed(deed: Deed, world: &World, acknowledged: bool, clean: &Undisturbed, again: bool) {
    let seen = world.seen().await;
    let done = seen == clean.after && seen != clean.before;
    assert!(done || seen == clean.before, "half done:\n{seen}");
    assert!(done || !acknowledged, "lost:\n{seen}");
    if again {
        repeat(deed, world, done).await;
        assert_eq!(world.seen().await, clean.after);
    }
    world.sweep().await;
    let expected = if again || done { &clean.after } else { &clean.before };
    assert_eq!(&world.seen().await, expected, "swept too much");
    let mut left = world.objects().await;
    if !again && !done {
        // The claim of an address stays, free: its key can be used again.
        let emails = ".folderbridge/emails/*";
        left.insert(emails.to_owned(), clean.left_before[emails]);
    }
    // An account's names stay once there are any.
    let names = ".folderbridge/accounts/*/names".to_owned();
    left.remove(&names);
    let mut wanted = if again || done { clean.left_after.clone() } else { clean.left_before.clone() };
    wanted.remove(&names);
    assert_eq!(left, wanted, "rubbish is left");
}

/// Makes the request again, as a client would.
async fn repeat(deed: Deed, world: &World, done: bool) {
    let bucket = world.process(8).await;
    let mut answer = world.perform(deed, &bucket).await;
    if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Busy) {
        world.test.clock.advance(Settings::default().claim_grace);
        answer = world.perform(deed, &bucket).await;
    }
    match answer {
        Err(error) if done && !matches!(deed, Deed::RotateCredentials) => {
            assert!(matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound), "{error}")
        }
        answer => world.check(answer.unwrap()).await,
    }
    bucket.drain(Duration::from_secs(600)).await;
}

#[tokio::test(start_paused = true)]
async fn a_process_killed_at_any_call_leaves_a_whole_bucket() {
    for deed in DEEDS {
        let clean = undisturbed(deed).await;
        let mut deaths = 0;
        for (moment, again) in
            [(Moment::Before, true), (Moment::After, true), (Moment::Before, false), (Moment::After, false)]
        {
            for at in 1.. {
                let Some((world, acknowledged)) = killed(deed, at, moment).await else { break };
                println!("{deed:?}: killed {moment:?} call {at}, again: {again}, acknowledged: {acknowledged}");
                check_killed(deed, &world, acknowledged, &clean, again).await;
                deaths += 1;
            }
        }
        assert!(deaths >= 12, "{deed:?} makes at least three calls: {deaths}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_leaves_alone_what_is_under_way() {
    for deed in DEEDS {
        for calls in 1.. {
            let world = World::new().await;
            world.prepare(deed).await;
            let (faulty, bucket) = world.mortal_process(7).await;
            let latency = Duration::from_millis(5);
            faulty.set_faults(Faults { seed: calls, latency, ..Faults::default() });
            let stop = faulty.calls() + calls;
            let mut work = Box::pin(world.perform(deed, &bucket));
            let mut ended = None;
            while ended.is_none() && faulty.calls() < stop {
                tokio::time::advance(Duration::from_millis(1)).await;
                if let Poll::Ready(answer) = futures::poll!(work.as_mut()) {
                    ended = Some(answer);
                }
            }
            if let Some(answer) = ended {
                answer.unwrap();
                assert!(calls > 2, "{deed:?} makes at least three calls");
                break;
            }
            world.process(8).await.sweep().await.unwrap();
            let issued = work.await.unwrap();
            world.check(issued).await;
            let clean = undisturbed(deed).await;
            assert_eq!(world.seen().await, clean.after, "{deed:?} at call {calls}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_of_a_bucket_in_order_removes_nothing() {
    let world = World::new().await;
    let before = world.objects().await;
    let report = world.process(9).await.sweep().await.unwrap();
    assert_eq!(report, super::SweepReport::default());
    world.test.clock.advance(Duration::from_secs(1_000_000));
    assert_eq!(world.process(10).await.sweep().await.unwrap(), super::SweepReport::default());
    assert_eq!(world.objects().await, before);
    world.test.bucket.authenticate_token(world.test.credentials.api_token.expose()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_late_replica_writes_into_a_deleted_folder_is_removed_too() {
    let world = World::new().await;
    let photos = managed(&world.test.bucket, &world.test.account, "photos").await.unwrap();
    photos.delete().await.unwrap();
    while world.objects().await.keys().any(|key| key.starts_with("folders/")) {
        tokio::task::yield_now().await;
    }
    let late = ObjectKey::file(photos.prefix(), &"late".parse().unwrap());
    world.inner.put(&late, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
    let first = world.process(9).await.sweep().await.unwrap();
    assert_eq!((first.objects_removed, first.folders_removed), (1, 0));
    world.inner.put(&late, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
    world.test.clock.advance(Settings::default().late_writes);
    let second = world.process(10).await.sweep().await.unwrap();
    assert_eq!((second.objects_removed, second.folders_removed), (1, 1));
    assert!(!world.objects().await.keys().any(|key| key.starts_with("folders/")));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_document_is_passed_over() {
    let world = World::new().await;
    managed(&world.test.bucket, &world.test.account, "photos").await.unwrap().delete().await.unwrap();
    let claim = ObjectKey::email(&world.bob.email);
    for key in [claim, ObjectKey::account(world.bob.id), ObjectKey::names(world.bob.id)] {
        let rubbish = Body::from(b"{}".to_vec());
        world.inner.put(&key, rubbish, Attributes::default(), Condition::Always).await.unwrap();
    }
    world.test.clock.advance(Settings::default().late_writes);
    let report = world.process(9).await.sweep().await.unwrap();
    assert_eq!(report.folders_removed, 1);
    assert_eq!(report.credentials_removed, 0);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_removed_keeps_the_sweep_from_nothing_else() {
    let world = World::new().await;
    let (obstructed, bucket) = world.obstructed_process(7).await;
    let (ann, letters) = (&world.test.account, managed(&bucket, &world.test.account, "letters").await.unwrap());
    letters.start_upload("slow".parse().unwrap(), Some(9), UploadOptions::default()).await.unwrap();
    let photos = managed(&bucket, ann, "photos").await.unwrap();
    for n in 0..2500 {
        let key = ObjectKey::file(photos.prefix(), &format!("{n:04}").parse().unwrap());
        world.inner.put(&key, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
    }
    let locked = ObjectKey::file(photos.prefix(), &"0007".parse().unwrap());
    obstructed.lock(locked.clone());
    photos.delete().await.unwrap();
    world.test.clock.advance(Settings::default().session_life * 2);
    let report = bucket.sweep().await.unwrap();
    assert_eq!((report.uploads.expired, report.folders_removed), (1, 0));
    let left = world.inner.list(ListRequest::all(KeyPrefix::folder(photos.prefix()))).await.unwrap();
    assert_eq!(left.objects.into_iter().map(|listed| listed.key).collect::<Vec<_>>(), [locked]);
}

/// Deletes the folder and sweeps until its last trace is gone.
async fn delete_and_forget(world: &World, name: &str) {
    managed(&world.test.bucket, &world.test.account, name).await.unwrap().delete().await.unwrap();
    let sweeper = world.process(9).await;
    sweeper.sweep().await.unwrap();
    world.test.clock.advance(Settings::default().late_writes + Duration::from_secs(60));
    sweeper.sweep().await.unwrap();
    assert_eq!(sweeper.sweep().await.unwrap(), super::SweepReport::default());
    assert!(!world.objects().await.keys().any(|key| key.starts_with("folders/")));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_outlives_its_folder_leaves_nothing() {
    for operation in [Operation::Put, Operation::Copy] {
        let world = World::new().await;
        let (obstructed, bucket) = world.obstructed_process(7).await;
        let photos = managed(&bucket, &world.test.account, "photos").await.unwrap();
        let (a, late) = ("a".parse().unwrap(), "late".parse().unwrap());
        obstructed.hold(operation, ObjectKey::file(photos.prefix(), &late).as_str());
        let work = async {
            match operation {
                Operation::Copy => photos.copy_file(&a, &late, Overwrite::Yes).await,
                _ => photos.put(&late, Body::from(vec![1]), WriteOptions::default()).await,
            }
        };
        tokio::pin!(work);
        while !obstructed.is_holding() {
            assert!(futures::poll!(work.as_mut()).is_pending());
        }
        if operation == Operation::Copy {
            // Its source is there to the end.
            let end = |record: &mut FolderRecord| {
                record.state = FolderState::Deleted;
                Ok(Change::Save(()))
            };
            bucket.manifest(ObjectKey::folder(photos.id())).update(end).await.unwrap();
            world.test.clock.advance(Settings::default().late_writes / 2);
        } else {
            delete_and_forget(&world, "photos").await;
        }
        obstructed.let_go();
        assert_eq!(work.await.unwrap_err().kind(), ErrorKind::NotFound);
        let late = ObjectKey::file(photos.prefix(), &late);
        assert!(world.inner.head(&late).await.is_err(), "{operation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn data_and_counts_of_a_folder_without_a_record_are_removed_and_nothing_else() {
    let world = World::new().await;
    let photos = managed(&world.test.bucket, &world.test.account, "photos").await.unwrap();
    let (id, prefix) = (photos.id(), photos.prefix().clone());
    delete_and_forget(&world, "photos").await;
    let strange = ObjectKey::listed("folders/not ours/file".to_owned());
    let upper = ObjectKey::listed(format!("folders/{}/file", id.to_string().to_uppercase()));
    let strays = [ObjectKey::file(&prefix, &"late".parse().unwrap()), ObjectKey::usage(id)];
    for key in strays.iter().chain([&strange, &upper]) {
        world.inner.put(key, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
    }
    assert_eq!(world.process(10).await.sweep().await.unwrap().objects_removed, 1);
    for (key, stays) in [(&strays[0], false), (&strays[1], false), (&strange, true), (&upper, true)] {
        assert_eq!(world.inner.head(key).await.is_ok(), stays, "{key}");
    }
}
