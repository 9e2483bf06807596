//! Security groups: the cluster's own, which are only read, and those that are made for storage.

mod change;
mod check;
mod cost;
mod find;
mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::operation::create_security_group::builders::CreateSecurityGroupFluentBuilder;
use aws_sdk_ec2::types::{ResourceType, TagSpecification};
use futures_util::future::{join3, try_join_all};
use serde::{Deserialize, Serialize};

use crate::aws::kinds::tags::{TagChange, Tags, check_tags, claim, ours, tag_change, to_ec2, with_ownership};
use crate::aws::resource::{Change, Observe, Observed, Resource, Tracked};
use crate::aws::{Aws, absent_is_done, aws_error, ec2};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::resource::{
    Condition, Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience,
};
use check::{check_name, check_rules, check_text};
use rule::Direction;

pub use rule::Rule;

const GROUPS: &[&str] = &["ec2:security-group/*"];
const OURS: &[Grant] = &[Grant::owned(GROUPS)];

const TAG: Call = Call::new("ec2:CreateTags", OURS);
const UNTAG: Call = Call::new("ec2:DeleteTags", OURS);
const DELETE: Call = Call::new("ec2:DeleteSecurityGroup", OURS);

/// A group with all its rules: what is not written is taken out, AWS's own allow-all egress too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    pub name: String,
    pub description: String,
    pub vpc_id: String,
    #[serde(deserialize_with = "rule::normalised")]
    pub ingress: BTreeSet<Rule>,
    #[serde(deserialize_with = "rule::normalised")]
    pub egress: BTreeSet<Rule>,
    #[serde(default)]
    pub tags: Tags,
}

/// A group as AWS shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub name: String,
    pub vpc_id: String,
    pub arn: String,
}

impl Observe for SecurityGroup {
    const KIND: &'static str = "aws_security_group";
    const CALLS: &'static [Call] =
        &[ec2::SECURITY_GROUPS, change::READ, ec2::INTERFACES, Self::CREATE, DELETE];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        let reads = tracked.chunks(ec2::FILTER_VALUES).map(|chunk| {
            let ids = chunk.iter().map(|one| one.id.as_str());
            ec2::security_groups(aws, vec![ec2::filter("group-id", ids)])
        });
        let found = try_join_all(reads).await?.into_iter().flatten();
        let recorded: BTreeMap<&str, Option<&Self>> =
            tracked.iter().map(|one| (one.id.as_str(), one.recorded.as_ref())).collect();
        Ok(found
            .filter_map(|live| {
                let id = live.group_id()?;
                let tags = ec2::tags(live.tags());
                let observed = Observed {
                    in_force: None,
                    remarks: Vec::new(),
                    inputs: recorded
                        .get(id)?
                        .map(|recorded| Self::of_live(&live, ours(&tags, &recorded.tags))),
                    outputs: Outputs {
                        name: live.group_name().unwrap_or_default().to_owned(),
                        vpc_id: live.vpc_id().unwrap_or_default().to_owned(),
                        arn: live.security_group_arn().unwrap_or_default().to_owned(),
                    },
                    condition: Condition::Ready,
                    ownership: Ownership::of_tags(&tags),
                    vpc: live.vpc_id().map(Id::new),
                };
                Some((Id::new(id), observed))
            })
            .collect())
    }
}

impl Resource for SecurityGroup {
    const FIELDS: &'static [Field] = &[
        // EC2 takes names that differ in case alone for the same one.
        Field::replace("name").met_by(same_name).chosen_once().written_as("security_group"),
        Field::replace("description").chosen_once().follows(),
        Field::replace("vpc_id").follows(),
        Field::in_place("ingress", change::INGRESS, Effect::AccessLoss)
            .depending(cost::ingress)
            .made_from("access"),
        Field::in_place("egress", change::EGRESS, Effect::AccessLoss).depending(cost::egress).follows(),
        Field::in_place("tags", &[TAG, UNTAG], Effect::None),
    ];
    const NATURAL_KEY: &'static [&'static str] = &["name", "vpc_id"];
    /// AWS deletes no group that something uses (DependencyViolation).
    const LOSS: Effect = Effect::None;
    /// A group is there at once, but its deletion waits for network interfaces that EFS and RDS take down late.
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(5),
        create: Duration::from_secs(5 * 60),
        update: Duration::from_secs(5 * 60),
        delete: Duration::from_secs(15 * 60),
    };

    fn check(&self, observed: Option<&Self>) -> Vec<Invalid> {
        let Self { name, description, vpc_id: _, ingress, egress, tags } = self;
        let mut found = check_text("name", name);
        found.extend(observed.filter(|live| live.name != *name && live.name.eq_ignore_ascii_case(name)).map(
            |live| {
                let stays = format!("stays {}: to EC2, names that differ in case alone are one", live.name);
                Invalid::altered("name", stays)
            },
        ));
        found.extend(check_name(name));
        found.extend(check_text("description", description));
        found.extend(check_rules(Direction::Ingress, ingress));
        found.extend(check_rules(Direction::Egress, egress));
        found.extend(check_tags(tags));
        found
    }

    async fn find(&self, aws: &Aws, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        find::find(aws, owner, self).await
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, CloudError> {
        let made = self.creation(aws, owner).send().await.map_err(aws_error(Self::CREATE))?;
        match made.group_id {
            Some(id) if !id.is_empty() => Ok(Id::new(id)),
            _ => Err(CloudError::bad_response(Self::CREATE, "the new group has no id")),
        }
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), CloudError> {
        // The first three only a new group can have.
        let Self { name: _, description: _, vpc_id: _, ingress, egress, tags } = self;
        let rules = [(Direction::Ingress, ingress), (Direction::Egress, egress)];
        let differing: Vec<_> =
            rules.into_iter().filter(|(direction, _)| change.touches(&[direction.field()])).collect();
        if !differing.is_empty() {
            change::set_rules(aws, change.id, &differing).await?;
        }
        if change.touches(&["tags"]) {
            change_tags(aws, change.id, &tag_change(&change.observed.tags, tags)).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, id: &Id, _owner: &Owner, _: Option<&str>) -> Result<(), CloudError> {
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

    const CLAIM: &'static [Call] = &[TAG];

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        change_tags(aws, id, &claim(owner)).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let found = ec2::security_groups(aws, vec![ec2::filter("group-id", [text])]).await?;
        Ok(found.iter().find_map(find::found_of).map(Named::from))
    }
}

impl SecurityGroup {
    /// The call that makes a group.
    pub const CREATE: Call = Call::new(
        "ec2:CreateSecurityGroup",
        // The tags are no property of the VPC, which is checked too.
        &[Grant::tagging(GROUPS), Grant::on(&["ec2:vpc/*"])],
    )
    .checked(&[Check::new(
        TAG.name,
        Grant::on(GROUPS).when(&[When::Tagging, When::Is("ec2:CreateAction", "CreateSecurityGroup")]),
        "Amazon EC2 User Guide, Grant permission to tag resources during creation",
    )]);

    /// Asks EC2 whether the create call would be allowed, without making anything: the answer is always an error, and
    /// `DryRunOperation` the one that says yes.
    pub async fn rehearse(&self, aws: &Aws, owner: &Owner) -> Result<(), CloudError> {
        let rehearsal = self.creation(aws, owner).dry_run(true).send().await;
        rehearsal.map(drop).map_err(aws_error(Self::CREATE))
    }

    fn creation(&self, aws: &Aws, owner: &Owner) -> CreateSecurityGroupFluentBuilder {
        // No create call takes rules: an update sets them.
        let Self { name, description, vpc_id, ingress: _, egress: _, tags } = self;
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroup)
            .set_tags(Some(to_ec2(&with_ownership(tags, owner))))
            .build();
        let call = aws.write.ec2.create_security_group().group_name(name).description(description);
        call.vpc_id(vpc_id).tag_specifications(tags)
    }

    fn of_live(live: &aws_sdk_ec2::types::SecurityGroup, tags: Tags) -> Self {
        let group = live.group_id().unwrap_or_default();
        let owner = live.owner_id();
        let rules = |permissions: &[aws_sdk_ec2::types::IpPermission]| {
            permissions.iter().flat_map(|one| Rule::of_permission(one, group, owner)).collect()
        };
        Self {
            name: live.group_name().unwrap_or_default().to_owned(),
            description: live.description().unwrap_or_default().to_owned(),
            vpc_id: live.vpc_id().unwrap_or_default().to_owned(),
            ingress: rules(live.ip_permissions()),
            egress: rules(live.ip_permissions_egress()),
            tags,
        }
    }
}

fn same_name(desired: &serde_json::Value, observed: &serde_json::Value) -> bool {
    match (desired.as_str(), observed.as_str()) {
        (Some(desired), Some(observed)) => desired.eq_ignore_ascii_case(observed),
        _ => desired == observed,
    }
}

async fn change_tags(aws: &Aws, id: &Id, change: &TagChange) -> Result<(), CloudError> {
    if !change.set.is_empty() {
        let call = aws.write.ec2.create_tags().resources(id.as_str()).set_tags(Some(to_ec2(&change.set)));
        call.send().await.map_err(aws_error(TAG))?;
    }
    if !change.remove.is_empty() {
        // A key without a value takes the tag off, even if its value has changed.
        let keys =
            change.remove.iter().map(|key| aws_sdk_ec2::types::Tag::builder().key(key).build()).collect();
        let call = aws.write.ec2.delete_tags().resources(id.as_str()).set_tags(Some(keys));
        call.send().await.map_err(aws_error(UNTAG))?;
    }
    Ok(())
}

/// The holders that keep a group from being deleted, as far as they can be read: for a message, so what fails is left out.
async fn holders(aws: &Aws, id: &Id) -> Vec<String> {
    let interfaces =
        aws.read.ec2.describe_network_interfaces().filters(ec2::filter("group-id", [id.as_str()]));
    let referring = |filter| ec2::security_groups(aws, vec![ec2::filter(filter, [id.as_str()])]);
    let (interfaces, ingress, egress) = join3(
        interfaces.send(),
        referring("ip-permission.group-id"),
        referring("egress.ip-permission.group-id"),
    )
    .await;
    let interfaces = interfaces.ok().and_then(|page| page.network_interfaces).unwrap_or_default();
    let interfaces: BTreeSet<String> = interfaces
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_normalised_where_they_are_read() {
        let read: SecurityGroup = serde_json::from_value(serde_json::json!({
            "name": "a", "description": "b", "vpc_id": "vpc-1",
            "ingress": [
                { "protocol": "TCP", "from_port": 22, "to_port": 22, "source": "2001:DB8::/32" },
                { "protocol": "6", "from_port": 22, "to_port": 22, "source": "2001:db8::/32" },
            ],
            "egress": [{ "protocol": "all", "from_port": 0, "to_port": 0, "source": "0.0.0.0/0" }],
        }))
        .expect("a group");
        assert_eq!(read.ingress.len(), 1);
        let egress = serde_json::to_value(&read.egress).expect("rules are data");
        assert_eq!(egress, serde_json::json!([{ "protocol": "-1", "source": "0.0.0.0/0" }]));
    }
}
