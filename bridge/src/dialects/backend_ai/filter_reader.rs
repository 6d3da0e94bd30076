//! The words of a filter, one after the other. Pure.

use serde_json::{Number, Value};

use super::filter::{Comparison, Join};

pub(super) struct Reader<'f> {
    rest: &'f str,
}

/// Signs and words, the longer of those that begin alike first.
const COMPARISONS: [(&str, Comparison); 12] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    ("<", Comparison::Less),
    (">=", Comparison::GreaterOrEqual),
    (">", Comparison::Greater),
    ("isnot", Comparison::NotEqual),
    ("is", Comparison::Equal),
    ("ilike", Comparison::Like { exact: false }),
    ("like", Comparison::Like { exact: true }),
    ("contains", Comparison::Contains),
    ("in", Comparison::In),
];

impl<'f> Reader<'f> {
    pub(super) fn new(rest: &'f str) -> Self {
        Self { rest }
    }

    fn unexpected(&self, expected: &str) -> String {
        let found: String = self.rest.chars().take(20).collect();
        format!("in the filter, {expected} is expected where `{found}` is")
    }

    pub(super) fn skip(&mut self, sign: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    pub(super) fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.skip(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    pub(super) fn end(&mut self) -> Result<(), String> {
        self.rest = self.rest.trim_start();
        if self.rest.is_empty() { Ok(()) } else { Err(self.unexpected("`&`, `|` or the end")) }
    }

    /// A name, or nothing.
    pub(super) fn word(&mut self) -> &'f str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    pub(super) fn join(&mut self) -> Option<Join> {
        if self.skip('&') { Some(Join::And) } else { self.skip('|').then_some(Join::Or) }
    }

    pub(super) fn comparison(&mut self) -> Result<Comparison, String> {
        self.rest = self.rest.trim_start();
        for (sign, comparison) in COMPARISONS {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest;
                return Ok(comparison);
            }
        }
        Err(self.unexpected("one of == != < <= > >= is isnot like ilike in contains"))
    }

    /// A text, a number, `null`, `true`, `false` or a list of those.
    pub(super) fn value(&mut self) -> Result<Value, String> {
        if !self.skip('[') {
            return self.one();
        }
        let mut list = Vec::new();
        while !self.skip(']') {
            if !list.is_empty() {
                self.expect(',')?;
            }
            list.push(self.one()?);
        }
        Ok(Value::Array(list))
    }

    fn one(&mut self) -> Result<Value, String> {
        if self.skip('"') {
            return self.text().map(Value::from);
        }
        let end = self.rest.find([' ', ',', ']', ')', '&', '|']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let value = match word.trim_end() {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            number => match number.parse::<Number>() {
                Ok(number) => Value::Number(number),
                Err(_) => return Err(self.unexpected("a text in double quotes, `null`, `true` or `false`")),
            },
        };
        self.rest = rest;
        Ok(value)
    }

    /// A text up to its closing quote. A backslash stands for itself, but before a quote.
    fn text(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut signs = self.rest.char_indices();
        while let Some((at, sign)) = signs.next() {
            match sign {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\\' => match signs.next() {
                    Some((_, '"')) => text.push('"'),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                sign => text.push(sign),
            }
        }
        Err("in the filter, a text has no closing `\"`".to_owned())
    }
}
