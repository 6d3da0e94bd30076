//! Which folders of a list are wanted, in the little language of this family's filters:
//! `name like "a%" & (permission == "READ_ONLY" | !(status == "READY"))`. Pure: text in, a verdict on each
//! folder out. Where such servers and most readers would take a filter differently it is refused: `&` and `|`
//! side by side, and `!` before what is not the last, need parentheses.

use std::cmp::Ordering;

use serde_json::Value;

use super::filter_fields::Field;
use super::filter_reader::Reader;

/// The longest filter, in bytes.
const LONGEST: usize = 4096;

/// How deep parentheses may lie in each other.
const DEEPEST: usize = 16;

/// A condition that folders meet or do not.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    /// A field compared with what was written.
    Is(Field, Comparison, Value),
    /// All of them, or one of them.
    Both(Join, Vec<Self>),
    /// The other ones.
    Not(Box<Self>),
}

/// What stands between conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

/// What stands between a field and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like { exact: bool },
    Contains,
    In,
}

impl Filter {
    /// Reads a filter, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("a filter has at most {LONGEST} bytes"));
        }
        let mut reader = Reader::new(text);
        let filter = Self::conditions(&mut reader, 0)?;
        reader.end()?;
        Ok(filter)
    }

    fn conditions(reader: &mut Reader<'_>, depth: usize) -> Result<Self, String> {
        if depth > DEEPEST {
            return Err("the filter is too deep".to_owned());
        }
        let mut conditions = vec![Self::condition(reader, depth)?];
        let mut join = None;
        while let Some(next) = reader.join() {
            if *join.get_or_insert(next) != next {
                return Err("`&` and `|` side by side need parentheses".to_owned());
            }
            if matches!(conditions.last(), Some(Self::Not(_))) {
                return Err("`!` before what is not the last needs parentheses: `(!(...)) & ...`".to_owned());
            }
            conditions.push(Self::condition(reader, depth)?);
        }
        Ok(match join {
            Some(join) => Self::Both(join, conditions),
            None => conditions.remove(0),
        })
    }

    fn condition(reader: &mut Reader<'_>, depth: usize) -> Result<Self, String> {
        if reader.skip('!') {
            if depth > DEEPEST {
                return Err("the filter is too deep".to_owned());
            }
            return Ok(Self::Not(Box::new(Self::condition(reader, depth + 1)?)));
        }
        if reader.skip('(') {
            let inside = Self::conditions(reader, depth + 1)?;
            reader.expect(')')?;
            // As one of several, it is no `!` any more that could be taken for all of them.
            return Ok(Self::Both(Join::And, vec![inside]));
        }
        let field = Field::named(reader.word())?;
        let comparison = reader.comparison()?;
        let value = field.value(comparison, reader.value()?)?;
        Ok(Self::Is(field, comparison, value))
    }

    /// Whether a folder, as lists show it, is wanted.
    pub(super) fn wants(&self, folder: &Value) -> bool {
        self.verdict(folder) == Some(true)
    }

    /// As in SQL: what is compared with nothing is neither so nor not so.
    fn verdict(&self, folder: &Value) -> Option<bool> {
        match self {
            Self::Is(field, comparison, value) => holds(&folder[field.name], *comparison, value),
            Self::Not(other) => other.verdict(folder).map(|verdict| !verdict),
            Self::Both(join, all) => {
                let decides = *join == Join::Or;
                let verdicts: Vec<_> = all.iter().map(|one| one.verdict(folder)).collect();
                if verdicts.contains(&Some(decides)) {
                    return Some(decides);
                }
                (!verdicts.contains(&None)).then_some(!decides)
            }
        }
    }
}

/// Whether what a folder has compares like this with what was written.
fn holds(found: &Value, comparison: Comparison, value: &Value) -> Option<bool> {
    match comparison {
        Comparison::Equal if value.is_null() => return Some(found.is_null()),
        Comparison::NotEqual if value.is_null() => return Some(!found.is_null()),
        _ if found.is_null() => return None,
        Comparison::Equal => return Some(found == value),
        Comparison::NotEqual => return Some(found != value),
        Comparison::In => return Some(value.as_array()?.contains(found)),
        _ => {}
    }
    let (found, value) = (found.as_str()?, value.as_str()?);
    let order = found.cmp(value);
    Some(match comparison {
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
        Comparison::Like { exact: true } => is_like(found, value),
        Comparison::Like { exact: false } => is_like(&found.to_lowercase(), &value.to_lowercase()),
        Comparison::Contains => found.contains(value),
        Comparison::Equal | Comparison::NotEqual | Comparison::In => return None,
    })
}

/// Whether a text fits a pattern: `%` is any characters, `_` is one, and a backslash takes the next as it is.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut pattern = pattern.chars();
    // The places in the text up to which what was read of the pattern may reach.
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    while let Some(sign) = pattern.next() {
        if sign == '%' {
            let first = reached.iter().position(|reached| *reached).unwrap_or(reached.len());
            reached[first..].fill(true);
            continue;
        }
        let wanted = match sign {
            '_' => None,
            '\\' => Some(pattern.next().unwrap_or('\\')),
            sign => Some(sign),
        };
        for at in (0..text.len()).rev() {
            reached[at + 1] = reached[at] && wanted.is_none_or(|wanted| wanted == text[at]);
        }
        reached[0] = false;
    }
    reached[text.len()]
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
