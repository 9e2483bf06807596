//! The Secrets that pods read passwords from, and where each password is. No password is ever here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::description::Description;
use crate::stack::parts::{CACHES, DATABASES};

/// A password that AWS manages, and the Secret by which pods read it: named like the entry, with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// The entry, and the Secret.
    pub name: String,
    /// The secret of Secrets Manager: JSON, with a key of the same name.
    pub arn: String,
}

/// The key of a Secret, and that of the JSON in Secrets Manager.
pub const PASSWORD: &str = "password";

/// All passwords of databases and caches that AWS manages.
pub fn managed(description: &Description<'_>) -> Vec<Managed> {
    let of = |section: &'static str| {
        let entries = description.entries(section).into_iter();
        entries.filter_map(move |name| managed_of(description, section, name))
    };
    of(DATABASES).chain(of(CACHES)).collect()
}

/// The password of one entry, if AWS manages it.
pub fn managed_of(description: &Description<'_>, section: &str, name: &str) -> Option<Managed> {
    let option = |option: &str| description.declared(section, name, option);
    let is_declared = match section {
        DATABASES => option(PASSWORD).and_then(Value::as_str) == Some("managed"),
        _ => {
            let is_unmanaged = option(PASSWORD).and_then(Value::as_str) == Some("unmanaged");
            option("authentication") != Some(&Value::Bool(false)) && !is_unmanaged
        }
    };
    let arn = description.optional(section, name, "secret_arn", is_declared)?;
    Some(Managed { name: name.to_owned(), arn })
}

/// The Secret of GitLab's own keys.
pub const KEYS: &str = "gitlab-secrets";

/// The keys in it, each with how it is made. To lose them is to lose the variables of CI and two-factor authentication (docker-gitlab,
/// "Available Configuration Parameters").
pub const OF_KEYS: [(&str, Form); 8] = [
    ("root-password", Form::Password),
    ("db-key-base", Form::Text),
    ("secret-key-base", Form::Text),
    ("otp-key-base", Form::Text),
    ("encrypted-settings-key-base", Form::Text),
    ("active-record-primary-key", Form::List),
    ("active-record-deterministic-key", Form::List),
    ("active-record-key-derivation-salt", Form::Text),
];

/// The form of a key: Rails takes a list of some, the newest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A password that a person types once, within the 128 characters that GitLab takes.
    Password,
    Text,
    List,
}

/// The commands that make a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    pub name: String,
    /// For a POSIX shell, each on lines of its own.
    pub commands: String,
    /// One sentence on it.
    pub about: String,
    /// The outputs in the commands that have no value yet.
    pub unknown: BTreeSet<String>,
}

/// The recipes of all Secrets that the stack needs.
pub fn recipes(description: &Description<'_>) -> Vec<Recipe> {
    description.take_asked();
    let mut all = Vec::new();
    for managed in managed(description) {
        let asked = description.take_asked();
        let unknown = asked.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        all.push(of_managed(description, &managed, unknown));
    }
    all.extend(description.gitlab.as_ref().map(|_| of_keys(description)));
    all.extend(super::targets::recipes(description));
    all
}

/// The password goes from Secrets Manager into the cluster by pipes alone.
fn of_managed(
    description: &Description<'_>,
    Managed { name, arn }: &Managed,
    unknown: BTreeSet<String>,
) -> Recipe {
    let namespace = &description.kubernetes.namespace;
    let region = description.region;
    Recipe {
        name: name.clone(),
        commands: format!(
            "aws secretsmanager get-secret-value --region {region} --secret-id '{arn}' --query SecretString --output text \\\n  | jq -j \
             .{PASSWORD} \\\n  | kubectl create secret generic {name} --namespace {namespace} --from-file={PASSWORD}=/dev/stdin --dry-run=client \
             --output yaml \\\n  | kubectl apply --server-side --filename -"
        ),
        about: format!(
            "To make the Secret {name}, or to renew it after AWS has changed the password; it needs aws, jq and kubectl:"
        ),
        unknown,
    }
}

/// Random keys, made once: a Secret that is there is never replaced.
fn of_keys(description: &Description<'_>) -> Recipe {
    let namespace = &description.kubernetes.namespace;
    let key = |(name, form): &(&str, Form)| {
        let (before, after) = if *form == Form::List { ("[\"", "\"]") } else { ("", "") };
        let bytes = if *form == Form::Password { 24 } else { 64 };
        format!("  printf '%s={before}%s{after}\\n' {name} \"$(openssl rand -hex {bytes})\"\n")
    };
    let keys: String = OF_KEYS.iter().map(key).collect();
    Recipe {
        name: KEYS.to_owned(),
        commands: format!(
            "{{\n{keys}}} | kubectl create secret generic {KEYS} --namespace {namespace} --from-env-file=/dev/stdin"
        ),
        about: format!(
            "To make the Secret {KEYS} once, with new random keys; keep a copy of it in a safe place, and never make it anew; it needs openssl and \
             kubectl:"
        ),
        unknown: BTreeSet::new(),
    }
}
