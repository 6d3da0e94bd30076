//! Ends of uploads.
