//! The deletion of a security group, which AWS refuses while something holds it.

use std::collections::BTreeMap;

use futures_util::future::join3;

use super::{DELETE, change};
use crate::aws::{Aws, absent_is_done, aws_error, ec2};
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::resource::Id;

/// Deletes the group.
pub(super) async fn delete(aws: &Aws, id: &Id) -> Result<(), CloudError> {
    let sent = aws.write.ec2.delete_security_group().group_id(id.as_str()).send().await;
    match absent_is_done(sent.map(drop).map_err(aws_error(DELETE))) {
        // AWS says only that something holds the group.
        Err(mut error) if error.outcome == Outcome::Busy => {
            let holders = holders(aws, id).await;
            if holders.interfaces.is_empty() {
                // Two groups that go and name each other would wait for each other for ever.
                change::let_go_of(aws, id, &holders.groups).await?;
            }
            error.message.push_str(&holders.in_words());
            Err(error)
        }
        other => other,
    }
}

/// The holders that keep a group from being deleted, as far as they can be read: for a message, so what fails is left out.
struct Holders {
    /// Network interfaces, with their descriptions.
    interfaces: BTreeMap<String, String>,
    /// Other groups whose rules name it, with their names.
    groups: BTreeMap<String, String>,
}

async fn holders(aws: &Aws, id: &Id) -> Holders {
    let with = |filter| vec![ec2::filter(filter, [id.as_str()])];
    let referring = |filter| ec2::security_groups(aws, with(filter));
    let (interfaces, ingress, egress) = join3(
        ec2::interfaces(aws, with("group-id")),
        referring("ip-permission.group-id"),
        referring("egress.ip-permission.group-id"),
    )
    .await;
    let interfaces = interfaces.unwrap_or_default();
    let interfaces = interfaces.iter().filter_map(|one| {
        Some((one.network_interface_id()?.to_owned(), one.description().unwrap_or_default().to_owned()))
    });
    let groups = [ingress, egress]
        .into_iter()
        .flat_map(Result::unwrap_or_default)
        // A group's own rules about itself do not hold it.
        .filter(|group| group.group_id() != Some(id.as_str()))
        .filter_map(|group| Some((group.group_id()?.to_owned(), group.group_name()?.to_owned())));
    Holders { interfaces: interfaces.collect(), groups: groups.collect() }
}

impl Holders {
    /// `; held by network interface eni-1 (…); named in rules of sg-1 (…)`
    fn in_words(&self) -> String {
        let kinds = [("held by network interface", &self.interfaces), ("named in rules of", &self.groups)];
        let there = kinds.into_iter().filter(|(_, holders)| !holders.is_empty());
        let words = there.map(|(how, holders)| {
            let named: Vec<String> = holders.iter().map(|(id, name)| named(id, name)).collect();
            format!("; {how} {}", named.join(", "))
        });
        words.collect()
    }
}

fn named(id: &str, name: &str) -> String {
    if name.is_empty() { id.to_owned() } else { format!("{id} ({name})") }
}
