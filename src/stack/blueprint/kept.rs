//! Names and descriptions that are chosen once: what the stack file leaves open stays as it was recorded.
//!
//! AWS changes few names in place. A default is made from the key and the stack's name, and those may be renamed: the
//! object keeps the name that it was made with. What the author writes is wanted, and is compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::kind::Registry;
use crate::engine::state::State;

/// The recorded values of fields that are chosen once.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// By address and field.
    recorded: BTreeMap<(Address, &'static str), String>,
    /// The same of objects that are there: while one is to replace another, that other one's.
    there: BTreeMap<(Address, &'static str), String>,
    /// The addresses of objects that are made.
    made: BTreeSet<Address>,
    /// The addresses of objects that are made, by their ids.
    by_id: BTreeMap<String, Address>,
    /// The objects that were adopted as they are: none of their tags is ours but those of ownership.
    tagged_by_others: BTreeSet<Address>,
    /// The parts that objects taken over use in the place of something declared, with what their records refer to.
    apart: BTreeMap<(Address, &'static str), Apart>,
    /// The objects that fields of others name by their ids.
    named: BTreeSet<(Address, String, Address)>,
}

/// The value of a field, and the addresses that the record of its object refers to.
#[derive(Clone, Debug)]
struct Apart {
    text: String,
    depends_on: BTreeSet<Address>,
}

impl Kept {
    /// The values that a state records of the fields that are marked so.
    pub fn of(registry: &Registry, state: Option<&State>) -> Self {
        let (mut recorded, mut apart, mut made) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let (mut by_id, mut tagged_by_others) = (BTreeMap::new(), BTreeSet::new());
        let mut there = BTreeMap::new();
        let records = state.into_iter().flat_map(|state| &state.resources);
        for (address, record) in records.filter(|(_, record)| !record.watched) {
            made.extend(record.id.as_ref().map(|_| address.clone()));
            let its_tags = record.inputs.get(TAGS).and_then(Value::as_object);
            if its_tags.is_some_and(|tags| tags.is_empty()) {
                tagged_by_others.insert(address.clone());
            }
            by_id.extend(record.id.as_ref().map(|id| (id.as_str().to_owned(), address.clone())));
            let fields = registry.managing(address.kind()).map(|kind| kind.fields()).unwrap_or_default();
            let first = record.predecessors().last().map(|old| &old.inputs);
            let its = first.or(record.id.as_ref().map(|_| &record.inputs));
            for field in fields.iter().filter(|field| field.chosen_once) {
                let text = its.and_then(|its| its.get(field.name)).and_then(Value::as_str);
                there.extend(text.map(|text| ((address.clone(), field.name), text.to_owned())));
            }
            for field in fields {
                let Some(text) = record.inputs.get(field.name).and_then(|value| value.as_str()) else {
                    continue;
                };
                let at = (address.clone(), field.name);
                if field.chosen_once {
                    recorded.insert(at, text.to_owned());
                } else if field.is_in_its_place(address, &record.outputs) {
                    let depends_on = record.depends_on.clone();
                    apart.insert(at, Apart { text: text.to_owned(), depends_on });
                }
            }
        }
        let records = state.into_iter().flat_map(|state| &state.resources);
        let fields = records.flat_map(|(address, record)| {
            record.inputs.iter().map(move |(field, value)| (address, field, value))
        });
        let named = fields.flat_map(|(address, field, value)| {
            let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let others = texts.iter().filter_map(|text| by_id.get(text.as_str()?));
            others.map(|other| (address.clone(), field.clone(), other.clone())).collect::<Vec<_>>()
        });
        let named = named.collect();
        Self { recorded, there, made, by_id, tagged_by_others, apart, named }
    }

    /// The same with objects that are about to be adopted as they are.
    #[must_use]
    pub fn tagging_none_of(mut self, adopted: impl IntoIterator<Item = Address>) -> Self {
        self.tagged_by_others.extend(adopted);
        self
    }

    /// True for an object that was adopted as it is, with the tags that others gave it.
    pub(in crate::stack) fn is_tagged_by_others(&self, address: &Address) -> bool {
        self.tagged_by_others.contains(address)
    }

    /// The text of what an object that was taken over uses in the place of the one at `declared`, to which its record does not
    /// refer.
    pub(in crate::stack) fn in_the_place_of(
        &self,
        address: &Address,
        field: &'static str,
        declared: &Address,
    ) -> Option<&str> {
        let apart = self.apart.get(&(address.clone(), field))?;
        (!apart.depends_on.contains(declared)).then_some(apart.text.as_str())
    }

    /// The recorded value of a field.
    pub(in crate::stack) fn recorded(&self, address: &Address, field: &'static str) -> Option<&str> {
        self.recorded.get(&(address.clone(), field)).map(String::as_str)
    }

    /// The recorded value of a field of an object that is made: one that an earlier run only began can still have another.
    pub(in crate::stack) fn made_with(&self, address: &Address, field: &'static str) -> Option<&str> {
        self.recorded(address, field).filter(|_| self.made.contains(address))
    }

    /// True if the recorded value of a field names another object by its id.
    pub(in crate::stack) fn names(&self, of: &Address, field: &str, other: &Address) -> bool {
        self.named.contains(&(of.clone(), field.to_owned(), other.clone()))
    }

    /// The address of the object of a kind that has this id.
    pub(in crate::stack) fn with_id(&self, kind: &str, id: &str) -> Option<&Address> {
        self.by_id.get(id).filter(|address| address.kind() == kind)
    }

    /// The address of the object that is made with this text, without regard to case.
    pub(in crate::stack) fn made_as(&self, kind: &str, field: &str, text: &str) -> Option<&Address> {
        let is_it = |((address, its), made): &(&(Address, &'static str), &String)| {
            address.kind() == kind
                && *its == field
                && made.eq_ignore_ascii_case(text)
                && self.made.contains(address)
        };
        self.recorded.iter().find(is_it).map(|((address, _), _)| address)
    }

    /// The recorded text, or this default.
    pub(in crate::stack) fn text(&self, address: &Address, field: &'static str, default: String) -> String {
        self.recorded(address, field).map_or(default, str::to_owned)
    }

    /// The text of the object that is there, or this default. A name that was written for one which never came counts for nothing.
    pub(in crate::stack) fn text_of_what_is_there(
        &self,
        address: &Address,
        field: &'static str,
        default: String,
    ) -> String {
        self.there.get(&(address.clone(), field)).cloned().unwrap_or(default)
    }

    /// The recorded name, or a new one.
    pub(in crate::stack) fn name(&self, address: &Address, stem: &str) -> String {
        let recorded = self.recorded(address, NAME).map(str::to_owned);
        recorded.unwrap_or_else(|| self.new_name(address, stem, &str::to_owned))
    }

    /// The name of a parameter group. A new one ends with its family, so that the groups of two families can stand side by side while an
    /// upgrade goes on. A recorded one is kept for as long as its family is; then its stem is, which `without` finds.
    pub(in crate::stack) fn name_in_family(
        &self,
        address: &Address,
        family: &str,
        stem: &str,
        without: fn(&str) -> &str,
    ) -> String {
        let named = |stem: &str| in_family(stem, family);
        match self.recorded(address, NAME) {
            Some(recorded) if self.recorded(address, FAMILY) == Some(family) => recorded.to_owned(),
            Some(recorded) => named(without(recorded)),
            None => self.new_name(address, stem, &named),
        }
    }

    /// A name made from this stem. An object that was renamed may have kept the name that is made from its old key: then
    /// it is taken, and the next one is chosen.
    pub(in crate::stack) fn new_name(
        &self,
        address: &Address,
        stem: &str,
        make: &dyn Fn(&str) -> String,
    ) -> String {
        let taken = |name: &str| {
            self.recorded.iter().any(|((other, field), text)| {
                *field == NAME
                    && other != address
                    && other.kind() == address.kind()
                    && text.eq_ignore_ascii_case(name)
            })
        };
        let later = (2..).map(|number| make(&format!("{stem}-{number}")));
        let mut names = std::iter::once(make(stem)).chain(later);
        names.find(|name| !taken(name)).expect("a state records fewer names than there are numbers")
    }
}

/// The name of a parameter group that ends with its family, of which no dot can be in it: `old-postgres9-6`.
pub fn in_family(stem: &str, family: &str) -> String {
    format!("{stem}-{}", family.replace('.', "-"))
}

/// The field of names.
const NAME: &str = "name";
/// The field of the families of parameter groups.
const FAMILY: &str = "family";
/// The field of tags.
const TAGS: &str = "tags";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::document::Document;

    fn kept(names: &[(&str, &str)]) -> Kept {
        let entry = |(address, name): &(&str, &str)| {
            ((address.parse().expect("an address"), NAME), (*name).to_owned())
        };
        let recorded: BTreeMap<(Address, &'static str), String> = names.iter().map(entry).collect();
        let made = recorded.keys().map(|(address, _)| address.clone()).collect();
        Kept { recorded, made, ..Kept::default() }
    }

    #[test]
    fn an_object_that_was_taken_over_in_its_zone_keeps_its_subnet_and_no_other_one_does() {
        use crate::aws::kinds::registry;
        use crate::engine::network::Network;
        use crate::engine::resource::Id;
        use crate::engine::state::{Edit, Record};

        let target: Address = "aws_efs_mount_target.files/eu-west-1a".parse().expect("an address");
        let subnet = Network::subnet_address("eu-west-1a");
        for (zone, refers, expected) in [
            ("eu-west-1a", false, Some("subnet-theirs")),
            // One of ours follows the network.
            ("eu-west-1a", true, None),
            ("eu-west-1b", false, None),
        ] {
            let mut record = Record::watched(Id::new("fsmt-1"), Document::new());
            record.watched = false;
            record.inputs.insert("subnet_id".to_owned(), "subnet-theirs".into());
            record.outputs.insert("availability_zone".to_owned(), zone.into());
            record.depends_on = refers.then(|| subnet.clone()).into_iter().collect();
            let mut state = State::new("shop", "one".to_owned(), "123456789012", "eu-west-1");
            state.apply(Edit::Put { address: target.clone(), record });
            let kept = Kept::of(&registry(), Some(&state));
            assert_eq!(kept.in_the_place_of(&target, "subnet_id", &subnet), expected, "{zone} {refers}");
        }
    }

    #[test]
    fn a_parameter_group_keeps_any_name_as_long_as_its_family_and_its_stem_after_that() {
        let address = Address::new("aws_db_parameter_group", "pgsql");
        let without = crate::stack::postgres::without_family;
        let name = |recorded: Option<(&str, &str)>, family: &str| {
            let mut kept = Kept::default();
            if let Some((name, family)) = recorded {
                kept.recorded.insert((address.clone(), NAME), name.to_owned());
                kept.recorded.insert((address.clone(), FAMILY), family.to_owned());
            }
            kept.name_in_family(&address, family, "pgsql", without)
        };
        for (recorded, family, expected) in [
            (None, "postgres16", "pgsql-postgres16"),
            (None, "postgres9.6", "pgsql-postgres9-6"),
            (Some(("old-postgres16", "postgres16")), "postgres16", "old-postgres16"),
            (Some(("old-postgres16", "postgres16")), "postgres17", "old-postgres17"),
            // Adopted, with a name that others gave it.
            (Some(("platform", "postgres16")), "postgres16", "platform"),
            (Some(("platform", "postgres16")), "postgres17", "platform-postgres17"),
            (Some(("a-postgres15", "postgres16")), "postgres16", "a-postgres15"),
        ] {
            assert_eq!(name(recorded, family), expected, "{recorded:?} {family}");
        }
    }

    #[test]
    fn a_recorded_name_stays_and_a_new_one_is_none_that_another_object_has() {
        let kept = kept(&[
            ("aws_security_group.main-db", "shop-pgsql"),
            ("aws_security_group.third", "shop-pgsql-2"),
            ("aws_db_subnet_group.main-db", "Old"),
        ]);
        for (address, stem, expected) in [
            ("aws_security_group.main-db", "shop-main-db", "shop-pgsql"),
            ("aws_security_group.pgsql", "shop-pgsql", "shop-pgsql-3"),
            ("aws_security_group.files", "shop-files", "shop-files"),
            // AWS does not tell such names apart by case.
            ("aws_db_subnet_group.old", "old", "old-2"),
            // Another kind has names of its own.
            ("aws_db_subnet_group.pgsql", "shop-pgsql", "shop-pgsql"),
        ] {
            assert_eq!(kept.name(&address.parse().expect("an address"), stem), expected, "{address}");
        }
    }
}
