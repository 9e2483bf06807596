//! x
#[derive(Debug)]
pub struct Holder;
