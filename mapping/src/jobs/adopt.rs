//! Sees to it that every directory that was moved at once has a job that brings its files: its replica
//! may have died between the two.

use std::time::Duration;

use super::record::JobRecord;
use crate::bucket::Bucket;
use crate::files::tree::Plan;
use crate::id::JobId;
use crate::records::{FolderRecord, PendingMove};

/// Moves that are remembered as seen to; more are seen to again.
const MOST_SEEN: usize = 1000;

impl Bucket {
    /// To be called with each record of a folder that is used. Costs nothing but for moves that should be over:
    /// one small conditional write a minute for each.
    pub(crate) fn adopt_moves(&self, record: &FolderRecord) {
        for pending in record.moves.iter().filter(|pending| self.should_be_over(pending)) {
            let (bucket, folder, pending) = (self.clone(), record.id, pending.clone());
            self.tasks().background(async move {
                let plan = Plan::relocation(folder, &pending.from, &pending.to);
                let record = JobRecord::new(pending.id, pending.account, plan, 0, bucket.clock().now());
                if let Err(error) = bucket.job_document(pending.id).create(record).await {
                    tracing::warn!(job.id = %pending.id, %error, "a move's job could not be made, it is tried again");
                }
            });
        }
    }

    fn should_be_over(&self, pending: &PendingMove) -> bool {
        let grace = self.settings().claim_grace;
        self.clock().now().since(pending.since) >= grace
            && self.jobs().known().has_time(pending.id, self.clock().elapsed(), grace)
    }
}

impl super::Known {
    /// Whether a move is to be looked at again.
    fn has_time(&mut self, id: JobId, now: Duration, every: Duration) -> bool {
        if self.running.contains_key(&id) || self.adopted.get(&id).is_some_and(|seen| now.saturating_sub(*seen) < every)
        {
            return false;
        }
        if self.adopted.len() >= MOST_SEEN {
            self.adopted.clear();
        }
        self.adopted.insert(id, now);
        true
    }
}
