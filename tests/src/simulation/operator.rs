//! What whoever operates the cluster does meanwhile: counts folders, and has their usage repaired.

use mapping::usage::Repair;
use mapping::{Bucket, ErrorKind};

use super::board::{Certainty, Window};
use super::client::Client;
use super::report::is_unknown;

impl Client {
    /// As `folderbridge fsck` does. A usage that is wrong and does not know it is a broken promise.
    pub(super) async fn check_usage(&mut self, bucket: &Bucket) {
        let Some((folder, _)) = self.some_file() else { return };
        let repair = if self.below(2) == 0 { Repair::Yes } else { Repair::No };
        let start = self.cluster.now();
        let answer = bucket.check_folder(folder, repair).await;
        self.report.answered("check", &answer);
        match &answer {
            Ok(checked) if checked.has_drifted() => {
                self.broken(&format!("the usage of {folder} has drifted: {checked:?}"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let window = Window { start, end: self.cluster.now() };
                let state = self.board.state();
                let known = state.folders.iter().find(|known| known.id == folder);
                let exists = known.map(|known| known.exists.during(window));
                drop(state);
                if exists == Some(Certainty::Yes) {
                    self.broken(&format!("{folder} is not there to be checked, and is: {error:?}"));
                }
            }
            Err(error) if is_unknown(error) && error.kind() != ErrorKind::Internal => {}
            Err(error) => self.broken(&format!("a check of {folder}: {error:?}")),
        }
    }
}
