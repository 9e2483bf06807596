//! The engine: addresses, documents and kinds, the planner, the executor, and the state.
//!
//! It asks a [`cloud::Cloud`], and has no AWS, no stack file and no terminal.

pub mod address;
pub mod along;
pub mod blueprint;
pub mod call;
pub mod checks;
pub mod cloud;
pub mod diff;
pub mod document;
pub mod event;
pub mod executor;
pub mod file;
pub mod graph;
pub mod ignored;
pub mod interrupt;
pub mod kind;
pub mod network;
pub mod newer;
pub mod owner;
pub mod parts;
pub mod plan;
pub mod planner;
pub mod rebuild;
pub mod refresh;
pub mod remedy;
pub mod resource;
pub mod retry;
pub mod saved;
pub mod state;
pub mod steps;
pub mod take_over;
pub mod window;
