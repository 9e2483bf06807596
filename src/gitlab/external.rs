//! The services that GitLab uses and does not run itself: database, cache, buckets and role, as the chart and the omnibus package need them.

use serde_json::Value;

use super::description::{Description, GitLab, Ingress};
use super::secrets::managed_of;
use super::target::Refused;
use crate::stack::parts::{BUCKETS, CACHES, DATABASES, ROLES};

/// The variables that passwords and keys come from.
pub const DATABASE_PASSWORD: &str = "GITLAB_DB_PASSWORD";
pub const CACHE_PASSWORD: &str = "GITLAB_REDIS_PASSWORD";
pub const MAIL_PASSWORD: &str = "GITLAB_SMTP_PASSWORD";
/// The keys by which GitLab reaches buckets: never those that this program, or the AWS command line, runs with.
pub const KEY: &str = "GITLAB_AWS_ACCESS_KEY_ID";
pub const SECRET_KEY: &str = "GITLAB_AWS_SECRET_ACCESS_KEY";

/// The database of GitLab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    pub host: String,
    pub port: String,
    /// The name of the database inside the instance.
    pub name: String,
    pub user: String,
    /// The Secret with its password.
    pub secret: String,
    /// True if AWS manages the password.
    pub is_managed: bool,
}

/// The cache of GitLab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    pub host: String,
    pub port: String,
    pub has_tls: bool,
    /// The Secret with its password, where it asks for one.
    pub secret: Option<String>,
}

/// The part of the stack file that describes GitLab.
///
/// # Errors
/// [`Refused`], where there is none.
pub fn gitlab<'a>(description: &'a Description<'_>) -> Result<&'a GitLab, Refused> {
    let gitlab = description.gitlab.as_ref();
    gitlab.ok_or_else(|| Refused::new("the stack file describes no GitLab", "write `gitlab:`"))
}

/// Its database.
///
/// # Errors
/// [`Refused`], where the instance was made without a database in it.
pub fn database(description: &Description<'_>, gitlab: &GitLab) -> Result<Database, Refused> {
    let entry = gitlab.database.as_str();
    let is_declared = description.declared(DATABASES, entry, "database_name").is_some();
    let name = description.optional(DATABASES, entry, "database", is_declared).ok_or_else(|| {
        Refused::new(
            format!("the database {entry} is one without a database in it"),
            "write `database_name: gitlab_production` below it; one that stands already has to be made anew for that",
        )
    })?;
    let output = |field: &str| description.output(DATABASES, entry, field);
    Ok(Database {
        host: output("host"),
        port: output("port"),
        name,
        user: output("username"),
        secret: entry.to_owned(),
        is_managed: managed_of(description, DATABASES, entry).is_some(),
    })
}

/// Its cache, where it has one.
pub fn cache(description: &Description<'_>, gitlab: &GitLab) -> Option<Cache> {
    let entry = gitlab.cache.as_deref()?;
    let is_on = |option: &str| description.declared(CACHES, entry, option) != Some(&Value::Bool(false));
    Some(Cache {
        host: description.output(CACHES, entry, "endpoint"),
        port: description.output(CACHES, entry, "port"),
        has_tls: is_on("transit_encryption"),
        secret: is_on("authentication").then(|| entry.to_owned()),
    })
}

/// The name of the bucket for a kind of objects, where there is one.
pub fn bucket(description: &Description<'_>, gitlab: &GitLab, objects: &str) -> Option<String> {
    let entry = gitlab.buckets.get(objects)?;
    Some(description.output(BUCKETS, entry, "name"))
}

/// The ARN of its role, where it has one.
pub fn role(description: &Description<'_>, name: Option<&str>) -> Option<String> {
    Some(description.output(ROLES, name?, "arn"))
}

/// The warning on service accounts of rendered files that the role of these files does not name: their pods would be refused.
pub fn untrusted(description: &Description<'_>, role: &str, accounts: &[String]) -> Option<String> {
    let named = description.declared(ROLES, role, "service_accounts").and_then(Value::as_array);
    let named: Vec<&str> = named.into_iter().flatten().filter_map(Value::as_str).collect();
    let is_named = |account: &&String| {
        named.iter().any(|one| match one.strip_suffix('*') {
            Some(front) => account.starts_with(front),
            None => one == account,
        })
    };
    let missing: Vec<&str> = accounts.iter().filter(|one| !is_named(one)).map(String::as_str).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "the role {role} does not name the service account{} {}, whose pods AWS would refuse: write {} as `service_accounts` of the role",
            if missing.len() == 1 { "" } else { "s" },
            missing.join(", "),
            if missing.len() == 1 { "it" } else { "them" }
        )
    })
}

/// The note on pods that take a role: kops mounts no token for it by itself.
pub fn token(role: &str) -> String {
    format!(
        "pods take the role {role} by a token that the pod identity webhook mounts (`podIdentityWebhook: {{ enabled: true }}` below `spec` of the \
         kops cluster, with cert-manager); without it, the annotation of a service account does nothing"
    )
}

/// True if TLS ends at the Ingress.
pub fn has_tls(ingress: &Ingress) -> bool {
    match ingress.class == ALB {
        true => ingress.certificate_arn.is_some(),
        false => ingress.tls_secret.is_some(),
    }
}

/// The class of the AWS Load Balancer Controller.
pub const ALB: &str = "alb";

/// A number, or the placeholder that stands for it before an apply.
pub fn number(text: &str) -> Value {
    text.parse::<u32>().map_or_else(|_| text.into(), Value::from)
}

/// The kinds of objects that each have a bucket in every GitLab that keeps objects in S3.
pub const NEEDED: [&str; 4] = ["artifacts", "lfs", "packages", "uploads"];

/// The kinds that may have one.
pub const MORE: [&str; 5] =
    ["ci_secure_files", "dependency_proxy", "external_diffs", "pages", "terraform_state"];

/// Nothing where GitLab keeps no objects in buckets.
///
/// # Errors
/// [`Refused`], where it does and a bucket that it needs is missing.
pub fn all_needed(gitlab: &GitLab) -> Result<bool, Refused> {
    let missing: Vec<&str> = NEEDED.into_iter().filter(|one| !gitlab.buckets.contains_key(*one)).collect();
    match missing.len() {
        0 => Ok(true),
        all if all == NEEDED.len() => Ok(false),
        _ => {
            let message = format!("objects are in S3, and there is no bucket for: {}", missing.join(", "));
            Err(Refused::new(message, format!("write `{}: NAME` below `buckets:` of `gitlab:`", missing[0])))
        }
    }
}

/// The sentence on a database's password that nobody but the user renews.
pub fn rotation(database: &str, means: &str) -> String {
    format!(
        "AWS changes the managed password of {database} every seven days, and GitLab reads it when it starts: {means}"
    )
}
