//! The page that shows the documents shows what the program reads and writes.

use serde_json::Value;

use super::{AccountRecord, CredentialPointer, EmailClaim, FolderRecord, FormatRecord, InvitationRecord, NamesRecord};
use crate::files::trash::{PassageRecord, TrashedRecord};
use crate::jobs::JobRecord;
use crate::lease::LeaseRecord;
use crate::manifest::{Document, Stored};
use crate::upload::UploadRecord;
use crate::usage::UsageRecord;
use crate::writer::WriterRecord;

const PAGE: &str = include_str!("../../../docs/BUCKET.md");

/// The example below the heading of this kind.
fn example<T: Document>() -> &'static str {
    let (_, section) = PAGE.split_once(&format!("\n### {}\n", T::KIND)).unwrap();
    let (_, rest) = section.split_once("```json\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn check<T: Document>() {
    let shown: Value = serde_json::from_str(example::<T>()).unwrap();
    let read = Stored::<T>::decode(example::<T>().as_bytes()).unwrap();
    let written: Value = serde_json::from_slice(&read.encode().unwrap()).unwrap();
    assert_eq!(written, shown, "{}", T::KIND);
    assert!(PAGE.contains(&format!("| `{}` |", T::KIND)), "{} is in the table", T::KIND);
    assert!(PAGE.contains(&format!("`{}`", read.body.state())), "{} is in the table", read.body.state());
}

#[test]
fn the_documents_are_as_the_page_shows_them() {
    check::<FormatRecord>();
    check::<EmailClaim>();
    check::<CredentialPointer>();
    check::<AccountRecord>();
    check::<NamesRecord>();
    check::<FolderRecord>();
    check::<InvitationRecord>();
    check::<UploadRecord>();
    check::<UsageRecord>();
    check::<LeaseRecord>();
    check::<JobRecord>();
    check::<TrashedRecord>();
    check::<PassageRecord>();
    check::<WriterRecord>();
}
