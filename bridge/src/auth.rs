//! Primitives of authentication that more than one API needs.

pub(crate) mod bearer;
pub(crate) mod rate;
pub(crate) mod signature;
