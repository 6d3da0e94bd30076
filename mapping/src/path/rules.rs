//! Which names every supported store gives back as they were put: `docs/decisions/0006-key-safety.md`
//! says what was measured. Two strengths: what no path can hold, and what no new path may.

use crate::error::{Error, Subject};

/// The longest path in bytes. A key may have 1024: the rest is for the folder's prefix and for
/// what a move or a trash puts in front.
pub const MAX_PATH_BYTES: usize = 900;

/// The longest name of a file in bytes: more is refused by SeaweedFS, MinIO and every file system
/// that a client would download to.
pub const MAX_SEGMENT_BYTES: usize = 255;

/// The longest name of a new directory in bytes: MinIO stores its marker as a file whose name is
/// nine bytes longer.
pub const MAX_DIRECTORY_NAME_BYTES: usize = MAX_SEGMENT_BYTES - MINIO_DIRECTORY.len();

/// What MinIO puts behind a directory marker's name on disk: it lists every name with this end as
/// a directory without it.
const MINIO_DIRECTORY: &str = "__XLDIR__";

/// How much of a name an error repeats, in characters.
const SHOWN: usize = 60;

/// Checks one name of any path.
pub(super) fn check_segment(name: &str) -> Result<(), Error> {
    let complaint = match name.trim() {
        _ if name.is_empty() => {
            "the path has an empty segment: names are parted by one `/`, with none at either end".into()
        }
        // MinIO takes the white space away before it looks.
        "." | ".." => {
            format!("the path has a `.` or `..` segment: {} is no name, nor with white space around it", shown(name))
        }
        _ if name.len() > MAX_SEGMENT_BYTES => {
            format!("the path has a name of more than {MAX_SEGMENT_BYTES} bytes: {} has {}", shown(name), name.len())
        }
        _ => match name.chars().find_map(|c| complaint_about(c).map(|what| (c, what))) {
            None => return Ok(()),
            Some((c, what)) => format!("the path has {what}: U+{:04X} in {}", u32::from(c), shown(name)),
        },
    };
    Err(Error::invalid(Subject::File, complaint))
}

/// Why no name has this character.
fn complaint_about(c: char) -> Option<&'static str> {
    match c {
        c if c.is_control() => Some("a control character, which no name can hold"),
        '\\' => Some("a backslash, which some stores take for `/`"),
        '\u{fffe}' | '\u{ffff}' => Some("a character that no store can be asked to remove"),
        _ => None,
    }
}

/// Checks a name that a new directory would get, made or implied.
pub(super) fn check_new_directory(name: &str) -> Result<(), Error> {
    if name.len() > MAX_DIRECTORY_NAME_BYTES {
        let complaint = format!(
            "a directory's name has at most {MAX_DIRECTORY_NAME_BYTES} bytes: {} has {}",
            shown(name),
            name.len()
        );
        return Err(Error::invalid(Subject::File, complaint));
    }
    // SeaweedFS keeps parts and old versions in directories of these names, and lists neither.
    if name == ".uploads" || name.ends_with(".versions") {
        let complaint =
            "no new directory is called `.uploads` or ends in `.versions`: some stores hide what lies in one";
        return Err(Error::invalid(Subject::File, format!("{complaint} ({})", shown(name))));
    }
    check_new_file(name)
}

/// Checks a name that a new file would get.
pub(super) fn check_new_file(name: &str) -> Result<(), Error> {
    if name.ends_with(MINIO_DIRECTORY) {
        let complaint = format!("no new name ends in `{MINIO_DIRECTORY}`: some stores hide what has such a name");
        return Err(Error::invalid(Subject::File, format!("{complaint} ({})", shown(name))));
    }
    Ok(())
}

/// A name as an error repeats it: in backticks, escaped, not endless.
fn shown(name: &str) -> String {
    let start: String = name.chars().take(SHOWN).collect();
    let more = if start.len() < name.len() { "…" } else { "" };
    format!("`{}{more}`", start.escape_debug())
}
