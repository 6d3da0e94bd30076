//! Where the S3 servers are that `tests/stores/install` installs.

use std::path::PathBuf;

use super::differences::Kind;
use super::say;
use crate::environment::{stores_are_required, stores_directory};

/// The directory and the program of a store, as `tests/stores/install` names them.
const fn place(kind: Kind) -> Option<(&'static str, &'static str)> {
    match kind {
        Kind::SeaweedFs => Some(("seaweedfs-4.48", "weed")),
        Kind::Ministack => Some(("ministack-1.5.33", "ministack")),
        Kind::Moto => Some(("moto-5.1.22", "moto_server")),
        Kind::JuiceFs => Some(("juicefs-1.4.2", "juicefs")),
        Kind::Rclone => Some(("rclone-1.75.2", "rclone")),
        Kind::MinIo | Kind::Unknown => None,
    }
}

/// What a store is called and which version of it is run.
#[must_use]
pub fn title(kind: Kind) -> String {
    place(kind).map_or_else(|| kind.name().to_owned(), |(directory, _)| directory.replace('-', " "))
}

/// The program of a store. Says why `what` is skipped where it is not installed.
///
/// # Panics
/// When it is not installed and must be.
#[must_use]
pub fn program(kind: Kind, what: &str) -> Option<PathBuf> {
    let (directory, program) = place(kind)?;
    let found = stores_directory().map(|stores| stores.join(directory).join("bin").join(program));
    let found = found.filter(|program| program.exists());
    if found.is_none() {
        let missing = format!("{} is not installed: run tests/stores/install {}", title(kind), kind.name());
        assert!(!stores_are_required(), "{missing}");
        say(&format!("skipped: {what}: {missing}"));
    }
    found
}
