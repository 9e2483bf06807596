//! The objects that wishes name: each is there, is of no one else, and has a name that is free.

use crate::engine::address::Address;
use crate::engine::cloud::Cloud;
use crate::engine::resource::Id;
use crate::engine::take_over::{Refused, Wish};
use crate::stack::describe::{self, name_of, section_of};
use crate::stack::section::Section;
use crate::stack::sections::SECTIONS;
use crate::stack::{Name, Stack};
use crate::view::failure::{Failure, FailureKind};
use crate::view::quoted;

use super::{Gatherer, entries_of, refused, unread};

/// The refusal of a wish whose name an entry of the stack file has.
pub(in crate::cli::adopt) fn declared_already(
    stack: &Stack,
    other: &Section,
    wish: &Wish,
    wishes: &[Wish],
    again: &dyn Fn(&[&Wish]) -> String,
) -> Failure {
    let Wish { address, text } = wish;
    let message = format!("the stack file has the {} `{}` already", other.one, address.name());
    let has = |name: &str| {
        let mut names = entries_of(stack);
        names.any(|other| other.as_str() == name) || wishes.iter().any(|wish| wish.address.name() == name)
    };
    let free = name_of(address.name(), &has);
    let free = Wish { address: Address::new(address.kind(), free.as_str()), text: text.clone() };
    let renamed = again(&[&free]);
    let hint = match section_of(address.kind()).is_some_and(|section| section.key == other.key) {
        true => format!(
            "to record this object as the one that it declares: provision import {address}={}; or, as another one: {renamed}",
            quoted(text)
        ),
        false => format!("entries of all sections share their names; with another one: {renamed}"),
    };
    Failure::message(FailureKind::Usage, message).hint(hint)
}

impl Gatherer<'_> {
    /// The object that a wish names, and the section whose entry it becomes.
    pub(super) async fn named(
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
                .hint(format!(
                    "name what it belongs to, and it comes along; entries are: {main}; where that is recorded already, write what \
                     declares this one below its entry (such as `parameters` for a parameter group), then: provision import \
                     {address}={}",
                    quoted(text)
                ))
        })?;
        let name: Name = address.name().parse().map_err(Failure::usage)?;
        let mut entries = SECTIONS.iter().filter(|one| self.session.stack.entries(one).contains_key(&name));
        if let Some(other) = entries.next() {
            return Err(declared_already(&self.session.stack, other, wish, wishes, again));
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
        let is_told_again = |other: &Address| *other == *address && self.once_more.contains(name.as_str());
        if let Some(other) = self.recorded(kind, &id).filter(|other| !is_told_again(other)) {
            let is_declared = entries_of(&self.session.stack).any(|entry| entry.as_str() == other.name());
            let anew = format!(
                "its entry is not in the stack file: put it back; or have it written anew: provision state forget {}, then: {}",
                other.name(),
                again(&[wish])
            );
            let failure = refused(Refused::Recorded { address: address.clone(), id, other, is_free: false });
            return Err(if is_declared { failure } else { failure.hint(anew) });
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
}
