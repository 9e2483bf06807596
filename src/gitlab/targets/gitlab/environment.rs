//! The environment of GitLab's container: docker-gitlab, assets/runtime/env-defaults.

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};

use super::{Site, redis};
use crate::gitlab::description::GitLab;
use crate::gitlab::secrets::{self, KEYS, PASSWORD};
use crate::stack::parts::{CACHES, DATABASES};

/// The variable of each key of the Secret of GitLab's own keys, in the order of those.
const OF_KEYS: [&str; 8] = [
    "GITLAB_ROOT_PASSWORD",
    "GITLAB_SECRETS_DB_KEY_BASE",
    "GITLAB_SECRETS_SECRET_KEY_BASE",
    "GITLAB_SECRETS_OTP_KEY_BASE",
    "GITLAB_SECRETS_ENCRYPTED_SETTINGS_KEY_BASE",
    "GITLAB_SECRETS_ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
    "GITLAB_SECRETS_ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY",
    "GITLAB_SECRETS_ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT",
];

/// All variables, each once.
pub fn variables(site: &Site<'_>) -> Vec<EnvVar> {
    let GitLab { time_zone, smtp, database, .. } = site.gitlab;
    let output = |field: &str| site.description.output(DATABASES, database, field);
    let (redis_host, redis_port) = match site.cache {
        Some(cache) => {
            let output = |field: &str| site.description.output(CACHES, cache, field);
            (output("endpoint"), output("port"))
        }
        None => (redis::NAME.to_owned(), redis::PORT.to_string()),
    };
    let mut all = vec![
        value("TZ", time_zone),
        value("GITLAB_TIMEZONE", time_zone),
        value("GITLAB_HOST", &site.gitlab.host()),
        value("GITLAB_HTTPS", if site.has_tls { "true" } else { "false" }),
        value("GITLAB_PORT", if site.has_tls { "443" } else { "80" }),
        value("GITLAB_SSH_HOST", &site.gitlab.ssh_host()),
        value("GITLAB_SSH_PORT", "22"),
        value("DB_ADAPTER", "postgresql"),
        value("DB_HOST", &output("host")),
        value("DB_PORT", &output("port")),
        value("DB_NAME", &site.database_name),
        value("DB_USER", &output("username")),
        secret("DB_PASS", database, PASSWORD),
        // docker-gitlab has no variable of its own for it; libpq reads this one.
        value("PGSSLMODE", "require"),
        value("REDIS_HOST", &redis_host),
        value("REDIS_PORT", &redis_port),
    ];
    if let Some(smtp) = smtp {
        all.extend([
            value("SMTP_ENABLED", "true"),
            value("SMTP_HOST", &smtp.address),
            value("SMTP_PORT", &smtp.port.to_string()),
            value("SMTP_DOMAIN", &site.gitlab.domain),
        ]);
        all.extend(smtp.from.as_deref().map(|from| value("GITLAB_EMAIL", from)));
    }
    all.extend(OF_KEYS.into_iter().zip(secrets::OF_KEYS).map(|(name, (key, _))| secret(name, KEYS, key)));
    all
}

fn value(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None }
}

fn secret(name: &str, secret: &str, key: &str) -> EnvVar {
    let selector = SecretKeySelector { name: secret.to_owned(), key: key.to_owned(), optional: None };
    let from = EnvVarSource { secret_key_ref: Some(selector), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value: None, value_from: Some(from) }
}
