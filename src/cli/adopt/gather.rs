//! Everything that is read of objects that are to be described: what belongs to them, whose that is, and their network.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::interfaces::{Interface, interfaces_of};
use crate::aws::network::{Discovery, DiscoveryError, Wanted, discover, look_at};
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{Cloud, KindError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::kind::Live;
use crate::engine::network::{Named, Network, Role};
use crate::engine::owner::owner;
use crate::engine::refresh::RefreshError;
use crate::engine::resource::{Id, Ownership, Whose};
use crate::engine::state::State;
use crate::engine::take_over::{Refused, Wish};
use crate::stack::Name;
use crate::stack::describe::{self, Object, Scene, name_of, network_text, section_of};
use crate::stack::section::{Belonging, Expand, Section};
use crate::stack::sections::SECTIONS;
use crate::view::failure::{Failure, FailureKind};
use crate::view::quoted;

use super::super::options::Global;
use super::super::session::{Session, aws_failure, refresh_failure, wanted};
use super::super::take_over::{Request, refused};
use super::{Line, in_vpc};

const GROUP: &str = "aws_security_group";
const SUBNET: &str = "aws_subnet";

/// All that was read.
pub(super) struct Gathered {
    pub(super) scene: Scene,
    pub(super) wanted: Vec<describe::Wanted>,
    pub(super) evidence: Vec<Line>,
    /// Where the network was looked for.
    pub(super) discovery: Option<Discovery>,
    /// The lines of a new stack file that say which network it is.
    pub(super) network: Option<String>,
    pub(super) vpc: Option<Id>,
}

/// The reading, with what has been read so far.
struct Gatherer<'a> {
    session: &'a Session,
    state: &'a State,
    scene: Scene,
    lives: BTreeMap<(String, Id), Live>,
    evidence: Vec<Line>,
    vpc: Option<Id>,
}

pub(super) async fn gather(
    session: &Session,
    request: &Request,
    global: &Global,
    state: &State,
    again: &(dyn Fn(&[&Wish]) -> String + Sync),
    refusals: &mut Vec<Failure>,
) -> Result<Gathered, Failure> {
    let mut gatherer = Gatherer {
        session,
        state,
        scene: Scene::default(),
        lives: BTreeMap::new(),
        evidence: Vec::new(),
        vpc: None,
    };
    let mut found = Vec::new();
    let wishes = &request.wishes;
    for wish in wishes {
        // What AWS does not answer ends it; what it says of one object is of that one alone.
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

pub(in crate::cli) fn unread(kind: &str, source: KindError) -> Failure {
    refresh_failure(RefreshError { kind: kind.to_owned(), source })
}

impl Gatherer<'_> {
    /// The object that a wish names, and the section whose entry it becomes.
    async fn named(
        &self,
        wish: &Wish,
        wishes: &[Wish],
        before: &[(&'static Section, describe::Wanted)],
        again: &(dyn Fn(&[&Wish]) -> String + Sync),
    ) -> Result<(&'static Section, describe::Wanted), Failure> {
        let Wish { address, text } = wish;
        let kind = address.kind();
        let main = SECTIONS.iter().map(|section| section.main).collect::<Vec<_>>().join(", ");
        let section = section_of(kind).filter(|_| address.member_name().is_none());
        let section = section.ok_or_else(|| {
            let message = format!("{address} is no entry of a stack file by itself");
            Failure::message(FailureKind::Usage, message)
                .hint(format!("name what it belongs to, and it comes along; entries are: {main}"))
        })?;
        let name: Name = address.name().parse().map_err(Failure::usage)?;
        let mut entries = SECTIONS.iter().filter(|one| self.session.stack.entries(one).contains_key(&name));
        if let Some(other) = entries.next() {
            let message = format!("the stack file has the {} `{name}` already", other.one);
            let stack = &self.session.stack;
            let has = |name: &str| {
                let mut names = SECTIONS.iter().flat_map(|one| stack.entries(one).keys());
                names.any(|other| other.as_str() == name)
                    || before.iter().any(|(_, other)| other.name.as_str() == name)
                    || wishes.iter().any(|wish| wish.address.name() == name)
            };
            let free = name_of(name.as_str(), &has);
            let free = Wish { address: Address::new(kind, free.as_str()), text: text.clone() };
            let renamed = again(&[&free]);
            let hint = match other.key == section.key {
                true => format!(
                    "to record this object as the one that it declares: provision import {address}={}; or, as another one: {renamed}",
                    quoted(text)
                ),
                false => format!("entries of all sections share their names; with another one: {renamed}"),
            };
            return Err(Failure::message(FailureKind::Usage, message).hint(hint));
        }
        let cloud = &self.session.cloud;
        let found = cloud.named(kind, text).await.map_err(|source| unread(kind, source))?;
        let absent = || Refused::Absent { address: address.clone(), text: text.clone() };
        let found = found.ok_or_else(|| refused(absent()))?;
        let id = found.found.id.clone();
        let unfit = |why: String| {
            let message = format!("{text} is not adopted: {why}");
            Failure::message(FailureKind::Usage, message).hint("leave it as it is, and choose another object")
        };
        if let Some((_, other)) = before.iter().find(|(_, other)| other.id == id) {
            let message = format!("{text} is wished for twice, as {} and as {address}", other.name);
            return Err(Failure::message(FailureKind::Usage, message).hint("name it once"));
        }
        if let Some((_, other)) = before.iter().find(|(_, other)| other.name == name) {
            let message =
                format!("`{name}` is to be {} and {text}, and names of entries are shared", other.id);
            return Err(Failure::message(FailureKind::Usage, message).hint("choose another name"));
        }
        if let Some(why) = found.unfit {
            return Err(unfit(why));
        }
        let alike = self.session.registry.managing(kind).map(|manager| manager.alike()).unwrap_or_default();
        for other in alike {
            let copies = cloud.list(other).await.map_err(|source| unread(other, source))?;
            if copies.iter().any(|copy| copy.id == id) {
                return Err(unfit(self.copy_of(other, &id).await?));
            }
        }
        if let Some(other) = self.recorded(kind, &id) {
            return Err(refused(Refused::Recorded { address: address.clone(), id, other, is_free: false }));
        }
        Ok((section, describe::Wanted { section: section.key, name, id }))
    }

    /// The words on a copy, by what it is one of.
    async fn copy_of(&self, kind: &str, id: &Id) -> Result<String, Failure> {
        let seen = self.session.cloud.survey(kind, std::slice::from_ref(id)).await;
        let seen = seen.map_err(|source| unread(kind, source))?;
        let source = seen.get(id).and_then(|live| live.inputs.get("source")?.as_str());
        Ok(match source {
            // RDS shows a source in another region by its ARN.
            Some(far) if far.starts_with("arn:") => {
                format!("it is a copy of {far}, which is in another region, and a stack is in one")
            }
            Some(source) => format!("it is a copy of {source}, and comes along where that is imported"),
            None => "it is a copy of one that is not there".to_owned(),
        })
    }

    /// Holds the objects to the network of the first: a stack has one.
    fn in_one_network(
        &mut self,
        found: &mut Vec<(&'static Section, describe::Wanted)>,
        refusals: &mut Vec<Failure>,
    ) {
        let vpc_of = |wanted: &describe::Wanted| {
            let is_its = |(_, id): &(String, Id), live: &Live| {
                *id == wanted.id || live.inputs.values().any(|value| value == wanted.id.as_str())
            };
            self.lives.iter().filter(|(key, live)| is_its(key, live)).find_map(|(_, live)| live.vpc.clone())
        };
        let vpcs: Vec<Option<Id>> = found.iter().map(|(_, wanted)| vpc_of(wanted)).collect();
        let first = vpcs.iter().flatten().next().cloned();
        let mut vpcs = vpcs.into_iter();
        found.retain(|(_, wanted)| match (vpcs.next().flatten(), &first) {
            (Some(vpc), Some(first)) if vpc != *first => {
                let message = format!("{} stands in {vpc}, and what comes before it in {first}", wanted.id);
                refusals.push(
                    Failure::message(FailureKind::Usage, message).hint(
                        "a stack has one network: write it into a stack file of its own, with --out FILE",
                    ),
                );
                false
            }
            _ => true,
        });
        self.vpc = first;
    }

    /// The address at which an object is recorded.
    fn recorded(&self, kind: &str, id: &Id) -> Option<Address> {
        let mut records = self.state.resources.iter();
        let is_it = |(address, record): &(&Address, &_)| {
            let record: &crate::engine::state::Record = record;
            address.kind() == kind && record.id.as_ref() == Some(id)
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
        if let Some(other) = self.recorded(kind, id) {
            return Some(format!("it is recorded already, as {other}"));
        }
        let blueprint = Blueprint {
            stack: self.session.stack.stack.to_string(),
            cluster: self.state.cluster(),
            ..Blueprint::default()
        };
        let owner = owner(&blueprint, Some(self.state), &Address::new(GROUP, "it"), 0);
        match owner.whose(ownership, vpc) {
            Whose::Untagged | Whose::Inherited | Whose::Ours | Whose::Moved { .. } => None,
            other => Some(format!("it belongs to {}", owner.belonging(&other))),
        }
    }

    /// Leaves the parts that others have: what is recorded already, or belongs to another stack.
    fn leave_foreign(&mut self, kind: &str, parts: &[Id]) {
        for id in parts {
            let key = (kind.to_owned(), id.clone());
            let Some(live) = self.lives.get(&key) else { continue };
            let Some(because) = self.foreign(kind, id, &live.ownership, live.vpc.as_ref()) else { continue };
            let name = live.inputs.get("identifier").and_then(Value::as_str);
            let what = match name {
                Some(name) => format!("{kind} {name} ({id}), which is left as it is"),
                None => format!("{kind} {id}, which is left as it is"),
            };
            self.scene.objects.remove(&key);
            self.say(what, because);
        }
    }

    /// Reads what a field names, such as the subnet group of a database.
    async fn named_belongings(
        &mut self,
        found: &[(&'static Section, describe::Wanted)],
    ) -> Result<(), Failure> {
        for (section, wanted) in found {
            for belonging in section.belongings {
                let Belonging::Named { field, kind } = *belonging else { continue };
                let Some(name) = self.text(section.main, &wanted.id, field) else { continue };
                if self.scene.object(kind, &name).is_some() {
                    continue;
                }
                let cloud = &self.session.cloud;
                let there = cloud.named(kind, &name).await.map_err(|source| unread(kind, source))?;
                let Some(there) = there else { continue };
                let id = Id::new(name.clone());
                let others = self.others(section, found, field, &name).await?;
                let foreign = self.foreign(kind, &id, &there.found.ownership, there.found.vpc.as_ref());
                let because = match (there.unfit, foreign, others.first()) {
                    (Some(_), ..) => Some("AWS makes it, and nobody changes it".to_owned()),
                    (None, Some(foreign), _) => Some(foreign),
                    (None, None, Some(other)) => Some(format!("{other} uses it too, and is not imported")),
                    (None, None, None) => None,
                };
                match because {
                    Some(because) => {
                        // It tells the network all the same.
                        let seen = cloud.survey(kind, std::slice::from_ref(&id)).await;
                        let seen = seen.map_err(|source| unread(kind, source))?;
                        self.lives.extend(seen.into_iter().map(|(id, live)| ((kind.to_owned(), id), live)));
                        self.say(format!("{kind} {name}, which is left as it is"), because);
                    }
                    None => {
                        self.survey(kind, &[id]).await?;
                        let because =
                            format!("`{field}` of {} names it, and nothing else uses it", wanted.id);
                        self.say(format!("{kind} {name}"), because);
                    }
                }
            }
        }
        Ok(())
    }

    /// The other objects of a section's kind that name the same in a field.
    async fn others(
        &self,
        section: &Section,
        found: &[(&'static Section, describe::Wanted)],
        field: &str,
        value: &str,
    ) -> Result<Vec<Id>, Failure> {
        let kind = section.main;
        let cloud = &self.session.cloud;
        let all = cloud.list(kind).await.map_err(|source| unread(kind, source))?;
        let is_wanted = |id: &Id| found.iter().any(|(_, wanted)| wanted.id == *id);
        let ids: Vec<Id> = all.into_iter().map(|one| one.id).filter(|id| !is_wanted(id)).collect();
        let seen = cloud.survey(kind, &ids).await.map_err(|source| unread(kind, source))?;
        let names = |live: &Live| match live.inputs.get(field) {
            Some(Value::String(text)) => text == value,
            Some(Value::Array(all)) => all.iter().any(|one| one == value),
            _ => false,
        };
        let mut all: Vec<Id> = seen.into_iter().filter(|(_, live)| names(live)).map(|(id, _)| id).collect();
        // A part that is left to others uses it too.
        let is_part = |kind: &str| {
            section.belongings.iter().any(|one| matches!(one, Belonging::Part(part) if *part == kind))
        };
        let left =
            self.lives.iter().filter(|(key, _)| is_part(&key.0) && !self.scene.objects.contains_key(*key));
        all.extend(left.filter(|(_, live)| names(live)).map(|((_, id), _)| id.clone()));
        Ok(all)
    }

    fn text(&self, kind: &str, id: &Id, field: &str) -> Option<String> {
        let object = self.scene.object(kind, id.as_str())?;
        object.inputs.get(field).and_then(Value::as_str).map(str::to_owned)
    }

    fn say(&mut self, what: String, because: String) {
        self.evidence.push(Line { what, because });
    }

    /// The network: the recorded one, the one that the stack file names, or the one that the objects stand in.
    async fn network(
        &mut self,
        request: &Request,
        global: &Global,
    ) -> Result<(Option<Discovery>, Option<String>), Failure> {
        let Some(vpc) = self.vpc.clone() else { return Ok((None, None)) };
        let recorded = self.state.network();
        let asked = wanted(&request.discovery, global);
        let session = self.session;
        if recorded.is_some() || session.stack.network.is_some() {
            let (network, discovery) = session.network(recorded, asked).await?;
            let own = network.as_ref().map(|network| network.vpc.clone());
            if let Some(own) = own.filter(|own| *own != vpc) {
                let message = format!("these objects stand in {vpc}, and this stack in {own}");
                return Err(Failure::message(FailureKind::Usage, message)
                    .hint("a stack never leaves its network: write them into a stack file of their own, with --out FILE"));
            }
            // A stack file that is written says it again, as it did when it was found.
            let text = network.as_ref().map(|network| match &network.cluster.name {
                Some(cluster) => describe::cluster_text(cluster),
                None => network_text(network),
            });
            self.scene.network = network;
            return Ok((discovery, text));
        }
        let cluster =
            asked.cluster.clone().or_else(|| session.stack.cluster.as_ref().map(ToString::to_string));
        let not_needed = Role::ALL.into_iter().collect();
        let looked = Wanted { cluster, not_needed, ..in_vpc(asked, Some(&vpc)) };
        match discover(&session.aws, &looked).await {
            Ok(discovery) => {
                let cluster = discovery.network.cluster.name.clone();
                let text = cluster.map(|name| describe::cluster_text(&name));
                self.scene.network = Some(discovery.network.clone());
                Ok((Some(discovery), text))
            }
            Err(DiscoveryError::Aws(error)) => Err(aws_failure(error)),
            Err(DiscoveryError::NoCluster { .. } | DiscoveryError::NotKops { .. })
                if looked.cluster.is_none() =>
            {
                self.named_network(vpc).await
            }
            Err(error) => {
                let hint = error.hint();
                Err(Failure::message(FailureKind::Usage, error.to_string()).maybe_hint(hint))
            }
        }
    }

    /// A network without a cluster: the subnets that the objects stand in, one of each zone.
    async fn named_network(&mut self, vpc: Id) -> Result<(Option<Discovery>, Option<String>), Failure> {
        let mut zones: BTreeMap<String, Id> = BTreeMap::new();
        let text =
            |document: &Document, field: &str| document.get(field).and_then(Value::as_str).map(str::to_owned);
        for object in self.lives.values() {
            let (zone, subnet) =
                (text(&object.outputs, "availability_zone"), text(&object.inputs, "subnet_id"));
            if let (Some(zone), Some(subnet)) = (zone, subnet) {
                zones.entry(zone).or_insert_with(|| Id::new(subnet));
            }
        }
        let listed = self.lives.values().filter_map(|object| object.inputs.get("subnet_ids")?.as_array());
        let ids: BTreeSet<Id> = listed.flatten().filter_map(Value::as_str).map(Id::new).collect();
        let tracked: Vec<TrackedDocument> =
            ids.into_iter().map(|id| TrackedDocument { id, recorded: None }).collect();
        if !tracked.is_empty() {
            let seen = self.session.cloud.observe(SUBNET, &tracked).await;
            for (id, live) in seen.map_err(|source| unread(SUBNET, source))? {
                if tracked.iter().any(|one| one.id == id)
                    && let Some(zone) = text(&live.outputs, "availability_zone")
                {
                    zones.entry(zone).or_insert(id);
                }
            }
        }
        let named = Named { vpc, subnets: zones.into_values().collect(), groups: BTreeMap::new() };
        let looked = look_at(&self.session.aws, &named, None).await;
        let discovery = looked.map_err(|error| {
            let hint = error.hint_in_the_stack_file();
            Failure::message(FailureKind::Usage, error.to_string()).maybe_hint(hint)
        })?;
        let written = network_text(&discovery.network);
        self.scene.network = Some(discovery.network.clone());
        Ok((Some(discovery), Some(written)))
    }

    /// Reads the security groups, and says which come along: those that nothing else uses.
    async fn groups(
        &mut self,
        found: &mut Vec<(&'static Section, describe::Wanted)>,
        refusals: &mut Vec<Failure>,
    ) -> Result<(), Failure> {
        let network = self.scene.network.clone();
        found.retain(|(section, wanted)| {
            let role = role_with(network.as_ref(), &wanted.id).filter(|_| section.main == GROUP);
            let Some(role) = role else { return true };
            let address = Address::new(GROUP, wanted.name.as_str());
            let owner = format!("the cluster: it is the security group of the {}", role.name());
            let whose = Whose::OfCluster { cluster: String::new() };
            refusals.push(refused(Refused::Foreign { address, id: wanted.id.clone(), owner, whose }));
            false
        });
        if found.is_empty() {
            return Err(Failure::said(FailureKind::Usage));
        }
        let found = found.as_slice();
        let mut users: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        let mut named_by: Vec<(&'static Section, &'static str)> = Vec::new();
        for (section, wanted) in found {
            for belonging in section.belongings {
                let Belonging::Groups { of, field } = *belonging else { continue };
                named_by.push((section, field));
                let own = self.scene.objects.iter().filter(|((kind, id), object)| {
                    let is_part = object.inputs.values().any(|value| value == wanted.id.as_str());
                    kind == of && (*id == wanted.id || is_part)
                });
                let groups = own.filter_map(|(_, object)| object.inputs.get(field)?.as_array()).flatten();
                for group in groups.filter_map(Value::as_str).map(Id::new) {
                    users.entry(group).or_default().insert(wanted.id.clone());
                }
            }
        }
        let wished: BTreeMap<Id, Name> = found
            .iter()
            .filter(|(section, _)| section.main == GROUP)
            .map(|(_, wanted)| (wanted.id.clone(), wanted.name.clone()))
            .collect();
        self.scene.groups = wished.clone();
        self.own_entries();
        let ids: Vec<Id> = users.keys().filter(|id| !wished.contains_key(*id)).cloned().collect();
        let ids = self.survey(GROUP, &ids).await?;
        let all: Vec<Id> = ids.iter().chain(wished.keys()).cloned().collect();
        let interfaces = interfaces_of(&self.session.aws, &all).await.map_err(aws_failure)?;
        for id in ids {
            let live = &self.lives[&(GROUP.to_owned(), id.clone())];
            let name = live.inputs.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let foreign = self.foreign(GROUP, &id, &live.ownership, live.vpc.as_ref());
            let mut others: Vec<String> = Vec::new();
            for (section, field) in &named_by {
                let of_kind = self.others(section, found, field, id.as_str()).await?;
                others.extend(of_kind.iter().map(ToString::to_string));
            }
            let of_others = interfaces.get(&id).into_iter().flatten().filter(|one| !self.is_of_ours(one));
            others.extend(of_others.map(|one| one.id.clone()));
            let what = format!("security group {name}: {id}");
            let because = match (role_with(network.as_ref(), &id), foreign, others.first()) {
                (Some(role), ..) => Some(format!("it is the cluster's own, of the {}", role.name())),
                (_, Some(foreign), _) => Some(foreign),
                _ if self.scene.entries.contains_key(&id) => continue,
                _ if name == "default" => {
                    Some("each VPC has one of this name, and AWS deletes none".to_owned())
                }
                (_, _, Some(other)) => Some(format!("{other} uses it too, and is not imported")),
                _ => None,
            };
            match because {
                Some(because) => {
                    self.scene.objects.remove(&(GROUP.to_owned(), id));
                    self.say(format!("{what}, which is named, and left as it is"), because);
                }
                None => {
                    let taken = |name: &str| {
                        found.iter().any(|(_, wanted)| wanted.name.as_str() == name)
                            || self.scene.groups.values().any(|other| other.as_str() == name)
                            || SECTIONS.iter().any(|section| {
                                self.session.stack.entries(section).keys().any(|other| other.as_str() == name)
                            })
                            || Role::NAMES.contains(&name)
                    };
                    let entry = name_of(&name, &taken);
                    self.scene.groups.insert(id.clone(), entry);
                    self.say(what, "nothing else uses it".to_owned());
                }
            }
        }
        self.scene.shared =
            users.into_iter().filter(|(_, users)| users.len() > 1).map(|(id, _)| id).collect();
        Ok(())
    }

    /// The groups that are entries of the stack file already.
    fn own_entries(&mut self) {
        let entries = SECTIONS.iter().filter(|section| section.main == GROUP);
        for name in entries.flat_map(|section| self.session.stack.entries(section).keys()) {
            let record = self.state.resources.get(&Address::new(GROUP, name.as_str()));
            if let Some(id) = record.and_then(|record| record.id.clone()) {
                self.scene.entries.insert(id, name.clone());
            }
        }
    }

    /// True for an interface of what is imported. Those of databases do not say of which one they are: databases are asked for themselves.
    fn is_of_ours(&self, interface: &Interface) -> bool {
        match &interface.of {
            crate::aws::interfaces::Of::MountTarget { file_system } => {
                self.scene.objects.keys().any(|(_, id)| id.as_str() == file_system)
            }
            crate::aws::interfaces::Of::Database => true,
            crate::aws::interfaces::Of::Other => false,
        }
    }
}

/// The role that has a group.
fn role_with(network: Option<&Network>, group: &Id) -> Option<Role> {
    let network = network?;
    Role::ALL.into_iter().find(|role| network.group_addresses(*role).any(|(_, id)| id == group))
}
