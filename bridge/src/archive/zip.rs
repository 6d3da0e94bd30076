//! A zip as it is streamed (APPNOTE 6.3): the checksum of a member follows it, and the list of all comes
//! last. Sizes and places that 32 bits do not hold stand in the 64 bit fields beside.

use flate2::Crc;
use mapping::Timestamp;
use time::OffsetDateTime;

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;

/// The version of the format that a reader must know for 64 bit fields.
const VERSION: u16 = 45;

/// Made on Unix: the mode of a member is given.
const MADE_BY: u16 = (3 << 8) | VERSION;

/// A checksum behind the member, if it is a file; names in UTF-8.
const CHECKSUM_FOLLOWS: u16 = 1 << 3;
const UTF8: u16 = 1 << 11;

/// What a 32 bit field says that leaves it to the 64 bit one.
const ELSEWHERE: u32 = u32::MAX;

#[derive(Default)]
pub(super) struct Writer {
    /// How much of the archive was written.
    at: u64,
    open: Option<Open>,
    central: Vec<u8>,
    members: u64,
}

struct Open {
    name: String,
    flags: u16,
    time: [u8; 4],
    mode: u32,
    start: u64,
    size: u64,
    crc: Crc,
}

impl super::Writer for Writer {
    fn begin(&mut self, name: &str, modified: Timestamp, size: Option<u64>) -> Vec<u8> {
        let (name, flags, mode) = match size {
            Some(_) => (name.to_owned(), UTF8 | CHECKSUM_FOLLOWS, 0o100_644 << 16),
            None => (format!("{name}/"), UTF8, (0o40_755 << 16) | 0x10),
        };
        let (start, size) = (self.at, size.unwrap_or(0));
        let open = Open { name, flags, time: dos_time(modified), mode, start, size, crc: Crc::new() };
        let head = open.head();
        self.at += head.len() as u64;
        let is_directory = open.flags & CHECKSUM_FOLLOWS == 0;
        self.open = Some(open);
        if is_directory {
            self.list();
        }
        head
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.at += bytes.len() as u64;
        if let Some(open) = &mut self.open {
            open.crc.update(bytes);
        }
    }

    fn end(&mut self) -> Vec<u8> {
        let descriptor = self.open.as_ref().map(Open::descriptor).unwrap_or_default();
        self.at += descriptor.len() as u64;
        self.list();
        descriptor
    }

    fn close(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.central);
        let (start, size) = (self.at, bytes.len() as u64);
        let many = self.members >= u64::from(u16::MAX);
        if many || start >= u64::from(ELSEWHERE) || size >= u64::from(ELSEWHERE) {
            put(&mut bytes, &[&END_64.to_le_bytes(), &44_u64.to_le_bytes()]);
            put(&mut bytes, &[&MADE_BY.to_le_bytes(), &VERSION.to_le_bytes(), &[0; 8]]);
            put(&mut bytes, &[&self.members.to_le_bytes(), &self.members.to_le_bytes()]);
            put(&mut bytes, &[&size.to_le_bytes(), &start.to_le_bytes()]);
            put(&mut bytes, &[&LOCATOR_64.to_le_bytes(), &[0; 4], &(start + size).to_le_bytes(), &1_u32.to_le_bytes()]);
        }
        let members = u16::try_from(self.members).unwrap_or(u16::MAX).to_le_bytes();
        put(&mut bytes, &[&END.to_le_bytes(), &[0; 4], &members, &members]);
        put(&mut bytes, &[&narrow(size).to_le_bytes(), &narrow(start).to_le_bytes(), &[0; 2]]);
        bytes
    }
}

impl Writer {
    /// Notes the member that is open in the list of all.
    fn list(&mut self) {
        if let Some(open) = self.open.take() {
            self.members += 1;
            open.list(&mut self.central);
        }
    }
}

impl Open {
    /// Whether its sizes need 64 bits.
    const fn is_large(&self) -> bool {
        self.size >= ELSEWHERE as u64
    }

    fn head(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (size, extra) = if self.is_large() { (ELSEWHERE, 20_u16) } else { (0, 0) };
        put(&mut bytes, &[&LOCAL.to_le_bytes(), &VERSION.to_le_bytes(), &self.flags.to_le_bytes(), &[0; 2]]);
        put(&mut bytes, &[&self.time, &[0; 4], &size.to_le_bytes(), &size.to_le_bytes()]);
        put(&mut bytes, &[&self.name_length(), &extra.to_le_bytes(), self.name.as_bytes()]);
        if self.is_large() {
            put(&mut bytes, &[&1_u16.to_le_bytes(), &16_u16.to_le_bytes(), &[0; 16]]);
        }
        bytes
    }

    fn descriptor(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &[&DESCRIPTOR.to_le_bytes(), &self.crc.sum().to_le_bytes()]);
        if self.is_large() {
            put(&mut bytes, &[&self.size.to_le_bytes(), &self.size.to_le_bytes()]);
        } else {
            put(&mut bytes, &[&narrow(self.size).to_le_bytes(), &narrow(self.size).to_le_bytes()]);
        }
        bytes
    }

    fn list(&self, bytes: &mut Vec<u8>) {
        let mut wide = Vec::new();
        if self.is_large() {
            put(&mut wide, &[&self.size.to_le_bytes(), &self.size.to_le_bytes()]);
        }
        if self.start >= u64::from(ELSEWHERE) {
            put(&mut wide, &[&self.start.to_le_bytes()]);
        }
        let extra = if wide.is_empty() { 0 } else { length(&wide) + 4 };
        put(bytes, &[&CENTRAL.to_le_bytes(), &MADE_BY.to_le_bytes(), &VERSION.to_le_bytes()]);
        put(bytes, &[&self.flags.to_le_bytes(), &[0; 2], &self.time, &self.crc.sum().to_le_bytes()]);
        put(bytes, &[&narrow(self.size).to_le_bytes(), &narrow(self.size).to_le_bytes()]);
        put(bytes, &[&self.name_length(), &extra.to_le_bytes(), &[0; 6]]);
        put(bytes, &[&self.mode.to_le_bytes(), &narrow(self.start).to_le_bytes(), self.name.as_bytes()]);
        if extra > 0 {
            put(bytes, &[&1_u16.to_le_bytes(), &length(&wide).to_le_bytes(), &wide]);
        }
    }

    fn name_length(&self) -> [u8; 2] {
        length(self.name.as_bytes()).to_le_bytes()
    }
}

fn put(bytes: &mut Vec<u8>, fields: &[&[u8]]) {
    fields.iter().for_each(|field| bytes.extend_from_slice(field));
}

/// The length of something short: a path, some fields.
fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(ELSEWHERE)
}

/// Time and date as DOS had them, in UTC and to two seconds; the first and the last that it knows for
/// what is outside of its century.
fn dos_time(at: Timestamp) -> [u8; 4] {
    let seconds = i64::try_from(at.as_millis() / 1000).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = moment.to_calendar_date();
    let Ok(year) = u16::try_from(year.clamp(1980, 2107) - 1980) else { return [0; 4] };
    let date = (year << 9) | (u16::from(u8::from(month)) << 5) | u16::from(day);
    let (hour, minute, second) = moment.to_hms();
    let time = (u16::from(hour) << 11) | (u16::from(minute) << 5) | u16::from(second / 2);
    let ([a, b], [c, d]) = (time.to_le_bytes(), date.to_le_bytes());
    [a, b, c, d]
}
