//! docker-compose.yml as it is: the plain project, and the cluster that loses a node and a replica.
//!
//! Where there is no engine, no compose or no image `folderbridge`, these tests print that they are
//! skipped; with FOLDERBRIDGE_CONTAINERS=required, as in the gate, that is a failure.

mod cluster;
mod plain;
