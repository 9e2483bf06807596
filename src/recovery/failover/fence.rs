//! The proof that a machine writes no more. The steps that let the other machine of a pair serve take one, and nothing but an observation
//! makes one.

use std::collections::{BTreeMap, BTreeSet};

/// A machine as EC2 and Systems Manager show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The state as EC2 words it: `running`.
    pub state: String,
    /// The security groups of each of its network interfaces.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// True if commands can be sent to it.
    pub is_reachable: bool,
}

impl Machine {
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// True for one that does not run, and does not come back by itself.
    pub fn is_stopped(&self) -> bool {
        self.state == "stopped"
    }

    /// True for one that is gone, or goes: terminated machines are shown for about an hour.
    pub fn is_leaving(&self) -> bool {
        matches!(self.state.as_str(), "terminated" | "shutting-down")
    }

    /// True if each of its interfaces has these groups, and no others.
    pub fn has_groups(&self, wanted: &Groups) -> bool {
        self.groups.iter().all(|(interface, groups)| groups == wanted.of(interface))
    }

    /// True if an interface has this group.
    pub fn has_group(&self, group: &str) -> bool {
        self.groups.values().any(|groups| groups.contains(group))
    }
}

/// The security groups that the interfaces of a machine are to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    each: BTreeMap<String, BTreeSet<String>>,
    others: BTreeSet<String>,
}

impl Groups {
    /// This group alone, on every interface.
    pub fn only(group: &str) -> Self {
        Self { each: BTreeMap::new(), others: [group.to_owned()].into() }
    }

    /// These groups, and this one alone on an interface that is not among them.
    pub fn as_before(each: BTreeMap<String, BTreeSet<String>>, group: &str) -> Self {
        Self { each, ..Self::only(group) }
    }

    /// The groups of an interface.
    pub fn of(&self, interface: &str) -> &BTreeSet<String> {
        self.each.get(interface).unwrap_or(&self.others)
    }
}

/// The facts on what a machine whose groups are closed could still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Its service and its copying were stopped on it, and it has said so.
    Confirmed,
    /// Its service was never started.
    NeverStarted,
    /// Connections from before go on: "existing tracked connections are not interrupted" when rules change ("Security group connection
    /// tracking", EC2 User Guide).
    Unknown,
}

/// A machine that takes no new connection, and can write no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    by: Proof,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Gone,
    Stopped,
    Silent,
    NeverStarted,
}

impl Fenced {
    /// The proof that an observed machine writes no more; none where it could.
    pub fn of(machine: Option<&Machine>, closed: &str, silence: Silence) -> Option<Self> {
        let by = match machine {
            None => Proof::Gone,
            Some(machine) if machine.state == "terminated" => Proof::Gone,
            // One that is started again must not come up open.
            Some(machine) if !machine.has_groups(&Groups::only(closed)) => return None,
            Some(machine) if machine.is_stopped() => Proof::Stopped,
            Some(_) => match silence {
                Silence::Confirmed => Proof::Silent,
                Silence::NeverStarted => Proof::NeverStarted,
                Silence::Unknown => return None,
            },
        };
        Some(Self { by })
    }

    /// The reason in words, to be read after the machine's name.
    pub fn reason(&self) -> &'static str {
        match self.by {
            Proof::Gone => "is gone",
            Proof::Stopped => "is closed and stopped",
            Proof::Silent => "is closed, and has stopped its service",
            Proof::NeverStarted => "is closed, and its service was never started",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(state: &str, groups: &[&str]) -> Machine {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Machine { state: state.to_owned(), groups: [("eni-1".to_owned(), groups)].into(), is_reachable: true }
    }

    #[test]
    fn only_a_closed_machine_that_is_stopped_or_has_said_that_it_is_silent_is_fenced() {
        let silences = [Silence::Confirmed, Silence::NeverStarted, Silence::Unknown];
        for state in ["pending", "running", "stopping", "stopped", "shutting-down"] {
            for groups in [&["closed"][..], &["open"], &["open", "closed"], &[]] {
                for silence in silences {
                    let fenced = Fenced::of(Some(&machine(state, groups)), "closed", silence);
                    let expected =
                        groups == ["closed"] && (state == "stopped" || silence != Silence::Unknown);
                    assert_eq!(fenced.is_some(), expected, "{state} {groups:?} {silence:?}");
                }
            }
        }
        assert!(Fenced::of(None, "closed", Silence::Unknown).is_some());
        assert!(Fenced::of(Some(&machine("terminated", &[])), "closed", Silence::Unknown).is_some());
    }

    #[test]
    fn one_open_interface_of_several_is_no_fence() {
        let mut two = machine("stopped", &["closed"]);
        two.groups.insert("eni-2".to_owned(), ["open".to_owned()].into());
        assert_eq!(Fenced::of(Some(&two), "closed", Silence::Confirmed), None);
    }
}
