//! `removed` blocks for Terraform: it forgets what they name, and destroys none of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::matching::{LeftOut, Sorted};
use super::reason::Reason;
use super::reference::Reference;

/// The first words of such a file: one that begins otherwise is somebody else's.
const BEGINNING: &str = "# Written by provision from a state of Terraform.";

const HEAD: &str = "\
# Terraform lets go of what these blocks name, and destroys none of it. They need Terraform 1.7 or newer.
#
# 1. Delete the `resource` blocks that are named here, and the `module` blocks around them. Put this file beside the configuration.
# 2. terraform plan must say `0 to destroy`, and that each of these objects \"will no longer be managed by Terraform\".
#    Anything else means that a block is missing here, or that something was deleted that no block is for: do not apply that plan.
# 3. terraform apply; then delete this file.
";

const REST: &str = "
# The rest of the modules above. When a `module` block is deleted, all that is in it is destroyed but for what a block names. Delete a
# block here where its `resource` block stays in a module of your own: Terraform refuses the plan then (\"Removed resource still exists\").
";

const STAYS: &str = "
# Not taken over, but left as they are: no block is for them, they stay with Terraform, and their `resource` blocks stay too. Where one
# refers to something that goes, write its id in the place of that.
";

/// The blocks for what can be adopted.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    /// The file's text.
    pub text: String,
    /// The resources of what can be adopted, one block for each.
    pub resources: Vec<Reference>,
    /// The other resources of the same modules, which get a block too.
    pub rest: Vec<Reference>,
    /// The objects that are not adopted, and that Terraform forgets too: a block names all objects of a resource.
    pub forgotten: Vec<LeftOut>,
    /// The objects that were left as they are when the rest was taken over, and have no block: they stay with Terraform.
    pub stays: Vec<LeftOut>,
    /// The same of the modules above, which has a block with the rest of them.
    pub of_modules: Vec<LeftOut>,
}

/// True for a text that [`removal`] has made.
pub fn is_removal(text: &[u8]) -> bool {
    text.starts_with(BEGINNING.as_bytes())
}

/// The blocks for everything that can be adopted, with what comes along.
pub fn removal(sorted: &Sorted) -> Removal {
    let ours = sorted.adoptable.iter();
    let ours: BTreeSet<&Reference> = ours
        .flat_map(|one| std::iter::once(&one.from).chain(one.along.iter().map(|part| &part.from)))
        .collect();
    let resources: BTreeSet<Reference> = ours.iter().map(|one| one.without_keys()).collect();
    let modules: BTreeSet<&str> = ours.iter().filter_map(|one| one.outermost_module()).collect();
    let mut others: BTreeMap<Reference, Vec<&LeftOut>> = BTreeMap::new();
    for left in sorted.left_out.iter().filter(|left| !left.from.is_data) {
        others.entry(left.from.without_keys()).or_default().push(left);
    }
    let rest: Vec<Reference> = others
        .keys()
        .filter(|one| {
            !resources.contains(one) && one.outermost_module().is_some_and(|module| modules.contains(module))
        })
        .cloned()
        .collect();
    let of_rest: BTreeSet<&Reference> = rest.iter().collect();
    let left = sorted.left_out.iter().filter(|left| left.reason == Reason::LeftAsItIs);
    let left = left.filter(|left| !resources.contains(&left.from.without_keys())).cloned();
    let (of_modules, stays): (Vec<LeftOut>, Vec<LeftOut>) =
        left.partition(|left| of_rest.contains(&left.from.without_keys()));
    let mut text = format!("{BEGINNING}\n{HEAD}");
    if !stays.is_empty() {
        text.push_str(STAYS);
        stays.iter().for_each(|left| writeln!(text, "#   {}", left.named()).expect(WRITTEN));
    }
    let mut forgotten = Vec::new();
    for resource in &resources {
        for left in others.get(resource).into_iter().flatten() {
            forgotten.push((*left).clone());
            // A key may hold anything but a line break, which is escaped in it.
            write!(text, "\n# Terraform forgets {} too, which is not taken over.", left.named())
                .expect(WRITTEN);
        }
        block(&mut text, resource);
    }
    if !rest.is_empty() {
        text.push_str(REST);
        rest.iter().for_each(|resource| block(&mut text, resource));
    }
    Removal { text, resources: resources.into_iter().collect(), rest, forgotten, stays, of_modules }
}

const WRITTEN: &str = "a text can always be written to";

/// A block without `destroy = false` destroys.
fn block(text: &mut String, resource: &Reference) {
    write!(text, "\nremoved {{\n  from = {resource}\n\n  lifecycle {{\n    destroy = false\n  }}\n}}\n")
        .expect(WRITTEN);
}
