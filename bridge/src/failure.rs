//! Why a command ends without having done its work: one sentence that names the thing and the way out.

use std::fmt;

use mapping::ErrorKind;

/// What the person at the terminal reads; the program then exits with a status other than 0.
#[derive(Debug)]
pub struct StartError {
    sentence: String,
    status: u8,
}

impl StartError {
    /// An error that reads `sentence`.
    #[must_use]
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), status: 1 }
    }

    /// The same, and the program exits with `status` instead of 1.
    #[must_use]
    pub const fn with_status(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// What the program exits with.
    #[must_use]
    pub const fn status(&self) -> u8 {
        self.status
    }

    /// `what` went wrong because of `error`, whose causes are named too.
    #[must_use]
    pub fn because(what: impl fmt::Display, error: &dyn std::error::Error) -> Self {
        Self { sentence: format!("{what}: {}", causes(error)), status: 1 }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for StartError {}

/// An error and what caused it, in one line; a cause that its parent's text already holds is left out.
#[must_use]
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        next = cause.source();
    }
    line
}

/// Notes why the core refused a request, as loud as its operator has to hear of it.
pub(crate) fn log_refusal(error: &mapping::Error) {
    match error.kind() {
        ErrorKind::Internal => tracing::error!(error = causes(error), "the request failed"),
        ErrorKind::Unavailable => tracing::warn!(error = causes(error), "the store did not answer"),
        _ => tracing::debug!(error = causes(error), "the request was refused"),
    }
}
