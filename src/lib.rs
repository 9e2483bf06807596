//! Plan and apply highly available storage beside a kops cluster.
//!
//! Six wings; each may use those below it: `cli`, `view`, `aws`, `terraform`, `stack`, `engine`. `view` and `terraform` use the engine alone.

pub mod aws;
pub mod cli;
pub mod engine;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod stack;
pub mod terraform;
pub mod view;

#[cfg(test)]
mod validator;
