//! The binary against the emulator: every test has an account of its own, and reads AWS back with clients of its own.
//! Knows nothing of the crate's insides; only the command line, the files and AWS count.

mod asked;
mod by_hand;
mod chosen;
mod cloud;
mod control;
mod databases;
mod disks;
mod drift;
mod faults;
mod file_systems;
mod foreign;
mod holders;
mod identity;
mod interrupted;
mod json;
mod killed;
mod lifecycle;
mod locked;
mod losses;
mod network;
mod outputs;
mod preflight;
mod random_stacks;
mod rebuilt;
mod renamed;
mod reviewed;
mod saved_plans;
mod secrets;
mod states;
mod statuses;
mod story;
mod team;
mod unclaimed;
mod unfinished;
mod world;
