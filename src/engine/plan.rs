//! The plan as plain data: what will be done to each resource, why, and what it costs the service.

mod account;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::remedy::Way;
use crate::engine::resource::{Effect, Holdings, Id};
pub use account::{Consequence, What, When, account};

/// The version of the plan document. The number before the dot changes when a field changes its meaning or goes.
pub const FORMAT_VERSION: &str = "1.0";

/// The document that `plan --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    pub format_version: String,
    pub stack: String,
    /// The stack file as a user would type it, or `the built-in reference stack`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stack_file: String,
    pub cluster: Option<String>,
    /// The account that the plan is for: 12 digits.
    pub account: String,
    pub region: String,
    /// The state that the plan starts from.
    pub state: StateVersion,
    pub mode: Mode,
    /// The change of each resource, in the order of addresses.
    pub changes: Vec<Change>,
    /// Changes made outside since the last apply.
    pub drift: Vec<Drift>,
    /// Findings: known before anything has been done.
    pub preflight: Vec<Finding>,
    pub summary: Summary,
    /// The rendered files that will differ from what is there. Apply writes them after everything has settled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rendered: Vec<Rendered>,
    /// Names this plan and everything that it was made from: 64 hexadecimal digits. `apply --expect` takes the first
    /// of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A rendered file that will differ from what is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rendered {
    /// The path, counted from the folder of the stack file.
    pub path: String,
    /// Why: `it is not there`, `databases.gitlab-pgsql.host changes`, or the first line that differs.
    pub reason: String,
    /// True if some of its content is known only after apply.
    pub unknown: bool,
    /// True if there is no such file yet.
    #[serde(default)]
    pub is_new: bool,
}

/// Which version of which state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateVersion {
    /// Empty while there is no state yet.
    pub lineage: String,
    pub serial: u64,
}

/// The aim of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Make AWS agree with the stack.
    Apply,
    /// Delete everything that the state owns.
    Destroy,
    /// Make the state agree with AWS.
    RefreshOnly,
}

/// The change of one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    pub address: Address,
    pub kind: String,
    pub action: Action,
    /// The object that is there: what is changed, deleted, watched or forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Why: `not in the state`, `engine_version differs`.
    pub reason: String,
    /// The worst of the fields' effects.
    pub effect: Effect,
    /// All that it does to the service, its clients and its data, and when: the gravest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account: Vec<Consequence>,
    pub fields: Vec<FieldChange>,
    /// Everything that earlier changes left for the maintenance window. `effect` says what becomes of it: in the window, or now,
    /// since a change that is made at once takes everything queued with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queued: Vec<FieldChange>,
    /// For what holds data and goes, or was deleted by a run that was stopped: what it holds, and what is left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Holdings>,
    /// For a replacement: which of the two objects is there first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<ReplaceOrder>,
    /// The object that is there and stays, where an earlier run left something unfinished: none is made in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<Id>,
    /// The objects that are deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goes: Vec<Going>,
    /// Addresses that it refers to; for one that is not declared any more, those that it was made with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<Address>,
    /// The part that cannot be done for now, and is left out of `action` and `fields`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
}

/// A part of a change that is left out, because AWS would refuse it or because it waits for another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Blocked {
    pub action: Action,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// `AWS shows stopped`, `waits for aws_efs_file_system.data`.
    pub because: String,
    /// The resource that it waits for, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Address>,
}

/// An object that is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Going {
    pub id: Id,
    pub turn: Turn,
}

/// When an object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// Before anything is made in its place.
    Before,
    /// After that, when nothing uses it any more.
    After,
}

/// The action on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Create,
    Update,
    /// A new object takes the place of the old one.
    Replace,
    Delete,
    /// Taken under the state's eye; the object itself is not touched.
    #[serde(alias = "adopt")]
    Watch,
    /// Taken out of the state; the object itself is not touched.
    Forget,
    NoOp,
}

impl Action {
    /// The word for people and machines: `no-op`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Watch => "watch",
            Self::Forget => "forget",
            Self::NoOp => "no-op",
        }
    }
}

/// Which object of a replacement exists first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReplaceOrder {
    DeleteFirst,
    CreateFirst,
}

/// The change of one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    pub path: String,
    pub before: Option<Value>,
    /// Absent while it is unknown. Of a document the known parts are there, with a reference, `${ADDRESS.OUTPUT}`, for each part that is not
    /// known.
    pub after: Option<Value>,
    /// True if the value is known only after apply.
    pub unknown: bool,
    /// True if the value must not be shown. No plan holds a secret: the fields that name where one is are shown.
    pub sensitive: bool,
    /// True if `after` is the value that the field has where the stack file does not say it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_default: bool,
    pub effect: Effect,
    /// The AWS calls that change the field of an object that is there: `rds:ModifyDBInstance`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// For a change that waits: for what, and what it costs then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// True where `before` only waits for its window, and `after` is in force already: AWS is told to forget what waits.
    #[serde(default, skip_serializing_if = "is_false")]
    pub takes_back: bool,
}

impl FieldChange {
    /// A difference that no call makes.
    pub fn free(path: impl Into<String>, before: Option<Value>, after: Option<Value>) -> Self {
        Self {
            path: path.into(),
            before,
            after,
            unknown: false,
            sensitive: false,
            is_default: false,
            effect: Effect::None,
            calls: Vec::new(),
            window: None,
            takes_back: false,
        }
    }
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The maintenance window that a change waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// When it opens next: UTC, RFC 3339. Absent while AWS has not chosen one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// The cost for the running service then.
    pub effect: Effect,
}

/// A change made outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    pub address: Address,
    pub kind: String,
    /// True if the object is gone altogether.
    pub gone: bool,
    /// `before` is what was recorded, `after` what was observed.
    pub fields: Vec<FieldChange>,
    /// Outputs that AWS has changed: a host, an address. They are never changed back: apply records them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<FieldChange>,
    /// The answer of the plan to the fields.
    pub response: Response,
}

/// The answer of the plan to a drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// The object is changed to what the stack says.
    PutRight,
    /// A new object is made.
    MadeAgain,
    /// The object held data, and a new one is made only when it is named.
    OnlyWhenNamed,
    /// The object is deleted, or taken out of the state.
    LetGo,
    /// The object is as the stack wants it, or the plan is about nothing but drift: the state follows.
    Recorded,
    /// The plan is about other resources, or what it would take is missing.
    LeftAlone,
}

/// One thing found before anything has been done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The check's name: `inputs`, `name-taken`, `data-loss`.
    pub check: String,
    pub address: Option<Address>,
    pub level: Level,
    pub message: String,
    /// A command to type, or a line to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The hint as data, where it is that: each way is one that helps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Way>,
}

/// The gravity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The plan cannot be applied.
    Error,
    /// The object that it is about is left as it is; the rest of the plan can be done.
    Blocked,
    Warning,
    /// Nobody could say; the message tells why. Never in the way of a plan.
    NotChecked,
    /// Looked at, and found in order.
    Passed,
}

/// The number of resources for each action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub delete: usize,
    /// Objects that somebody else made and that are taken over: `provision import ADDRESS=ID` does that, and neither a plan nor a
    /// run, so that it is always 0 here.
    #[serde(default)]
    pub adopt: usize,
    #[serde(default)]
    pub watch: usize,
    pub forget: usize,
    pub no_op: usize,
    /// Of those that are counted above, how many are left as they are, wholly or in part.
    #[serde(default, skip_serializing_if = "is_none")]
    pub blocked: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Summary {
    /// Counts the changes.
    pub fn of(changes: &[Change]) -> Self {
        let mut counts: BTreeMap<Action, usize> = BTreeMap::new();
        for change in changes {
            *counts.entry(change.action).or_default() += 1;
        }
        let count = |action| counts.get(&action).copied().unwrap_or_default();
        Self {
            create: count(Action::Create),
            update: count(Action::Update),
            replace: count(Action::Replace),
            delete: count(Action::Delete),
            adopt: 0,
            watch: count(Action::Watch),
            forget: count(Action::Forget),
            no_op: count(Action::NoOp),
            blocked: changes.iter().filter(|change| change.blocked.is_some()).count(),
        }
    }
}

impl Change {
    /// True if it changes this field, or makes the queued change of it at once.
    pub fn makes(&self, field: &str) -> bool {
        let taken_along = self.queued.iter().filter(|queued| queued.window.is_none());
        self.fields.iter().chain(taken_along).any(|change| change.path == field)
    }

    /// True if a new object is made.
    pub fn makes_anew(&self) -> bool {
        matches!(self.action, Action::Create | Action::Replace) && self.keeps.is_none()
    }

    /// True if the new object is made before the old one goes.
    pub fn is_create_first(&self) -> bool {
        self.order == Some(ReplaceOrder::CreateFirst)
    }
}

impl Plan {
    /// An object that an error is about is not changed, whatever was planned for it.
    pub fn put_nothing_right_beside_errors(&mut self) {
        let errors: BTreeSet<Address> = self.errors().filter_map(|error| error.address.clone()).collect();
        for drift in self.drift.iter_mut().filter(|drift| errors.contains(&drift.address)) {
            drift.response = Response::LeftAlone;
        }
    }

    /// True if applying the plan would do nothing.
    pub fn is_empty(&self) -> bool {
        match self.mode {
            Mode::RefreshOnly => self.drift.is_empty(),
            Mode::Apply | Mode::Destroy => self.changes.iter().all(|change| change.action == Action::NoOp),
        }
    }

    /// The outputs that AWS changed, and that apply records.
    pub fn changed_outputs(&self) -> impl Iterator<Item = &FieldChange> {
        let told = self.drift.iter().filter(|drift| drift.response != Response::LeftAlone);
        told.flat_map(|drift| &drift.outputs)
    }

    /// The findings that forbid applying the plan.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.preflight.iter().filter(|finding| finding.level == Level::Error)
    }

    /// The changes that are left out, wholly or in part.
    pub fn blocked(&self) -> impl Iterator<Item = (&Change, &Blocked)> {
        self.changes.iter().filter_map(|change| Some((change, change.blocked.as_ref()?)))
    }

    /// The finding that says why an address is blocked.
    pub fn blocking(&self, address: &Address) -> Option<&Finding> {
        let mut found = self.preflight.iter().filter(|finding| finding.level == Level::Blocked);
        found.find(|finding| finding.address.as_ref() == Some(address))
    }

    /// The first digits of the digest, if there is something to be carried out and nothing against it.
    pub fn agreed_by(&self) -> Option<&str> {
        let digest = self.digest.as_deref()?;
        (!self.is_empty() && self.errors().next().is_none()).then(|| digest.get(..12).unwrap_or(digest))
    }

    /// The differences between two plans made from the same things, for people to read; at least one line.
    pub fn otherwise_than(&self, other: &Self) -> Vec<String> {
        let differing: Vec<&Change> =
            self.changes.iter().filter(|change| other.change(&change.address) != Some(*change)).collect();
        let opens = |change: &Change| -> Vec<Option<String>> {
            let fields = change.fields.iter().chain(&change.queued);
            fields.filter_map(|field| Some(field.window.as_ref()?.opens.clone())).collect()
        };
        let said = differing.iter().map(|change| {
            let address = &change.address;
            match other.change(address) {
                Some(now) if opens(change) != opens(now) => {
                    format!("the maintenance window that {address} waits for")
                }
                _ => format!("what is planned for {address}"),
            }
        });
        let said: Vec<String> = said.collect();
        if said.is_empty() {
            vec!["the plan itself: this version of provision plans otherwise".to_owned()]
        } else {
            said
        }
    }

    /// The change that is planned for an address.
    pub fn change(&self, address: &Address) -> Option<&Change> {
        self.changes.iter().find(|change| change.address == *address)
    }
}
