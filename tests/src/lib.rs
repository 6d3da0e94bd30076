//! The harness of all suites: an application in this process or as the real binary, people who call it, a look into its bucket,
//! bytes on a socket, an S3 endpoint, and a proxy before it that cuts, delays and refuses.

pub mod ahead;
pub mod app;
pub mod bucket;
pub mod caller;
pub mod compose;
pub mod environment;
pub mod jobs;
pub mod model;
pub mod process;
pub mod proxy;
pub mod quota;
pub mod raw;
pub mod reply;
pub mod s3;
pub mod shaky;
pub mod signer;
pub mod simulation;
pub mod stores;
