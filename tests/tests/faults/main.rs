//! Every operation of every API over a store that fails in every way: within the process, and on a
//! socket with the real client of S3 in between.

mod between;
mod bursts;
mod case;
mod checks;
mod downloads;
mod operations;
mod outages;
mod routes;
mod run;
mod soak;
mod stores;
mod transfers;
mod uploads;
mod vfolder_calls;
mod vfolders;
mod within;
mod world;
