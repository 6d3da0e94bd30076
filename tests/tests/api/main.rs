//! The served APIs, in process over the embedded store and as the real binary.

mod admin;
mod authorisation;
mod aws;
mod backend_ai;
mod claims;
mod costs;
mod counts;
mod faults;
mod filesystems;
mod hostile;
mod jobs;
mod limits;
mod serve;
mod stores;
mod sweep;
mod vocabulary;
