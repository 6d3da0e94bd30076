//! Forms, cut into chunks anywhere.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{TryStreamExt, stream};

use super::*;

fn chunked(form: &[u8], size: usize) -> BodyStream {
    let chunks: Vec<_> = form.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

async fn all(form: &Form) -> Result<Vec<(String, Vec<u8>)>, BadForm> {
    let mut parts = Vec::new();
    while let Some(part) = form.next().await? {
        let body: Result<Vec<Bytes>, _> = part.body.try_collect().await;
        let body = body.map_err(|_| form.complaint().expect("a broken form says why"))?;
        parts.push((part.head.filename.unwrap_or_default(), body.concat()));
    }
    Ok(parts)
}

async fn read(form: &[u8], size: usize) -> Result<Vec<(String, Vec<u8>)>, BadForm> {
    all(&Form::new("XX", chunked(form, size))).await
}

fn part(name: &str, body: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; name=\"src\"; filename=\"{name}\"\r\n\r\n{body}\r\n")
}

#[tokio::test]
async fn parts_come_whole_wherever_the_form_is_cut() {
    let bodies = ["one", "", "\r\n", "\r\n--X", "\r\n--XY\r\n", "--XX", "a\r\n\r\nb\n--XX\r--XX", "\r\n\r\n--X-"];
    let form: String = bodies.iter().enumerate().map(|(at, body)| part(&at.to_string(), body)).collect();
    let expected: Vec<_> =
        bodies.iter().enumerate().map(|(at, body)| (at.to_string(), body.as_bytes().to_vec())).collect();
    for (before, after) in
        [("", ""), ("\r\n", "\r\n"), ("a preamble\r\n", "an epilogue"), ("--X\r\n--\r\n", "\r\n--XX")]
    {
        let form = format!("{before}{form}--XX--{after}");
        for size in 1..=form.len() {
            assert_eq!(read(form.as_bytes(), size).await.unwrap(), expected, "chunks of {size}");
        }
    }
    assert_eq!(read(b"--XX--", 1).await.unwrap(), []);
    assert_eq!(read(b"--XX \t\r\n\r\nbody\r\n--XX--", 3).await.unwrap(), [(String::new(), b"body".to_vec())]);
}

#[tokio::test]
async fn a_form_that_ends_early_anywhere_is_cut_off() {
    let form = format!("{}{}--XX--", part("a", "body"), part("b", "more"));
    for end in 0..form.len() {
        for size in [1, 7, 1000] {
            let error = read(&form.as_bytes()[..end], size).await.unwrap_err();
            assert_eq!(error, BadForm::CutOff(io::ErrorKind::UnexpectedEof), "after {end}");
        }
    }
    let slow = stream::iter([Ok(Bytes::from("--XX\r\n\r\nabc")), Err(io::ErrorKind::TimedOut.into())]);
    assert_eq!(all(&Form::new("XX", slow.boxed())).await, Err(BadForm::CutOff(io::ErrorKind::TimedOut)));
}

#[tokio::test]
async fn what_is_no_form_is_refused_without_reading_it_all() {
    let endless = |first: &'static str, read: &'static AtomicUsize| {
        let rest = stream::repeat_with(|| {
            read.fetch_add(1, Ordering::Relaxed);
            Ok(Bytes::from_static(&[b'x'; 1000]))
        });
        stream::iter([Ok(Bytes::from_static(first.as_bytes()))]).chain(rest).boxed()
    };
    static READ: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];
    let starts = ["", "--XX", "--XX\r\nA: ", "--XX\r\nContent-Length: 2000\r\n\r\n"];
    for (first, count) in starts.into_iter().zip(&READ) {
        let error = all(&Form::new("XX", endless(first, count))).await.unwrap_err();
        assert!(matches!(error, BadForm::Malformed(_)), "{first}: {error}");
        assert!(count.load(Ordering::Relaxed) <= 18, "{first}: {count:?} chunks were read");
    }
    for form in ["--XXY\r\n\r\na\r\n--XX--", "--XX\r\nnothing\r\n\r\na\r\n--XX--", "--XX-\r\n\r\n\r\n--XX--"] {
        let error = read(form.as_bytes(), 5).await.unwrap_err();
        assert!(matches!(error, BadForm::Malformed(_)), "{form}: {error}");
    }
}

#[tokio::test]
async fn a_part_that_said_its_length_is_held_to_it() {
    for (length, good) in [(3, false), (4, true), (5, false)] {
        let form = format!("--XX\r\nContent-Length: {length}\r\n\r\nbody\r\n--XX--");
        for size in [1, 1000] {
            assert_eq!(read(form.as_bytes(), size).await.is_ok(), good, "{length}");
        }
    }
}

#[tokio::test]
async fn a_form_has_so_many_parts_and_no_more() {
    let form = |parts: u64| [b"--XX\r\n\r\n\r\n".repeat(parts as usize), b"--XX--".to_vec()].concat();
    assert_eq!(read(&form(MOST_PARTS), 4096).await.unwrap().len() as u64, MOST_PARTS);
    assert!(matches!(read(&form(MOST_PARTS + 1), 4096).await, Err(BadForm::Malformed(_))));
}

#[tokio::test]
async fn a_part_that_nobody_reads_is_skipped() {
    let form = format!("{}{}--XX--", part("a", &"x".repeat(10_000)), part("b", "more"));
    let form = Form::new("XX", chunked(form.as_bytes(), 100));
    let first = form.next().await.unwrap().unwrap();
    let second = form.next().await.unwrap().unwrap();
    assert_eq!(second.head.filename.as_deref(), Some("b"));
    let stale: Vec<Bytes> = first.body.try_collect().await.unwrap();
    assert!(stale.is_empty());
    assert_eq!(second.body.try_collect::<Vec<Bytes>>().await.unwrap().concat(), b"more");
}

/// However fast the client is: what lies ready on the socket stays there.
#[tokio::test]
async fn no_more_is_read_than_is_asked_for() {
    static READ: AtomicUsize = AtomicUsize::new(0);
    let head = stream::iter([Ok(Bytes::from_static(b"--XX\r\n\r\n"))]);
    let ready = stream::repeat_with(|| {
        READ.fetch_add(1, Ordering::Relaxed);
        Ok(Bytes::from(vec![b'x'; 8192]))
    });
    let mut part = Form::new("XX", head.chain(ready).boxed()).next().await.unwrap().unwrap();
    for asked in 1..100 {
        part.body.next().await.unwrap().unwrap();
        assert!(READ.load(Ordering::Relaxed) <= asked + 1);
    }
}
