//! What folders are filtered by, and which values it may have. Pure.

use serde_json::Value;

use super::filter::Comparison;
use super::wire;
use crate::auth::signature::moment;

/// A field of a folder, as lists show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Time,
    Flag,
    /// One of a few, each with its names: the first is how lists show it.
    Choice(&'static [&'static [&'static str]]),
}

const PERMISSIONS: &[&[&str]] =
    &[&["ro", "read-only"], &["rw", "read-write"], &["wd", "rd", "rw-delete", "owner-perm"]];

const OWNERS: &[&[&str]] = &[&["user"], &["group"]];

const USAGES: &[&[&str]] = &[&["general"], &["model"], &["data"]];

const STATES: &[&[&str]] = &[
    &["ready"],
    &["performing"],
    &["cloning"],
    &["mounted"],
    &["error"],
    &["deleting"],
    &["delete-pending"],
    &["delete-ongoing"],
    &["delete-complete"],
    &["delete-error"],
    &["delete-aborted"],
    &["purge-ongoing"],
];

const FIELDS: [(&str, Kind); 17] = [
    ("name", Kind::Text),
    ("id", Kind::Text),
    ("host", Kind::Text),
    ("status", Kind::Choice(STATES)),
    ("permission", Kind::Choice(PERMISSIONS)),
    ("ownership_type", Kind::Choice(OWNERS)),
    ("usage_mode", Kind::Choice(USAGES)),
    ("creator", Kind::Text),
    ("user", Kind::Text),
    ("user_email", Kind::Text),
    ("group", Kind::Text),
    ("group_name", Kind::Text),
    ("quota_scope_id", Kind::Text),
    ("unmanaged_path", Kind::Text),
    ("created_at", Kind::Time),
    ("last_used", Kind::Time),
    ("cloneable", Kind::Flag),
];

impl Field {
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let found = FIELDS.into_iter().find(|(field, _)| *field == name);
        let all = || FIELDS.map(|(field, _)| field).join(", ");
        let (name, kind) = found.ok_or_else(|| format!("folders are filtered by {}; not by `{name}`", all()))?;
        Ok(Self { name, kind })
    }

    /// What was written, in the form in which lists show it.
    pub(super) fn value(self, comparison: Comparison, written: Value) -> Result<Value, String> {
        match (comparison, written) {
            (Comparison::In, Value::Array(list)) => {
                let list: Result<Vec<_>, _> = list.into_iter().map(|one| self.one(one)).collect();
                Ok(Value::Array(list?))
            }
            (Comparison::In, _) => Err("`in` needs a list: `in [\"a\", \"b\"]`".to_owned()),
            (_, Value::Array(_)) => Err(format!("`{}` is compared with one value, not with a list", self.name)),
            (Comparison::Equal | Comparison::NotEqual, Value::Null) => Ok(Value::Null),
            (Comparison::Equal | Comparison::NotEqual, one) => self.one(one),
            (_, Value::String(pattern)) if self.takes(comparison) == Some(Form::Pattern) => {
                if pattern.len() > LONGEST_PATTERN {
                    return Err(format!("a pattern has at most {LONGEST_PATTERN} bytes"));
                }
                Ok(pattern.into())
            }
            (_, one) if self.takes(comparison) == Some(Form::Value) => self.one(one),
            (_, one) => Err(format!("`{}` is not compared like this with `{one}`", self.name)),
        }
    }

    /// What may stand behind a comparison that is more than equal or not.
    fn takes(self, comparison: Comparison) -> Option<Form> {
        match (self.kind, comparison) {
            (Kind::Flag | Kind::Choice(_), _) => None,
            (Kind::Text, Comparison::Like { .. } | Comparison::Contains) => Some(Form::Pattern),
            (Kind::Time, Comparison::Like { .. } | Comparison::Contains) => None,
            (Kind::Text | Kind::Time, _) => Some(Form::Value),
        }
    }

    fn one(self, written: Value) -> Result<Value, String> {
        let refused = |written: &Value| format!("`{}` is never `{}`", self.name, plain(written));
        match (self.kind, &written) {
            (Kind::Text, Value::String(text)) if self.name == "id" || self.name == "user" => Ok(id(self.name, text)),
            (Kind::Text, Value::String(_)) | (Kind::Flag, Value::Bool(_)) => Ok(written),
            (Kind::Time, Value::String(text)) => {
                moment(text).map(|at| wire::iso(at).into()).ok_or_else(|| format!("`{text}` is no time"))
            }
            (Kind::Choice(all), Value::String(text)) => {
                let text = text.to_lowercase().replace('_', "-");
                let found = all.iter().find(|names| names.contains(&text.as_str()));
                found.map(|names| names[0].into()).ok_or_else(|| refused(&written))
            }
            _ => Err(refused(&written)),
        }
    }
}

/// The longest pattern, in bytes: no name is longer, and each is compared with it.
const LONGEST_PATTERN: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Value,
    Pattern,
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Ids are written with hyphens and without: here as lists show them.
fn id(field: &str, text: &str) -> Value {
    match text.parse::<mapping::id::FolderId>() {
        Ok(id) if field == "id" => wire::hex(id).into(),
        Ok(id) => id.to_string().into(),
        Err(_) => text.into(),
    }
}
