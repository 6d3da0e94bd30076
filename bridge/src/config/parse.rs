//! What flags and variables may say. An empty text is none, as compose files leave variables.

use std::net::SocketAddr;
use std::str::FromStr;

use super::{DEFAULT_DAYS, DEFAULT_LISTEN, DEFAULT_URL, LogFormat};

pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let text = if text.is_empty() { DEFAULT_LISTEN } else { text };
    let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address = local.as_deref().unwrap_or(text);
    address.parse().map_err(|_| "an address and a port are expected, such as 127.0.0.1:8080 or [::]:8080".to_owned())
}

pub(super) fn server_url(text: &str) -> Result<String, String> {
    let text = if text.is_empty() { DEFAULT_URL } else { text };
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return Err("a URL is expected, such as http://127.0.0.1:8080".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "" | "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("`text` or `json` is expected".to_owned()),
    }
}

/// A directory; an empty text is none, which whoever takes it makes the default.
pub(super) fn directory(text: &str) -> Result<std::path::PathBuf, std::convert::Infallible> {
    Ok(text.into())
}

/// How long a server drains, when it is not told.
pub(super) const DRAIN_SECONDS: &str = "25";

pub(super) fn drain_seconds(text: &str) -> Result<u64, String> {
    let text = if text.is_empty() { DRAIN_SECONDS } else { text };
    text.parse().map_err(|_| "a whole number, 0 or more, is expected".to_owned())
}

/// How long caches are believed, in milliseconds, unless told.
pub(super) const DEFAULT_CACHE: &str = "2000";

/// Longer than this nobody would wait for a revocation.
const LONGEST_CACHE: u64 = 10_000;

/// How long caches are believed, in milliseconds.
pub(super) fn cache(text: &str) -> Result<u64, String> {
    let text = if text.is_empty() { DEFAULT_CACHE } else { text };
    let given = text.parse().ok().filter(|given| *given <= LONGEST_CACHE);
    given.ok_or_else(|| format!("a whole number from 0 to {LONGEST_CACHE} is expected"))
}

/// How many requests an access key may sign, unless told: as [`crate::app::AppSettings`] has it.
pub(super) const RATE_LIMIT: &str = "30000";

pub(super) fn rate_limit(text: &str) -> Result<u32, String> {
    let text = if text.is_empty() { RATE_LIMIT } else { text };
    text.parse().map_err(|_| "a whole number of requests is expected; 0 is any number".to_owned())
}

/// How long something is kept that goes by itself.
pub(super) fn days(text: &str) -> Result<u32, String> {
    let text = if text.is_empty() { DEFAULT_DAYS } else { text };
    text.parse().map_err(|_| "a whole number of days is expected; 0 is for ever".to_owned())
}

/// What a limit is set to; `None` is nothing set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most<T = u64>(pub Option<T>);

/// A limit of the deployment.
pub(super) fn most(text: &str) -> Result<Most, String> {
    if text.is_empty() { Ok(Most(None)) } else { number(text).map(|most| Most(Some(most))) }
}

pub(super) fn most_folders(text: &str) -> Result<Most<u32>, String> {
    if text.is_empty() { Ok(Most(None)) } else { number(text).map(|most| Most(Some(most))) }
}

/// A limit of an account or a folder.
pub(super) fn setting(text: &str) -> Result<Most, String> {
    if text == "unset" { Ok(Most(None)) } else { number(text).map(|most| Most(Some(most))) }
}

pub(super) fn setting_of_folders(text: &str) -> Result<Most<u32>, String> {
    if text == "unset" { Ok(Most(None)) } else { number(text).map(|most| Most(Some(most))) }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "a whole number is expected; 0 is no limit".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_has_a_bound_and_nothing_said_is_the_default() {
        for (text, expected) in [("", Ok(2000)), ("0", Ok(0)), ("10000", Ok(10_000))] {
            assert_eq!(cache(text), expected, "{text}");
        }
        for text in ["10001", "-1", "2s", "1.5"] {
            assert!(cache(text).unwrap_err().contains("10000"), "{text}");
        }
    }

    #[test]
    fn the_rate_limit_of_nothing_said_is_that_of_an_application() {
        assert_eq!(rate_limit(""), Ok(crate::app::AppSettings::default().rate_limit));
        assert_eq!(rate_limit("0"), Ok(0));
        assert!(rate_limit("-1").is_err() && rate_limit("many").is_err());
    }

    #[test]
    fn listen_takes_what_people_write() {
        for (text, expected) in [
            ("", "127.0.0.1:8080"),
            ("localhost:9", "127.0.0.1:9"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:0", "[::1]:0"),
        ] {
            assert_eq!(listen(text).unwrap().to_string(), expected);
        }
        for text in ["8080", ":8080", "127.0.0.1", "127.0.0.1:70000", "example.org:80"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_server_has_a_url() {
        assert_eq!(server_url("").unwrap(), DEFAULT_URL);
        assert_eq!(server_url("https://folders.example.org/").unwrap(), "https://folders.example.org");
        assert!(server_url("127.0.0.1:8080").is_err());
    }

    #[test]
    fn the_log_is_for_people_unless_told() {
        assert_eq!(log_format("").unwrap(), LogFormat::Text);
        assert_eq!(log_format("json").unwrap(), LogFormat::Json);
        assert!(log_format("xml").is_err());
    }

    #[test]
    fn a_time_to_drain_is_a_whole_number_of_seconds() {
        assert_eq!(drain_seconds("").unwrap(), 25);
        assert_eq!(drain_seconds("1024").unwrap(), 1024);
        for text in ["-1", "1.5", "1 GiB", "99999999999999999999"] {
            assert!(drain_seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_said_of_days_is_no_hurry() {
        assert_eq!((days("").unwrap(), days("0").unwrap(), days("7").unwrap()), (30, 0, 7));
        assert!(days("-1").is_err() && days("a week").is_err());
    }

    #[test]
    fn a_limit_is_a_number_or_none() {
        assert_eq!((most("").unwrap(), most("0").unwrap()), (Most(None), Most(Some(0))));
        assert_eq!((setting("unset").unwrap(), setting("7").unwrap()), (Most(None), Most(Some(7))));
        assert!(most("1 GiB").is_err() && most("unset").is_err() && setting("").is_err() && setting("-1").is_err());
        assert!(most_folders("4294967296").is_err() && setting_of_folders("unset").is_ok());
    }
}
