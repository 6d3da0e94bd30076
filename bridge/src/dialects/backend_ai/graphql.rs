//! As much of GraphQL as the clients of this family send: one query of fields, their arguments and
//! variables. Pure: text in, fields out. Fragments, directives and mutations are refused.

use serde_json::{Map, Value};

/// A field that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// What the answer calls it.
    pub(super) alias: String,
    /// What it is.
    pub(super) name: String,
    /// Its arguments, variables filled in.
    pub(super) arguments: Map<String, Value>,
    /// What is asked for of it.
    pub(super) fields: Vec<Self>,
}

/// How deep fields and values may lie in each other.
const DEEPEST: usize = 16;

/// The fields of a query.
pub(super) fn parse(query: &str, variables: &Value) -> Result<Vec<Field>, String> {
    let mut parser = Parser { rest: query, variables };
    match parser.word() {
        "" | "query" => {}
        other => return Err(format!("`{other}` is not served: only a query is")),
    }
    parser.word();
    if parser.skip('(') {
        parser.skip_declarations()?;
    }
    let fields = parser.fields(0)?;
    parser.blank();
    if parser.rest.is_empty() { Ok(fields) } else { Err(parser.unexpected("the end of the query")) }
}

struct Parser<'q> {
    rest: &'q str,
    variables: &'q Value,
}

impl<'q> Parser<'q> {
    /// Passes over what means nothing: white space, commas, comments.
    fn blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == '\u{feff}');
            match self.rest.strip_prefix('#') {
                Some(comment) => self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest),
                None => return,
            }
        }
    }

    fn unexpected(&self, expected: &str) -> String {
        let found: String = self.rest.chars().take(20).collect();
        format!("{expected} is expected where `{found}` is")
    }

    fn skip(&mut self, sign: char) -> bool {
        self.blank();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.skip(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    /// A name, or nothing.
    fn word(&mut self) -> &'q str {
        self.blank();
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let end = if self.rest.starts_with(|c: char| c.is_ascii_digit()) { 0 } else { end };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn name(&mut self) -> Result<&'q str, String> {
        match self.word() {
            "" => Err(self.unexpected("a name")),
            name => Ok(name),
        }
    }

    /// The types of variables say nothing that their values do not.
    fn skip_declarations(&mut self) -> Result<(), String> {
        let end = self.rest.find([')', '{']).filter(|end| self.rest[*end..].starts_with(')'));
        self.rest = &self.rest[end.ok_or_else(|| "the variables are not closed by `)`".to_owned())? + 1..];
        Ok(())
    }

    fn fields(&mut self, depth: usize) -> Result<Vec<Field>, String> {
        if depth > DEEPEST {
            return Err("the query is too deep".to_owned());
        }
        self.expect('{')?;
        let mut fields = Vec::new();
        while !self.skip('}') {
            fields.push(self.field(depth)?);
        }
        Ok(fields)
    }

    fn field(&mut self, depth: usize) -> Result<Field, String> {
        let first = self.name()?;
        let name = if self.skip(':') { self.name()? } else { first };
        let mut arguments = Map::new();
        if self.skip('(') {
            while !self.skip(')') {
                let argument = self.name()?;
                self.expect(':')?;
                arguments.insert(argument.to_owned(), self.value(0)?);
            }
        }
        self.blank();
        let fields = if self.rest.starts_with('{') { self.fields(depth + 1)? } else { Vec::new() };
        Ok(Field { alias: first.to_owned(), name: name.to_owned(), arguments, fields })
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err("a value is too deep".to_owned());
        }
        if self.skip('$') {
            let name = self.name()?;
            return Ok(self.variables.get(name).cloned().unwrap_or_default());
        }
        if self.skip('[') {
            let mut list = Vec::new();
            while !self.skip(']') {
                list.push(self.value(depth + 1)?);
            }
            return Ok(Value::Array(list));
        }
        if self.rest.starts_with(['"', '-']) || self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            return self.literal();
        }
        Ok(match self.name()? {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            name => Value::from(name),
        })
    }

    /// A text or a number, which are written as in JSON.
    fn literal(&mut self) -> Result<Value, String> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                self.rest = &self.rest[values.byte_offset()..];
                Ok(value)
            }
            _ => Err(self.unexpected("a text or a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_clients_send_is_read() {
        let query = "query($limit:Int!, $offset:Int!, $filter: String, $group_id: UUID) {\n  vfolder_list(\n      \
                     limit:$limit, offset:$offset, filter:$filter, group_id:$group_id) {\n    items { id name }\n    \
                     total_count\n  }\n}";
        let fields = parse(query, &json!({ "limit": 20, "offset": 0, "filter": null })).unwrap();
        assert_eq!(fields.len(), 1);
        assert_eq!((fields[0].name.as_str(), fields[0].alias.as_str()), ("vfolder_list", "vfolder_list"));
        let arguments = json!({ "limit": 20, "offset": 0, "filter": null, "group_id": null });
        assert_eq!(Value::Object(fields[0].arguments.clone()), arguments);
        let names: Vec<_> = fields[0].fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["items", "total_count"]);
        assert_eq!(fields[0].fields[0].fields[1].name, "name");
    }

    #[test]
    fn aliases_literals_and_comments_are_read() {
        let query = "{ # all\n mine: vfolder_own_list(limit: 5, order: \"-name \\\"x\\\"\", a: [1, true], b: ENUM) { total_count } }";
        let fields = parse(query, &Value::Null).unwrap();
        assert_eq!((fields[0].alias.as_str(), fields[0].name.as_str()), ("mine", "vfolder_own_list"));
        let arguments = json!({ "limit": 5, "order": "-name \"x\"", "a": [1, true], "b": "ENUM" });
        assert_eq!(Value::Object(fields[0].arguments.clone()), arguments);
        assert_eq!(parse("query Named { a b }", &Value::Null).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_such_query_is_refused() {
        let deep = "{a".repeat(5000);
        let lists = format!("{{ a(b: {}) }}", "[".repeat(5000));
        for query in [
            "",
            "{",
            "{ a ",
            "{ a } b",
            "mutation { a }",
            "{ ...f }",
            "{ a @skip(if: true) }",
            "{ a(b) }",
            "{ a(b: ) }",
            "{ a(b: \"c) }",
            "query($a: Int { b }",
            "{ a: }",
            "{ é }",
            deep.as_str(),
            &lists,
        ] {
            assert!(parse(query, &Value::Null).is_err(), "{}", &query[..query.len().min(40)]);
        }
    }
}
