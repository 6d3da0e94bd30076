//! Rows of the index and the statements on them. No other directory spells SQL, but for the schema.

pub(crate) mod blob;
pub(crate) mod bucket;
pub(crate) mod object;
pub(crate) mod upload;

use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a column that holds JSON.
fn json<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// Text for such a column.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these structures have string keys only")
}
