//! From settings to a client of the SDK. Nothing is asked of the store here.

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
};

use super::pool::pool;
use super::retries::{self, Patience};
use super::settings::{Checksums, S3Settings};
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// Where the region is looked for when it is not at AWS: there is no instance to ask.
const REGION_ELSEWHERE: &str = "us-east-1";

/// A client, where it goes, and whose credentials it carries.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) endpoint: String,
    pub(super) credentials: Option<SharedCredentialsProvider>,
}

/// Reads what the settings leave open from where every AWS tool looks, and builds the client.
pub(super) async fn connect(settings: &S3Settings) -> StoreResult<Connected> {
    let shared = shared(settings).await;
    let Some(region) = shared.region() else {
        return Err(StoreError::new(
            StoreErrorKind::Refused,
            format!("no region for bucket `{}`: set AWS_REGION, a profile, or an endpoint", settings.bucket),
        ));
    };
    let endpoint = shared.endpoint_url().map_or_else(|| format!("AWS S3 in {region}"), str::to_owned);
    let elsewhere = shared.endpoint_url().is_some();
    let http_client = match &settings.http_client {
        Some(client) => client.clone(),
        None => pool(settings)?,
    };
    let config = Builder::from(&shared)
        .force_path_style(settings.path_style.unwrap_or(elsewhere))
        .http_client(http_client)
        .retry_partition(retries::partition())
        .retry_classifier(Patience::of(settings.retries))
        .build();
    Ok(Connected { client: Client::from_conf(config), endpoint, credentials: shared.credentials_provider() })
}

async fn shared(settings: &S3Settings) -> SdkConfig {
    let (request, response) = match settings.checksums {
        Checksums::WhenRequired => (RequestChecksumCalculation::WhenRequired, ResponseChecksumValidation::WhenRequired),
        Checksums::WhenSupported => {
            (RequestChecksumCalculation::WhenSupported, ResponseChecksumValidation::WhenSupported)
        }
    };
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(retries::config(settings.retries))
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled().grace_period(settings.timeouts.stall).build(),
        )
        .timeout_config(settings.within(settings.timeouts.attempt))
        .request_checksum_calculation(request)
        .response_checksum_validation(response);
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    } else if settings.endpoint.is_some() {
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else(Region::new(REGION_ELSEWHERE));
        loader = loader.region(region);
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(pair) = &settings.credentials {
        let credentials = Credentials::new(&pair.access_key, &pair.secret_key, None, None, "settings");
        loader = loader.credentials_provider(credentials);
    }
    loader.load().await
}
