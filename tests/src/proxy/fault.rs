//! What can befall a request on its way.

use super::request::Request;

/// One thing that can befall a request to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Not done; 500 `InternalError`.
    InternalError,
    /// Not done; 503 `SlowDown`.
    SlowDown,
    /// Not done; 503 without a body, as a load balancer without servers says.
    BareUnavailable,
    /// Not done and never answered.
    Stall,
    /// Done and never answered.
    StallAfter,
    /// Done; the first byte of the answer comes late, and still in time.
    SlowFirstByte,
    /// The connection is reset in the middle of the request's body; half of it reached the store.
    CutRequest,
    /// Done; the connection is reset in the middle of the answer's body.
    CutAnswer,
    /// Done; the connection is closed in the middle of the answer's body, which is thus shorter than
    /// it announced.
    ShortAnswer,
    /// Done; nothing comes after half of the answer's body.
    StallAnswer,
    /// Done; the connection is reset before the answer.
    LoseAnswer,
    /// Not done; 409 `ConditionalRequestConflict`.
    Conflict,
    /// Done; 409 `ConditionalRequestConflict`.
    LateConflict,
    /// The store has dropped the multipart upload that the request is about.
    DropUpload,
    /// Done and answered; then the connection, which both sides meant to keep, is closed.
    CloseIdle,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::InternalError,
        Self::SlowDown,
        Self::BareUnavailable,
        Self::Stall,
        Self::StallAfter,
        Self::SlowFirstByte,
        Self::CutRequest,
        Self::CutAnswer,
        Self::ShortAnswer,
        Self::StallAnswer,
        Self::LoseAnswer,
        Self::Conflict,
        Self::LateConflict,
        Self::DropUpload,
        Self::CloseIdle,
    ];

    /// Whether such a thing can happen to this request.
    #[must_use]
    pub fn can_befall(self, request: &Request) -> bool {
        match self {
            Self::Conflict | Self::LateConflict => request.is_conditional_write(),
            Self::DropUpload => request.upload.is_some() && request.operation != "abort_multipart",
            _ => true,
        }
    }
}
