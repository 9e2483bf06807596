//! Plan and apply highly available storage beside a kops cluster.

pub mod address;
pub mod aws;
pub mod blueprint;
pub mod diff;
pub mod document;
pub mod event;
pub mod executor;
pub mod graph;
pub mod kind;
pub mod network;
pub mod plan;
pub mod planner;
pub mod refresh;
pub mod render;
pub mod resource;
pub mod retry;
pub mod state;
pub mod steps;
