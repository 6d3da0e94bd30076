//! Primitives of authentication that more than one API needs.

pub(crate) mod bearer;
