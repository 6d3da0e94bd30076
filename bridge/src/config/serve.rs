//! What `serve` is told, made one thing or refused with a sentence.

use std::time::Duration;

use mapping::limits::FolderLimits;

use super::{ADMIN_TOKEN, MASTER_KEY, ServeFlags, Where, sendable, variable};
use crate::failure::StartError;

/// What `serve` was told beside where to listen and how to log.
#[derive(Clone)]
pub struct ServeSettings {
    /// Where everything is kept.
    pub place: Where,
    /// What seals secrets; `None` only over the embedded store, which keeps its own.
    pub master_key: Option<String>,
    /// What opens the admin API; `None` closes it over a bucket and is made over the embedded store.
    pub admin_token: Option<String>,
    /// Limits of folders.
    pub limits: FolderLimits,
    /// How many folders an account may own.
    pub most_folders: Option<u32>,
    /// How long things stay in the trash; `None` is for ever.
    pub trash_for: Option<Duration>,
    /// How long invitations can be accepted; `None` is for ever.
    pub invitation_life: Option<Duration>,
    /// Whether a chunk is acknowledged only when it is stored.
    pub durable_chunks: bool,
    /// How long caches are believed.
    pub cache_for: Duration,
    /// How many requests in 15 minutes an access key may sign; 0 is any number.
    pub rate_limit: u32,
    /// Whether the bucket is for this process alone. The embedded store is in any case.
    pub single_writer: bool,
    /// How long requests may take to end at shutdown.
    pub drain: Duration,
}

impl std::fmt::Debug for ServeSettings {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServeSettings")
            .field("place", &self.place)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl ServeFlags {
    /// One meaning of the flags and the environment.
    ///
    /// # Errors
    /// When they contradict each other or something that is needed is missing.
    pub fn settings(&self) -> Result<ServeSettings, StartError> {
        self.settings_with(variable(MASTER_KEY), variable(ADMIN_TOKEN))
    }

    fn settings_with(
        &self,
        master_key: Option<String>,
        admin_token: Option<String>,
    ) -> Result<ServeSettings, StartError> {
        let place = self.place.place()?;
        if matches!(place, Where::Bucket { .. }) && master_key.is_none() {
            return Err(StartError::new(format!(
                "serving over a bucket needs a master key: make one with `folderbridge key new`, keep it safe and \
                 set {MASTER_KEY}"
            )));
        }
        let admin_token = admin_token.map(sendable).transpose()?;
        if admin_token.as_ref().is_some_and(|token| token.len() < SHORTEST_ADMIN_TOKEN) {
            return Err(StartError::new(format!("{ADMIN_TOKEN} is shorter than {SHORTEST_ADMIN_TOKEN} characters")));
        }
        let limits = FolderLimits {
            bytes: self.folder_max_bytes.and_then(|most| most.0),
            files: self.folder_max_files.and_then(|most| most.0),
        };
        let most_folders = self.account_max_folders.and_then(|most| most.0);
        let drain = Duration::from_secs(self.drain_seconds);
        Ok(ServeSettings {
            place,
            master_key,
            admin_token,
            limits,
            most_folders,
            trash_for: days(self.trash_days),
            invitation_life: days(self.invitation_days),
            durable_chunks: self.durable_chunks,
            cache_for: Duration::from_millis(self.cache_ms),
            rate_limit: self.rate_limit,
            single_writer: self.single_writer,
            drain,
        })
    }
}

/// So many days; none at all is for ever.
fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| DAY * days)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Short enough to type, too long to guess over a network.
const SHORTEST_ADMIN_TOKEN: usize = 16;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Command, CommandLine};
    use super::*;

    fn settings(flags: &[&str], key: Option<&str>, token: Option<&str>) -> Result<ServeSettings, StartError> {
        let line = ["folderbridge", "serve"].iter().chain(flags);
        let Command::Serve(flags) = CommandLine::try_parse_from(line).unwrap().command else {
            panic!("`serve` parses as something else");
        };
        flags.settings_with(key.map(str::to_owned), token.map(str::to_owned))
    }

    #[test]
    fn nothing_configured_is_the_embedded_store() {
        let settings = settings(&[], None, None).unwrap();
        assert_eq!(settings.place, Where::Embedded { directory: "./folderbridge-data".into() });
        assert_eq!(settings.limits, FolderLimits::default());
    }

    #[test]
    fn a_bucket_without_an_endpoint_is_on_aws() {
        let settings = settings(&["--bucket", "b", "--endpoint", ""], Some("key"), None).unwrap();
        assert_eq!(settings.place, Where::Bucket { endpoint: None, bucket: "b".to_owned(), region: None });
    }

    #[test]
    fn contradictions_are_refused_with_the_way_out() {
        let cases = [
            ("--endpoint http://x", Some("key"), None, "--bucket"),
            ("--endpoint x:9000 --bucket b", Some("key"), None, "http://"),
            ("--bucket b --data d", Some("key"), None, "exclude each other"),
            ("--bucket b", None, None, "folderbridge key new"),
            ("", None, Some("short"), "FOLDERBRIDGE_ADMIN_TOKEN"),
            ("", None, Some("a long admin token"), "white space"),
            ("", None, Some("a-töken-that-is-long-enough"), "not ASCII"),
        ];
        for (flags, key, token, part) in cases {
            let words: Vec<_> = flags.split_whitespace().collect();
            let error = settings(&words, key, token).unwrap_err().to_string();
            assert!(error.contains(part), "{flags}: {error}");
        }
    }

    #[test]
    fn limits_are_kept() {
        let settings = settings(&["--folder-max-bytes", "10", "--folder-max-files", "0"], None, None).unwrap();
        assert_eq!(settings.limits, FolderLimits { bytes: Some(10), files: Some(0) });
    }

    #[test]
    fn the_trash_is_kept_for_thirty_days_or_as_long_as_it_is_told() {
        for (flags, days) in [(&[][..], Some(30)), (&["--trash-days", "7"], Some(7)), (&["--trash-days", "0"], None)] {
            let settings = settings(flags, None, None).unwrap();
            assert_eq!(settings.trash_for, days.map(|days: u32| DAY * days), "{flags:?}");
        }
    }

    #[test]
    fn invitations_live_for_thirty_days_or_as_long_as_they_are_told() {
        let flag = "--invitation-days";
        for (flags, expected) in [(&[][..], Some(30)), (&[flag, "7"], Some(7)), (&[flag, "0"], None)] {
            let settings = settings(flags, None, None).unwrap();
            assert_eq!(settings.invitation_life, expected.map(|days: u32| DAY * days), "{flags:?}");
            assert_eq!(settings.trash_for, Some(30 * DAY), "{flags:?}");
        }
    }

    #[test]
    fn secrets_are_not_in_the_debug_form() {
        let settings = settings(&[], Some("master-secret"), Some("a-long-admin-token")).unwrap();
        let shown = format!("{settings:?}");
        assert!(!shown.contains("master-secret") && !shown.contains("admin-token"), "{shown}");
    }
}
