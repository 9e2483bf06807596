//! The call that makes a security group, and its rehearsal.

use aws_sdk_ec2::operation::create_security_group::builders::CreateSecurityGroupInputBuilder;
use aws_sdk_ec2::types::{ResourceType, TagSpecification};

use super::{GROUPS, SecurityGroup, TAG};
use crate::aws::kind::id_in_answer;
use crate::aws::kinds::tags::{self, to_ec2};
use crate::aws::{Aws, aws_error, row};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Id, Owner};

/// The call that makes a group.
pub(crate) const CREATE: Call = Call::new(
    "ec2:CreateSecurityGroup",
    // The tags are no property of the VPC, which is checked too.
    &[Grant::tagging(GROUPS), Grant::on(&["ec2:vpc/*"])],
)
.checked(&[Check::new(
    TAG.name,
    Grant::on(GROUPS).when(&[When::Tagging, When::Is("ec2:CreateAction", "CreateSecurityGroup")]),
    "Amazon EC2 User Guide, Grant permission to tag resources during creation",
)]);

/// Makes a group without its rules, which no create call takes.
pub(super) async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
    let answer = creation(wanted, owner).send_with(&aws.write.ec2).await;
    id_in_answer(CREATE, answer.map_err(aws_error(CREATE))?.group_id)
}

/// Asks EC2 whether the create call would be allowed, without making anything: the answer is always an error, and
/// `DryRunOperation` the one that says yes.
pub(crate) async fn rehearse(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<(), CloudError> {
    let rehearsal = creation(wanted, owner).dry_run(true).send_with(&aws.write.ec2).await;
    rehearsal.map(drop).map_err(aws_error(CREATE))
}

fn creation(wanted: &Document, owner: &Owner) -> CreateSecurityGroupInputBuilder {
    let tags = to_ec2(&tags::with_ownership(&tags::of(wanted), owner));
    let tags = TagSpecification::builder().resource_type(ResourceType::SecurityGroup).set_tags(Some(tags));
    row::create_call::<SecurityGroup>(wanted).tag_specifications(tags.build())
}
