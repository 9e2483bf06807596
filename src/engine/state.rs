//! The state: what is recorded of every resource, and how it changes.

mod error;
pub mod format;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod history;
mod journal;
mod links;
mod local;
mod lock;
mod moves;
mod procedure;
mod shared;
mod store;
mod upgrade;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Not;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::resource::{Claim, Id, claim};

pub use error::StateError;
pub use format::Damage;
pub use history::{PastRun, RunEnd};
pub use local::{BESIDE, relocate, sibling as beside};
pub use lock::Holder;
pub use moves::{NotMoved, Place, meant, moves};
pub use procedure::{Kept, Procedure, Procedures, under_way, way_back};
pub use shared::{Lease, Shared};
pub use store::{Backend, Keeper, Opened, Sight, Store, Writer, Written};

/// Everything recorded of one stack in one account and region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The version of this format.
    pub version: u32,
    pub stack: String,
    /// The names that the stack had before: objects that carry them are its own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub formerly: BTreeSet<String>,
    /// The identity of this state, made once: two states with different lineages have nothing in common.
    pub lineage: String,
    /// Counts the changes of this state.
    pub serial: u64,
    /// The account that everything is in: 12 digits.
    pub account: String,
    pub region: String,
    /// The facts that sections of the stack file have found out about the place where the stack stands, by section.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// Work on single objects that takes several calls: what is under way, and how it ended last.
    #[serde(default, skip_serializing_if = "Procedures::is_empty")]
    pub procedures: Procedures,
    pub resources: BTreeMap<Address, Record>,
    /// The last runs that changed this state, the oldest first. Earlier ones are in older versions of the state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<PastRun>,
}

/// The record of one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub phase: Phase,
    /// Absent only between the intent to create and AWS's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// True if the object is the cluster's own: never changed, tagged or deleted.
    #[serde(alias = "adopted")]
    pub watched: bool,
    /// The version of the kind that `inputs` were recorded in.
    #[serde(default = "first_version")]
    pub kind_version: u32,
    /// The inputs that were applied last, with every reference resolved. Empty for a watched object.
    pub inputs: Document,
    /// The outputs, which AWS chose. Empty until the object is ready.
    pub outputs: Document,
    pub depends_on: BTreeSet<Address>,
    /// Counts the replacements at this address.
    #[serde(default)]
    pub generation: u32,
    /// The object that this one replaces, while it still waits to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
    /// The claim to an object that was taken over, as long as the next apply still has to write its ownership tags.
    #[serde(default, with = "claim", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "claim::Written")]
    pub claimed: Option<Claim>,
    /// True if AWS did not have the object any more when it was last looked for: its outputs are facts no longer.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub gone: bool,
    /// The object with data that others had deleted here, until the new one stands that was asked for in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Box<Lost>>,
}

/// An object whose data is gone: what its backups are found by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    pub id: Id,
    pub outputs: Document,
}

/// A replaced object that outlives its replacement until nothing uses it any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    pub id: Id,
    pub inputs: Document,
    pub depends_on: BTreeSet<Address>,
    /// The one before it, where that still waits to be deleted too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older: Option<Box<Predecessor>>,
}

/// The version of every kind before kinds had versions.
fn first_version() -> u32 {
    1
}

/// The stage of a resource in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Creating,
    Ready,
    Updating,
    Deleting,
}

/// The facts of sections, each a document of the section's own form.
pub type Facts = BTreeMap<String, Document>;

/// One change of a state; what the journal holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    Put {
        address: Address,
        record: Record,
    },
    Remove {
        address: Address,
    },
    Move {
        from: Address,
        to: Address,
    },
    /// Several resources at once, each to an address that is free.
    MoveAll {
        moves: BTreeMap<Address, Address>,
    },
    /// Another name for the stack; the lineage stays.
    Stack {
        stack: String,
    },
    /// The facts of these sections; those of others stay.
    Facts {
        facts: Facts,
    },
    /// A run begins to change the state, or knows more of what it will do.
    Began {
        run: PastRun,
    },
    /// The run with this lock has ended.
    Ended {
        id: String,
        end: RunEnd,
    },
    /// The procedure of an object as it is from now on; none, to forget it.
    Procedure {
        address: Address,
        command: String,
        procedure: Option<Box<Procedure>>,
    },
}

/// The number of runs that a state keeps.
const RUNS: usize = 100;

impl State {
    /// The version of the format that this program writes. It reads the older ones too.
    pub const VERSION: u32 = 3;

    /// A state that records nothing yet. `lineage` is a fresh random identity.
    pub fn new(stack: &str, lineage: String, account: &str, region: &str) -> Self {
        Self {
            version: Self::VERSION,
            stack: stack.to_owned(),
            formerly: BTreeSet::new(),
            lineage,
            serial: 0,
            account: account.to_owned(),
            region: region.to_owned(),
            facts: Facts::new(),
            procedures: Procedures::new(),
            resources: BTreeMap::new(),
            runs: Vec::new(),
        }
    }

    /// Carries out one change, which counts as one step of the serial.
    pub fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Put { address, record } => {
                self.resources.insert(address, record);
            }
            Edit::Remove { address } => {
                self.resources.remove(&address);
                // What is kept in AWS is told of for as long as it is recorded, and nothing else of an object that is gone.
                self.retain_procedures(&address, |one| one.is_under_way() || !one.keeps.is_empty());
            }
            Edit::Move { from, to } => self.rename(&from, &to),
            Edit::MoveAll { moves } => moves.iter().for_each(|(from, to)| self.rename(from, to)),
            Edit::Stack { stack } => {
                let old = std::mem::replace(&mut self.stack, stack);
                self.formerly.insert(old);
            }
            Edit::Facts { facts } => self.facts.extend(facts),
            Edit::Began { run } => {
                self.runs.retain(|one| one.holder.id != run.holder.id);
                self.runs.push(run);
                let surplus = self.runs.len().saturating_sub(RUNS);
                self.runs.drain(..surplus);
            }
            Edit::Ended { id, end } => {
                if let Some(run) = self.runs.iter_mut().rfind(|run| run.holder.id == id) {
                    run.end = Some(end);
                }
            }
            Edit::Procedure { address, command, procedure: Some(procedure) } => {
                self.procedures.entry(address).or_default().insert(command, *procedure);
            }
            Edit::Procedure { address, command, procedure: None } => {
                if let Some(of_object) = self.procedures.get_mut(&address) {
                    of_object.remove(&command);
                }
                self.retain_procedures(&address, |_| true);
            }
        }
        self.serial += 1;
    }

    fn retain_procedures(&mut self, address: &Address, keep: impl Fn(&Procedure) -> bool) {
        let Some(of_object) = self.procedures.get_mut(address) else { return };
        of_object.retain(|_, procedure| keep(procedure));
        if of_object.is_empty() {
            self.procedures.remove(address);
        }
    }

    fn rename(&mut self, from: &Address, to: &Address) {
        if let Some(record) = self.resources.remove(from) {
            self.resources.insert(to.clone(), record);
        }
        if let Some(procedures) = self.procedures.remove(from) {
            self.procedures.insert(to.clone(), procedures);
        }
        let held = self.procedures.values_mut().flat_map(BTreeMap::values_mut);
        for procedure in held.filter(|procedure| procedure.along.contains(from)) {
            procedure.along.remove(from);
            procedure.along.insert(to.clone());
        }
        for record in self.resources.values_mut() {
            for depends_on in record.all_depends_on_mut() {
                if depends_on.remove(from) {
                    depends_on.insert(to.clone());
                }
            }
        }
    }

    /// The value that a reference to `output` of `address` stands for, if it is recorded.
    pub fn output(&self, address: &Address, output: &str) -> Option<Value> {
        self.resources.get(address)?.output(output)
    }

    /// True if the state records anything that `provision` manages, and not the cluster's network alone.
    pub fn manages_anything(&self) -> bool {
        self.resources.values().any(|record| !record.watched)
    }
}

impl Record {
    /// The record of an object that the cluster owns.
    pub fn watched(id: Id, outputs: Document) -> Self {
        Self {
            phase: Phase::Ready,
            id: Some(id),
            watched: true,
            kind_version: first_version(),
            inputs: Document::new(),
            outputs,
            depends_on: BTreeSet::new(),
            generation: 0,
            predecessor: None,
            claimed: None,
            gone: false,
            lost: None,
        }
    }

    /// The object whose data this address last held.
    pub fn last_holder(&self) -> Option<Lost> {
        let recorded = || Some(Lost { id: self.id.clone()?, outputs: self.outputs.clone() });
        self.lost.as_deref().cloned().or_else(recorded)
    }

    /// The objects that this one replaces and that still wait to be deleted, the newest first.
    pub fn predecessors(&self) -> impl Iterator<Item = &Predecessor> {
        std::iter::successors(self.predecessor.as_ref(), |old| old.older.as_deref())
    }

    /// The inputs of the object and of those that it replaces.
    pub fn all_inputs_mut(&mut self) -> Vec<&mut Document> {
        let mut all = vec![&mut self.inputs];
        let mut next = self.predecessor.as_mut();
        while let Some(Predecessor { inputs, older, .. }) = next {
            all.push(inputs);
            next = older.as_deref_mut();
        }
        all
    }

    fn all_depends_on_mut(&mut self) -> Vec<&mut BTreeSet<Address>> {
        let mut all = vec![&mut self.depends_on];
        let mut next = self.predecessor.as_mut();
        while let Some(Predecessor { depends_on, older, .. }) = next {
            all.push(depends_on);
            next = older.as_deref_mut();
        }
        all
    }

    /// The value of an output; `id` is the object's id.
    pub fn output(&self, name: &str) -> Option<Value> {
        match name {
            "id" => self.id.as_ref().map(|id| Value::String(id.as_str().to_owned())),
            _ => self.outputs.get(name).cloned(),
        }
    }

    /// True if the create of the object has not come to an end: no object of it was ever ready.
    pub fn is_unfinished(&self) -> bool {
        self.phase == Phase::Creating && self.outputs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::network::Cluster;

    fn record(id: &str) -> Record {
        let mut record = Record::watched(Id::new(id), Document::new());
        record.watched = false;
        record.inputs.insert("name".to_owned(), json!("EFS_K8s é"));
        record
    }

    pub(super) fn sample() -> State {
        let mut state = State::new("gitlab", "lineage-1".to_owned(), "123456789012", "eu-west-1");
        let address = Address::new("aws_security_group", "gitlab-nfs");
        state.apply(Edit::Put { address, record: record("sg-1") });
        state
    }

    pub(super) fn sample_edits() -> Vec<Edit> {
        let cluster = Cluster { name: Some("k8s.myzone.net".to_owned()), efs_names_resolve: true };
        vec![
            Edit::Put { address: Address::new("aws_vpc", "network"), record: record("vpc-1") },
            Edit::Facts { facts: cluster.facts() },
            Edit::Move { from: Address::new("aws_vpc", "network"), to: Address::new("aws_vpc", "other") },
            Edit::MoveAll {
                moves: [(
                    Address::new("aws_security_group", "gitlab-nfs"),
                    Address::new("aws_security_group", "files"),
                )]
                .into(),
            },
            Edit::Stack { stack: "gitlab-eu".to_owned() },
            Edit::Remove { address: Address::new("aws_security_group", "files") },
        ]
    }
}
