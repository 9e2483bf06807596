//! The tests that need nothing but Rust: one program, since each that is linked takes the AWS SDK along.

mod bad_input;
mod blueprint_fits_kinds;
mod command_line;
mod company;
mod conformance;
mod described;
mod endpoint;
mod engine;
mod exported;
mod facts;
mod gitlab;
mod options_page;
mod progress;
mod real_terraform;
mod recorded;
mod render;
mod samples;
mod seeds;
mod sources;
mod stack_file;
mod state_files;
mod state_under_fire;
mod targets;
mod team_state;
mod terraform;
mod wire;
