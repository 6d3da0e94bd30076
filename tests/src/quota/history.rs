//! Random work on one folder through all replicas at once, while they die, and what must be so
//! when it is over.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{StreamExt, future, stream};
use mapping::access::Manage;
use mapping::files::{Depth, Overwrite, WriteOptions};
use mapping::path::FilePath;
use mapping::random::{Random, SeededRandom};
use mapping::store::Body;
use mapping::store::faulty::{Faults, Kill, Moment};
use mapping::usage::Repair;
use mapping::{Error, ErrorKind, Folder, Result, Usage};

use super::fleet::{DEAD_AFTER, Fleet, LATE_WRITES};

/// How big a run is.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Processes.
    pub replicas: usize,
    /// Requests at one time in each.
    pub workers: usize,
    /// Requests of each worker.
    pub steps: u64,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests.
    pub steps: AtomicU64,
    /// Writes that were done.
    pub written: AtomicU64,
    /// Writes that were refused because the folder was full.
    pub refused: AtomicU64,
    /// Requests whose store failed, or that met another.
    pub failed: AtomicU64,
    /// Replicas that died.
    pub kills: AtomicU64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |number: &AtomicU64| number.load(Ordering::SeqCst);
        let (steps, written, refused) = (of(&self.steps), of(&self.written), of(&self.refused));
        let (failed, kills) = (of(&self.failed), of(&self.kills));
        write!(f, "{steps} requests: {written} written, {refused} over the limit, {failed} failed; {kills} kills")
    }
}

/// What a folder of a run may hold.
pub const LIMIT: Usage = Usage { bytes: 4000, files: 24 };

/// The largest file.
const LARGEST: u64 = 500;

/// How many names there are.
const NAMES: u64 = 60;

/// Runs one history.
///
/// # Errors
/// What should not have been.
pub async fn run(scale: Scale, seed: u64, tally: &Tally) -> Result<(), String> {
    let fleet = Fleet::new(scale.replicas, LIMIT, seed).await;
    let faults = Faults {
        refused: 10,
        conflicts: 10,
        lost: 15,
        cut: 5,
        latency: Duration::from_millis(20),
        ..Faults::default()
    };
    fleet.set_faults(faults, 15);
    let workers = (0..scale.replicas * scale.workers).map(|worker| {
        let random = SeededRandom::new(seed.wrapping_add(1 + worker as u64));
        work(&fleet, worker % scale.replicas, random, scale.steps, tally)
    });
    let killer = kill_now_and_then(&fleet, SeededRandom::new(!seed), tally);
    let outcomes = tokio::select! {
        outcomes = future::join_all(workers) => outcomes,
        never = killer => match never {},
    };
    if let Some(wrong) = outcomes.into_iter().find_map(Result::err) {
        return Err(wrong);
    }
    quiet_down(&fleet, tally).await?;
    fill_up(&fleet).await?;
    match fleet.rough.broken().first() {
        Some(broken) => Err(broken.clone()),
        None => Ok(()),
    }
}

async fn kill_now_and_then(fleet: &Fleet, random: SeededRandom, tally: &Tally) -> std::convert::Infallible {
    let random: &dyn Random = &random;
    loop {
        tokio::time::sleep(Duration::from_millis(random.below(4000))).await;
        let victim = usize::try_from(random.below(fleet.count() as u64)).unwrap_or(0);
        let moment = if random.below(2) == 0 { Moment::Before } else { Moment::After };
        fleet.kill(victim, Kill { at: 1 + random.below(20), moment, only_writes: random.below(2) == 0 });
        tokio::time::sleep(Duration::from_millis(random.below(1500))).await;
        for replica in 0..fleet.count() {
            if fleet.revive(replica).await {
                tally.kills.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

async fn work(fleet: &Fleet, replica: usize, random: SeededRandom, steps: u64, tally: &Tally) -> Result<(), String> {
    for step in 0..steps {
        while fleet.replica(replica).store.is_dead() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tally.steps.fetch_add(1, Ordering::SeqCst);
        let done = match fleet.open(replica).await {
            Ok(folder) => take_step(fleet, replica, &folder, &random, tally).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            judge(&error, tally).map_err(|wrong| format!("step {step} through {replica}: {wrong}"))?;
        }
        // Now and then nobody asks for anything, so that what is held is given back.
        let pause = if (&random as &dyn Random).below(20) == 0 { 1500 } else { 10 };
        tokio::time::sleep(Duration::from_millis((&random as &dyn Random).below(pause))).await;
    }
    Ok(())
}

async fn take_step(
    fleet: &Fleet,
    replica: usize,
    folder: &Folder<Manage>,
    random: &SeededRandom,
    tally: &Tally,
) -> Result<()> {
    let random: &dyn Random = random;
    let number = random.below(NAMES);
    let (one, other) = (name(number), name((number + 1 + random.below(NAMES - 1)) % NAMES));
    match random.below(100) {
        0..50 => {
            write(folder, &one, random.below(LARGEST)).await?;
            tally.written.fetch_add(1, Ordering::SeqCst);
        }
        50..72 => drop(folder.remove(&one, Depth::File).await?),
        72..80 => drop(folder.copy_file(&one, &other, Overwrite::Yes).await?),
        80..88 => drop(folder.move_file(&one, &other, Overwrite::Yes).await?),
        88..91 => drop(folder.remove(&one.parent().path().cloned().unwrap_or(one), Depth::Tree).await?),
        91..97 => drop(folder.usage().await?),
        97..99 => drop(fleet.replica(replica).bucket.check_folder(fleet.folder.id, Repair::Yes).await?),
        _ => drop(fleet.replica(replica).bucket.check_folder(fleet.folder.id, Repair::No).await?),
    }
    Ok(())
}

async fn write(folder: &Folder<Manage>, path: &FilePath, size: u64) -> Result<()> {
    let body = Body::from(vec![7; usize::try_from(size).unwrap_or(0)]).into_stream();
    folder.write(path, Some(size), body, WriteOptions::default()).await.map(drop)
}

fn name(number: u64) -> FilePath {
    format!("{}/{number}", number % 4).parse().expect("digits are a path")
}

/// Whether a request may end so.
fn judge(error: &Error, tally: &Tally) -> Result<(), String> {
    match error.kind() {
        ErrorKind::OverQuota => tally.refused.fetch_add(1, Ordering::SeqCst),
        ErrorKind::Unavailable | ErrorKind::Busy | ErrorKind::Conflict => tally.failed.fetch_add(1, Ordering::SeqCst),
        ErrorKind::NotFound | ErrorKind::AlreadyExists => 0,
        kind => return Err(format!("{kind:?}: {error}")),
    };
    Ok(())
}

/// Lets everything end that may still come, and looks whether every replica knows what is there.
async fn quiet_down(fleet: &Fleet, tally: &Tally) -> Result<(), String> {
    fleet.set_faults(Faults::default(), 0);
    for replica in 0..fleet.count() {
        fleet.spare(replica);
        if fleet.revive(replica).await {
            tally.kills.fetch_add(1, Ordering::SeqCst);
        }
    }
    // Somebody looks now and then: the dead are told by how long they stand still.
    for _ in 0..(DEAD_AFTER + LATE_WRITES + LATE_WRITES).as_secs() {
        all_usages(fleet).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let visible = fleet.rough.visible().await;
    for usage in all_usages(fleet).await? {
        if usage != visible {
            return Err(format!("{visible:?} is there, and a replica says {usage:?}"));
        }
    }
    let checked = fleet.replica(0).bucket.check_folder(fleet.folder.id, Repair::No).await;
    let checked = checked.map_err(|error| error.to_string())?;
    if checked.unsettled || checked.has_drifted() || checked.recorded != visible {
        return Err(format!("{visible:?} is there, and all is quiet, but {checked:?}"));
    }
    Ok(())
}

async fn all_usages(fleet: &Fleet) -> Result<Vec<Usage>, String> {
    let mut usages = Vec::new();
    for replica in 0..fleet.count() {
        let folder = fleet.open(replica).await.map_err(|error| error.to_string())?;
        usages.push(folder.usage().await.map_err(|error| error.to_string())?);
    }
    Ok(usages)
}

/// Everything that fits must be taken: writes through all replicas at once until all are refused.
async fn fill_up(fleet: &Fleet) -> Result<(), String> {
    const SIZE: u64 = 90;
    let writes = stream::iter(0..200).map(|n| async move {
        let folder = fleet.open(n % fleet.count()).await?;
        write(&folder, &format!("fill/{n}").parse()?, SIZE).await
    });
    let written: Vec<Result<()>> = writes.buffer_unordered(32).collect().await;
    for error in written.into_iter().filter_map(Result::err) {
        if error.kind() != ErrorKind::OverQuota {
            return Err(format!("nothing fails any more, but: {error}"));
        }
    }
    let visible = fleet.rough.visible().await;
    if visible.bytes + SIZE <= LIMIT.bytes && visible.files < LIMIT.files {
        return Err(format!("another file fits beside {visible:?}, and is refused"));
    }
    Ok(())
}
