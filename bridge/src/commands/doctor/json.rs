//! A report for machines: one object on one line. Names of fields and values stay the same.

use mapping::store::Capabilities;
use mapping::store::probe::{Finding, Outcome};
use serde::Serialize;

use super::{Told, word};

#[derive(Serialize)]
struct ReportBody<'t> {
    endpoint: &'t str,
    bucket: &'t str,
    verdict: &'static str,
    sentence: String,
    exit_code: u8,
    checks: Vec<CheckBody<'t>>,
    missing_permissions: Vec<&'static str>,
    capabilities: Option<Capabilities>,
    not_removed: &'t [String],
    notes: Vec<&'static str>,
}

#[derive(Serialize)]
struct CheckBody<'t> {
    check: String,
    outcome: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iam_action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    way_out: Option<&'static str>,
}

pub(super) fn render(told: &Told) -> String {
    let report = &told.report;
    let mut missing: Vec<_> = report.denied().into_iter().map(|operation| operation.iam_action()).collect();
    missing.sort_unstable();
    missing.dedup();
    let tried = report.findings.iter().any(|finding| finding.check.operation().is_some());
    let body = ReportBody {
        endpoint: &told.endpoint,
        bucket: &told.bucket,
        verdict: Told::word(report.conclusion()),
        sentence: told.sentence(),
        exit_code: told.code(),
        checks: report.findings.iter().map(check).collect(),
        missing_permissions: missing,
        capabilities: tried.then(|| report.verdict().capabilities),
        not_removed: &report.left,
        notes: told.notes(),
    };
    serde_json::to_string(&body).expect("a report has text keys and no failing serialiser") + "\n"
}

fn check(finding: &Finding) -> CheckBody<'_> {
    let amiss = matches!(finding.outcome, Outcome::Fallback | Outcome::Fails);
    CheckBody {
        check: finding.check.name(),
        outcome: word(finding.outcome),
        title: finding.check.title(),
        iam_action: finding.check.operation().map(|operation| operation.iam_action()),
        detail: finding.detail.as_deref(),
        without: amiss.then(|| finding.check.without()),
        way_out: finding.way_out(),
    }
}
