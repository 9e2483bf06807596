//! Brings the live rules of a group to the desired ones, without ever cutting off what both allow.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::SecurityGroupRuleDescription;
use serde_json::{Value, json};

use super::rule::{Direction, Rule, Rules};
use crate::aws::{Aws, aws_error, ec2};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::document::Document;
use crate::engine::resource::Id;

/// A rule belongs to its group, and has no tags of ours.
const RULES: &[Grant] = &[Grant::owned(super::GROUPS), Grant::on(&["ec2:security-group-rule/*"])];

pub(super) const READ: Call = Call::read("ec2:DescribeSecurityGroupRules");
const AUTHORIZE_INGRESS: Call = Call::new("ec2:AuthorizeSecurityGroupIngress", RULES);
const AUTHORIZE_EGRESS: Call = Call::new("ec2:AuthorizeSecurityGroupEgress", RULES);
const DESCRIBE_INGRESS: Call = Call::new("ec2:UpdateSecurityGroupRuleDescriptionsIngress", RULES);
const DESCRIBE_EGRESS: Call = Call::new("ec2:UpdateSecurityGroupRuleDescriptionsEgress", RULES);
const REVOKE_INGRESS: Call = Call::new("ec2:RevokeSecurityGroupIngress", RULES);
const REVOKE_EGRESS: Call = Call::new("ec2:RevokeSecurityGroupEgress", RULES);
/// The calls that change the rules of a direction.
pub(super) const INGRESS: &[Call] = &[AUTHORIZE_INGRESS, DESCRIBE_INGRESS, REVOKE_INGRESS];
pub(super) const EGRESS: &[Call] = &[AUTHORIZE_EGRESS, DESCRIBE_EGRESS, REVOKE_EGRESS];

/// The code of a refusal where a group would have more rules than its quota allows ("Error codes", EC2 API reference).
const FULL: &str = "RulesPerSecurityGroupLimitExceeded";

/// A rule as it is now.
struct Live {
    id: String,
    direction: Direction,
    rule: Rule,
}

/// The steps from the live rules of one direction to the desired ones.
#[derive(Debug, Default, PartialEq, Eq)]
struct RuleChange {
    authorise: Vec<Rule>,
    /// The new description by rule id.
    describe: BTreeMap<String, String>,
    /// Rule ids.
    revoke: Vec<String>,
}

/// Gives the group exactly these rules, in the directions that are named.
pub(super) async fn set_rules(
    aws: &Aws,
    group: &Id,
    desired: &[(Direction, Rules)],
) -> Result<(), CloudError> {
    match bring_to(aws, group, desired).await {
        // InvalidPermission.Duplicate: a rule came after the read, and nothing was changed. Read again; a rule that
        // is there and is still not seen stops the change, before anything is revoked that might be that rule.
        Err(error) if error.outcome == Outcome::Exists => bring_to(aws, group, desired).await,
        other => other,
    }
}

async fn bring_to(aws: &Aws, group: &Id, desired: &[(Direction, Rules)]) -> Result<(), CloudError> {
    let live = live_rules(aws, group).await?;
    let mut changes: Vec<_> = desired
        .iter()
        .map(|(direction, rules)| {
            let live = live.iter().filter(|one| one.direction == *direction);
            (*direction, rule_change(live, rules))
        })
        .collect();
    // Rules are added before others go: traffic that is allowed before and after is allowed all the time.
    for (direction, change) in &mut changes {
        match authorise(aws, group, *direction, &change.authorise).await {
            // Not for both: what goes makes room for what comes.
            Err(error) if error.code == FULL && !change.revoke.is_empty() => {
                revoke(aws, group, *direction, &std::mem::take(&mut change.revoke)).await?;
                authorise(aws, group, *direction, &change.authorise).await?;
            }
            done => done?,
        }
        describe(aws, group, *direction, &change.describe).await?;
    }
    for (direction, change) in &changes {
        revoke(aws, group, *direction, &change.revoke).await?;
    }
    Ok(())
}

/// Takes the rules out that name one of these groups.
pub(super) async fn let_go_of(
    aws: &Aws,
    group: &Id,
    others: &BTreeMap<String, String>,
) -> Result<(), CloudError> {
    if others.is_empty() {
        return Ok(());
    }
    let live = live_rules(aws, group).await?;
    for direction in [Direction::Ingress, Direction::Egress] {
        let theirs =
            live.iter().filter(|one| one.direction == direction && others.contains_key(&one.rule.source));
        let ids: Vec<String> = theirs.map(|one| one.id.clone()).collect();
        revoke(aws, group, direction, &ids).await?;
    }
    Ok(())
}

fn rule_change<'a>(live: impl Iterator<Item = &'a Live>, desired: &Rules) -> RuleChange {
    let mut missing: BTreeMap<Rule, &Rule> = desired.iter().map(|rule| (rule.identity(), rule)).collect();
    let mut change = RuleChange::default();
    for Live { id, rule, .. } in live {
        match missing.remove(&rule.identity()) {
            None => change.revoke.push(id.clone()),
            Some(wanted) if wanted.description != rule.description => {
                change.describe.insert(id.clone(), wanted.description.clone());
            }
            Some(_) => {}
        }
    }
    change.authorise = missing.into_values().cloned().collect();
    change
}

/// The rules of groups with their ids and tags, as `rules`.
pub(super) async fn with_ids(
    aws: &Aws,
    groups: impl Iterator<Item = &Id>,
) -> Result<BTreeMap<Id, Document>, CloudError> {
    let read = |filters| async move {
        let call = aws.read.ec2.describe_security_group_rules().set_filters(Some(filters));
        call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(aws_error(READ))
    };
    let all = ec2::with_any_of("group-id", groups.map(Id::as_str), read).await?;
    let mut found: BTreeMap<Id, Vec<Value>> = BTreeMap::new();
    for shown in &all {
        let (Some(group), Some(id)) = (shown.group_id(), shown.security_group_rule_id()) else { continue };
        let Some(rule) = Rule::of_rule(shown) else { continue };
        let tags = ec2::tags(shown.tags());
        let one = json!({ "id": id, "egress": shown.is_egress(), "rule": rule, "tags": tags });
        found.entry(Id::new(group)).or_default().push(one);
    }
    let document = |rules: Vec<Value>| Document::from_iter([("rules".to_owned(), rules.into())]);
    Ok(found.into_iter().map(|(id, rules)| (id, document(rules))).collect())
}

async fn live_rules(aws: &Aws, group: &Id) -> Result<Vec<Live>, CloudError> {
    let call =
        aws.read.ec2.describe_security_group_rules().filters(ec2::filter("group-id", [group.as_str()]));
    let rules: Vec<_> =
        call.into_paginator().items().send().collect::<Result<_, _>>().await.map_err(aws_error(READ))?;
    let live = rules.iter().filter_map(|rule| {
        let direction = if rule.is_egress()? { Direction::Egress } else { Direction::Ingress };
        Some(Live { id: rule.security_group_rule_id()?.to_owned(), direction, rule: Rule::of_rule(rule)? })
    });
    Ok(live.collect())
}

async fn authorise(aws: &Aws, group: &Id, direction: Direction, rules: &[Rule]) -> Result<(), CloudError> {
    if rules.is_empty() {
        return Ok(());
    }
    let permissions = Some(rules.iter().map(|rule| rule.to_permission(group.as_str())).collect());
    let (client, group) = (&aws.write.ec2, group.as_str());
    match direction {
        Direction::Ingress => {
            let call = client.authorize_security_group_ingress().group_id(group);
            let sent = call.set_ip_permissions(permissions).send().await;
            sent.map(drop).map_err(aws_error(AUTHORIZE_INGRESS))
        }
        Direction::Egress => {
            let call = client.authorize_security_group_egress().group_id(group);
            let sent = call.set_ip_permissions(permissions).send().await;
            sent.map(drop).map_err(aws_error(AUTHORIZE_EGRESS))
        }
    }
}

async fn describe(
    aws: &Aws,
    group: &Id,
    direction: Direction,
    descriptions: &BTreeMap<String, String>,
) -> Result<(), CloudError> {
    if descriptions.is_empty() {
        return Ok(());
    }
    let one = |(id, text): (&String, &String)| {
        let text = Some(text.clone()).filter(|text| !text.is_empty());
        SecurityGroupRuleDescription::builder().security_group_rule_id(id).set_description(text).build()
    };
    let descriptions = Some(descriptions.iter().map(one).collect());
    let (client, group) = (&aws.write.ec2, group.as_str());
    match direction {
        Direction::Ingress => {
            let call = client.update_security_group_rule_descriptions_ingress().group_id(group);
            let sent = call.set_security_group_rule_descriptions(descriptions).send().await;
            sent.map(drop).map_err(aws_error(DESCRIBE_INGRESS))
        }
        Direction::Egress => {
            let call = client.update_security_group_rule_descriptions_egress().group_id(group);
            let sent = call.set_security_group_rule_descriptions(descriptions).send().await;
            sent.map(drop).map_err(aws_error(DESCRIBE_EGRESS))
        }
    }
}

async fn revoke(aws: &Aws, group: &Id, direction: Direction, ids: &[String]) -> Result<(), CloudError> {
    if ids.is_empty() {
        return Ok(());
    }
    match revoke_at_once(aws, group, direction, ids.to_vec()).await {
        // One of them is gone, and none was revoked. Asked for alone, that answer means "done".
        Err(error) if is_gone(&error) => {}
        other => return other,
    }
    for id in ids {
        match revoke_at_once(aws, group, direction, vec![id.clone()]).await {
            Err(error) if is_gone(&error) => {}
            other => other?,
        }
    }
    Ok(())
}

/// True if the rule is not there; false if the group is not.
fn is_gone(error: &CloudError) -> bool {
    matches!(error.code.as_str(), "InvalidSecurityGroupRuleId.NotFound" | "InvalidPermission.NotFound")
}

async fn revoke_at_once(
    aws: &Aws,
    group: &Id,
    direction: Direction,
    ids: Vec<String>,
) -> Result<(), CloudError> {
    let (client, group, ids) = (&aws.write.ec2, group.as_str(), Some(ids));
    match direction {
        Direction::Ingress => {
            let call = client.revoke_security_group_ingress().group_id(group);
            let sent = call.set_security_group_rule_ids(ids).send().await;
            sent.map(drop).map_err(aws_error(REVOKE_INGRESS))
        }
        Direction::Egress => {
            let call = client.revoke_security_group_egress().group_id(group);
            let sent = call.set_security_group_rule_ids(ids).send().await;
            sent.map(drop).map_err(aws_error(REVOKE_EGRESS))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &str, description: &str) -> Rule {
        Rule {
            protocol: "tcp".to_owned(),
            from_port: Some(2049),
            to_port: Some(2049),
            source: source.to_owned(),
            description: description.to_owned(),
        }
    }

    fn live(id: &str, rule: Rule) -> Live {
        Live { id: id.to_owned(), direction: Direction::Ingress, rule }
    }

    #[test]
    fn only_what_differs_is_authorised_described_and_revoked() {
        let now = [
            live("sgr-1", rule("sg-1", "")),
            live("sgr-2", rule("sg-2", "")),
            live("sgr-3", rule("sg-3", "")),
        ];
        let desired = vec![rule("sg-1", ""), rule("sg-2", "nodes"), rule("sg-4", "")].into();
        let change = rule_change(now.iter(), &desired);
        assert_eq!(change.authorise, [rule("sg-4", "")]);
        assert_eq!(change.describe, BTreeMap::from([("sgr-2".to_owned(), "nodes".to_owned())]));
        assert_eq!(change.revoke, ["sgr-3"]);
    }

    #[test]
    fn rules_that_agree_need_no_call() {
        let now = [live("sgr-1", rule("sg-1", "a"))];
        assert_eq!(rule_change(now.iter(), &vec![rule("sg-1", "a")].into()), RuleChange::default());
    }
}
