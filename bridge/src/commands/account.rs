//! `folderbridge account`: a client of a running server's admin API.

use std::io::{self, BufRead, Write, stdout};

use http::Method;
use serde::Serialize;
use serde_json::json;

use crate::admin::wire::{AccountBody, AccountsBody, CredentialsBody};
use crate::client::AdminClient;
use crate::config::{AccountCommand, AccountFlags};
use crate::failure::StartError;
use crate::first_run;

pub(super) async fn run(flags: AccountFlags) -> Result<(), StartError> {
    let client = AdminClient::new(&flags.url, admin_token(&flags)?)?;
    let json = flags.json;
    match flags.command {
        AccountCommand::Create { email, name, password_stdin } => {
            let password = password_stdin.then(password).transpose()?;
            let body = json!({ "email": email, "name": name, "password": password });
            hand_over(&client.call(Method::POST, "/accounts", Some(&body)).await?, json, &mut stdout())
        }
        AccountCommand::List => ended(print(&list(&client, json).await?, &mut stdout())),
        AccountCommand::Show { id } => {
            let account = client.call(Method::GET, &path(&id, "")?, None).await?;
            ended(print(&shown(&account, json), &mut stdout()))
        }
        AccountCommand::Rotate { id } => {
            hand_over(&client.call(Method::POST, &path(&id, "/rotate")?, None).await?, json, &mut stdout())
        }
        AccountCommand::Disable { id } => change(&client, &path(&id, "/disable")?, json).await,
        AccountCommand::Enable { id } => change(&client, &path(&id, "/enable")?, json).await,
    }
}

/// What was set, or what a server of this machine keeps beside its embedded store.
fn admin_token(flags: &AccountFlags) -> Result<String, StartError> {
    if let Some(token) = flags.admin_token()? {
        return Ok(token);
    }
    let file = first_run::admin_token_file(&flags.data());
    let token = std::fs::read_to_string(&file).map_err(|error| {
        let what = format!(
            "no admin token: set FOLDERBRIDGE_ADMIN_TOKEN, or `--data DIR` to the server's directory ({})",
            file.display()
        );
        StartError::because(what, &error)
    })?;
    Ok(token.trim().to_owned())
}

fn path(id: &str, verb: &str) -> Result<String, StartError> {
    let id: mapping::id::AccountId = id.parse().map_err(|error: mapping::Error| StartError::new(error.message()))?;
    Ok(format!("/accounts/{id}{verb}"))
}

fn password() -> Result<String, StartError> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| StartError::because("cannot read the password", &error))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(StartError::new("no password on standard input"));
    }
    Ok(password.to_owned())
}

async fn list(client: &AdminClient, json: bool) -> Result<String, StartError> {
    let mut accounts: Vec<AccountBody> = Vec::new();
    let mut path = "/accounts?limit=1000".to_owned();
    loop {
        let page: AccountsBody = client.call(Method::GET, &path, None).await?;
        accounts.extend(page.accounts);
        let Some(next) = page.next else { break };
        let next = percent_encoding::utf8_percent_encode(&next, percent_encoding::NON_ALPHANUMERIC);
        path = format!("/accounts?limit=1000&after={next}");
    }
    if json {
        return Ok(in_json(&accounts));
    }
    Ok(accounts.iter().map(|account| shown(account, false)).collect())
}

async fn change(client: &AdminClient, path: &str, json: bool) -> Result<(), StartError> {
    let account = client.call(Method::POST, path, None).await?;
    print(&shown(&account, json), &mut stdout())
        .map_err(|error| StartError::because("the account was changed but cannot be shown", &error))
}

/// Prints credentials that cannot be asked for again.
fn hand_over(credentials: &CredentialsBody, json: bool, out: &mut dyn Write) -> Result<(), StartError> {
    print(&credentials_shown(credentials, json), out).map_err(|error| {
        let id = &credentials.account_id;
        let what = format!(
            "the new credentials of account {id} are in force but could not be printed: get others with \
             `folderbridge account rotate {id}`"
        );
        StartError::because(what, &error)
    })
}

fn print(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whoever reads may stop early, as `head` does.
fn ended(printed: io::Result<()>) -> Result<(), StartError> {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(StartError::because("cannot write to standard output", &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn shown(account: &AccountBody, json: bool) -> String {
    if json {
        return in_json(account);
    }
    let AccountBody { account_id, email, name, created, disabled } = account;
    format!("{account_id}  {email}  {name}  {created}{}\n", if *disabled { "  disabled" } else { "" })
}

fn credentials_shown(credentials: &CredentialsBody, json: bool) -> String {
    if json {
        return in_json(credentials);
    }
    let CredentialsBody { account_id, email, access_key, secret_key, api_token } = credentials;
    format!(
        "account_id  {account_id}\nemail       {email}\naccess_key  {access_key}\nsecret_key  {secret_key}\n\
         api_token   {api_token}\n"
    )
}

fn in_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("wire shapes have text keys and no failing serialiser") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A standard output that fails when it is flushed.
    struct Full(io::ErrorKind);

    impl Write for Full {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    fn credentials() -> CredentialsBody {
        CredentialsBody {
            account_id: "the-id".to_owned(),
            email: "ann@example.org".to_owned(),
            access_key: "the-key".to_owned(),
            secret_key: "the-secret".to_owned(),
            api_token: "the-token".to_owned(),
        }
    }

    #[test]
    fn credentials_that_cannot_be_printed_are_not_lost_in_silence() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::BrokenPipe] {
            let error = hand_over(&credentials(), true, &mut Full(kind)).unwrap_err().to_string();
            assert!(error.contains("in force") && error.contains("account rotate the-id"), "{error}");
            assert!(!error.contains("the-secret") && !error.contains("the-token"), "{error}");
        }
        let mut out = Vec::new();
        hand_over(&credentials(), false, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().ends_with("secret_key  the-secret\napi_token   the-token\n"));
    }

    #[test]
    fn a_list_may_be_cut_by_its_reader() {
        ended(print("a\n", &mut Full(io::ErrorKind::BrokenPipe))).unwrap();
        let error = ended(print("a\n", &mut Full(io::ErrorKind::StorageFull))).unwrap_err().to_string();
        assert!(error.starts_with("cannot write to standard output"), "{error}");
    }
}
