//! Random histories of one folder, with crashes and failing requests: whenever nothing is under
//! way, the usage is what a listing says.

use proptest::prelude::*;

use super::*;
use crate::store::faulty::Faults;

#[derive(Clone, Debug)]
enum Step {
    Write(u8, u16),
    WriteTwo(u8, u8),
    Broken(u8),
    Remove(u8),
    RemoveTree(u8),
    Copy(u8, u8),
    Move(u8, u8),
    Charge(u16),
    Wait(u16),
    Crash,
    Usage,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..8_u8, 0..2000_u16).prop_map(|(file, size)| Step::Write(file, size)),
        2 => (0..8_u8, 0..8_u8).prop_map(|(one, other)| Step::WriteTwo(one, other)),
        1 => (0..8_u8).prop_map(Step::Broken),
        2 => (0..8_u8).prop_map(Step::Remove),
        1 => (0..2_u8).prop_map(Step::RemoveTree),
        1 => (0..8_u8, 0..8_u8).prop_map(|(from, to)| Step::Copy(from, to)),
        1 => (0..8_u8, 0..8_u8).prop_map(|(from, to)| Step::Move(from, to)),
        1 => (0..2000_u16).prop_map(Step::Charge),
        2 => (0..3000_u16).prop_map(Step::Wait),
        1 => Just(Step::Crash),
        3 => Just(Step::Usage),
    ]
}

/// Files 0 to 3 lie in one directory, 4 to 7 in another.
fn name(file: u8) -> String {
    format!("{}/{file}", file / 4)
}

async fn take(fixture: Fixture, step: Step) -> Fixture {
    let folder = &fixture.folder;
    match step {
        Step::Write(file, size) => drop(try_write(folder, &name(file), size.into()).await),
        Step::WriteTwo(one, other) => {
            let (one, other) = (name(one), name(other));
            drop(futures::join!(try_write(folder, &one, 7), try_write(folder, &other, 9)));
        }
        Step::Broken(file) => {
            let written = folder.write(&path(&name(file)), Some(9), zeros(4), WriteOptions::default()).await;
            assert!(written.is_err());
        }
        Step::Remove(file) => drop(folder.remove(&path(&name(file)), Depth::File).await),
        Step::RemoveTree(directory) => drop(folder.remove(&path(&directory.to_string()), Depth::Tree).await),
        Step::Copy(from, to) => {
            drop(folder.copy_file(&path(&name(from)), &path(&name(to)), Overwrite::Yes).await);
        }
        Step::Move(from, to) => {
            drop(folder.move_file(&path(&name(from)), &path(&name(to)), Overwrite::Yes).await);
        }
        // A request that died between its charge and its write.
        Step::Charge(size) => drop(charge(folder, Charge::new_file(size.into())).await),
        Step::Wait(millis) => {
            let time = Duration::from_millis(millis.into());
            fixture.clock.advance(time);
            tokio::time::sleep(time).await;
        }
        Step::Crash => return fixture.reopen().await,
        Step::Usage => check(&fixture).await,
    }
    fixture
}

/// Never too little; and exact once nothing can come any more.
async fn check(fixture: &Fixture) {
    let (usage, listed) = (fixture.folder.usage().await.unwrap(), fixture.listed().await);
    assert!(usage.bytes >= listed.bytes && usage.files >= listed.files, "{usage:?} < {listed:?}");
    fixture.clock.advance(LATE_WRITE);
    assert_eq!(fixture.folder.usage().await.unwrap(), listed);
}

fn run(steps: Vec<Step>, faults: &Faults) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut fixture = Fixture::new().await;
        for step in steps {
            let faults = if matches!(step, Step::Usage) { Faults::default() } else { faults.clone() };
            fixture.faulty.set_faults(faults);
            fixture = take(fixture, step).await;
        }
        fixture.faulty.set_faults(Faults::default());
        check(&fixture).await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_usage_is_what_is_there(steps in proptest::collection::vec(step(), 1..40)) {
        run(steps, &Faults::default());
    }

    #[test]
    fn the_usage_is_what_is_there_whatever_the_store_does(
        seed: u64, steps in proptest::collection::vec(step(), 1..30),
    ) {
        run(steps, &Faults { seed, refused: 30, conflicts: 30, lost: 60, cut: 20, ..Faults::default() });
    }
}
