//! x
#[derive(Debug)]
pub struct Damage;
