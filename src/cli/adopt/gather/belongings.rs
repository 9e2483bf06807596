//! The belongings of an object, and those that do not come along: parts that others have, and what a field names and others use too.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::cloud::Cloud;
use crate::engine::kind::Live;
use crate::engine::resource::Id;
use crate::stack::describe;
use crate::stack::section::{Belonging, Section};
use crate::view::failure::Failure;

use super::{Gatherer, unread};

impl Gatherer<'_> {
    /// Leaves the parts that others have: what is recorded already, or belongs to another stack.
    pub(super) fn leave_foreign(&mut self, kind: &str, parts: &[Id]) {
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
            self.leave(what, because);
        }
    }

    /// Reads what a field names, such as the subnet group of a database.
    pub(super) async fn named_belongings(
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
                let session = self.session;
                let cloud = &session.cloud;
                let there = cloud.named(kind, &name).await.map_err(|source| unread(kind, source))?;
                let Some(there) = there else { continue };
                let id = Id::new(name.clone());
                self.look_beside(section, found).await?;
                let others = self.others(section, field, &name);
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
                        self.leave(format!("{kind} {name}, which is left as it is"), because);
                    }
                    None => {
                        self.survey(kind, &[id]).await?;
                        let because = format!(
                            "`{field}` of {} names it, and nothing that is not imported uses it",
                            wanted.id
                        );
                        self.say(format!("{kind} {name}"), because);
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads the other objects of a section's kind, once: those that may use what belongs to one of these.
    pub(super) async fn look_beside(
        &mut self,
        section: &Section,
        found: &[(&'static Section, describe::Wanted)],
    ) -> Result<(), Failure> {
        let kind = section.main;
        if self.beside.contains_key(kind) {
            return Ok(());
        }
        let cloud = &self.session.cloud;
        let all = cloud.list(kind).await.map_err(|source| unread(kind, source))?;
        let wanted: BTreeSet<&Id> = found.iter().map(|(_, wanted)| &wanted.id).collect();
        let ids: Vec<Id> = all.into_iter().map(|one| one.id).filter(|id| !wanted.contains(id)).collect();
        let seen = cloud.survey(kind, &ids).await.map_err(|source| unread(kind, source))?;
        self.beside.insert(kind, seen);
        Ok(())
    }

    /// The other objects of a section that name the same in a field.
    pub(super) fn others(&self, section: &Section, field: &str, value: &str) -> Vec<Id> {
        let names = |live: &Live| match live.inputs.get(field) {
            Some(Value::String(text)) => text == value,
            Some(Value::Array(all)) => all.iter().any(|one| one == value),
            _ => false,
        };
        let beside = self.beside.get(section.main).into_iter().flatten();
        // A part that is left to others uses it too.
        let is_part = |kind: &str| {
            section.belongings.iter().any(|one| matches!(one, Belonging::Part(part) if *part == kind))
        };
        let left =
            self.lives.iter().filter(|(key, _)| is_part(&key.0) && !self.scene.objects.contains_key(*key));
        let all = beside.chain(left.map(|((_, id), live)| (id, live)));
        all.filter(|(_, live)| names(live)).map(|(id, _)| id.clone()).collect()
    }

    fn text(&self, kind: &str, id: &Id, field: &str) -> Option<String> {
        let object = self.scene.object(kind, id.as_str())?;
        object.inputs.get(field).and_then(Value::as_str).map(str::to_owned)
    }
}
