//! The Secrets that pods read passwords from, and where each password is. No password is ever here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::description::{Description, GitLab};
use super::external::{CACHE_PASSWORD, DATABASE_PASSWORD};
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

/// The commands that make a Secret, or a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    pub name: String,
    /// For a POSIX shell, in a shell of their own: the first that fails ends them, and nothing is made of an empty value.
    pub commands: String,
    /// One sentence on it.
    pub about: String,
    /// The variables of the environment that the commands read.
    pub reads: Vec<String>,
    /// The outputs in the commands that have no value yet.
    pub unknown: BTreeSet<String>,
}

impl Recipe {
    /// A recipe from a value that is not empty and goes into the cluster by a pipe: through no file, and no argument of a process.
    /// `fetch` is shell that leaves the value in the variable `value`, and `reads` the variables that it needs.
    pub fn of(made: &Made<'_>, reads: &[&str], fetch: &[String]) -> Self {
        let Made { name, key, namespace, .. } = *made;
        let create = match made.form {
            Kind::ConfigMap => format!("configmap {name}"),
            Kind::Secret => format!("secret generic {name}"),
            Kind::Login => format!("secret generic {name} --type=kubernetes.io/dockerconfigjson"),
        };
        let more: String = made.empty.iter().map(|key| format!(" --from-literal={key}=")).collect();
        let mut lines: Vec<String> = reads.iter().map(|one| needed(one)).collect();
        lines.extend_from_slice(fetch);
        lines.push(r#": "${value:?there is no value to make it of}""#.to_owned());
        lines.push(r#"printf '%s' "$value" \"#.to_owned());
        lines.push(format!(
            "  | kubectl create {create} --namespace {namespace} --from-file={key}=/dev/stdin{more} {DRY_RUN} \\"
        ));
        lines.push(format!("  | {APPLY}"));
        Self {
            name: name.to_owned(),
            commands: script(&lines),
            about: about(name, reads, "it can be run again to renew it, and needs kubectl"),
            reads: reads.iter().map(|one| (*one).to_owned()).collect(),
            unknown: BTreeSet::new(),
        }
    }

    /// The sentence on it among the notes on a file that names it.
    pub fn note(&self) -> String {
        let with = match self.reads.as_slice() {
            [] => String::new(),
            reads => format!(", with {} in the environment", reads.join(" and ")),
        };
        format!(
            "{0} has to be in the cluster first{with}; the commands that make it: provision secret {0}",
            self.name
        )
    }
}

/// A Secret or a ConfigMap with a key.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    pub name: &'a str,
    pub key: &'a str,
    /// As the shell has it.
    pub namespace: &'a str,
    pub form: Kind,
    /// Keys beside it that are there without a value.
    pub empty: &'a [&'a str],
}

impl<'a> Made<'a> {
    /// A Secret with one key.
    pub fn secret(name: &'a str, key: &'a str, namespace: &'a str) -> Self {
        Self { name, key, namespace, form: Kind::Secret, empty: &[] }
    }
}

/// The kind of what is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Secret,
    /// A Secret by which images are pulled.
    Login,
    ConfigMap,
}

const DRY_RUN: &str = "--dry-run=client --output yaml";

/// Without `--server-side`, an annotation of the Secret would have its whole content once more.
const APPLY: &str = "kubectl apply --server-side --force-conflicts --filename -";

/// The line that ends a recipe where a variable is empty or not set.
fn needed(variable: &str) -> String {
    format!(r#": "${{{variable}:?set it in the environment first}}""#)
}

/// Lines in a shell of their own, which a mistake ends and not the shell of the user. It is read as a whole before a command of it runs,
/// so that none takes the rest for its input.
fn script(lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("(\n  set -eu\n{lines})")
}

fn about(name: &str, reads: &[&str], rest: &str) -> String {
    let from = match reads {
        [] => String::new(),
        reads => format!(", from the variables {} of the environment", reads.join(" and ")),
    };
    format!("To make {name}{from}; {rest}:")
}

/// The recipes of all Secrets that the stack needs.
pub fn recipes(description: &Description<'_>) -> Vec<Recipe> {
    description.take_asked();
    let mut all = Vec::new();
    for managed in managed(description) {
        all.push(of_managed(description, &managed, unknown(description)));
    }
    if let Some(gitlab) = &description.gitlab {
        all.extend(of_others(description, gitlab));
    }
    all.extend(super::targets::recipes(description));
    all
}

/// The outputs without a value that were asked for since this was called before.
pub fn unknown(description: &Description<'_>) -> BTreeSet<String> {
    let asked = description.take_asked();
    asked.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect()
}

/// The password goes from Secrets Manager into the cluster by pipes alone.
fn of_managed(
    description: &Description<'_>,
    Managed { name, arn }: &Managed,
    unknown: BTreeSet<String>,
) -> Recipe {
    let region = description.region;
    let fetch = [
        format!(
            "secret=\"$(aws secretsmanager get-secret-value --region {region} --secret-id '{arn}' --query SecretString --output text)\""
        ),
        format!("value=\"$(printf '%s' \"$secret\" | jq --raw-output '.{PASSWORD} // empty')\""),
    ];
    Recipe {
        unknown,
        about: format!(
            "To make the Secret {name}, or to renew it after AWS has changed the password; it needs aws, jq and kubectl:"
        ),
        ..Recipe::of(&Made::secret(name, PASSWORD, &description.kubernetes.namespace), &[], &fetch)
    }
}

/// The passwords of GitLab's database and cache that the user alone has, and the certificate of its Ingress.
fn of_others(description: &Description<'_>, gitlab: &GitLab) -> Vec<Recipe> {
    let namespace = &description.kubernetes.namespace;
    let of_entry = |section: &'static str, name: &str, variable: &str| {
        let option = description.declared(section, name, PASSWORD).and_then(Value::as_str);
        let variable = option.and_then(|option| option.strip_prefix("env:")).unwrap_or(variable);
        let fetch = [format!("value=\"${variable}\"")];
        let is_there = managed_of(description, section, name).is_some();
        (!is_there).then(|| Recipe::of(&Made::secret(name, PASSWORD, namespace), &[variable], &fetch))
    };
    let mut all: Vec<Recipe> = of_entry(DATABASES, &gitlab.database, DATABASE_PASSWORD).into_iter().collect();
    let cache = gitlab.cache.as_deref();
    let cache = cache
        .filter(|cache| description.declared(CACHES, cache, "authentication") != Some(&Value::Bool(false)));
    all.extend(cache.and_then(|cache| of_entry(CACHES, cache, CACHE_PASSWORD)));
    let ingress = gitlab.ingress.as_ref().filter(|ingress| !ingress.is_alb());
    if let Some(name) = ingress.and_then(|ingress| ingress.tls_secret.as_deref()) {
        let reads = ["TLS_CERTIFICATE_FILE", "TLS_KEY_FILE"];
        let mut lines: Vec<String> = reads.map(needed).to_vec();
        lines.push(format!(
            "kubectl create secret tls {name} --namespace {namespace} --cert=\"$TLS_CERTIFICATE_FILE\" --key=\"$TLS_KEY_FILE\" {DRY_RUN} \\"
        ));
        lines.push(format!("  | {APPLY}"));
        all.push(Recipe {
            name: name.to_owned(),
            commands: script(&lines),
            about: about(name, &reads, "each names a file in PEM; it can be run again, and needs kubectl"),
            reads: reads.map(str::to_owned).to_vec(),
            unknown: BTreeSet::new(),
        });
    }
    description.take_asked();
    all
}

/// Random keys, made once: a Secret that is there is never replaced.
pub fn of_keys(description: &Description<'_>) -> Recipe {
    let namespace = &description.kubernetes.namespace;
    let key = |(name, form): &(&str, Form)| {
        let (before, after) = if *form == Form::List { ("[\"", "\"]") } else { ("", "") };
        let bytes = if *form == Form::Password { 24 } else { 64 };
        format!("  made {name} {bytes} '{before}' '{after}'")
    };
    let mut lines = vec![
        format!(
            "there=\"$(kubectl get secret {KEYS} --namespace {namespace} --ignore-not-found --output name)\""
        ),
        format!(
            "if [ -n \"$there\" ]; then printf '%s\\n' '{KEYS} is there, and stays as it is'; exit 0; fi"
        ),
        "made() {".to_owned(),
        "  key=\"$(openssl rand -hex \"$2\")\"".to_owned(),
        "  printf '%s=%s%s%s\\n' \"$1\" \"$3\" \"${key:?openssl made no key}\" \"$4\"".to_owned(),
        "}".to_owned(),
        "value=\"$(".to_owned(),
    ];
    lines.extend(OF_KEYS.iter().map(key));
    lines.push(")\"".to_owned());
    lines.push(r#": "${value:?there is no value to make it of}""#.to_owned());
    lines.push(format!(
        "printf '%s\\n' \"$value\" | kubectl create secret generic {KEYS} --namespace {namespace} --from-env-file=/dev/stdin"
    ));
    Recipe {
        name: KEYS.to_owned(),
        commands: script(&lines),
        about: format!(
            "To make the Secret {KEYS} once, with new random keys; one that is there stays as it is. Keep a copy of it in a safe place: nothing makes \
             the same keys again. It needs openssl and kubectl:"
        ),
        reads: Vec::new(),
        unknown: BTreeSet::new(),
    }
}
