//! The store as aws-sdk-s3 sees it, in process: what S3 documents, and what a crash leaves.

mod common;
mod conditions;
mod listing;
mod objects;
mod races;
