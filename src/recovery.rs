//! Day two: how the databases and file systems of a stack are, and the procedures by which one is restored, upgraded or made to fail over.
//!
//! Pure: what AWS shows comes in as data, and the next step goes out as data. May use the stack and the engine.

pub mod course;
pub mod drill;
pub mod failover;
pub mod files;
pub mod image;
pub mod maintenance;
pub mod restore;
pub mod risk;
pub mod status;
pub mod upgrade;
