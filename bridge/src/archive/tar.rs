//! A tar as it is streamed (POSIX.1-2001, pax): a block of 512 bytes before each member, and one more
//! member before it for a name or a size that the block cannot hold.

use mapping::Timestamp;

const BLOCK: usize = 512;

/// The longest name in a block.
const NAME: usize = 100;

/// The first size that twelve octal digits do not hold, one of them an end.
const LARGE: u64 = 1 << 33;

#[derive(Default)]
pub(super) struct Writer {
    /// What the last member lacks to a whole block.
    padding: usize,
}

impl super::Writer for Writer {
    fn begin(&mut self, name: &str, modified: Timestamp, size: Option<u64>) -> Vec<u8> {
        let (name, kind, mode) = match size {
            Some(_) => (name.to_owned(), b'0', 0o644),
            None => (format!("{name}/"), b'5', 0o755),
        };
        let (size, seconds) = (size.unwrap_or(0), modified.as_millis() / 1000);
        let mut records = String::new();
        if name.len() > NAME || !name.is_ascii() {
            records += &record("path", &name);
        }
        if size >= LARGE {
            records += &record("size", &size.to_string());
        }
        let mut bytes = Vec::new();
        if !records.is_empty() {
            bytes.extend(block("pax", b'x', 0o644, records.len() as u64, seconds));
            bytes.extend_from_slice(records.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        }
        let held = if size >= LARGE { 0 } else { size };
        bytes.extend(block(&name, kind, mode, held, seconds));
        self.padding = usize::try_from(size.wrapping_neg() % BLOCK as u64).unwrap_or(0);
        bytes
    }

    fn passed(&mut self, _: &[u8]) {}

    fn end(&mut self) -> Vec<u8> {
        vec![0; self.padding]
    }

    fn close(&mut self) -> Vec<u8> {
        vec![0; 2 * BLOCK]
    }
}

/// `LENGTH KEY=VALUE` and a line's end, the length with its own digits.
fn record(key: &str, value: &str) -> String {
    let bare = key.len() + value.len() + 3;
    let mut length = bare + 1;
    while bare + length.to_string().len() != length {
        length = bare + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

fn block(name: &str, kind: u8, mode: u32, size: u64, seconds: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let cut = (0..=name.len().min(NAME)).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &name.as_bytes()[..cut]);
    put(100, format!("{mode:07o}").as_bytes());
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, format!("{size:011o}").as_bytes());
    put(136, format!("{:011o}", seconds.min(LARGE - 1)).as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
