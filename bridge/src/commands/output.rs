//! How commands find the admin API of a server, and how they print what it says.

use std::io::{self, Write};

use serde::Serialize;

use crate::client::AdminClient;
use crate::config::AdminFlags;
use crate::failure::StartError;
use crate::first_run;

/// The admin API that the flags mean.
pub(super) fn client(flags: &AdminFlags) -> Result<AdminClient, StartError> {
    AdminClient::new(&flags.url, admin_token(flags)?)
}

/// What was set, or what a server of this machine keeps beside its embedded store.
fn admin_token(flags: &AdminFlags) -> Result<String, StartError> {
    if let Some(token) = flags.admin_token()? {
        return Ok(token);
    }
    let file = first_run::admin_token_file(&flags.data());
    let token = std::fs::read_to_string(&file).map_err(|error| {
        let what = format!(
            "no admin token: set FOLDERBRIDGE_ADMIN_TOKEN, or `--data DIR` to the server's directory ({})",
            file.display()
        );
        StartError::because(what, &error)
    })?;
    Ok(token.trim().to_owned())
}

pub(super) fn print(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whoever reads may stop early, as `head` does.
pub(super) fn ended(printed: io::Result<()>) -> Result<(), StartError> {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(StartError::because("cannot write to standard output", &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(super) fn in_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("wire shapes have text keys and no failing serialiser") + "\n"
}

/// A mark of a page, as it stands in a query.
pub(super) fn escaped(mark: &str) -> String {
    percent_encoding::utf8_percent_encode(mark, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A standard output that fails when it is flushed.
    pub(in crate::commands) struct Full(pub(in crate::commands) io::ErrorKind);

    impl Write for Full {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_list_may_be_cut_by_its_reader() {
        ended(print("a\n", &mut Full(io::ErrorKind::BrokenPipe))).unwrap();
        let error = ended(print("a\n", &mut Full(io::ErrorKind::StorageFull))).unwrap_err().to_string();
        assert!(error.starts_with("cannot write to standard output"), "{error}");
    }
}
