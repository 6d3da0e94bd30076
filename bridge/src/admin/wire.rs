//! Shapes of the admin API.

use std::collections::BTreeMap;

use mapping::accounts::{Account, Credentials};
use mapping::seal::Secret;
use mapping::sweep::{Finding, SweepReport, Swept};
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

/// How to sweep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SweepRequest {
    /// Whether to list only.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// What went, or would go.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct SweepBody {
    pub(crate) dry_run: bool,
    pub(crate) findings: Vec<FindingBody>,
    /// How many more there were than are listed.
    pub(crate) unlisted: usize,
    /// How many of each kind.
    pub(crate) counts: BTreeMap<String, u64>,
}

/// One thing, and why nobody needs it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FindingBody {
    pub(crate) what: String,
    /// Its key, or what the keys of its objects begin with.
    pub(crate) place: String,
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) age_seconds: Option<u64>,
    pub(crate) objects: usize,
}

impl From<Finding> for FindingBody {
    fn from(finding: Finding) -> Self {
        Self {
            what: finding.what.name().to_owned(),
            place: finding.place,
            reason: finding.reason.to_owned(),
            age_seconds: finding.age.map(|age| age.as_secs()),
            objects: finding.objects,
        }
    }
}

impl SweepBody {
    pub(crate) fn new(dry_run: bool, swept: Swept) -> Self {
        let findings = swept.findings.into_iter().map(FindingBody::from).collect();
        Self { dry_run, findings, unlisted: swept.unlisted, counts: counts(&swept.report) }
    }
}

fn counts(report: &SweepReport) -> BTreeMap<String, u64> {
    let SweepReport {
        claims_freed,
        accounts_removed,
        credentials_removed,
        names_removed,
        objects_removed,
        folders_purged,
        folders_removed,
        jobs_removed,
        leases_removed,
        invitations_removed,
        trash_removed,
        trash_records_removed,
        passages_ended,
        uploads,
        bundles_removed,
        scratch_removed,
    } = *report;
    let counted = [
        ("address claims", claims_freed),
        ("accounts", accounts_removed),
        ("credentials", credentials_removed),
        ("folder names", names_removed),
        ("objects", objects_removed),
        ("folders in the bin", folders_purged),
        ("folders", folders_removed),
        ("jobs", jobs_removed),
        ("leases", leases_removed),
        ("invitations", invitations_removed),
        ("trash objects", trash_removed),
        ("trash records", trash_records_removed),
        ("passages", passages_ended),
        ("bundles", bundles_removed),
        ("scratch objects", scratch_removed),
    ];
    let of_uploads =
        [("idle uploads", uploads.expired), ("uploads", uploads.forgotten), ("multipart uploads", uploads.orphans)];
    let counted = counted.into_iter().map(|(what, count)| (what, count as u64));
    counted.chain(of_uploads).map(|(what, count)| (what.to_owned(), count)).collect()
}
