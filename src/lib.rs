//! Plan and apply highly available storage beside a kops cluster.
//!
//! Five wings; each may use those below it: `cli`, `view`, `aws`, `stack`, `engine`.

pub mod aws;
pub mod cli;
pub mod engine;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod stack;
pub mod view;

#[cfg(test)]
mod validator;
