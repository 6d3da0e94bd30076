//! Conditional requests. Pure: what a request demands of the object that is there now.

use http::HeaderMap;
use s3s::dto::{ETag, ETagCondition, Timestamp};
use s3s::{S3Error, S3Result, s3_error};

use crate::clock::{Millis, seconds_of};

fn failed() -> S3Error {
    s3_error!(PreconditionFailed, "at least one of the preconditions you specified did not hold")
}

fn meets(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(expected) => expected.value() == etag,
    }
}

/// What a write demands; judged inside the transaction that writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteConditions {
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
}

impl WriteConditions {
    /// Those of an operation whose structure has them.
    pub(crate) fn new(if_match: Option<ETagCondition>, if_none_match: Option<ETagCondition>) -> Self {
        Self { if_match, if_none_match }
    }

    /// Those in the headers: CopyObject's structure lacks them.
    pub(crate) fn from_headers(headers: &HeaderMap) -> S3Result<Self> {
        let read = |name: &str| {
            let parse = |value: &http::HeaderValue| ETagCondition::parse_http_header(value.as_bytes());
            let condition = headers.get(name).map(parse).transpose();
            condition.map_err(|_| s3_error!(InvalidRequest, "the {name} header is not valid"))
        };
        Ok(Self::new(read("if-match")?, read("if-none-match")?))
    }

    /// Judges against the ETag of what is there now.
    pub(crate) fn check(&self, current: Option<&str>) -> S3Result<()> {
        match (&self.if_match, current) {
            (Some(_), None) => return Err(s3_error!(NoSuchKey, "the specified key does not exist")),
            (Some(condition), Some(etag)) if !meets(condition, etag) => return Err(failed()),
            (Some(_) | None, _) => {}
        }
        match (&self.if_none_match, current) {
            (Some(condition), Some(etag)) if meets(condition, etag) => Err(failed()),
            (Some(_) | None, _) => Ok(()),
        }
    }
}

/// What a read demands.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadConditions {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
    pub(crate) if_modified_since: Option<Timestamp>,
    pub(crate) if_unmodified_since: Option<Timestamp>,
}

/// How a read condition turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Met,
    NotModified,
    Failed,
}

impl ReadConditions {
    /// The ETag conditions come before the dates, as RFC 9110 section 13.2.2 orders them.
    fn judge(&self, etag: &str, modified: Millis) -> Verdict {
        let changed_after = |date: &Timestamp| modified.seconds() > seconds_of(date);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !meets(condition, etag) => return Verdict::Failed,
            (None, Some(date)) if changed_after(date) => return Verdict::Failed,
            (Some(_) | None, _) => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) if meets(condition, etag) => Verdict::NotModified,
            (None, Some(date)) if !changed_after(date) => Verdict::NotModified,
            (Some(_) | None, _) => Verdict::Met,
        }
    }

    /// For GetObject and HeadObject: 412, or 304 with the headers that a cache needs.
    pub(crate) fn check(&self, etag: &str, modified: Millis) -> S3Result<()> {
        match self.judge(etag, modified) {
            Verdict::Met => Ok(()),
            Verdict::Failed => Err(failed()),
            Verdict::NotModified => {
                let mut error = s3_error!(NotModified);
                if let Ok(value) = ETag::Strong(etag.to_owned()).to_http_header() {
                    error.set_headers(HeaderMap::from_iter([(http::header::ETAG, value)]));
                }
                Err(error)
            }
        }
    }

    /// For the source of a copy, where everything that does not hold is 412.
    pub(crate) fn check_source(&self, etag: &str, modified: Millis) -> S3Result<()> {
        match self.judge(etag, modified) {
            Verdict::Met => Ok(()),
            Verdict::Failed | Verdict::NotModified => Err(failed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(value: &str) -> Option<ETagCondition> {
        Some(ETagCondition::ETag(ETag::Strong(value.to_owned())))
    }

    fn code(result: S3Result<()>) -> String {
        result.map_or_else(|error| error.code().as_str().to_owned(), |()| "ok".to_owned())
    }

    #[test]
    fn write_conditions_answer_as_aws_does() {
        let any = Some(ETagCondition::Any);
        let cases = [
            (None, None, None, "ok"),
            (tag("a"), None, Some("a"), "ok"),
            (tag("a"), None, Some("b"), "PreconditionFailed"),
            (tag("a"), None, None, "NoSuchKey"),
            (any.clone(), None, Some("b"), "ok"),
            (None, any.clone(), None, "ok"),
            (None, any, Some("b"), "PreconditionFailed"),
            (None, tag("a"), Some("a"), "PreconditionFailed"),
            (None, tag("a"), Some("b"), "ok"),
        ];
        for (if_match, if_none_match, current, expected) in cases {
            let conditions = WriteConditions::new(if_match, if_none_match);
            assert_eq!(code(conditions.check(current)), expected, "{conditions:?} against {current:?}");
        }
    }

    #[test]
    fn an_etag_condition_overrules_its_date() {
        let (modified, before, after) = (Millis(10_500), date(9), date(11));
        let read = |if_match, if_none_match, if_modified_since, if_unmodified_since| {
            let conditions = ReadConditions { if_match, if_none_match, if_modified_since, if_unmodified_since };
            code(conditions.check("a", modified))
        };
        assert_eq!(read(None, None, None, Some(before.clone())), "PreconditionFailed");
        assert_eq!(read(tag("a"), None, None, Some(before.clone())), "ok");
        assert_eq!(read(None, None, Some(after.clone()), None), "NotModified");
        assert_eq!(read(None, tag("b"), Some(after), None), "ok");
        assert_eq!(read(None, None, Some(before), None), "ok");
        assert_eq!(read(None, None, Some(date(10)), None), "NotModified");
    }

    fn date(seconds: i64) -> Timestamp {
        Millis(seconds * 1000).into()
    }
}
