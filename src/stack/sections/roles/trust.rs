//! The trust policy of a role: service accounts by the tokens of an OIDC provider, and services of AWS.

use serde_json::{Map, Value, json};

use super::{AUDIENCES, INSTANCE_PROFILE, SERVICE_ACCOUNTS, SERVICES, items};
use crate::engine::address::Address;
use crate::engine::document::reference;
use crate::stack::section::Entry;
use crate::stack::section::statement::texts;

pub(super) const VERSION: &str = "2012-10-17";
/// The principal that stands for the machines of EC2.
pub(super) const EC2: &str = "ec2.amazonaws.com";
const BY_TOKEN: &str = "sts:AssumeRoleWithWebIdentity";
const BY_SERVICE: &str = "sts:AssumeRole";
/// The part of an ARN after which the issuer stands.
const OF_PROVIDER: &str = ":oidc-provider/";
/// The subject of a service account's token ("Service account tokens", Kubernetes documentation).
const SUBJECT: &str = "system:serviceaccount:";

/// An OIDC provider, by values or by references to one that is watched.
#[derive(Clone, Debug, Default)]
pub(super) struct Provider {
    arn: String,
    /// The host and path of its URL: what condition keys begin with.
    issuer: String,
    /// The audiences of tokens; none where they are not looked at.
    audiences: Vec<String>,
}

impl Provider {
    /// The one that is watched at an address. Its own audiences count where the entry names none: kops registers others than EKS does.
    pub(super) fn watched(address: &Address, entry: &Entry) -> Self {
        let its = |output: &str| reference(address, output);
        let audiences = match entry.get(&AUDIENCES) {
            Some(_) => owned(items(entry, &AUDIENCES)),
            None => vec![its("audiences")],
        };
        Self { arn: its("arn"), issuer: its("issuer"), audiences }
    }

    /// The one of this ARN, where the entry says everything of it.
    pub(super) fn named(arn: &str, entry: &Entry) -> Option<Self> {
        entry.get(&AUDIENCES)?;
        let audiences = owned(items(entry, &AUDIENCES));
        Some(Self { arn: arn.to_owned(), issuer: issuer_of(arn)?.to_owned(), audiences })
    }
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// The issuer in the ARN of a provider.
pub(super) fn issuer_of(arn: &str) -> Option<&str> {
    arn.split_once(OF_PROVIDER).map(|(_, issuer)| issuer)
}

/// The whole policy. Without a condition on the subject, every pod of the cluster could take the role.
pub(super) fn policy(entry: &Entry, provider: &Provider) -> Value {
    let mut statements = Vec::new();
    let accounts = items(entry, &SERVICE_ACCOUNTS);
    if !accounts.is_empty() {
        let subject = |account: &&str| format!("{SUBJECT}{}", account.replacen('/', ":", 1));
        let subjects: Vec<String> = accounts.iter().map(subject).collect();
        let operator =
            if accounts.iter().any(|one| one.contains('*')) { "StringLike" } else { "StringEquals" };
        let Provider { arn, issuer, audiences } = provider;
        let mut conditions = Map::new();
        conditions.insert(operator.to_owned(), json!({ (format!("{issuer}:sub")): subjects }));
        if !audiences.is_empty() {
            let equals = conditions.entry("StringEquals").or_insert_with(|| json!({}));
            equals[format!("{issuer}:aud")] = audiences.clone().into();
        }
        statements.push(json!({
            "Sid": "ServiceAccounts", "Effect": "Allow", "Principal": { "Federated": arn }, "Action": BY_TOKEN,
            "Condition": conditions,
        }));
    }
    let mut services: Vec<&str> = items(entry, &SERVICES);
    if entry.flag(&INSTANCE_PROFILE) == Some(true) && !services.contains(&EC2) {
        services.push(EC2);
    }
    if !services.is_empty() {
        services.sort_unstable();
        statements.push(json!({
            "Sid": "Services", "Effect": "Allow", "Principal": { "Service": services }, "Action": BY_SERVICE,
        }));
    }
    json!({ "Version": VERSION, "Statement": statements })
}

/// What a trust policy says, in the words of the stack file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub provider: Option<String>,
    pub accounts: Vec<String>,
    pub audiences: Vec<String>,
    pub services: Vec<String>,
}

/// The words for a trust policy; nothing where it says something that has none.
pub(super) fn said(policy: &Value) -> Option<Said> {
    let mut said = Said::default();
    for statement in texts(policy.get("Statement")?) {
        let of = |part: &str| statement.get(part).map(texts).unwrap_or_default();
        let principals = statement.get("Principal")?.as_object()?;
        let (kind, who) = principals.iter().next().filter(|_| principals.len() == 1)?;
        let who: Option<Vec<String>> = texts(who).iter().map(|one| one.as_str().map(str::to_owned)).collect();
        let who = who?;
        let plain = statement.get("Effect")? == "Allow"
            && statement.as_object()?.keys().all(|part| KNOWN.contains(&part.as_str()));
        let action = of("Action");
        let is_by = |call: &str| matches!(action.as_slice(), [only] if only.as_str().is_some_and(|one| one.eq_ignore_ascii_case(call)));
        match kind.as_str() {
            "Service" if plain && is_by(BY_SERVICE) && statement.get("Condition").is_none() => {
                said.services.extend(who)
            }
            "Federated" if plain && is_by(BY_TOKEN) && said.provider.is_none() => {
                let [arn] = who.as_slice() else { return None };
                let (accounts, audiences) = tokens(issuer_of(arn)?, statement.get("Condition")?)?;
                said = Said { provider: Some(arn.clone()), accounts, audiences, ..said };
            }
            _ => return None,
        }
    }
    Some(said)
}

const KNOWN: [&str; 5] = ["Sid", "Effect", "Principal", "Action", "Condition"];

/// The service accounts and audiences that a condition on tokens of an issuer names.
fn tokens(issuer: &str, conditions: &Value) -> Option<(Vec<String>, Vec<String>)> {
    let (mut accounts, mut audiences) = (Vec::new(), Vec::new());
    for (operator, keys) in conditions.as_object()? {
        for (key, values) in keys.as_object()? {
            let values: Option<Vec<String>> =
                texts(values).iter().map(|one| one.as_str().map(str::to_owned)).collect();
            let is = |what: &str| key.eq_ignore_ascii_case(&format!("{issuer}:{what}"));
            match operator.as_str() {
                "StringEquals" | "StringLike" if is("sub") && accounts.is_empty() => {
                    let account =
                        |subject: &String| Some(subject.strip_prefix(SUBJECT)?.replacen(':', "/", 1));
                    let all: Option<Vec<String>> = values?.iter().map(account).collect();
                    accounts = all?;
                }
                "StringEquals" if is("aud") => audiences = values?,
                _ => return None,
            }
        }
    }
    (!accounts.is_empty()).then_some((accounts, audiences))
}
