//! The list of all sections of the stack file, in the order in which they are read and shown.

mod buckets;
mod caches;
mod databases;
mod elastic_ips;
mod file_systems;
mod instances;
mod roles;
mod security_groups;

use super::section::Section;

/// One line for each section.
pub const SECTIONS: &[&Section] = &[
    &file_systems::SECTION,
    &databases::SECTION,
    &caches::SECTION,
    &buckets::SECTION,
    &roles::SECTION,
    &security_groups::SECTION,
    &elastic_ips::SECTION,
    &instances::SECTION,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::aws::kinds::registry;
    use crate::engine::resource::Shape;
    use crate::stack::section::{Part, options};

    /// Holds that no two options of a part have one name, that its kinds are known, and that every pattern can be used.
    fn hold(key: &str, part: &Part) {
        let registry = registry();
        let kinds: Vec<_> = part.passes.iter().filter_map(|kind| registry.managing(kind)).collect();
        assert_eq!(kinds.len(), part.passes.len(), "{key} passes options on to kinds that are not known");
        let passed = kinds.iter().flat_map(|kind| options(*kind)).map(|field| field.name);
        let own = part.own.iter().map(|row| row.name).chain(part.parts.iter().map(|named| named.key));
        let names: Vec<&str> = own.chain(passed).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{key}: {names:?}");
        for row in part.own {
            let value = match row.shape {
                Shape::MapOf { .. } => json!({ "x": "x" }),
                Shape::SetOf(_) => json!(["x"]),
                _ => json!("x"),
            };
            let _ = row.shape.wrong(&value);
            assert!(!row.doc.is_empty(), "{key}: {} has no text", row.name);
        }
        part.parts.iter().for_each(|named| hold(named.key, &named.part));
    }

    #[test]
    fn every_section_is_whole() {
        let mut taken = BTreeSet::from(["stack", "cluster", "region", "tags", "format_version", "missing"]);
        for section in SECTIONS {
            hold(section.key, &section.entry);
            assert!(section.entry.passes.contains(&section.main), "{}", section.key);
            let names = [section.key].into_iter().chain(section.short.iter().map(|short| short.name));
            names.for_each(|name| assert!(taken.insert(name), "two are called {name}"));
        }
    }
}
