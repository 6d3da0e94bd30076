//! Counts requests and their latency by route, and renders them for Prometheus.
//!
//! The recorder belongs to one application and is not installed for the process, so several may
//! run side by side.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::failure::StartError;

/// Upper bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];

const REQUESTS: &str = "folderbridge_http_requests_total";
const LATENCY: &str = "folderbridge_http_request_duration_seconds";
const IN_FLIGHT: &str = "folderbridge_http_requests_in_flight";

/// One application's counters.
pub(crate) struct Meter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}

impl Meter {
    /// Counters that start at zero.
    pub(crate) fn new() -> Result<Self, StartError> {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS);
        let recorder = builder.map_err(|error| StartError::because("cannot count requests", &error))?.build_recorder();
        let meter = Self { handle: recorder.handle(), recorder };
        meter.describe();
        Ok(meter)
    }

    fn describe(&self) {
        with_local_recorder(&self.recorder, || {
            metrics::describe_counter!(REQUESTS, "Requests answered, by route, method and status.");
            metrics::describe_histogram!(
                LATENCY,
                "Time from a request's head to its answer's head, by route and method."
            );
            metrics::describe_gauge!(IN_FLIGHT, "Requests that are not answered yet.");
        });
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds what was measured into the buckets; without it, what nobody scrapes piles up.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    fn began(&self) {
        with_local_recorder(&self.recorder, || gauge!(IN_FLIGHT).increment(1.0));
    }

    fn ended(&self) {
        with_local_recorder(&self.recorder, || gauge!(IN_FLIGHT).decrement(1.0));
    }

    fn answered(&self, labels: &Labels, status: u16, started: Instant) {
        let Labels { route, method } = labels;
        with_local_recorder(&self.recorder, || {
            counter!(REQUESTS, "route" => route.clone(), "method" => *method, "status" => status.to_string())
                .increment(1);
            histogram!(LATENCY, "route" => route.clone(), "method" => *method).record(started.elapsed().as_secs_f64());
        });
    }
}

/// How a request is counted. Only what this program knows: a client cannot make new series.
struct Labels {
    route: String,
    method: &'static str,
}

impl Labels {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        let route = route.map_or("unmatched", MatchedPath::as_str).to_owned();
        Self { route, method: method(request.method()) }
    }
}

fn method(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS];
    let names = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"];
    known.iter().position(|one| one == method).map_or("other", |at| names[at])
}

/// Counts a request out, also one whose client hangs up.
struct InFlight(Arc<Meter>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.ended();
    }
}

pub(super) async fn measure(State(meter): State<Arc<Meter>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let labels = Labels::of(&request);
    meter.began();
    let _in_flight = InFlight(Arc::clone(&meter));
    let response = next.run(request).await;
    let labels = match response.extensions().get::<MatchedPath>() {
        Some(route) => Labels { route: route.as_str().to_owned(), ..labels },
        None => labels,
    };
    meter.answered(&labels, response.status().as_u16(), started);
    response
}

/// Tells [`measure`] the route, where a router lies behind another one that does not know it.
pub(crate) async fn tell_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_applications_count_apart() {
        let (one, two) = (Meter::new().unwrap(), Meter::new().unwrap());
        one.answered(&Labels { route: "/x/{id}".to_owned(), method: "GET" }, 200, Instant::now());
        assert!(
            one.render().contains(r#"folderbridge_http_requests_total{route="/x/{id}",method="GET",status="200"} 1"#)
        );
        assert!(one.render().contains("folderbridge_http_request_duration_seconds_bucket"));
        assert!(!two.render().contains("/x/{id}"));
    }
}
