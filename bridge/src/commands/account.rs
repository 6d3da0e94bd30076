//! `folderbridge account`: a client of a running server's admin API.

use std::io::BufRead;

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
            show_credentials(&client.call(Method::POST, "/accounts", Some(&body)).await?, json);
        }
        AccountCommand::List => list(&client, json).await?,
        AccountCommand::Show { id } => show(&client.call(Method::GET, &path(&id, "")?, None).await?, json),
        AccountCommand::Rotate { id } => {
            show_credentials(&client.call(Method::POST, &path(&id, "/rotate")?, None).await?, json);
        }
        AccountCommand::Disable { id } => show(&client.call(Method::POST, &path(&id, "/disable")?, None).await?, json),
        AccountCommand::Enable { id } => show(&client.call(Method::POST, &path(&id, "/enable")?, None).await?, json),
    }
    Ok(())
}

/// What was set, or what a server of this machine keeps beside its embedded store.
fn admin_token(flags: &AccountFlags) -> Result<String, StartError> {
    if let Some(token) = flags.admin_token() {
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

async fn list(client: &AdminClient, json: bool) -> Result<(), StartError> {
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
        print_json(&accounts);
    } else {
        accounts.iter().for_each(|account| show(account, false));
    }
    Ok(())
}

fn show(account: &AccountBody, json: bool) {
    if json {
        return print_json(account);
    }
    let AccountBody { account_id, email, name, created, disabled } = account;
    println!("{account_id}  {email}  {name}  {created}{}", if *disabled { "  disabled" } else { "" });
}

fn show_credentials(credentials: &CredentialsBody, json: bool) {
    if json {
        return print_json(credentials);
    }
    let CredentialsBody { account_id, email, access_key, secret_key, api_token } = credentials;
    println!(
        "account_id  {account_id}
email       {email}
access_key  {access_key}"
    );
    println!(
        "secret_key  {secret_key}
api_token   {api_token}"
    );
}

fn print_json(value: &impl Serialize) {
    println!("{}", serde_json::to_string(value).expect("wire shapes have text keys and no failing serialiser"));
}
