//! Answers that the proxy gives itself, in the words of a store.

use super::fault::Fault;

/// The answer to a request that is not passed on, or whose own answer is replaced.
pub(super) fn to(fault: Fault) -> Vec<u8> {
    match fault {
        Fault::InternalError => worded("500 Internal Server Error", "InternalError"),
        Fault::SlowDown => worded("503 Slow Down", "SlowDown"),
        Fault::Conflict | Fault::LateConflict => worded("409 Conflict", "ConditionalRequestConflict"),
        _ => b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n".to_vec(),
    }
}

fn worded(status: &str, code: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>by order</Message></Error>"
    );
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}
