//! What a newcomer reads on the first start: who he is, and commands to paste. To standard output
//! only, never through the log.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::admin::wire::CredentialsBody;
use crate::first_run;

/// Prints the credentials as one JSON object on one line.
pub(super) fn print_json(credentials: &CredentialsBody) {
    say(&serde_json::to_string(credentials).expect("credentials have text keys and no failing serialiser"));
}

/// Prints the credentials and what can be done with them.
pub(super) fn print(address: SocketAddr, directory: &Path, credentials: &CredentialsBody) {
    say(&text(&url(address), directory, credentials));
}

/// Nobody may be listening any more; the credentials are in their file all the same.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        tracing::warn!("cannot write to standard output");
    }
}

/// A URL that works on this machine.
fn url(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}")
}

fn text(url: &str, directory: &Path, credentials: &CredentialsBody) -> String {
    let CredentialsBody { account_id, email, access_key, secret_key, api_token } = credentials;
    let file = first_run::credentials_file(directory);
    format!(
        r#"folderbridge serves {url} and keeps everything in {directory}

Your first account, made just now and kept in {file}:
  account_id  {account_id}
  email       {email}
  access_key  {access_key}
  secret_key  {secret_key}
  api_token   {api_token}

Paste this to make a file system, and to upload and download a file:
  URL={url} TOKEN={api_token}
  call() {{ curl -sS -H "Authorization: $TOKEN" "$@"; }}
  field() {{ sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }}
  FS=$(call $URL/filesystems -d '{{"filesystem_name": "demo"}}' | field filesystem_id)
  echo 'Hello, folder!' > hello.txt
  UP=$(call $URL/filesystems/$FS/files/hello.txt -d '{{"size": 15}}' | field uploadId)
  call $URL/filesystems/$FS/files/hello.txt -T hello.txt -H "Content-Range: [$UP]:0-15"
  call $URL/filesystems/$FS/files/hello.txt -d "{{\"uploadId\": \"$UP\", \"complete\": true}}"
  call $URL/filesystems/$FS/list/
  call $URL/filesystems/$FS/files/hello.txt

The same with the ET Engine client (pip install et-engine):
  ET_ENGINE_API_KEY={api_token} python3 -c \
    'from et_engine import Engine; print(Engine(base_url="{url}/v1").filesystems.connect("demo").ls(""))'

More accounts: folderbridge account create --email you@example.org --json
"#,
        directory = directory.display(),
        file = file.display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_works_on_this_machine() {
        for (address, expected) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("10.0.0.1:80", "http://10.0.0.1:80"),
        ] {
            assert_eq!(url(address.parse().unwrap()), expected);
        }
    }
}
