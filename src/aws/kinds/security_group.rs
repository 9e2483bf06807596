//! Security groups: those that are made for storage, and the cluster's own, which are only read.

mod change;
mod check;
mod cost;
mod creation;
mod deletion;
mod find;
mod rule;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::operation::create_security_group::builders::CreateSecurityGroupInputBuilder as Create;
use aws_sdk_ec2::types::{IpPermission, SecurityGroup as Live};
use serde_json::Value;

use crate::aws::kind::{self, Kind, Seen};
use crate::aws::kinds::tags::{self, TagChange, to_ec2};
use crate::aws::row::{self, Key, Row, own, text};
use crate::aws::{Aws, aws_error, ec2};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{Condition, Effect, Found, Id, Named, Owner, Patience, Pattern};
use rule::{Direction, Rule};

pub(crate) use creation::{CREATE, rehearse};
pub(crate) use rule::{Rules, without_own_account};

const GROUPS: &[&str] = &["ec2:security-group/*"];
const OURS: &[Grant] = &[Grant::owned(GROUPS)];

const TAG: Call = Call::new("ec2:CreateTags", OURS);
const UNTAG: Call = Call::new("ec2:DeleteTags", OURS);
const DELETE: Call = Call::new("ec2:DeleteSecurityGroup", OURS);

/// A name: the characters are those of descriptions too (EC2 API reference, CreateSecurityGroup). AWS takes spaces off its ends.
const NAME_RULE: Pattern = Pattern::new(
    "1 to 255 letters of ASCII, digits, spaces and `._-:/()#,@[]+=&;{}!$*`, not start with `sg-` as ids do, not be `default`, and \
     not start or end with a space",
    CHARACTERS,
    255,
)
.but_not("(?i)^sg-|^default$|^ | $");
const DESCRIPTION_RULE: Pattern =
    Pattern::new("1 to 255 letters of ASCII, digits, spaces and `._-:/()#,@[]+=&;{}!$*`", CHARACTERS, 255);
const CHARACTERS: &str = r"^[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+$";

type Field<T> = Key<SecurityGroup, T>;
const NAME: Field<String> = Key::new("name");
const VPC: Field<String> = Key::new("vpc_id");
/// The rules of a group are all its rules: one that is not written is taken out, AWS's own allow-all egress too.
pub(crate) const INGRESS: Field<Rules> = Key::new("ingress");
pub(crate) const EGRESS: Field<Rules> = Key::new("egress");

/// Security groups of EC2.
pub struct SecurityGroup;

impl Kind for SecurityGroup {
    const KIND: &'static str = "aws_security_group";
    const CALLS: &'static [Call] = &[ec2::SECURITY_GROUPS, change::READ, ec2::INTERFACES, CREATE, DELETE];
    // Each change has a call of its own.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &NAME
            .field(text(NAME_RULE).required())
            .written_as("security_group")
            .create(Create::set_group_name)
            .fixed()
            .observe(|group| Some(group.group_name.clone().unwrap_or_default()))
            // EC2 takes names that differ in case alone for the same one.
            .met_by(same_name)
            .chosen_once()
            .also_from(&["name"]),
        &Field::new("description")
            .field(text(DESCRIPTION_RULE).required())
            .made_from("security_group")
            .create(Create::set_description)
            .fixed()
            .observe(|group| Some(group.description.clone().unwrap_or_default()))
            .chosen_once()
            .also_from(&["description"]),
        &VPC.field(text(Pattern::any("the id of a VPC")).required())
            .follows()
            .create(Create::set_vpc_id)
            .fixed()
            .observe(|group| Some(group.vpc_id.clone().unwrap_or_default())),
        // No create call takes rules: an update sets them.
        &INGRESS
            .field(own().required())
            .made_from("access")
            .sent_by_code(InPlace(Effect::AccessLoss), change::INGRESS)
            .observe(|group| Some(rules(group.live, group.ip_permissions())))
            .depending(cost::ingress)
            .joined_by(rule::joined)
            .also_from(&["ingress"]),
        &EGRESS
            .field(own().required())
            .follows()
            .sent_by_code(InPlace(Effect::AccessLoss), change::EGRESS)
            .observe(|group| Some(rules(group.live, group.ip_permissions_egress())))
            .depending(cost::egress)
            .also_from(&["egress"]),
        &tags::row::<Self>(&[TAG, UNTAG], |group| Some(tags::shown(group, &ec2::tags(group.tags())))),
    ];
    const CHECKS: &'static [kind::Check] =
        &[check::name_keeps_its_case, check::rules, check::all_ports, tags::check];
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
    const CLAIM: &'static [Call] = &[TAG];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        let ids = tracked.iter().map(|one| one.id.as_str());
        let found = ec2::with_any_of("group-id", ids, |filters| ec2::security_groups(aws, filters)).await?;
        Ok(found.into_iter().filter_map(|live| Some((Id::new(live.group_id()?), live))).collect())
    }

    fn seen(live: &Live, _: Option<&Document>) -> Seen {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Seen {
            outputs: row::outputs([
                ("name", text(&live.group_name)),
                ("vpc_id", text(&live.vpc_id)),
                ("arn", text(&live.security_group_arn)),
            ]),
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: find::ownership(live),
            vpc: live.vpc_id().map(Id::new),
        }
    }

    async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        match (NAME.text(wanted), VPC.text(wanted)) {
            (Some(name), Some(vpc)) => find::find(aws, owner, name, vpc).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        creation::create(aws, wanted, owner).await
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        let differs = |direction: &Direction| change.fields.contains(direction.field().name);
        let differing = [Direction::Ingress, Direction::Egress].into_iter().filter(differs);
        let differing: Vec<(Direction, Rules)> =
            differing.filter_map(|direction| Some((direction, direction.field().of(wanted)?))).collect();
        if !differing.is_empty() {
            change::set_rules(aws, change.id, &differing).await?;
        }
        match tags::asked_for(wanted, &change) {
            Some(tags) => change_tags(aws, change.id, &tags).await,
            None => Ok(()),
        }
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        deletion::delete(aws, deletion.id).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        change_tags(aws, id, &tags::claim(owner)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        find::list(aws).await
    }

    async fn beyond(aws: &Aws, shown: &BTreeMap<Id, Live>) -> Result<BTreeMap<Id, Document>, CloudError> {
        change::with_ids(aws, shown.keys()).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let found = ec2::security_groups(aws, vec![ec2::filter("group-id", [text])]).await?;
        let named = |live: &Live| Some(Named { found: find::found_of(live)?, unfit: unfit(live) });
        Ok(found.iter().find_map(named))
    }
}

/// Why a group is none that a stack can have.
fn unfit(live: &Live) -> Option<String> {
    match (live.vpc_id(), live.group_name()) {
        // EC2-Classic had groups without a VPC (SecurityGroup, EC2 API reference).
        (None, _) => Some("it stands in no VPC".to_owned()),
        // "You can't delete a default security group" ("Default security groups for your VPCs", Amazon VPC User Guide).
        (Some(vpc), Some("default")) => {
            Some(format!("it is the default group of {vpc}: each VPC has one, and AWS deletes none"))
        }
        _ => None,
    }
}

fn rules(live: &Live, permissions: &[IpPermission]) -> Rules {
    let group = live.group_id().unwrap_or_default();
    permissions.iter().flat_map(|one| Rule::of_permission(one, group, live.owner_id())).collect()
}

fn same_name(desired: &Value, observed: &Value) -> bool {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::kinds::registry;
    use crate::engine::resource::Invalid;

    fn group(replaced: Value) -> Document {
        let base = json!({
            "name": "EFS_K8s", "description": "NFS", "vpc_id": "vpc-1", "ingress": [], "egress": [], "tags": {},
        });
        let object = |value: Value| value.as_object().expect("a document is an object").clone();
        object(base).into_iter().chain(object(replaced)).collect()
    }

    fn check(wanted: Value, observed: Option<Value>) -> Vec<Invalid> {
        let registry = registry();
        let kind = registry.managing(SecurityGroup::KIND).expect("the kind is known");
        let observed = observed.map(group);
        kind.check(&group(wanted), observed.as_ref()).expect("it fits")
    }

    #[test]
    fn rules_are_normalised_and_each_stands_once() {
        let registry = registry();
        let kind = registry.managing(SecurityGroup::KIND).expect("the kind is known");
        let normal = kind.normalise(&group(json!({
            "ingress": [
                { "protocol": "udp", "from_port": 9, "to_port": 9, "source": "sg-1", "description": "" },
                { "protocol": "TCP", "from_port": 80, "to_port": 80, "source": "2001:DB8::/32" },
                { "protocol": "6", "from_port": 80, "to_port": 80, "source": "2001:db8::/32" },
                { "protocol": "tcp", "from_port": 9, "to_port": 9, "source": "${aws_security_group.nodes.id}" },
            ],
            "egress": [{ "protocol": "all", "from_port": 0, "to_port": 0, "source": "0.0.0.0/0" }],
        })));
        let normal = normal.expect("it fits");
        assert_eq!(
            normal["ingress"],
            json!([
                { "protocol": "tcp", "from_port": 9, "to_port": 9, "source": "${aws_security_group.nodes.id}" },
                { "protocol": "tcp", "from_port": 80, "to_port": 80, "source": "2001:db8::/32" },
                { "protocol": "udp", "from_port": 9, "to_port": 9, "source": "sg-1" },
            ])
        );
        assert_eq!(normal["egress"], json!([{ "protocol": "-1", "source": "0.0.0.0/0" }]));
        assert_eq!(kind.normalise(&normal).expect("it fits"), normal);
        for odd in [json!({ "ports": 1 }), json!({ "source": "sg-1" }), json!("sg-1")] {
            assert!(kind.normalise(&group(json!({ "ingress": [odd] }))).is_err());
        }
    }

    #[test]
    fn names_and_descriptions_that_aws_would_refuse_are_named() {
        let long = "a".repeat(256);
        for (name, description, expected) in [
            ("", "x", vec!["name"]),
            (long.as_str(), "x", vec!["name"]),
            ("sg-mine", "x", vec!["name"]),
            ("SG-mine", "x", vec!["name"]),
            ("Default", "x", vec!["name"]),
            ("gitlab ", "x", vec!["name"]),
            ("gitlab?", "x", vec!["name"]),
            ("gitlab", "", vec!["description"]),
            ("gitlab", "GitLab's database", vec!["description"]),
            ("gitlab", long.as_str(), vec!["description"]),
            ("EFS_K8s", "NFS for gitlab (nodes, masters)", vec![]),
            ("default-2", "x", vec![]),
        ] {
            let found = check(json!({ "name": name, "description": description }), None);
            let found: Vec<&str> = found.iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{name:?} {description:?}");
        }
    }

    #[test]
    fn a_name_in_another_case_stays_as_it_is() {
        let found = check(json!({ "name": "efs_k8s" }), Some(json!({})));
        assert!(found.len() == 1 && found[0].message.contains("stays EFS_K8s"), "{found:?}");
        assert_eq!(check(json!({}), Some(json!({}))), []);
    }
}
