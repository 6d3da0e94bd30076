//! The harness of all suites: an application in this process or as the real binary, people who call
//! it, a look into its bucket, and bytes on a socket.

pub mod app;
pub mod bucket;
pub mod caller;
pub mod environment;
pub mod process;
pub mod raw;
pub mod reply;
