//! What stopped half way is asked for again, as one does who got no answer.

use mapping::access::{Delete, FolderRef};
use mapping::files::tree::ConflictPolicy;
use mapping::jobs::Underway;
use mapping::{ErrorKind, Result};

use super::work::{Deed, End, State};
use crate::simulation::client::{Client, misses_file};

impl Client {
    /// Moves what is left to the trash again, or puts it back again to where the first attempt began to.
    pub(super) async fn ask_again(&mut self, which: usize) {
        let Some((bucket, account)) = self.enter().await else { return };
        let work = self.trees.works[which].clone();
        let start = self.cluster.now();
        let answer: Result<Underway> = async {
            let folder = bucket.folder::<Delete>(&account, &FolderRef::Id(work.from.folder)).await?;
            match (work.deed, work.to.first()) {
                (Deed::Restore, Some(to)) => {
                    folder.restore(&work.from.root, Some(&to.root), ConflictPolicy::Replace).await
                }
                _ => folder.trash(&work.from.root).await,
            }
        }
        .await;
        self.judge("ask again", work.from.folder, start, &answer);
        self.did("ask again", work.from.folder, &work.from.root, &format!("{:?}", work.deed), &answer);
        match answer {
            Ok(underway) => {
                let target = underway.target().cloned().expect("a move has a target");
                let target = work.from.beside(target);
                if !work.to.contains(&target) {
                    self.take_name(&target);
                    self.trees.passed.insert(target.clone());
                    self.trees.works[which].to.push(target);
                }
                let state = self.wait(underway, which).await.unwrap_or(State::Over(End::Whole));
                self.trees.works[which].answered = self.cluster.now();
                self.trees.works[which].state = state;
            }
            // Nothing is left there: all of it went the first time.
            Err(error) if misses_file(&error) => self.trees.works[which].state = State::Over(End::Whole),
            Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::AlreadyExists) => {
                self.wrong(which, &format!("it cannot be asked for again: {error:?}"));
            }
            Err(_) => {}
        }
    }
}
