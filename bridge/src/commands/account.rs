//! `folderbridge account`: a client of a running server's admin API.

use std::io::{BufRead, Write, stdout};

use http::Method;
use serde_json::{Map, Value, json};

use super::output::{client, ended, escaped, in_json, print};
use crate::admin::limits::AccountLimitsBody;
use crate::admin::wire::{AccountBody, AccountsBody, CredentialsBody};
use crate::client::AdminClient;
use crate::config::{AccountCommand, AccountFlags, Most};
use crate::failure::StartError;

pub(super) async fn run(flags: AccountFlags) -> Result<(), StartError> {
    let client = client(&flags.server)?;
    let json = flags.server.json;
    match flags.command {
        AccountCommand::Create { email, name, password_stdin } => {
            let password = password_stdin.then(password).transpose()?;
            let body = json!({ "email": email, "name": name, "password": password });
            hand_over(&client.call(Method::POST, "/accounts", Some(&body)).await?, json, &mut stdout())
        }
        AccountCommand::List => ended(print(&list(&client, json).await?, &mut stdout())),
        AccountCommand::Show { id } => {
            let account = client.call(Method::GET, &path(&id, "")?, None).await?;
            ended(print(&with_limits(&account, json), &mut stdout()))
        }
        AccountCommand::Rotate { id } => {
            hand_over(&client.call(Method::POST, &path(&id, "/rotate")?, None).await?, json, &mut stdout())
        }
        AccountCommand::Disable { id } => change(&client, &path(&id, "/disable")?, json).await,
        AccountCommand::Enable { id } => change(&client, &path(&id, "/enable")?, json).await,
        AccountCommand::Limits { id, max_folders, folder_max_bytes, folder_max_files } => {
            let body = limits(max_folders, folder_max_bytes, folder_max_files)?;
            let account = client.call(Method::PATCH, &path(&id, "/limits")?, Some(&body)).await?;
            ended(print(&with_limits(&account, json), &mut stdout()))
        }
    }
}

fn limits(folders: Option<Most<u32>>, bytes: Option<Most>, files: Option<Most>) -> Result<Value, StartError> {
    let folders = folders.map(|most| ("max_folders".to_owned(), json!(most.0)));
    let bytes = bytes.map(|most| ("folder_max_bytes".to_owned(), json!(most.0)));
    let files = files.map(|most| ("folder_max_files".to_owned(), json!(most.0)));
    let named: Map<String, Value> = folders.into_iter().chain(bytes).chain(files).collect();
    if named.is_empty() {
        return Err(StartError::new(
            "nothing to change: name `--max-folders`, `--folder-max-bytes` or `--folder-max-files`",
        ));
    }
    Ok(named.into())
}

/// An account with what is set for it, one line each.
fn with_limits(account: &AccountBody, json: bool) -> String {
    if json {
        return in_json(account);
    }
    let AccountLimitsBody { max_folders, folder_max_bytes, folder_max_files } = &account.limits;
    let said = |most: Option<u64>| match most {
        None => "unset".to_owned(),
        Some(0) => "no limit".to_owned(),
        Some(most) => most.to_string(),
    };
    format!(
        "{}max_folders       {}\nfolder_max_bytes  {}\nfolder_max_files  {}\n",
        shown(account, false),
        said(max_folders.map(u64::from)),
        said(*folder_max_bytes),
        said(*folder_max_files),
    )
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
        path = format!("/accounts?limit=1000&after={}", escaped(&next));
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

fn shown(account: &AccountBody, json: bool) -> String {
    if json {
        return in_json(account);
    }
    let AccountBody { account_id, email, name, created, disabled, .. } = account;
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::output::tests::Full;
    use super::*;

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
}
