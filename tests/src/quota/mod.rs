//! Limits on folders under many replicas: a store that is slow, forgetful and late, and that sees
//! for itself whether more than the limit ever becomes visible.

pub mod fleet;
pub mod history;
pub mod rough;
pub mod visible;
