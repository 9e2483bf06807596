//! Requests as they go over the wire, and answers that AWS gives and the emulator does not.

mod efs;
mod rds;
mod replay;
