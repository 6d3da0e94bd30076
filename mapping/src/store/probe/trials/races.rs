//! Whether conditions are kept by eight writers at once: one wins, and what it wrote is there.
//!
//! A request that the client sent twice may have won without knowing, so nobody need have won;
//! two never may.

use futures::future::join_all;

use super::Seen;
use crate::store::probe::bench::Bench;
use crate::store::{Condition, ETag, StoreErrorKind, StoreResult};

/// Writers at once.
const WRITERS: usize = 8;
/// How often they race: a check that is no single step is not caught each time.
const ROUNDS: usize = 3;
/// The same for Completes: on SeaweedFS two races of three look like those of a store that keeps to it.
const COMPLETE_ROUNDS: usize = 8;

/// What became of one race.
enum Race {
    /// Who was told that it had won, if anybody.
    Won(Option<usize>),
    /// Something that no race may end in.
    Lost(Seen),
}

impl Bench<'_> {
    pub(super) async fn one_creator_wins(&self) -> StoreResult<Seen> {
        for round in 0..ROUNDS {
            let seen = self.race_puts(&format!("race-create-{round}"), &Condition::Absent).await?;
            if !seen.holds {
                return Ok(seen);
            }
        }
        Ok(true.into())
    }

    pub(super) async fn one_replacer_wins(&self) -> StoreResult<Seen> {
        for round in 0..ROUNDS {
            let name = format!("race-replace-{round}");
            let etag = self.put(&name, "before", Condition::Always).await?;
            let seen = self.race_puts(&name, &Condition::Matches(etag)).await?;
            if !seen.holds {
                return Ok(seen);
            }
        }
        Ok(true.into())
    }

    async fn race_puts(&self, name: &str, condition: &Condition) -> StoreResult<Seen> {
        let writers = (0..WRITERS).map(|writer| {
            let (text, condition) = (text_of(condition, writer), condition.clone());
            async move { self.put(name, &text, condition).await }
        });
        let ended = judge(join_all(writers).await)?;
        self.compare(name, condition, ended).await
    }

    pub(super) async fn one_complete_wins(&self) -> StoreResult<Seen> {
        for round in 0..COMPLETE_ROUNDS {
            let name = format!("race-complete-{round}");
            let seen = self.race_completes(&name, &Condition::Absent).await?;
            if !seen.holds {
                return Ok(seen);
            }
            let etag = match self.store.head(&self.key(&name)).await {
                Ok(meta) => meta.etag,
                // All of them lost, by 409.
                Err(error) if error.kind() == StoreErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let seen = self.race_completes(&name, &Condition::Matches(etag)).await?;
            if !seen.holds {
                return Ok(seen);
            }
        }
        Ok(true.into())
    }

    async fn race_completes(&self, name: &str, condition: &Condition) -> StoreResult<Seen> {
        let key = self.key(name);
        let prepared = join_all((0..WRITERS).map(|writer| {
            let key = key.clone();
            async move {
                let upload = self.begin(&key).await?;
                let part = self.part(&key, &upload, 1, text_of(condition, writer).into_bytes()).await?;
                Ok((upload, part))
            }
        }));
        let prepared = prepared.await.into_iter().collect::<StoreResult<Vec<_>>>()?;
        let completes = prepared.iter().map(|(upload, part)| {
            let condition = condition.clone();
            self.store.complete_multipart(&key, upload, std::slice::from_ref(part), condition)
        });
        let ended = judge(join_all(completes).await)?;
        for (upload, _) in &prepared {
            self.end(&key, upload).await?;
        }
        self.compare(name, condition, ended).await
    }

    /// What is there must be the winner's.
    async fn compare(&self, name: &str, condition: &Condition, ended: Race) -> StoreResult<Seen> {
        let winner = match ended {
            Race::Lost(seen) => return Ok(seen),
            Race::Won(winner) => winner,
        };
        let Some(winner) = winner else { return Ok(true.into()) };
        if self.text(name).await? == text_of(condition, winner) {
            return Ok(true.into());
        }
        Ok(Seen::not("the one that was told that it had won was overwritten by another"))
    }
}

/// Nobody writes what was there before: equal bytes have equal ETags, and would match again.
fn text_of(condition: &Condition, writer: usize) -> String {
    let how = if *condition == Condition::Absent { "creates" } else { "replaces" };
    format!("writer {writer} {how}")
}

fn judge(answers: Vec<StoreResult<ETag>>) -> StoreResult<Race> {
    let mut won = Vec::new();
    for (writer, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(_) => won.push(writer),
            Err(error) if error.is_lost_race() => {}
            // Done, and its answer lost: then the upload is gone.
            Err(error) if error.kind() == StoreErrorKind::NoSuchUpload => {}
            Err(error) if error.kind() == StoreErrorKind::Refused => {
                return Ok(Race::Lost(Seen::not(error.message())));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(match won.as_slice() {
        [] => Race::Won(None),
        [winner] => Race::Won(Some(*winner)),
        several => Race::Lost(Seen::not(format!("{} of {WRITERS} were told that they had won", several.len()))),
    })
}
