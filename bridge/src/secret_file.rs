//! Small files with secrets: readable by their owner only, and whole or not there at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::failure::StartError;

/// What is in the file, without white space at the ends; `None` when there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, StartError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path, &error)),
    }
}

/// Writes the file so that it survives a crash from here on. A crash before leaves a `.new` file
/// that the next write replaces.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), StartError> {
    write_and_sync(path, text).map_err(|error| cannot("write", path, &error))
}

fn write_and_sync(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("new");
    if fresh.exists() {
        fs::remove_file(&fresh)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> StartError {
    StartError::because(format!("cannot {verb} `{}`", path.display()), error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.key");
        assert_eq!(read(&path).unwrap(), None);
        fs::write(path.with_extension("new"), "left by a crash").unwrap();
        write(&path, "secret").unwrap();
        write(&path, "other").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), "other");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn a_failure_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let error = write(&directory.path().join("missing/x.key"), "secret").unwrap_err().to_string();
        assert!(error.contains("missing/x.key") && !error.contains("secret"), "{error}");
    }
}
