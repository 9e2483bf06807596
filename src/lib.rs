//! Plan and apply highly available storage beside a kops cluster.

pub mod address;
pub mod aws;
pub mod blueprint;
pub mod discovery;
pub mod document;
pub mod event;
pub mod kind;
pub mod network;
pub mod plan;
pub mod resource;
pub mod resources;
pub mod state;
