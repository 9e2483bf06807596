//! The engine against a cloud in memory: order, waiting, failures, crashes, and plans as values.

mod alone;
mod cloud;
mod crash;
mod databases;
mod effects;
mod executor;
mod guards;
mod identity;
mod in_the_way;
mod kinds;
mod losses;
mod meanwhile;
mod network;
mod newer;
mod old_states;
mod planner;
mod property;
mod renamed;
mod replicas;
mod statuses;
mod taken_back;
mod unclaimed;
mod unfinished;
mod world;
