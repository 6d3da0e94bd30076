//! Many processes, slow stores, deaths at any moment: never do two of them write.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

use super::*;
use crate::random::Random;

/// Who writes at this moment, as an outsider sees who knows all clocks.
#[derive(Default)]
struct Watched {
    places: Mutex<Vec<WriterPlace>>,
    taken: AtomicUsize,
}

impl Watched {
    fn holders(&self) -> usize {
        self.places.lock().unwrap().iter().filter(|place| place.is_held()).count()
    }

    async fn until_done(&self, done: &AtomicUsize, all: usize, seed: u64) {
        while done.load(Ordering::SeqCst) < all {
            assert!(self.holders() <= 1, "seed {seed}: two write");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Takes the place a few times; gives it back, dies, or is cut off from the store for a while.
async fn contend(process: &Process, watched: &Watched, seed: u64) {
    let chance: &dyn Random = &SeededRandom::new(seed);
    for round in 0..6 {
        let slow = Duration::from_millis(chance.below(5000));
        let faults =
            Faults { seed: seed + round, latency: slow, answers: slow / 2, lost: 50, refused: 50, ..Faults::default() };
        process.faulty.set_faults(faults);
        let Ok(place) = process.take().await else {
            tokio::time::sleep(Duration::from_millis(chance.below(20_000))).await;
            continue;
        };
        watched.places.lock().unwrap().push(place.clone());
        watched.taken.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(chance.below(30_000))).await;
        if chance.below(2) == 0 {
            place.give_back(Duration::from_secs(5)).await;
        }
        process.cut_off();
        place.lost_or_over().await;
    }
}

impl WriterPlace {
    /// Until it is not held, for whatever reason.
    async fn lost_or_over(&self) {
        while self.is_held() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn never_do_two_write_at_one_moment() {
    let mut taken = 0;
    for seed in 0..60 {
        let world = careless(Conditions::Ignored);
        let processes: Vec<_> = (0..4).map(|number| Process::over(&world, seed * 10 + number)).collect();
        let (watched, done) = (Watched::default(), AtomicUsize::new(0));
        let contenders = processes.iter().enumerate().map(|(number, process)| {
            let (watched, done) = (&watched, &done);
            async move {
                contend(process, watched, seed * 1000 + number as u64).await;
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
        tokio::join!(join_all(contenders), watched.until_done(&done, processes.len(), seed));
        taken += watched.taken.load(Ordering::SeqCst);
    }
    assert!(taken > 100, "the place was taken {taken} times only");
}
