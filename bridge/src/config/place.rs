//! Where everything is kept, as it is said to every command that opens it.

use std::path::PathBuf;

use clap::Args;

use super::{data_directory, filled, parse};
use crate::failure::StartError;

/// Flags that say where everything is kept.
#[derive(Debug, Args)]
pub struct PlaceFlags {
    /// Keep everything in this directory, in the embedded store [default: ./folderbridge-data].
    #[arg(long, value_name = "DIR", env = "FOLDERBRIDGE_DATA", value_parser = parse::directory)]
    data: Option<PathBuf>,
    /// The S3 endpoint of the bucket; without it, AWS.
    #[arg(long, value_name = "URL", env = "FOLDERBRIDGE_S3_ENDPOINT")]
    endpoint: Option<String>,
    /// Keep everything in this bucket. Credentials come by the standard AWS chain.
    #[arg(long, value_name = "NAME", env = "FOLDERBRIDGE_S3_BUCKET")]
    bucket: Option<String>,
    /// The bucket's region.
    #[arg(long, value_name = "REGION", env = "FOLDERBRIDGE_S3_REGION")]
    region: Option<String>,
}

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// In the embedded store.
    Embedded {
        /// Its directory.
        directory: PathBuf,
    },
    /// In a bucket.
    Bucket {
        /// Its endpoint; `None` is AWS.
        endpoint: Option<String>,
        /// Its name.
        bucket: String,
        /// Its region; `None` leaves it to the AWS chain.
        region: Option<String>,
    },
}

impl PlaceFlags {
    /// One meaning of the flags and the environment.
    ///
    /// # Errors
    /// When they contradict each other.
    pub fn place(&self) -> Result<Where, StartError> {
        let data = self.data.clone().filter(|path| !path.as_os_str().is_empty());
        let endpoint = self.endpoint.clone().and_then(filled);
        let region = self.region.clone().and_then(filled);
        let Some(bucket) = self.bucket.clone().and_then(filled) else {
            if endpoint.is_some() {
                return Err(StartError::new("an endpoint needs a bucket: add `--bucket NAME`"));
            }
            return Ok(Where::Embedded { directory: data_directory(data) });
        };
        if data.is_some() {
            return Err(StartError::new("`--data` and `--bucket` exclude each other: everything is kept in one place"));
        }
        if endpoint.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return Err(StartError::new("the endpoint must begin with `http://` or `https://`"));
        }
        Ok(Where::Bucket { endpoint, bucket, region })
    }
}
