//! The statuses of a machine (InstanceState, name).

use crate::engine::resource::Status;

const STATES: &str = "EC2 API reference, InstanceState, name; Amazon EC2 User Guide, Instance state changes";

/// The table. A machine that is `terminated` is none any more, though AWS shows it on.
pub static STATUSES: &[Status] = &[
    Status::serves("running", "it runs").source(STATES),
    Status::serves("stopped", "it is stopped, and starts with a change of `running`").source(STATES),
    Status::passes("pending", "it starts").source(STATES),
    Status::passes("stopping", "it is being stopped").source(STATES),
    Status::leaving("shutting-down", "it is being terminated").source(STATES),
    Status::leaving("terminated", "it is gone").source(STATES),
];
