//! Names that people give: folders, e-mail addresses, accounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Subject};

macro_rules! parsed_text {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// The longest folder name in bytes.
pub const MAX_FOLDER_NAME_BYTES: usize = 255;

/// What an account calls a folder. Unique among the account's own and joined folders, to the byte.
///
/// * 1 to 255 bytes; no control character, no `/`, no backslash; not `.` or `..`;
/// * no white space at either end.
///
/// A dialect may be stricter about the names that it makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FolderName(String);

parsed_text!(FolderName);

impl FolderName {
    /// The same name with ` (n)` behind it, cut to fit: what a share is called where the name is taken.
    #[must_use]
    pub fn suffixed(&self, n: u32) -> Self {
        let suffix = format!(" ({n})");
        let mut stem = self.0.clone();
        while stem.len() + suffix.len() > MAX_FOLDER_NAME_BYTES {
            stem.pop();
        }
        Self(stem + &suffix)
    }
}

impl FromStr for FolderName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let complaint = match text {
            "" => "a folder needs a name",
            "." | ".." => "`.` and `..` are no folder names",
            long if long.len() > MAX_FOLDER_NAME_BYTES => "the folder name is longer than 255 bytes",
            padded if padded.trim() != padded => "the folder name has white space at an end",
            bad if bad.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) => {
                "the folder name has a control character, a slash or a backslash"
            }
            _ => return Ok(Self(text.to_owned())),
        };
        Err(Error::invalid(Subject::Folder, complaint))
    }
}

/// An e-mail address: who an account is, to people. Kept in lower case.
///
/// * one `@` with something on either side; at most 254 bytes; no white space or control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

parsed_text!(Email);

impl FromStr for Email {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts =
            text.split_once('@').filter(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
        let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if parts.is_none() || !clean || text.len() > 254 {
            return Err(Error::invalid(Subject::Account, "not a valid e-mail address"));
        }
        Ok(Self(text.to_lowercase()))
    }
}

/// What an account is called in lists; any line of 1 to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct DisplayName(String);

parsed_text!(DisplayName);

impl FromStr for DisplayName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > 128 || text.chars().any(char::is_control) {
            return Err(Error::invalid(Subject::Account, "a name is one line of 1 to 128 characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folder_names_are_checked() {
        for text in ["", ".", "..", " a", "a ", "a/b", "a\\b", "a\nb", &"x".repeat(256)] {
            assert!(text.parse::<FolderName>().is_err(), "{text:?}");
        }
        for text in ["a", "My Data", "日本", "a.b-c_d", &"x".repeat(255)] {
            assert_eq!(text.parse::<FolderName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn an_address_is_kept_in_lower_case() {
        assert_eq!("Ann@Example.ORG".parse::<Email>().unwrap().as_str(), "ann@example.org");
        for text in ["", "@", "a@", "@b", "a@b@c", "a b@c", "a"] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_suffixed_name_is_a_name(text in "\\PC{1,255}", n in 1_u32..5000) {
            if let Ok(name) = text.parse::<FolderName>() {
                prop_assert!(name.suffixed(n).as_str().parse::<FolderName>().is_ok());
            }
        }

        #[test]
        fn what_parses_displays_as_it_was(text in "\\PC{0,40}") {
            if let Ok(name) = text.parse::<FolderName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
