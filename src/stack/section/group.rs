//! Security groups that a stack makes: the one behind an entry, and those that are entries of their own.

use serde_json::json;

use super::titled::Titled;
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::Network;
use crate::engine::resource::Pattern;
use crate::stack::Stack;
use crate::stack::blueprint::{BlueprintError, Draft, document, id_of};

/// The kind of security groups.
pub(in crate::stack) const KIND: &str = "aws_security_group";

/// The name of a security group (CreateSecurityGroup). AWS would allow `$`, `{` and `}` too; they are left out, since
/// `${…}` is a reference.
pub(in crate::stack) const NAME: Pattern = Pattern::new(
    "a security group's name: letters, digits, spaces and `._-:/()#,@[]+=&;!*`, at most 255, not starting with `sg-`, \
     and not `default`",
    "^[A-Za-z0-9._\\-:/()#,@\\[\\]+=&;!*]([A-Za-z0-9 ._\\-:/()#,@\\[\\]+=&;!*]*[A-Za-z0-9._\\-:/()#,@\\[\\]+=&;!*])?$",
    255,
)
.but_not("^([sS][gG]-|[dD][eE][fF][aA][uU][lL][tT]$)");

/// A group in the making.
pub(in crate::stack) struct Group<'a> {
    pub address: &'a Address,
    /// The part of it that the author writes.
    pub titled: Titled<'a>,
    /// The option that has the description.
    pub described_by: &'static str,
    /// The name where none is written and none is recorded.
    pub stem: String,
    /// The description where none is written and none is recorded.
    pub description: String,
    pub ingress: Vec<Document>,
    pub egress: Vec<Document>,
}

/// Declares a group in the stack's network.
///
/// # Errors
/// [`BlueprintError`] where another object has its address.
pub(in crate::stack) fn declare(draft: &mut Draft<'_>, group: Group<'_>) -> Result<(), BlueprintError> {
    let Group { address, titled, described_by, stem, description, ingress, egress } = group;
    let name = match titled.name {
        Some(written) => written.to_owned(),
        None => draft.kept.name(address, &stem),
    };
    // Another name is another group, which is made with what is written.
    let is_new = draft.kept.recorded(address, "name").is_none_or(|its| !its.eq_ignore_ascii_case(&name));
    let description = match titled.description.filter(|_| is_new) {
        Some(written) => written.to_owned(),
        None => draft.made_with((address, "description"), (described_by, titled.description), |kept| {
            kept.text(address, "description", description)
        }),
    };
    let inputs = document(json!({
        "name": name,
        "description": description,
        "vpc_id": id_of(&Network::vpc_address()),
        "ingress": ingress,
        "egress": egress,
        "tags": draft.tags(address, &as_tag(&name)),
    }));
    draft.declare(address.clone(), inputs)
}

/// The rule that AWS itself gives to a new group, without a description too: everything may go out.
pub(in crate::stack) fn all_out() -> Vec<Document> {
    vec![document(json!({ "protocol": "-1", "source": "0.0.0.0/0", "description": "" }))]
}

/// The address of a group that is an entry of its own.
pub(in crate::stack) fn address_of(entry: &str) -> Address {
    Address::new(KIND, entry)
}

/// True if a group is an entry of its own, of this name.
pub(in crate::stack) fn is_entry(stack: &Stack, name: &str) -> bool {
    stack.all().any(|(section, entry, _)| section.is_of_groups() && entry.as_str() == name)
}

/// A group as it is written in inputs: its id, where that is written, or a reference to the entry of this name.
pub(in crate::stack) fn of_text(text: &str) -> String {
    if is_id(text) { text.to_owned() } else { id_of(&address_of(text)) }
}

/// True for the id of a group, alone or with its account. No entry is called like one.
pub(in crate::stack) fn is_id(text: &str) -> bool {
    text.starts_with("sg-") || text.contains('/')
}

/// The name of a group as the value of a tag, in which fewer characters are allowed.
fn as_tag(group_name: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    group_name.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}
