//! The object's bytes: the state, who has locked it, and the mark of the write that made it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::format::{self, Damage};
use crate::engine::state::Holder;

/// A state as a team shares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// The version of this format.
    pub version: u32,
    /// Random for each write: by it, a run recognises a write of its own whose answer was lost.
    pub write_id: String,
    /// The holder of the lock; the state is not locked when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The state as it would be in a file, with its own checksum; absent before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Value>,
}

/// A lock that lasts as long as it is renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    pub holder: Holder,
    /// For how long the object has to stay as it is before somebody else may take the lock.
    pub ttl_seconds: u64,
}

/// No run waits longer than this for one that is dead, no matter what an object says.
const LONGEST_SPAN: Duration = Duration::from_secs(3600);

impl Lease {
    /// The time that the lock lasts without being renewed.
    pub fn span(&self) -> Duration {
        Duration::from_secs(self.ttl_seconds).clamp(Duration::from_secs(1), LONGEST_SPAN)
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self { version: Self::VERSION, write_id: String::new(), lease: None, state: None }
    }
}

impl Shared {
    /// The version of the format around a state. The state in it has a version of its own.
    pub(super) const VERSION: u32 = 1;

    /// The bytes of the object.
    pub fn encode(&self) -> Vec<u8> {
        let value = serde_json::to_value(self).expect("a shared state has string keys only");
        format::pretty(&format::seal(value, Self::VERSION))
    }

    /// Reads an object. A state that was copied there from a file is a shared one that no run has locked.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let value = format::parse(bytes)?;
        if value.get("lineage").is_some() {
            return Ok(Self { state: Some(value), ..Self::default() });
        }
        serde_json::from_value(format::unseal(value, Self::VERSION)?).map_err(Damage::Shape)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn shared() -> Shared {
        let lease = Lease { holder: Holder::this_run("test", "anna"), ttl_seconds: 90 };
        let state = format::to_value(&sample());
        Shared { write_id: "w".to_owned(), lease: Some(lease), state: Some(state), ..Shared::default() }
    }

    #[test]
    fn an_object_reads_back_as_it_was_written() {
        let written = shared();
        let read = Shared::decode(&written.encode()).expect("a whole object");
        assert_eq!(read, written);
        let state = format::decode_value(read.state.expect("it has a state")).expect("a whole state");
        assert_eq!(state, sample());
    }

    #[test]
    fn an_object_cut_anywhere_is_damage() {
        let whole = shared().encode();
        for length in 0..whole.trim_ascii_end().len() {
            assert!(Shared::decode(&whole[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_flipped_bit_is_damage_or_changes_nothing() {
        let object = shared();
        let whole = object.encode();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                if let Ok(read) = Shared::decode(&flipped) {
                    assert_eq!(read, object, "bit {bit} of byte {at}");
                }
            }
        }
    }

    #[test]
    fn a_state_copied_into_a_file_is_the_state() {
        assert_eq!(format::decode(&shared().encode()).expect("a whole state"), sample());
        let empty = Shared { state: None, ..shared() };
        assert!(matches!(format::decode(&empty.encode()), Err(Damage::Empty)));
    }

    #[test]
    fn a_state_copied_from_a_file_is_one_that_nobody_has_locked() {
        let read = Shared::decode(&format::encode(&sample())).expect("a whole state");
        assert_eq!(read.lease, None);
        assert_eq!(format::decode_value(read.state.expect("the state")).expect("a whole state"), sample());
    }
}
