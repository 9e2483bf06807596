//! The deletion of a security group, which AWS refuses while something holds it.

use std::collections::BTreeSet;

use futures_util::future::join3;

use super::DELETE;
use crate::aws::{Aws, absent_is_done, aws_error, ec2};
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::resource::Id;

/// Deletes the group.
pub(super) async fn delete(aws: &Aws, id: &Id) -> Result<(), CloudError> {
    let sent = aws.write.ec2.delete_security_group().group_id(id.as_str()).send().await;
    match absent_is_done(sent.map(drop).map_err(aws_error(DELETE))) {
        // AWS says only that something holds the group.
        Err(mut error) if error.outcome == Outcome::Busy => {
            for holders in holders(aws, id).await {
                error.message.push_str("; ");
                error.message.push_str(&holders);
            }
            Err(error)
        }
        other => other,
    }
}

/// The holders that keep a group from being deleted, as far as they can be read: for a message, so what fails is left out.
async fn holders(aws: &Aws, id: &Id) -> Vec<String> {
    let with = |filter| vec![ec2::filter(filter, [id.as_str()])];
    let referring = |filter| ec2::security_groups(aws, with(filter));
    let (interfaces, ingress, egress) = join3(
        ec2::interfaces(aws, with("group-id")),
        referring("ip-permission.group-id"),
        referring("egress.ip-permission.group-id"),
    )
    .await;
    let interfaces: BTreeSet<String> = interfaces
        .unwrap_or_default()
        .iter()
        .filter_map(|one| Some(named(one.network_interface_id()?, one.description().unwrap_or_default())))
        .collect();
    let groups: BTreeSet<String> = [ingress, egress]
        .into_iter()
        .flat_map(Result::unwrap_or_default)
        // A group's own rules about itself do not hold it.
        .filter(|group| group.group_id() != Some(id.as_str()))
        .filter_map(|group| Some(named(group.group_id()?, group.group_name()?)))
        .collect();
    [("held by network interface", interfaces), ("named in rules of", groups)]
        .into_iter()
        .filter(|(_, holders)| !holders.is_empty())
        .map(|(how, holders)| format!("{how} {}", holders.into_iter().collect::<Vec<_>>().join(", ")))
        .collect()
}

fn named(id: &str, name: &str) -> String {
    if name.is_empty() { id.to_owned() } else { format!("{id} ({name})") }
}
