//! What uploads must do whatever happens: a small reference that knows which bytes were sent and
//! acknowledged, and a world of replicas over one store to hold it against.

pub mod actions;
pub mod bytes;
pub mod client;
pub mod reference;
pub mod run;
pub mod world;
