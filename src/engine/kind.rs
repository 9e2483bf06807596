//! Kinds and their cloud as the engine sees them: documents in place of types.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::document::Document;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Condition, Effect, Field, Id, Invalid, Ownership, Patience, Remark};

/// A document that does not fit its kind.
#[derive(Debug, thiserror::Error)]
#[error("the inputs do not fit {kind}: {problem}")]
pub struct Misfit {
    pub kind: &'static str,
    pub problem: String,
}

/// One object as the cloud shows it, as documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Empty for a watched object.
    pub inputs: Document,
    /// Empty where nothing is queued.
    pub in_force: Document,
    pub outputs: Document,
    pub condition: Condition,
    pub remarks: Vec<Remark>,
    pub ownership: Ownership,
    /// The network that it stands in, where the object shows that.
    pub vpc: Option<Id>,
}

/// A kind that can be read: all that is known of it without asking the cloud.
pub trait Reader: Send + Sync {
    /// The kind's name.
    fn kind(&self) -> &'static str;
    /// The calls by which objects are observed, found, made and deleted. Policies are made from them.
    fn calls(&self) -> &'static [Call];
    /// The number of calls that follow one another when objects are read: the kinds with the most are asked first.
    fn rounds(&self) -> usize {
        1
    }
    /// The version of the inputs as they are recorded.
    fn version(&self) -> u32 {
        1
    }
    /// Inputs that were recorded in an older version, as this version records them.
    fn upgrade(&self, _from: u32, inputs: Document) -> Document {
        inputs
    }
    /// The way out where a watched object is not there, and something of the stack needs one.
    fn when_missing(&self) -> Option<&'static str> {
        None
    }
}

/// A kind that can be made, changed and deleted: all that is known of it without asking the cloud.
pub trait Manager: Reader {
    /// Every input, and what a change of it costs.
    fn fields(&self) -> &[Field];
    /// The fields by which only one such object exists; two objects that agree in all of them collide.
    fn natural_key(&self) -> &'static [&'static str];
    /// The cost of deleting an object, for clients and data.
    fn loss(&self) -> Effect;
    /// True where deleting an object loses data.
    fn holds_data(&self) -> bool {
        self.loss() == Effect::DataLoss
    }
    /// True where one that is gone from the cloud is made anew only when named.
    fn is_named_when_gone(&self) -> bool {
        self.holds_data()
    }
    /// The command that deletes an object, for one whose place cannot be chosen in the stack file.
    fn removal(&self, _id: &Id) -> Option<String> {
        None
    }
    /// The command that turns the deletion protection of an object with these inputs off without a plan.
    fn unprotected(&self, _observed: &Document) -> Option<Remedy> {
        None
    }
    /// The command that brings an object which stands elsewhere into the network of these inputs; `name` is what AWS calls it.
    fn way_back(&self, _name: &str, _inputs: &Document) -> Option<Remedy> {
        None
    }
    /// True where a new object with these inputs overwrites the data of another one: it is made only where that is allowed by name.
    fn overwrites(&self, _inputs: &Document) -> bool {
        false
    }
    /// The words on an object of which a record is left, where it is made anew only when named and holds no data of its own.
    fn when_gone(&self, _gone: &Gone<'_>) -> Option<WhenGone> {
        None
    }
    fn patience(&self) -> Patience;
    /// The document as the kind itself would write it: sets sorted, defaults filled in.
    fn normalise(&self, inputs: &Document) -> Result<Document, Misfit>;
    /// The inputs that a change of the object sends along although they are not written, as far as they are not those to come.
    /// `in_force` is empty where nothing is queued.
    fn sent_along(&self, _inputs: &Document, _coming: &Document, _in_force: &Document) -> Document {
        Document::new()
    }
    /// The inputs that the cloud would refuse. `observed` is there when an object would be changed.
    fn check(&self, inputs: &Document, observed: Option<&Document>) -> Result<Vec<Invalid>, Misfit>;
    /// The inputs that an object has when the create call has returned, of those that the cloud does not show: without what
    /// is still to be sent.
    fn as_created(&self, inputs: &Document) -> Document {
        inputs.clone()
    }
    /// The value that an output of a new object will have, where that follows from its inputs and the region.
    fn foreseen(&self, _inputs: &Document, _output: &str, _region: &str) -> Option<Value> {
        None
    }
    /// True where an object that names one of the other kind stands as well without it: it does not go with it.
    fn outlives(&self, _kind: &str) -> bool {
        false
    }
    /// True where a new object of another name is made before the old one goes.
    fn comes_first(&self) -> bool {
        false
    }
    /// True where the tags of an object are seen by none of the calls of a refresh.
    fn hides_tags(&self) -> bool {
        false
    }
    /// Other kinds of the same objects: an id of theirs is no other object's id here.
    fn alike(&self) -> &'static [&'static str] {
        &[]
    }
    /// The calls that write the ownership tags of an object that is there; empty for objects without tags.
    fn claim_calls(&self) -> &'static [Call];
}

/// An object of which the record alone is left.
pub struct Gone<'a> {
    pub address: &'a Address,
    /// The inputs and outputs that are recorded.
    pub inputs: &'a Document,
    pub outputs: &'a Document,
    /// The address of the stack's own object with an id.
    pub own: &'a dyn Fn(&str) -> Option<&'a Address>,
    /// True where a new one would overwrite data.
    pub overwrites: bool,
}

/// The words on an object that is gone, and whose successor would do harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhenGone {
    /// What is so since then.
    pub since: String,
    /// What a new one would do; it reads after `a new one would`.
    pub anew: String,
    /// The aim of those who do without it, and what to do in the stack file.
    pub without: (String, String),
    /// The aim of those who want a new one.
    pub purpose: String,
}

/// The kinds that the engine knows.
#[derive(Default)]
pub struct Registry {
    readers: BTreeMap<&'static str, Box<dyn Reader>>,
    managers: BTreeMap<&'static str, Box<dyn Manager>>,
}

impl Registry {
    /// The registry with a kind that is only ever watched.
    #[must_use]
    pub fn watched(mut self, reader: Box<dyn Reader>) -> Self {
        self.readers.insert(reader.kind(), reader);
        self
    }

    /// The registry with a kind that can be made, changed and deleted.
    #[must_use]
    pub fn manager(mut self, manager: Box<dyn Manager>) -> Self {
        self.managers.insert(manager.kind(), manager);
        self
    }

    /// The read half of a kind.
    pub fn reader(&self, kind: &str) -> Option<&dyn Reader> {
        match self.managers.get(kind) {
            Some(manager) => Some(manager.as_ref()),
            None => self.readers.get(kind).map(AsRef::as_ref),
        }
    }

    /// The version in which inputs of a kind are recorded now.
    pub fn version(&self, kind: &str) -> u32 {
        self.reader(kind).map_or(1, Reader::version)
    }

    /// The kind, if objects of it can be made at all.
    pub fn managing(&self, kind: &str) -> Option<&dyn Manager> {
        self.managers.get(kind).map(AsRef::as_ref)
    }

    /// Every kind, those too that are only watched.
    pub fn all(&self) -> impl Iterator<Item = &dyn Reader> {
        let managers = self.managers.values().map(|manager| -> &dyn Reader { manager.as_ref() });
        managers.chain(self.readers.values().map(AsRef::as_ref))
    }

    /// Every kind that can be made.
    pub fn all_managed(&self) -> impl Iterator<Item = &dyn Manager> {
        self.managers.values().map(AsRef::as_ref)
    }
}
