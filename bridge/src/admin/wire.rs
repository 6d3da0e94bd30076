//! Shapes of the admin API.

use mapping::accounts::{Account, Credentials};
use mapping::seal::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limits::AccountLimitsBody;

/// An account to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRequest {
    /// Its e-mail address.
    pub(crate) email: String,
    /// What it is called in lists; the address, when there is none.
    pub(crate) name: Option<String>,
    /// For APIs with a login.
    pub(crate) password: Option<String>,
}

/// Credentials, readable this one time.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct CredentialsBody {
    pub(crate) account_id: String,
    pub(crate) email: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) api_token: String,
}

impl From<&Credentials> for CredentialsBody {
    fn from(credentials: &Credentials) -> Self {
        Self {
            account_id: credentials.account_id.to_string(),
            email: credentials.email.to_string(),
            access_key: credentials.access_key.clone(),
            secret_key: credentials.secret_key.expose().to_owned(),
            api_token: credentials.api_token.expose().to_owned(),
        }
    }
}

impl TryFrom<CredentialsBody> for Credentials {
    type Error = mapping::Error;

    fn try_from(body: CredentialsBody) -> mapping::Result<Self> {
        Ok(Self {
            account_id: body.account_id.parse()?,
            email: body.email.parse()?,
            access_key: body.access_key,
            secret_key: Secret::new(body.secret_key),
            api_token: Secret::new(body.api_token),
        })
    }
}

/// An account.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AccountBody {
    pub(crate) account_id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    /// RFC 3339, UTC.
    pub(crate) created: String,
    pub(crate) disabled: bool,
    pub(crate) limits: AccountLimitsBody,
}

impl From<&Account> for AccountBody {
    fn from(account: &Account) -> Self {
        Self {
            account_id: account.id.to_string(),
            email: account.email.to_string(),
            name: account.name.to_string(),
            created: account.created.to_string(),
            disabled: account.disabled,
            limits: account.into(),
        }
    }
}

/// A page of accounts.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AccountsBody {
    pub(crate) accounts: Vec<AccountBody>,
    /// What `after` continues with; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}
