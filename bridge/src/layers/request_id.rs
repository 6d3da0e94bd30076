//! Gives each request an id, the client's own where it sent a sane one, and says it in the answer.

use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::app::State;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id, among its extensions.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) HeaderValue);

pub(super) async fn identify(Shared(state): Shared<State>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).filter(|value| is_sane(value)).cloned();
    let id = given.unwrap_or_else(|| fresh(&state));
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    response.headers_mut().insert(HEADER, id);
    response
}

fn fresh(state: &State) -> HeaderValue {
    let id = state.bucket().random().alphanumeric(20);
    HeaderValue::from_str(&id).expect("digits and letters stand in a header")
}

/// Nothing that could break a line of the log.
fn is_sane(value: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=64).contains(&value.len()) && value.as_bytes().iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_id_is_taken_over() {
        assert!(is_sane(&HeaderValue::from_static("7f0c1d3e-5f0e.a_b")));
        for text in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert!(!is_sane(&HeaderValue::from_str(text).unwrap()), "{text}");
        }
    }
}
