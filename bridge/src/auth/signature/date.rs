//! The time in a signed request, in any of the spellings that signing clients use.

use std::time::Duration;

use mapping::Timestamp;
use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

/// A moment as a client wrote it, with the date that stands in the text: signing keys are made of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SignedDate {
    nanos: i128,
    /// `YYYYMMDD`, in the time zone of the text.
    pub(super) day: String,
}

impl SignedDate {
    /// Reads ISO 8601, extended (`2026-11-22T12:10:38.112613+00:00`), compact (`20160930T012345Z`) or mixed,
    /// and RFC 1123 (`Fri, 27 Nov 2026 12:10:38 GMT`). Without a zone it is UTC.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text.trim());
        let (date, time, offset) = if rest.0.starts_with(|first: char| first.is_ascii_alphabetic()) {
            rest.after(',')?;
            rfc1123(&mut rest)?
        } else {
            let begin = rest;
            iso(&mut rest).or_else(|| {
                rest = begin;
                rfc1123(&mut rest)
            })?
        };
        if !rest.0.is_empty() {
            return None;
        }
        let moment = PrimitiveDateTime::new(date, time).assume_offset(offset);
        let day = format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day());
        Some(Self { nanos: moment.unix_timestamp_nanos(), day })
    }

    /// Whether it is less than `skew` away from `now`.
    pub(super) fn is_near(&self, now: Timestamp, skew: Duration) -> bool {
        let now = i128::from(now.as_millis()) * 1_000_000;
        self.nanos.abs_diff(now) < skew.as_nanos()
    }
}

/// A moment in any of those spellings, to the millisecond; a date alone is when it begins. `None` also for one before 1970.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let read = SignedDate::parse(text).or_else(|| SignedDate::parse(&format!("{} 00:00:00", text.trim())))?;
    u64::try_from(read.nanos / 1_000_000).ok().map(Timestamp::from_millis)
}

type Read = (Date, Time, UtcOffset);

fn iso(rest: &mut Rest<'_>) -> Option<Read> {
    let year = rest.number(4)?;
    let dashed = rest.skip('-');
    let month = rest.number(2)?;
    if rest.skip('-') != dashed {
        return None;
    }
    let date = date(year, Month::try_from(u8::try_from(month).ok()?).ok()?, rest.number(2)?)?;
    if !rest.skip('T') && !rest.skip('t') && !rest.skip(' ') {
        return None;
    }
    let (time, offset) = (clock(rest)?, zone(rest)?);
    Some((date, time, offset))
}

fn rfc1123(rest: &mut Rest<'_>) -> Option<Read> {
    rest.spaces();
    let day = rest.up_to_two_digits()?;
    rest.spaces();
    let month = month(rest.word())?;
    rest.spaces();
    let date = date(rest.number(4)?, month, day)?;
    rest.spaces();
    let (time, offset) = (clock(rest)?, zone(rest)?);
    Some((date, time, offset))
}

fn date(year: u32, month: Month, day: u32) -> Option<Date> {
    Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()
}

fn month(name: &str) -> Option<Month> {
    let known = [
        ("jan", Month::January),
        ("feb", Month::February),
        ("mar", Month::March),
        ("apr", Month::April),
        ("may", Month::May),
        ("jun", Month::June),
        ("jul", Month::July),
        ("aug", Month::August),
        ("sep", Month::September),
        ("oct", Month::October),
        ("nov", Month::November),
        ("dec", Month::December),
    ];
    known.into_iter().find(|(short, _)| short.eq_ignore_ascii_case(name)).map(|(_, month)| month)
}

/// `HH:MM[:SS[.fraction]]`, with or without the colons.
fn clock(rest: &mut Rest<'_>) -> Option<Time> {
    let hour = rest.number(2)?;
    rest.skip(':');
    let minute = rest.number(2)?;
    let colon = rest.skip(':');
    let second = match rest.number(2) {
        Some(second) => second,
        None if colon => return None,
        None => 0,
    };
    let nanos = if rest.skip('.') || rest.skip(',') { rest.fraction()? } else { 0 };
    let small = |number: u32| u8::try_from(number).ok();
    Time::from_hms_nano(small(hour)?, small(minute)?, small(second)?, nanos).ok()
}

/// `Z`, `GMT`, `UTC`, `+HH[:MM]`, or nothing.
fn zone(rest: &mut Rest<'_>) -> Option<UtcOffset> {
    rest.spaces();
    let sign = match (rest.skip('+'), rest.skip('-')) {
        (true, false) => 1,
        (false, true) => -1,
        _ => {
            let utc = ["", "Z", "GMT", "UTC"].iter().any(|name| name.eq_ignore_ascii_case(rest.0));
            rest.0 = "";
            return utc.then_some(UtcOffset::UTC);
        }
    };
    let hours = rest.number(2)?;
    rest.skip(':');
    let minutes = if rest.0.is_empty() { 0 } else { rest.number(2)? };
    let seconds = sign * i32::try_from(hours * 3600 + minutes * 60).ok()?;
    UtcOffset::from_whole_seconds(seconds).ok().filter(|_| minutes < 60)
}

/// What is still to be read.
#[derive(Clone, Copy)]
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    fn skip(&mut self, sign: char) -> bool {
        let rest = self.0.strip_prefix(sign);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn after(&mut self, sign: char) -> Option<()> {
        self.0 = self.0.split_once(sign)?.1;
        Some(())
    }

    fn spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    fn digits(&self) -> usize {
        self.0.bytes().take_while(u8::is_ascii_digit).count()
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    /// Exactly so many digits.
    fn number(&mut self, length: usize) -> Option<u32> {
        if self.digits() < length {
            return None;
        }
        self.take(length).parse().ok()
    }

    fn up_to_two_digits(&mut self) -> Option<u32> {
        let length = self.digits().min(2);
        self.take(length).parse().ok()
    }

    /// Digits behind a decimal point, in billionths; more than nine are cut.
    fn fraction(&mut self) -> Option<u32> {
        let length = self.digits();
        let digits = self.take(length);
        if digits.is_empty() {
            return None;
        }
        format!("{:0<9}", &digits[..digits.len().min(9)]).parse().ok()
    }

    fn word(&mut self) -> &'t str {
        let length = self.0.bytes().take_while(u8::is_ascii_alphabetic).count();
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T12:10:38Z.
    const NOON: i128 = 1_795_349_438;

    #[test]
    fn every_spelling_of_one_moment_is_that_moment() {
        for (text, nanos, day) in [
            ("2026-11-22T12:10:38+00:00", 0, "20261122"),
            ("2026-11-22T12:10:38.112613+00:00", 112_613_000, "20261122"),
            ("2026-11-22T12:10:38.123Z", 123_000_000, "20261122"),
            ("2026-11-22 12:10:38.5", 500_000_000, "20261122"),
            ("2026-11-22T12:10:38", 0, "20261122"),
            ("2026-11-22T21:10:38+0900", 0, "20261122"),
            ("2026-11-23T01:10:38+13", 0, "20261123"),
            ("2026-11-22T02:10:38-10:00", 0, "20261122"),
            ("20261122T12:10:38Z", 0, "20261122"),
            ("20261122T121038Z", 0, "20261122"),
            ("20261122T121038", 0, "20261122"),
            ("Sun, 22 Nov 2026 12:10:38 GMT", 0, "20261122"),
            ("Sun, 22 Nov 2026 21:10:38 +0900", 0, "20261122"),
            ("22 Nov 2026 12:10:38 UTC", 0, "20261122"),
            (" 2026-11-22T12:10:38.123456789123Z ", 123_456_789, "20261122"),
        ] {
            let expected = SignedDate { nanos: NOON * 1_000_000_000 + nanos, day: day.to_owned() };
            assert_eq!(SignedDate::parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "now",
            "2026-11-22",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T12:60:00Z",
            "2026-11-22T12:10:38Zebra",
            "2026-11-22T12:10:38+00:99",
            "2026-11-22T12:10:",
            "2026-1122T12:10:38Z",
            "2026-11-22T12:10:38.Z",
            "Sun, 22 Nov 26 12:10:38 GMT",
            "Sun, 22 Foo 2026 12:10:38 GMT",
            "Sun 22 Nov 2026 12:10:38 GMT",
            "+2026-11-22T12:10:38",
            "２０２６-11-22T12:10:38Z",
            "2026-11-22T12:10:38é",
            "1795349438",
        ] {
            assert_eq!(SignedDate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_quarter_of_an_hour_is_too_far() {
        let now = Timestamp::from_millis(u64::try_from(NOON).unwrap() * 1000);
        let quarter = Duration::from_secs(900);
        for (text, near) in [
            ("2026-11-22T12:10:38Z", true),
            ("2026-11-22T12:25:37.999Z", true),
            ("2026-11-22T12:25:38Z", false),
            ("2026-11-22T11:55:38.001Z", true),
            ("2026-11-22T11:55:38Z", false),
            ("0001-01-01T00:00:00Z", false),
            ("9999-12-31T23:59:59Z", false),
        ] {
            assert_eq!(SignedDate::parse(text).unwrap().is_near(now, quarter), near, "{text}");
        }
    }
}
