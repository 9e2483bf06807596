//! The inputs of a kind one by one: what a change of each means and costs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::document::Document;
use crate::engine::resource::shape::{Need, Shape};

/// One input of a kind: the values that it takes, and what a change of it means.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub shape: Shape,
    pub need: Need,
    pub presence: Presence,
    /// The value that the cloud takes where a document has none, for a field without a default of the stack file.
    pub without: Need,
    pub source: Source,
    /// The other options of the stack file that it is made from as well.
    pub also_from: &'static [&'static str],
    /// The part of its option that names an object which stays somebody else's: `existing`.
    pub of_others: Option<&'static str>,
    on_change: OnChange,
    /// The AWS calls that change it in place.
    pub calls: Calls,
    /// True if what is desired is met by what is observed, where that is more than equality.
    pub met: fn(desired: &Value, observed: &Value) -> bool,
    /// The value that AWS shows where what was asked for has come to an end. Where it is met, nothing is changed for it, and it is drift
    /// all the same.
    pub ended: Option<&'static str>,
    /// True if what is observed, and will do, is no more than what is desired. Of more, a queued change is taken back.
    pub exact: fn(desired: &Value, observed: &Value) -> bool,
    depends: Option<Depends>,
    /// True if the field is taken back when it is no longer written. The kind shows such a field only where it is
    /// recorded, so that what others chose is left alone; so is what others have put in the place of what is recorded.
    pub taken_back: bool,
    /// For a field that AWS does not show: the value that a rebuilt record has, also against the stack file.
    pub rebuilt_as: Option<bool>,
    /// True if a default is chosen when the object is made, and kept then: what is recorded stays where the stack file
    /// says nothing, no matter what the default is made from.
    pub chosen_once: bool,
    /// The output by which an object that is taken over keeps another value than the declared one: the declared and the other
    /// value are as good where this output is the member that the address names, such as a zone.
    pub kept_in: Option<&'static str>,
    /// The part that it plays for the engine, whatever its name.
    pub role: Option<Role>,
    /// For what clients pass through: the value with which both the old and the new clients get through. Where the clients move
    /// in the same plan, an update goes there first, and to the desired value when they have moved.
    pub joined: Option<Join>,
    /// For what names something of which there can be several: while a change is under way both are recorded, by this text, since each
    /// of them may be there.
    pub several: Option<Join>,
    /// The object of a sentence: the data that a change with [`Effect::DataLoss`] deletes.
    pub loses: Option<&'static str>,
}

/// The place that the value of a field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An option of the stack file with the field's own name. `doc` is for readers of the reference and of the JSON Schema.
    Option { doc: &'static str },
    /// An option of this other name, which says nothing but the field.
    WrittenAs(&'static str),
    /// Made by the section of the stack file, from this option and perhaps from more.
    MadeFrom(&'static str),
    /// No option: it follows from other objects, or is always the same.
    Follows,
}

/// The rule of when a document has a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In every document.
    Written,
    /// Where the stack file is read; a document may be without it.
    Free,
    /// It goes without saying: a document with that value is written without the field.
    Unsaid,
}

/// A part that a field plays for the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Deletion is ruled out while it is true.
    Protection,
    /// A snapshot is taken before a deletion while it is true.
    LastSnapshot,
    /// The backups go with the object, unless it is false.
    DeletesBackups,
    /// Changes that could wait for the maintenance window are made at once while it is true.
    AtOnce,
    /// The weekly maintenance window, as text.
    Window,
    /// The port that clients connect to.
    Port,
    /// The backup that a new object has its data from.
    Origin,
    /// A change of it comes before the same change of what the object refers to, not after it.
    Leads,
    /// A change of it comes after the end of what goes and refers to the object.
    Freed,
    /// The object that it refers to lets go of the object by going, so that it may be replaced before the object is changed.
    Loose,
}

impl Role {
    /// The name of the field that plays the part, where one does.
    pub fn field(self, fields: &[Field]) -> Option<&'static str> {
        fields.iter().find(|field| field.role == Some(self)).map(|field| field.name)
    }

    /// The value of that field in a document, where it is a truth value.
    pub fn truth(self, fields: &[Field], document: &Document) -> Option<bool> {
        document.get(self.field(fields)?)?.as_bool()
    }

    /// True where that field is.
    pub fn is_on(self, fields: &[Field], document: &Document) -> bool {
        self.truth(fields, document) == Some(true)
    }
}

type Calls = &'static [Call];

/// The function that makes one value of what is desired and of what is there.
type Join = fn(desired: &Value, observed: &Value) -> Value;

/// The function that says what a change needs, where that depends on the values: of the whole objects, before and after.
type Depends = fn(desired: &Document, observed: &Document) -> OnChange;

/// The means that a change of a field needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnChange {
    /// An AWS call that takes effect at once.
    InPlace(Effect),
    /// An AWS call that takes effect in the maintenance window, or at once, at this cost, with `apply_immediately`.
    AtWindow(Effect),
    /// Only a new object can have it.
    Replace,
    /// AWS does not show the field: the record is compared, and the kind decides whether a call is needed.
    Recorded(Effect),
    /// It is read when an object is made, and is neither compared nor changed afterwards.
    ReadOnce,
}

impl Field {
    /// A field that takes any value, made from an option of its own name.
    pub const fn new(name: &'static str, on_change: OnChange, calls: Calls) -> Self {
        Self {
            name,
            shape: Shape::Any,
            need: Need::Optional,
            presence: Presence::Written,
            without: Need::Optional,
            source: Source::MadeFrom(name),
            also_from: &[],
            of_others: None,
            on_change,
            calls,
            met: |desired, observed| desired == observed,
            ended: None,
            exact: |_, _| true,
            depends: None,
            taken_back: false,
            rebuilt_as: None,
            chosen_once: false,
            kept_in: None,
            role: None,
            joined: None,
            several: None,
            loses: None,
        }
    }

    /// A field that calls change in place, at once.
    pub const fn in_place(name: &'static str, calls: Calls, effect: Effect) -> Self {
        Self::new(name, OnChange::InPlace(effect), calls)
    }

    /// A field whose change waits for the maintenance window, unless `apply_immediately` is set.
    pub const fn at_window(name: &'static str, calls: Calls, effect: Effect) -> Self {
        Self::new(name, OnChange::AtWindow(effect), calls)
    }

    /// A field that only a new object can change.
    pub const fn replace(name: &'static str) -> Self {
        Self::new(name, OnChange::Replace, &[])
    }

    /// A field that stands in the record alone: AWS does not know it, and no call changes it.
    pub const fn recorded(name: &'static str) -> Self {
        Self::new(name, OnChange::Recorded(Effect::None), &[])
    }

    /// A field that calls change, at once, and that AWS does not show.
    pub const fn hidden(name: &'static str, calls: Calls, effect: Effect) -> Self {
        Self::new(name, OnChange::Recorded(effect), calls)
    }

    /// The field with the value that a rebuilt record has. It is the one that loses nothing, so that losing the state
    /// turns no protection off.
    pub const fn rebuilt_as(self, safe: bool) -> Self {
        Self { rebuilt_as: Some(safe), ..self }
    }

    /// The field with its own idea of when an observed value that will do is no more than what is desired.
    pub const fn no_more_than(self, exact: fn(desired: &Value, observed: &Value) -> bool) -> Self {
        Self { exact, ..self }
    }

    /// The field with its own idea of when the observed value will do.
    pub const fn met_by(self, met: fn(desired: &Value, observed: &Value) -> bool) -> Self {
        Self { met, ..self }
    }

    /// The field with the value that AWS shows where what was asked for has come to an end.
    pub const fn ended_as(self, value: &'static str) -> Self {
        Self { ended: Some(value), ..self }
    }

    /// True where what was recorded has come to an end since.
    pub fn ends(&self, recorded: &Value, observed: &Value) -> bool {
        self.ended.is_some_and(|ended| observed == ended && recorded != ended)
    }

    /// The field with a cost that depends on the values. What it is without them stays the worst of the cases.
    pub const fn depending(self, depends: Depends) -> Self {
        Self { depends: Some(depends), ..self }
    }

    /// The field, to be taken back when it is no longer written.
    pub const fn taken_back(self) -> Self {
        Self { taken_back: true, ..self }
    }

    /// The field, which is made from other options of the stack file as well.
    pub const fn also_from(self, options: &'static [&'static str]) -> Self {
        Self { also_from: options, ..self }
    }

    /// The field, whose option can name an object of others by this part.
    pub const fn of_others(self, part: &'static str) -> Self {
        Self { of_others: Some(part), ..self }
    }

    /// The field, whose default is chosen once.
    pub const fn chosen_once(self) -> Self {
        Self { chosen_once: true, ..self }
    }

    /// True where the member that an address names is where the object is: its zone.
    pub fn is_in_its_place(&self, address: &Address, outputs: &Document) -> bool {
        let place = self.kept_in.and_then(|output| outputs.get(output)).and_then(|value| value.as_str());
        place.is_some() && place == address.member_name()
    }

    /// The field, which keeps another value on an object that is taken over, where this output is the address's member.
    pub const fn kept_in(self, output: &'static str) -> Self {
        Self { kept_in: Some(output), ..self }
    }

    /// The field, which plays a part for the engine.
    pub const fn plays(self, role: Role) -> Self {
        Self { role: Some(role), ..self }
    }

    /// The field, which is brought to its new value in two parts where clients move meanwhile.
    pub const fn joined_by(self, join: Join) -> Self {
        Self { joined: Some(join), ..self }
    }

    /// The field, of which both values are recorded by this text while a change is under way.
    pub const fn several_by(self, several: Join) -> Self {
        Self { several: Some(several), ..self }
    }

    /// The field with the place that its value comes from.
    pub const fn from(self, source: Source) -> Self {
        Self { source, ..self }
    }

    /// The text of an option of the stack file that has the field's name.
    pub fn doc(&self) -> Option<&'static str> {
        match self.source {
            Source::Option { doc } => Some(doc),
            Source::WrittenAs(_) | Source::MadeFrom(_) | Source::Follows => None,
        }
    }

    /// The option of the stack file that says the field, and nothing else.
    pub fn option(&self) -> Option<&'static str> {
        match self.source {
            Source::Option { .. } => Some(self.name),
            Source::WrittenAs(option) => Some(option),
            Source::MadeFrom(_) | Source::Follows => None,
        }
    }

    /// The option of the stack file to change where the field is to change; none where it follows from other objects.
    pub fn to_write(&self) -> Option<&'static str> {
        match self.source {
            Source::Option { .. } => Some(self.name),
            Source::WrittenAs(option) | Source::MadeFrom(option) => Some(option),
            Source::Follows => None,
        }
    }

    /// The field with what a change of it may delete: `all automated backups`.
    pub const fn losing(self, what: &'static str) -> Self {
        Self { loses: Some(what), ..self }
    }

    /// The field with the values that it takes.
    pub const fn taking(self, shape: Shape, need: Need) -> Self {
        Self { shape, need, ..self }
    }

    /// The field with the value that the cloud takes where a document has none.
    pub const fn taken_without(self, value: Need) -> Self {
        Self { without: value, ..self }
    }

    /// The field with the rule of when a document has it.
    pub const fn present(self, presence: Presence) -> Self {
        Self { presence, ..self }
    }

    /// The field with the means that a change of it needs.
    pub const fn changed(self, on_change: OnChange, calls: Calls) -> Self {
        Self { on_change, calls, ..self }
    }

    /// The means that a change from `observed` to `desired` needs.
    pub fn on_change(&self, desired: &Document, observed: &Document) -> OnChange {
        self.depends.map_or(self.on_change, |depends| depends(desired, observed))
    }

    /// True if AWS never shows the field.
    pub fn is_recorded(&self) -> bool {
        matches!(self.on_change, OnChange::Recorded(_) | OnChange::ReadOnce)
    }

    /// True for a field that counts only while an object is made.
    pub fn is_read_once(&self) -> bool {
        self.on_change == OnChange::ReadOnce
    }

    /// True for a field that stands in the record alone, so that a change of it needs no call.
    pub fn is_in_the_record_alone(&self) -> bool {
        self.is_read_once() || self.is_recorded() && self.calls.is_empty()
    }

    /// True if no call can change the field.
    pub fn is_fixed(&self) -> bool {
        self.on_change == OnChange::Replace
    }
}

/// The cost of an action for the running service, its clients and its data, from nothing to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    None,
    /// Takes effect when the service is rebooted next, which nobody does for it.
    NextReboot,
    BriefPause,
    /// Takes effect in the next maintenance window.
    NextMaintenanceWindow,
    Failover,
    Reboot,
    Replacement,
    /// Clients that reach the service now are cut off, or refused when they connect next.
    AccessLoss,
    /// Data is deleted: what an object holds, or its backups.
    DataLoss,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::NextReboot => "next reboot",
            Self::BriefPause => "brief pause",
            Self::NextMaintenanceWindow => "next maintenance window",
            Self::Failover => "failover",
            Self::Reboot => "reboot",
            Self::Replacement => "replacement",
            Self::AccessLoss => "access loss",
            Self::DataLoss => "data loss",
        })
    }
}
