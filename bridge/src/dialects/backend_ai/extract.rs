//! Folders, parameters and kinds of callers, read from the raw request: axum's own extractors decode before
//! anybody looks and answer in plain text of their own.

use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use http::request::Parts;
use http::{Uri, header};
use mapping::access::FolderRef;
use mapping::id::FolderId;
use mapping::name::FolderName;
use mapping::{Error, ErrorKind, Subject};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::access::Caller;
use super::error::{Refusal, malformed};
use crate::app::State;
use crate::body;
use crate::query::Pairs;

/// The most bytes of parameters in a body: a thousand long paths.
pub(super) const BODY_LIMIT: usize = 1 << 20;

/// The folder that the path names: `/folders/NAME/...`.
pub(super) fn folder(uri: &Uri) -> Result<FolderRef, Refusal> {
    let segment = uri.path().split('/').nth(2).unwrap_or_default();
    let text = percent_decode_str(segment).decode_utf8().map_err(|_| no_such_folder())?;
    folder_named(&text)
}

/// The folder of an id, with or without hyphens, or of a name. What looks like an id is one: no folder can
/// be made here with such a name, and one that was made elsewhere is reached by its id.
pub(super) fn folder_named(text: &str) -> Result<FolderRef, Refusal> {
    match text.parse::<FolderId>() {
        Ok(id) => Ok(FolderRef::Id(id)),
        Err(_) => Ok(FolderRef::Name(text.parse::<FolderName>().map_err(|_| no_such_folder())?)),
    }
}

/// A name that no folder can have names none; whether it could is nobody's business.
fn no_such_folder() -> Error {
    Error::new(ErrorKind::NotFound, Subject::Folder, "no such folder")
}

/// Whose shapes the caller reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A published client, of whatever age.
    Client,
    /// Whoever follows the documents.
    Document,
}

impl FromRequestParts<State> for Reader {
    type Rejection = Refusal;

    /// Published clients tell their name; the oldest put a version before every path and a slash behind. In a
    /// page they may say neither their name nor `Date`, and have a header of their own for the time.
    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let agent = parts.headers.get(header::USER_AGENT).map(|value| value.as_bytes());
        let named = agent.is_some_and(|agent| agent.starts_with(b"Backend.AI Client"));
        let path = parts.extensions.get::<OriginalUri>().map_or("", |original| original.0.path());
        let oldest = path.starts_with("/v") && path.ends_with("/folders/");
        let in_page = parts.headers.contains_key("x-backendai-date");
        Ok(if named || oldest || in_page { Self::Client } else { Self::Document })
    }
}

/// The parameters of a request: those of its JSON body, whatever the method, then those of its query.
#[derive(Debug, Default)]
pub(super) struct Params(Map<String, Value>);

impl FromRequest<State> for Params {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &State) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = body::small(&parts.headers, body, BODY_LIMIT).await?;
        let params = Self::of(&parts.uri, &bytes)?;
        match (params.text(&["owner_access_key"]), parts.extensions.get::<Caller>()) {
            (Some(other), Some(caller)) if *other != *caller.access_key => {
                Err(Refusal::NotOffered("nobody acts for the owner of another access key here"))
            }
            _ => Ok(params),
        }
    }
}

impl Params {
    fn of(uri: &Uri, body: &[u8]) -> Result<Self, Refusal> {
        let mut params = Map::new();
        for (name, value) in Pairs::of(uri).iter() {
            match params.get_mut(name) {
                None => drop(params.insert(name.to_owned(), value.into())),
                Some(Value::Array(values)) => values.push(value.into()),
                Some(one) => *one = Value::Array(vec![one.take(), value.into()]),
            }
        }
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(params));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => params.extend(object),
            Ok(Value::Null) => {}
            Ok(_) => return Err(malformed("the request body is no JSON object")),
            Err(error) => return Err(malformed(format!("the request body is no JSON object: {error}"))),
        }
        Ok(Self(params))
    }

    /// The value of the first of these names that has one.
    pub(super) fn value(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|name| self.0.get(*name)).filter(|value| !value.is_null())
    }

    /// A text.
    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        self.value(names).and_then(Value::as_str)
    }

    /// A text that must be there.
    pub(super) fn needed(&self, names: &[&str]) -> Result<&str, Refusal> {
        self.text(names).ok_or_else(|| malformed(format!("a text `{}` is expected", names[0])))
    }

    /// Yes or no, as JSON or in words; `otherwise` when nothing is said.
    pub(super) fn flag(&self, names: &[&str], otherwise: bool) -> Result<bool, Refusal> {
        let Some(value) = self.value(names) else { return Ok(otherwise) };
        let said = match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "y" | "on" => Some(true),
                "false" | "0" | "no" | "n" | "off" | "" => Some(false),
                _ => None,
            },
            Value::Number(number) => number.as_u64().filter(|number| *number < 2).map(|number| number == 1),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        said.ok_or_else(|| malformed(format!("`{}` is true or false", names[0])))
    }

    /// A list of texts, or one text alone; `None` when nothing is said.
    pub(super) fn texts(&self, names: &[&str]) -> Result<Option<Vec<String>>, Refusal> {
        let Some(value) = self.value(names) else { return Ok(None) };
        let one = |value: &Value| value.as_str().map(str::to_owned);
        let list = match value {
            Value::Array(list) => list.iter().map(one).collect(),
            other => one(other).map(|text| vec![text]),
        };
        list.map(Some).ok_or_else(|| malformed(format!("`{}` is a list of texts", names[0])))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(uri: &str, body: &str) -> Params {
        Params::of(&uri.parse().unwrap(), body.as_bytes()).unwrap()
    }

    #[test]
    fn a_folder_is_meant_by_name_or_by_either_spelling_of_its_id() {
        let id = "0123456789abcdef0123456789abcdef";
        let by_id = FolderRef::Id(id.parse().unwrap());
        for (path, expected) in [
            ("/folders/mydata", FolderRef::Name("mydata".parse().unwrap())),
            ("/folders/My%20Data/files", FolderRef::Name("My Data".parse().unwrap())),
            ("/folders/%E6%97%A5?x=1", FolderRef::Name("日".parse().unwrap())),
            ("/folders/0123456789abcdef0123456789abcdef/files", by_id.clone()),
            ("/folders/01234567-89AB-cdef-0123-456789abcdef", by_id),
            ("/folders/0123456789abcdef0123456789abcde", FolderRef::Name(id[..31].parse().unwrap())),
        ] {
            assert_eq!(folder(&path.parse().unwrap()).unwrap(), expected, "{path}");
        }
        for path in ["/folders/", "/folders/a%2Fb", "/folders/%ff", "/folders/..", "/folders/%00", "/folders/%20a"] {
            assert!(matches!(folder(&path.parse().unwrap()), Err(Refusal::Core(_))), "{path}");
        }
    }

    #[test]
    fn parameters_come_from_the_body_and_then_from_the_query() {
        let both = params("/folders?path=x&size=5", r#"{"path": "y", "recursive": null}"#);
        assert_eq!(both.text(&["path"]), Some("y"));
        assert_eq!(both.text(&["none", "size"]), Some("5"));
        assert!(!both.flag(&["recursive"], false).unwrap());
        assert_eq!(params("/folders?path=sub+dir", "").text(&["path"]), Some("sub dir"));
        assert_eq!(params("/folders", " \r\n").text(&["path"]), None);
        for body in ["[]", "1", "{", "\"a\"", "{\"a\":1}x"] {
            assert!(Params::of(&"/folders".parse().unwrap(), body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn lists_and_flags_come_in_any_spelling() {
        let said =
            params("/folders?files=a&files=b&files=c&one=x&yes=True&no=0", r#"{"list": ["a", "b"], "bad": [1]}"#);
        let list = |name| said.texts(&[name]).unwrap();
        assert_eq!(list("files"), Some(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
        assert_eq!(list("list"), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!((list("one"), list("none")), (Some(vec!["x".to_owned()]), None));
        assert!(said.texts(&["bad"]).is_err());
        assert!(said.flag(&["yes"], false).unwrap() && !said.flag(&["no"], true).unwrap());
        assert!(said.flag(&["one"], false).is_err());
        assert_eq!(said.value(&["list"]), Some(&json!(["a", "b"])));
    }
}
