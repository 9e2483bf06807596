//! Plan and apply highly available storage beside a kops cluster.
//!
//! Eight wings; each may use those below it: `cli`, `view`, `terraform`, `gitlab`, `aws`, `recovery`, `stack`, `engine`. `view` uses the
//! engine and `recovery` alone, `terraform` the engine, `gitlab` the stack and the engine.

pub mod aws;
pub mod cli;
pub mod engine;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gitlab;
pub mod recovery;
pub mod stack;
pub mod terraform;
pub mod view;

#[cfg(test)]
mod validator;
