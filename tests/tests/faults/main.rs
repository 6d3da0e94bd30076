//! Every operation of every API over a store that fails in every way: within the process, and on a
//! socket with the real client of S3 in between.

mod between;
mod case;
mod checks;
mod operations;
mod routes;
mod run;
mod within;
mod world;
