//! Plan and apply highly available storage beside a kops cluster.

pub mod address;
pub mod aws;
pub mod blueprint;
pub mod checks;
pub mod cli;
pub mod diff;
pub mod discovery;
pub mod document;
pub mod event;
pub mod executor;
pub mod failure;
pub mod file;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod graph;
pub mod init;
pub mod interrupt;
pub mod kind;
pub mod network;
pub mod newer;
pub mod outputs;
pub mod owner;
mod parts;
pub mod plan;
pub mod planner;
pub mod policy;
pub mod postgres;
pub mod preflight;
pub mod progress;
pub mod rebuild;
pub mod refresh;
pub mod remedy;
pub mod render;
pub mod report;
pub mod resource;
pub mod resources;
pub mod retry;
pub mod saved;
pub mod stack;
pub mod state;
pub mod steps;
pub mod take_over;
pub mod window;

#[cfg(test)]
mod validator;
