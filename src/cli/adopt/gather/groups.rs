//! Security groups: which of them come along, and under which names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::interfaces::{Interface, Of, interfaces_of};
use crate::engine::address::Address;
use crate::engine::network::{Network, Role};
use crate::engine::resource::{Id, Whose};
use crate::engine::take_over::Refused;
use crate::stack::Name;
use crate::stack::describe::{self, name_of};
use crate::stack::section::{Belonging, Section};
use crate::stack::sections::SECTIONS;
use crate::view::failure::{Failure, FailureKind};

use super::super::super::session::aws_failure;
use super::{GROUP, Gatherer, refused};

impl Gatherer<'_> {
    /// Reads the security groups, and says which come along: those that nothing else uses.
    pub(super) async fn groups(
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
        let wanted: BTreeSet<(&str, &str)> =
            found.iter().map(|(section, wanted)| (section.main, wanted.id.as_str())).collect();
        for section in SECTIONS.iter().filter(|section| found.iter().any(|(its, _)| its.key == section.key)) {
            for belonging in section.belongings {
                let Belonging::Groups { of, field } = *belonging else { continue };
                // The interfaces tell of the groups of parts.
                if of == section.main {
                    self.look_beside(section, found).await?;
                    named_by.push((section, field));
                }
                for ((_, id), object) in self.scene.objects.iter().filter(|((kind, _), _)| kind == of) {
                    let named = object.inputs.values().filter_map(Value::as_str);
                    let wholes = std::iter::once(id.as_str()).chain(named);
                    let wholes: Vec<&str> =
                        wholes.filter(|whole| wanted.contains(&(section.main, *whole))).collect();
                    let groups = object.inputs.get(field).and_then(Value::as_array).into_iter().flatten();
                    for group in groups.filter_map(Value::as_str).map(Id::new) {
                        users.entry(group).or_default().extend(wholes.iter().map(|whole| Id::new(*whole)));
                    }
                }
            }
        }
        // An object whose whole is not wanted has no say.
        users.retain(|_, users| !users.is_empty());
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
                let of_kind = self.others(section, field, id.as_str());
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
                    self.leave(format!("{what}, which is named, and left as it is"), because);
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
            Of::MountTarget { file_system: whole }
            | Of::Cache { name: whole }
            | Of::Machine { id: whole } => self.scene.objects.keys().any(|(_, id)| id.as_str() == whole),
            Of::Database => true,
            Of::Other => false,
        }
    }
}

/// The role that has a group.
fn role_with(network: Option<&Network>, group: &Id) -> Option<Role> {
    let network = network?;
    Role::ALL.into_iter().find(|role| network.group_addresses(*role).any(|(_, id)| id == group))
}
