//! Statuses and error bodies of the Backend.AI API: `application/problem+json` with a slug as its type.
//!
//! A folder that is not there, one that is somebody else's and one in which the caller may do too little
//! answer alike: 404, as both documents say.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use mapping::{Error, ErrorKind, Subject};
use serde_json::{Value, json};

use super::access;
use crate::auth::rate::Allowance;
use crate::auth::signature::BadClaim;
use crate::body::BadBody;
use crate::failure;
use crate::layers::Fault;
use crate::render;

/// Why a request was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The core says so.
    Core(Error),
    /// Nobody signed it, or not the one who is said to have.
    NotAuthenticated,
    /// The head of the request is none that anybody could sign.
    BadAuth(&'static str),
    /// Its time is missing or too far away.
    BadTime,
    /// The key has used up its requests.
    TooManyRequests(Allowance),
    /// A body, a parameter or a name that cannot be taken.
    Malformed(String),
    /// What only one place says, as it is said there.
    Problem(Box<Problem>),
    /// What this server does not do for anybody.
    NotOffered(&'static str),
    /// A body above the limit.
    BodyTooLarge,
    /// Something that concerns the request as such.
    Fault(Fault),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<BadClaim> for Refusal {
    fn from(bad: BadClaim) -> Self {
        match bad {
            BadClaim::Nobody => Self::NotAuthenticated,
            BadClaim::Malformed(why) => Self::BadAuth(why),
            BadClaim::Time => Self::BadTime,
        }
    }
}

impl From<BadBody> for Refusal {
    fn from(bad: BadBody) -> Self {
        match bad {
            BadBody::TooLarge => Self::BodyTooLarge,
            BadBody::Malformed(why) => Self::Malformed(format!("the request body is no JSON object: {why}")),
            BadBody::CutOff => Self::Malformed("the request body ended early".to_owned()),
        }
    }
}

/// A parameter that cannot be taken, and why.
pub(super) fn malformed(why: impl Into<String>) -> Refusal {
    Refusal::Malformed(why.into())
}

/// What every layer that answers by itself says in this API's voice.
pub(in crate::dialects) fn voice(fault: Fault) -> Response {
    Refusal::Fault(fault).into_response()
}

/// What an error says: its status, the end of its type's URL, its title, and more where there is more.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
    pub(super) message: Option<String>,
    /// What some clients read beside the message.
    pub(super) data: Option<Value>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        log(&self);
        let mut response = self.problem().into_response();
        let headers = response.headers_mut();
        if let Self::TooManyRequests(allowance) = self {
            let seconds = allowance.again_in.unwrap_or_default().as_secs() + 1;
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            access::tell(allowance, headers);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = render::json_with(self.status, &self.body());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl Problem {
    /// What its answer says.
    pub(super) fn body(&self) -> Value {
        let kind = format!("https://api.backend.ai/probs/{}", self.slug);
        let mut body = json!({ "type": kind, "title": self.title });
        if let Some(message) = &self.message {
            body["msg"] = message.as_str().into();
        }
        if let Some(data) = &self.data {
            body["data"] = data.clone();
        }
        body
    }
}

fn log(refusal: &Refusal) {
    if let Refusal::Core(error) = refusal {
        failure::log_refusal(error);
    }
}

const NO_FOLDER: (StatusCode, &str, &str) = (
    StatusCode::NOT_FOUND,
    "vfolder-not-found",
    "There is no such virtual folder, or your operation may be permission denied.",
);

impl Refusal {
    /// How it is said.
    pub(super) fn problem(&self) -> Problem {
        let ((status, slug, title), message) = match self {
            Self::Problem(problem) => return Problem::clone(problem),
            Self::Core(error) => (core_problem(error), core_message(error)),
            Self::NotAuthenticated => (NOT_AUTHENTICATED, None),
            Self::BadAuth(why) => (BAD_AUTH, Some((*why).to_owned())),
            Self::BadTime => {
                let title = "Date/time sync error";
                let why = "the request needs a `Date` header within 15 minutes of the server's time";
                ((StatusCode::BAD_REQUEST, "invalid-auth-params", title), Some(why.to_owned()))
            }
            Self::TooManyRequests(_) => (TOO_MANY_REQUESTS, None),
            Self::Malformed(why) => {
                let title = "Missing or invalid API parameters.";
                ((StatusCode::BAD_REQUEST, "invalid-api-params", title), Some(why.clone()))
            }
            Self::NotOffered(what) => {
                let title = "Forbidden operation.";
                ((StatusCode::FORBIDDEN, "generic-forbidden", title), Some((*what).to_owned()))
            }
            Self::BodyTooLarge => (TOO_LARGE, None),
            Self::Fault(fault) => (fault_problem(*fault), Some(fault.text().to_owned())),
        };
        Problem { status, slug, title, message, data: None }
    }
}

const NOT_AUTHENTICATED: (StatusCode, &str, &str) =
    (StatusCode::UNAUTHORIZED, "auth-failed", "Credential/signature mismatch.");

const BAD_AUTH: (StatusCode, &str, &str) =
    (StatusCode::BAD_REQUEST, "invalid-auth-params", "Missing or invalid authorization parameters.");

const TOO_MANY_REQUESTS: (StatusCode, &str, &str) =
    (StatusCode::TOO_MANY_REQUESTS, "rate-limit-exceeded", "You have reached your API query rate limit.");

const TOO_LARGE: (StatusCode, &str, &str) =
    (StatusCode::PAYLOAD_TOO_LARGE, "content-too-large", "More bytes than are taken.");

fn core_problem(error: &Error) -> (StatusCode, &'static str, &'static str) {
    let (kind, subject) = (error.kind(), error.subject());
    match kind {
        ErrorKind::Unauthenticated => NOT_AUTHENTICATED,
        ErrorKind::NotFound if subject == Subject::Folder => NO_FOLDER,
        ErrorKind::NotFound if subject == Subject::Invitation => {
            (StatusCode::NOT_FOUND, "vfolder-invitation-not-found", "No such virtual folder invitation.")
        }
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "object-not-found", "No such object."),
        ErrorKind::Forbidden => NO_FOLDER,
        ErrorKind::AlreadyExists if subject == Subject::Folder => {
            let title = "The virtual folder already exists with the same name.";
            (StatusCode::BAD_REQUEST, "vfolder-already-exists", title)
        }
        ErrorKind::AlreadyExists => (StatusCode::BAD_REQUEST, "object-already-exists", "It already exists."),
        ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "invalid-api-params", "Missing or invalid API parameters."),
        ErrorKind::Conflict if subject == Subject::File => {
            (StatusCode::BAD_REQUEST, "vfolder-operation-failed", "Virtual folder operation has failed.")
        }
        ErrorKind::Conflict => (StatusCode::CONFLICT, "conflict", "It is not in the state that this needs."),
        ErrorKind::TooLarge => TOO_LARGE,
        ErrorKind::OverQuota if subject == Subject::Account => {
            (StatusCode::NOT_ACCEPTABLE, "too-many-vfolders", "You have exceeded a limit of virtual folders.")
        }
        ErrorKind::OverQuota => (StatusCode::PRECONDITION_FAILED, "quota-exceeded", "You have reached a limit."),
        ErrorKind::RateLimited => TOO_MANY_REQUESTS,
        ErrorKind::Busy | ErrorKind::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "service-unavailable", "The service is unavailable: try again.")
        }
        ErrorKind::Internal => INTERNAL,
    }
}

const INTERNAL: (StatusCode, &str, &str) =
    (StatusCode::INTERNAL_SERVER_ERROR, "internal-server-error", "Internal server error.");

/// The core's sentence, unless it would tell what is not there from what is not for this caller.
fn core_message(error: &Error) -> Option<String> {
    let silent = match error.kind() {
        ErrorKind::Unauthenticated | ErrorKind::Forbidden | ErrorKind::Internal => true,
        ErrorKind::NotFound => error.subject() == Subject::Folder,
        ErrorKind::AlreadyExists
        | ErrorKind::Invalid
        | ErrorKind::Conflict
        | ErrorKind::Busy
        | ErrorKind::TooLarge
        | ErrorKind::OverQuota
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable => false,
    };
    (!silent).then(|| error.message().to_owned())
}

fn fault_problem(fault: Fault) -> (StatusCode, &'static str, &'static str) {
    let (slug, title) = match fault {
        Fault::NoRoute => ("url-not-found", "Unknown URL path."),
        Fault::NoMethod => ("method-not-allowed", "HTTP Method Not Allowed."),
        Fault::Panicked => (INTERNAL.1, INTERNAL.2),
        Fault::TookTooLong => ("service-unavailable", "The service is unavailable: try again."),
        Fault::SlowBody => ("request-timeout", "The request body stopped coming."),
    };
    (fault.status(), slug, title)
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
