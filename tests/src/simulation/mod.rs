//! The whole core at once: replicas that die and come back over one store, clients that do this and
//! that through any of them, and an onlooker who knows what each answer promised.
//!
//! Everything comes from one seed and from virtual time, so a run can be replayed.

pub mod board;
pub mod client;
pub mod cluster;
pub mod content;
pub mod files;
pub mod folders;
pub mod operator;
pub mod quiet;
pub mod report;
pub mod trees;
pub mod uploads;

use std::sync::Arc;

use client::Client;
use cluster::Cluster;
use report::{Figures, Report};

/// How many accounts there are.
pub const ACCOUNTS: usize = 3;

/// How many clients, each for one of the accounts.
pub const CLIENTS: usize = 8;

/// How many replicas serve them.
pub const REPLICAS: usize = 3;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Makes all chance.
    pub seed: u64,
    /// How many operations all clients do together.
    pub operations: u64,
    /// A replica dies after so many calls of the store, on average.
    pub life: u64,
    /// Of a hundred operations so many more are with trees.
    pub trees: u64,
}

/// Runs a plan and holds everything against the promises.
///
/// # Errors
/// The first promise that was broken.
///
/// # Panics
/// When the cluster cannot be set up.
pub async fn run(plan: Plan) -> Result<Figures, String> {
    let report = Arc::new(Report::default());
    let cluster = Arc::new(Cluster::new(plan, Arc::clone(&report)).await);
    let people = cluster.people().await;
    let board = Arc::new(board::Board::new(people));
    let mut clients: Vec<_> = (0..CLIENTS).map(|number| Client::new(number, plan, &cluster, &board, &report)).collect();
    futures::future::join_all(clients.iter_mut().map(Client::work)).await;
    if let Some(wrong) = report.wrong().or_else(|| cluster.watched.broken().first().cloned()) {
        return Err(wrong);
    }
    quiet::check(&cluster, &board, &mut clients).await?;
    Ok(report.figures(&cluster))
}
