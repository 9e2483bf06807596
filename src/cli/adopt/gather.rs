//! Everything that is read of objects that are to be described: what belongs to them, whose that is, and their network.

mod belongings;
mod groups;
mod network;
mod wished;

pub(super) use wished::declared_already;

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::network::Discovery;
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{Cloud, KindError};
use crate::engine::kind::Live;
use crate::engine::owner::owner_by_tags;
use crate::engine::parts::parts_of;
use crate::engine::refresh::RefreshError;
use crate::engine::resource::{Id, Ownership, Whose};
use crate::engine::state::{Record, State};
use crate::engine::take_over::{Refused, Wish, lineage};
use crate::stack::describe::{self, Object, Scene};
use crate::stack::section::{Belonging, Expand};
use crate::stack::sections::SECTIONS;
use crate::stack::{Name, Stack};
use crate::view::failure::{Failure, FailureKind};

use super::super::options::Global;
use super::super::session::{Session, refresh_failure};
use super::super::take_over::{Request, refused};
use super::{Line, names_of};

pub(super) const GROUP: &str = "aws_security_group";

/// All that was read. `apart` are the parts that no stack file can say as they are: they are left.
pub(super) struct Gathered {
    pub(super) scene: Scene,
    pub(super) wanted: Vec<describe::Wanted>,
    pub(super) evidence: Vec<Line>,
    /// The place in which the network was looked for.
    pub(super) discovery: Option<Discovery>,
    /// The lines of a new stack file that say which network it is.
    pub(super) network: Option<String>,
    pub(super) vpc: Option<Id>,
}

/// The reading, with what has been read so far.
struct Gatherer<'a> {
    session: &'a Session,
    state: &'a State,
    /// The lineage of another state, whose objects may be taken over.
    take_over: Option<&'a str>,
    scene: Scene,
    lives: BTreeMap<(String, Id), Live>,
    /// Objects that are not described, by kind: they may use what belongs to one that is.
    beside: BTreeMap<&'static str, BTreeMap<Id, Live>>,
    evidence: Vec<Line>,
    vpc: Option<Id>,
    /// Names that are recorded with the very objects that are wished for, and have no entry any more: they are described once more.
    once_more: BTreeSet<String>,
}

pub(super) async fn gather(
    session: &Session,
    request: &Request,
    global: &Global,
    state: &State,
    again: &(dyn Fn(&[&Wish]) -> String + Sync),
    (apart, refusals): (&BTreeSet<Id>, &mut Vec<Failure>),
) -> Result<Gathered, Failure> {
    let mut gatherer = Gatherer {
        session,
        state,
        take_over: request.take_over.as_deref(),
        scene: Scene::default(),
        lives: BTreeMap::new(),
        beside: BTreeMap::new(),
        evidence: Vec::new(),
        vpc: None,
        once_more: once_more(session, state, &request.wishes),
    };
    let mut found = Vec::new();
    let wishes = &request.wishes;
    for wish in wishes {
        // A call without an answer ends it; a word of one object is of that one alone.
        match gatherer.named(wish, wishes, &found, again).await {
            Ok(one) => found.push(one),
            Err(failure) if failure.kind() == FailureKind::Usage => refusals.push(failure),
            Err(failure) => return Err(failure),
        }
    }
    for (section, wanted) in std::mem::take(&mut found) {
        let ids = gatherer.survey(section.main, std::slice::from_ref(&wanted.id)).await?;
        if ids.is_empty() {
            let address = Address::new(section.main, wanted.name.as_str());
            refusals.push(refused(Refused::Absent { address, text: wanted.id.to_string() }));
        } else {
            found.push((section, wanted));
        }
    }
    if found.is_empty() {
        // The refusals say it.
        return Err(Failure::said(FailureKind::Usage));
    }
    for (section, wanted) in &found {
        for belonging in section.belongings {
            if let Belonging::Part(kind) = belonging {
                let parts =
                    session.cloud.parts(kind, &wanted.id).await.map_err(|source| unread(kind, source))?;
                let parts = gatherer.survey(kind, &parts).await?;
                gatherer.leave_foreign(kind, &parts);
                // They use what they use like the objects of others.
                gatherer.scene.objects.retain(|(its, id), _| its != kind || !apart.contains(id));
            }
        }
    }
    gatherer.in_one_network(&mut found, refusals);
    let needs_a_network = found.iter().any(|(section, _)| matches!(section.expand, Expand::InNetwork { .. }));
    gatherer.named_belongings(&found).await?;
    let (discovery, network) = match needs_a_network {
        true => gatherer.network(request, global).await?,
        false => (None, None),
    };
    gatherer.groups(&mut found, refusals).await?;
    let Gatherer { scene, evidence, vpc, .. } = gatherer;
    let wanted = found.into_iter().map(|(_, wanted)| wanted).collect();
    Ok(Gathered { scene, wanted, evidence, discovery, network, vpc })
}

/// The names of objects that are wished for and recorded, with the names of what they use, as far as no entry has them.
pub(super) fn once_more(session: &Session, state: &State, wishes: &[Wish]) -> BTreeSet<String> {
    // Parts under another name would stay behind.
    let is_whole = |address: &Address, id: &Id| {
        parts_of(&session.registry, state, id).iter().all(|part| part.name() == address.name())
    };
    let is_recorded = |wish: &&Wish| {
        let record = state.resources.get(&wish.address);
        record.is_some_and(|record| {
            let is_it = names_of(record).any(|name| name == wish.text);
            is_it && record.id.as_ref().is_some_and(|id| is_whole(&wish.address, id))
        })
    };
    let stack = &session.stack;
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut next: Vec<&str> = wishes.iter().filter(is_recorded).map(|wish| wish.address.name()).collect();
    while let Some(name) = next.pop() {
        if entries_of(stack).any(|entry| entry.as_str() == name) || !names.insert(name.to_owned()) {
            continue;
        }
        let own =
            state.resources.iter().filter(|(address, record)| address.name() == name && !record.watched);
        let used = own.flat_map(|(_, record)| &record.depends_on);
        let is_own = |on: &&Address| state.resources.get(*on).is_some_and(|record| !record.watched);
        next.extend(used.filter(is_own).map(Address::name));
    }
    names
}

/// The names of all entries of a stack file.
fn entries_of(stack: &Stack) -> impl Iterator<Item = &Name> {
    SECTIONS.iter().flat_map(|section| stack.entries(section).keys())
}

pub(in crate::cli) fn unread(kind: &str, source: KindError) -> Failure {
    refresh_failure(RefreshError { kind: kind.to_owned(), source })
}

impl Gatherer<'_> {
    /// The address at which an object is recorded.
    fn recorded(&self, kind: &str, id: &Id) -> Option<Address> {
        let mut records = self.state.resources.iter();
        let is_it = |(address, record): &(&Address, &Record)| {
            let has_it = record.id.as_ref() == Some(id) || record.predecessors().any(|old| old.id == *id);
            address.kind() == kind && has_it
        };
        records.find(is_it).map(|(address, _)| address.clone())
    }

    /// Reads objects with all their fields. Returns those that are there.
    async fn survey(&mut self, kind: &str, ids: &[Id]) -> Result<Vec<Id>, Failure> {
        let seen = self.session.cloud.survey(kind, ids).await.map_err(|source| unread(kind, source))?;
        let found = seen.keys().cloned().collect();
        for (id, live) in seen {
            let object = Object { inputs: live.inputs.clone(), outputs: live.outputs.clone() };
            self.scene.objects.insert((kind.to_owned(), id.clone()), object);
            self.lives.insert((kind.to_owned(), id), live);
        }
        Ok(found)
    }

    /// The reason why something that is used does not come along.
    fn foreign(&self, kind: &str, id: &Id, ownership: &Ownership, vpc: Option<&Id>) -> Option<String> {
        if let Some(other) = self.recorded(kind, id).filter(|other| !self.once_more.contains(other.name())) {
            return Some(format!("it is recorded already, as {other}"));
        }
        let blueprint = Blueprint {
            stack: self.session.stack.stack.to_string(),
            cluster: self.state.cluster(),
            ..Blueprint::default()
        };
        let owner = owner_by_tags(&blueprint, Some(self.state), &Address::new(GROUP, "it"), 0);
        match owner.whose(ownership, vpc) {
            Whose::Untagged | Whose::Inherited | Whose::Ours | Whose::Moved { .. } => None,
            other if lineage(&other).is_some_and(|its| self.take_over == Some(its)) => None,
            other => Some(format!("it belongs to {}", owner.belonging(&other))),
        }
    }

    fn say(&mut self, what: String, because: String) {
        self.evidence.push(Line { what, because, is_left: false });
    }

    /// Says of something that it stays as it is.
    fn leave(&mut self, what: String, because: String) {
        self.evidence.push(Line { what, because, is_left: true });
    }
}
