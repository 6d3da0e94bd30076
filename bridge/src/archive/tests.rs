//! Archives, read by programs that others wrote (Python's `zipfile` and `tarfile`), where they are there.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use futures::FutureExt;

use super::*;

fn file(name: &str, content: &[u8], broken_size: i64) -> io::Result<Member> {
    let bytes = Bytes::copy_from_slice(content);
    let chunks: Vec<_> = bytes.chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let open = async move { Ok(stream::iter(chunks).boxed()) }.boxed();
    let size = (content.len() as u64).saturating_add_signed(broken_size);
    let content = Content::File(size, open);
    Ok(Member { name: name.to_owned(), modified: Timestamp::from_millis(1_600_000_002_000), content })
}

fn directory(name: &str) -> io::Result<Member> {
    Ok(Member { name: name.to_owned(), modified: Timestamp::from_millis(0), content: Content::Directory })
}

async fn archive(format: Format, members: Vec<io::Result<Member>>) -> io::Result<Vec<u8>> {
    let pieces: Vec<Bytes> = format.write(stream::iter(members).boxed()).try_collect().await?;
    Ok(pieces.concat())
}

const LIST_ZIP: &str = "
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
for entry in archive.infolist():
    print(entry.filename, entry.file_size, entry.external_attr >> 16, *entry.date_time, archive.read(entry)[:40], sep='|')
";

const LIST_TAR: &str = "
import sys, tarfile
archive = tarfile.open(sys.argv[1])
for entry in archive:
    content = archive.extractfile(entry).read()[:40] if entry.isfile() else b''
    print(entry.name, entry.size, oct(entry.mode), entry.mtime, content, sep='|')
";

/// What another program says of an archive; `None` when it is not there.
fn read_by_python(program: &str, archive: &[u8]) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), archive).unwrap();
    let run = Command::new("python3").args(["-c", program]).arg(file.path()).stdin(Stdio::null()).output().ok()?;
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(String::from_utf8(run.stdout).unwrap())
}

fn members() -> Vec<io::Result<Member>> {
    let long = format!("{}/end.txt", ["a directory"; 20].join("/"));
    vec![file("a.txt", b"hello, there", 0), directory("empty"), file("d/\u{65e5} b.txt", b"", 0), file(&long, b"x", 0)]
}

#[tokio::test]
async fn a_zip_is_read_by_others() {
    let Some(said) = read_by_python(LIST_ZIP, &archive(Format::Zip, members()).await.unwrap()) else { return };
    let long = format!("{}/end.txt", ["a directory"; 20].join("/"));
    let mut expected = String::from("a.txt|12|33188|2020|9|13|12|26|42|b'hello, there'\n");
    expected += "empty/|0|16877|1980|1|1|0|0|0|b''\nd/\u{65e5} b.txt|0|33188|2020|9|13|12|26|42|b''\n";
    writeln!(expected, "{long}|1|33188|2020|9|13|12|26|42|b'x'").unwrap();
    assert_eq!(said, expected);
    assert_eq!(read_by_python(LIST_ZIP, &archive(Format::Zip, vec![]).await.unwrap()).unwrap(), "");
}

#[tokio::test]
async fn a_tar_is_read_by_others() {
    let Some(said) = read_by_python(LIST_TAR, &archive(Format::Tar, members()).await.unwrap()) else { return };
    let long = format!("{}/end.txt", ["a directory"; 20].join("/"));
    let mut expected = String::from("a.txt|12|0o644|1600000002|b'hello, there'\nempty|0|0o755|0|b''\n");
    writeln!(expected, "d/\u{65e5} b.txt|0|0o644|1600000002|b''\n{long}|1|0o644|1600000002|b'x'").unwrap();
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_zip_of_more_members_than_sixteen_bits_count_is_read_by_others() {
    let members = (0..66_000).map(|number| directory(&format!("d{number}"))).collect();
    let zip = archive(Format::Zip, members).await.unwrap();
    let Some(said) = read_by_python(LIST_ZIP, &zip) else { return };
    assert_eq!(said.lines().count(), 66_000);
    assert!(said.ends_with("d65999/|0|16877|1980|1|1|0|0|0|b''\n"));
}

/// What a reader of the list needs, without four gigabytes in between.
#[test]
fn sizes_and_places_beyond_32_bits_stand_in_64() {
    use super::Writer as _;
    let (mut zip, at, size) = (zip::Writer::default(), Timestamp::from_millis(0), (1_u64 << 32) + 5);
    let head = zip.begin("large", at, Some(size));
    assert_eq!(head[18..26], [0xff; 8]);
    assert_eq!(head[head.len() - 20..][..4], [1, 0, 16, 0]);
    let end = zip.end();
    assert_eq!(end[8..16], size.to_le_bytes());
    let list = zip.close();
    assert_eq!(list[20..28], [0xff; 8]);
    assert_eq!(list[46 + 5..][..12], [&[1, 0, 16, 0][..], &size.to_le_bytes()].concat());
    let mut tar = tar::Writer::default();
    let block = tar.begin("large", at, Some(1 << 34));
    assert_eq!(block.len(), 3 * 512);
    assert!(block[512..].starts_with(b"20 size=17179869184\n"));
}

#[tokio::test]
async fn a_member_of_another_size_breaks_the_archive() {
    for format in [Format::Zip, Format::Tar] {
        for wrong in [-1, 1] {
            assert!(archive(format, vec![file("a", b"content", wrong)]).await.is_err());
        }
        let broken = vec![file("a", b"content", 0), Err(io::ErrorKind::NotFound.into())];
        assert!(archive(format, broken).await.is_err());
    }
}
