//! The policy of a file system: the author's statements by name, and TLS for all.

use serde_json::{Map, Value, json};

use crate::engine::document::Document;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::Name;
use crate::stack::section::statement::{CONDITIONS, SID, conditions_of, texts};
use crate::stack::section::{Conflict, Entry};

pub(super) const ENFORCE_TLS: Property = Property {
    name: "enforce_tls",
    doc: "True if clients have to mount with TLS: the file system's policy says so. `false` takes the policy away, unless `policy` has\n\
          statements; without both options, what was made of them is taken back, and any other policy stays what it is.",
    shape: Shape::Flag,
    need: Need::Optional,
};

pub(super) const POLICY: Property = Property {
    name: "policy",
    doc: "Who may do what with it, in statements by name. They take the place of EFS's own policy, which lets everybody in who reaches\n\
          a mount target. `{}` for none.",
    shape: Shape::MapOf { keys: SID, values: &Shape::Object(STATEMENT) },
    need: Need::Optional,
};

/// The parts of a statement (EFS User Guide, "Resource-based policies within Amazon EFS").
const STATEMENT: &[Property] = &[
    Property {
        name: "effect",
        doc: "`Deny` counts more than `Allow`, here and in the policies of users.",
        shape: Shape::OneOf(&["Allow", "Deny"]),
        need: Need::Required,
    },
    Property {
        name: "principals",
        doc: "Whom it is about: accounts, ARNs of users and roles, services of AWS, or `*` for everybody.",
        shape: Shape::SetOf(&Shape::Text(PRINCIPAL)),
        need: Need::Required,
    },
    Property {
        name: "actions",
        doc: "What it is about, such as `elasticfilesystem:ClientMount`, or `*`.",
        shape: Shape::SetOf(&Shape::Text(ACTION)),
        need: Need::Required,
    },
    CONDITIONS,
];

/// IAM User Guide, IAM JSON policy elements: Principal. An account that is written as a number keeps its zeros.
const PRINCIPAL: Pattern = Pattern::new(
    "`*`, an account of 12 digits, the ARN of a user or role, or a service such as `backup.amazonaws.com`",
    "^(\\*|[0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^ ]+|[a-z0-9.-]+\\.amazonaws\\.com(\\.cn)?)$",
    2_048,
)
.bare();

const ACTION: Pattern = Pattern::new(
    "an action of EFS, such as `elasticfilesystem:ClientMount`, or `*`",
    "^(\\*|elasticfilesystem:[A-Za-z*?]+)$",
    128,
);

/// The call by which a policy is changed.
const PUT: &str = "elasticfilesystem:putfilesystempolicy";

/// The statements that EFS refuses, whoever asks.
pub(super) fn wrong(name: &Name, entry: &Entry) -> Vec<Conflict> {
    let statements = entry.get(&POLICY).and_then(Value::as_object).into_iter().flatten();
    let mut found = Vec::new();
    for (sid, statement) in statements {
        let mut conflict = |options: &[&'static str], message: String, remedy: &str| {
            found.push(Conflict {
                path: vec![name.to_string(), POLICY.name.to_owned(), sid.clone()],
                options: options.to_vec(),
                message,
                remedy: remedy.to_owned(),
            });
        };
        let texts = |option: &str| -> Vec<&str> {
            statement[option].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
        };
        // "You must specify" both, and an empty list is none (IAM User Guide, "Grammar of the IAM JSON policy language": `principal_map`
        // and `action_block` hold one at least).
        for (option, example) in [("principals", "\"*\""), ("actions", "elasticfilesystem:ClientMount")] {
            if texts(option).is_empty() {
                let message =
                    format!("the statement `{sid}` names no `{option}`, and EFS takes no such policy");
                conflict(&[option], message, &format!("write one at least, such as `{option}: [{example}]`"));
            }
        }
        // "the policy in the request will lock out, or prevent, the IAM principal that is making the request from making future
        // PutFileSystemPolicy requests" (PutFileSystemPolicy, EFS API reference). One under a condition may be about others.
        let is_bare = statement.get("conditions").and_then(Value::as_object).is_none_or(Map::is_empty);
        let denies_all = statement["effect"] == "Deny" && is_bare && texts("principals").contains(&"*");
        if denies_all && texts("actions").iter().any(|action| covers(action)) {
            let message = format!(
                "the statement `{sid}` keeps everybody from changing the policy again, you too, and EFS refuses that"
            );
            conflict(
                &["actions", "principals"],
                message,
                "name the actions that are denied, such as `elasticfilesystem:Client*`, or add `conditions`",
            );
        }
    }
    found
}

/// True for an action, perhaps with `*` and `?`, that is the change of a policy too.
fn covers(action: &str) -> bool {
    fn fits(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                fits(rest, text) || text.split_first().is_some_and(|(_, left)| fits(pattern, left))
            }
            (Some((b'?', rest)), Some((_, left))) => fits(rest, left),
            (Some((one, rest)), Some((other, left))) => one == other && fits(rest, left),
            _ => false,
        }
    }
    fits(action.to_lowercase().as_bytes(), PUT.as_bytes())
}

/// The whole policy; empty for none, and nothing where the author says nothing of it.
pub(super) fn document(entry: &Entry) -> Option<Value> {
    let written = entry.get(&POLICY).and_then(Value::as_object);
    let enforced = entry.flag(&ENFORCE_TLS);
    if written.is_none() && enforced.is_none() {
        return None;
    }
    let mut statements: Vec<Value> =
        written.into_iter().flatten().map(|(name, parts)| statement(name, parts)).collect();
    if enforced == Some(true) {
        // Without statements of the author's own, everybody keeps the rights of EFS's own policy.
        if statements.is_empty() {
            statements.push(everybody());
        }
        statements.push(tls_only());
    }
    Some(match statements.as_slice() {
        [] => json!({}),
        _ => json!({ "Version": "2012-10-17", "Statement": statements }),
    })
}

/// A statement as IAM has it. It names no resource: EFS adds the file system's own.
fn statement(name: &str, parts: &Value) -> Value {
    let mut statement = json!({
        "Sid": name,
        "Effect": parts["effect"],
        "Principal": principals(&parts["principals"]),
        "Action": parts["actions"],
    });
    if let Some(conditions) = parts.get("conditions").and_then(Value::as_object).filter(|all| !all.is_empty())
    {
        statement["Condition"] = Value::Object(conditions.clone());
    }
    statement
}

/// Services apart from what has an account.
fn principals(listed: &Value) -> Document {
    let mut kinds: Map<String, Value> = Map::new();
    for one in listed.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let is_service = one.contains(".amazonaws.com") && !one.starts_with("arn:");
        let kind = if is_service { "Service" } else { "AWS" };
        let of_kind = kinds.entry(kind).or_insert_with(|| json!([]));
        of_kind.as_array_mut().into_iter().for_each(|all| all.push(one.into()));
    }
    kinds
}

/// The rights that everyone has without a policy (EFS User Guide, "Default EFS file system policy").
fn everybody() -> Value {
    json!({
        "Sid": "MountThroughTargets", "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": [
            "elasticfilesystem:ClientMount",
            "elasticfilesystem:ClientRootAccess",
            "elasticfilesystem:ClientWrite",
        ],
        "Condition": { "Bool": { "elasticfilesystem:AccessedViaMountTarget": "true" } },
    })
}

fn tls_only() -> Value {
    json!({
        "Sid": "NothingWithoutTls", "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "*",
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}

/// The options that make this policy, where there are some: `same` tells whether two policies mean the same.
pub(super) fn written(policy: &Value, same: &dyn Fn(&Value, &Value) -> bool) -> Option<Document> {
    let makes = |options: &Document| {
        let entry = Entry { own: options.clone(), ..Entry::default() };
        document(&entry).is_some_and(|made| same(&made, policy))
    };
    let tls_alone = Document::from_iter([(ENFORCE_TLS.name.to_owned(), true.into())]);
    if makes(&tls_alone) {
        return Some(tls_alone);
    }
    let listed = policy.get("Statement")?;
    let listed = listed.as_array().cloned().unwrap_or_else(|| vec![listed.clone()]);
    let mut statements = Document::new();
    for (number, one) in listed.iter().enumerate() {
        let sid = one
            .get("Sid")
            .and_then(Value::as_str)
            .filter(|sid| SID.fits(sid) && !statements.contains_key(*sid));
        let name = sid.map_or_else(|| format!("Statement{}", number + 1), str::to_owned);
        statements.insert(name, parts(one)?);
    }
    let is_tls = |name: &&String| {
        let made = statement(name, &statements[*name]);
        let alone = |one: Value| json!({ "Version": "2012-10-17", "Statement": [one] });
        same(&alone(made), &alone(tls_only()))
    };
    let tls: Vec<String> = statements.keys().filter(is_tls).cloned().collect();
    let all = Document::from_iter([(POLICY.name.to_owned(), Value::Object(statements.clone()))]);
    tls.iter().for_each(|name| drop(statements.remove(name)));
    let with_tls = Document::from_iter([
        (POLICY.name.to_owned(), Value::Object(statements)),
        (ENFORCE_TLS.name.to_owned(), true.into()),
    ]);
    [with_tls, all].into_iter().find(makes)
}

/// A statement of IAM as it is written; nothing where it says something that has no option.
fn parts(statement: &Value) -> Option<Value> {
    let principals: Vec<Value> = match statement.get("Principal")? {
        Value::Object(kinds) => kinds.values().flat_map(texts).collect(),
        all => texts(all),
    };
    let mut written = json!({
        "effect": statement.get("Effect")?,
        "principals": principals,
        "actions": texts(statement.get("Action")?),
    });
    if let Some(conditions) = conditions_of(statement) {
        written["conditions"] = conditions;
    }
    Some(written)
}
