//! What a replica sees of the others that hold some of a folder's room: whether their beats move,
//! by its own clock.

use std::collections::HashMap;
use std::time::Duration;

use crate::id::ReplicaId;

/// Others' holds as they were last seen, and since when each has not moved.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: HashMap<ReplicaId, Seen>,
    wanted: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The hold's number and its beat.
    mark: (u64, u64),
    since: Duration,
}

impl Watch {
    /// Notes what a document says that was read or written by `now`. Answers whether somebody was
    /// short of room since the last time.
    pub(super) fn notice(
        &mut self,
        others: impl Iterator<Item = (ReplicaId, (u64, u64))>,
        wanted: u64,
        now: Duration,
    ) -> bool {
        let before = std::mem::take(&mut self.seen);
        let since = |replica, mark| match before.get(&replica) {
            Some(seen) if seen.mark == mark => seen.since,
            _ => now,
        };
        self.seen = others.map(|(replica, mark)| (replica, Seen { mark, since: since(replica, mark) })).collect();
        self.wanted.replace(wanted).is_some_and(|before| before != wanted)
    }

    /// Those that have not moved for `time`.
    pub(super) fn still_for(&self, time: Duration, now: Duration) -> Vec<ReplicaId> {
        let still = self.seen.iter().filter(|(_, seen)| now.saturating_sub(seen.since) >= time);
        still.map(|(replica, _)| *replica).collect()
    }

    /// Whether somebody has moved within `time`.
    pub(super) fn any_moved_within(&self, time: Duration, now: Duration) -> bool {
        self.seen.values().any(|seen| now.saturating_sub(seen.since) < time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn who_stands_still_is_dead_by_the_watchers_clock() {
        let other = ReplicaId::random(&SystemRandom);
        let (mut watch, second) = (Watch::default(), Duration::from_secs(1));
        let see = |watch: &mut Watch, beat, at| watch.notice([(other, (7, beat))].into_iter(), 0, second * at);
        see(&mut watch, 1, 100);
        see(&mut watch, 2, 108);
        see(&mut watch, 2, 117);
        assert!(watch.still_for(second * 10, second * 117).is_empty());
        assert_eq!(watch.still_for(second * 10, second * 118), [other]);
        see(&mut watch, 3, 119);
        assert!(watch.still_for(second * 10, second * 120).is_empty());
        watch.notice(std::iter::empty(), 0, second * 121);
        assert!(watch.still_for(Duration::ZERO, second * 200).is_empty());
    }

    #[test]
    fn what_others_want_is_heard_once() {
        let mut watch = Watch::default();
        let heard = [5, 5, 6, 6].map(|wanted| watch.notice(std::iter::empty(), wanted, Duration::ZERO));
        assert_eq!(heard, [false, false, true, false]);
    }
}
