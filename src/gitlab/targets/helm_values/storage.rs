//! Database, cache, objects, backups and the disk of Git repositories.

use serde_json::{Map, Value, json};

use super::values::Values;
use super::{Site, secrets};
use crate::gitlab::external::{self, NEEDED, bucket, number};
use crate::gitlab::secrets::PASSWORD;

/// The kinds of objects by their keys in the chart; those of the second list are kept on disk unless they are switched on.
const OF_CHART: [(&str, &str); 4] = [
    ("ci_secure_files", "ciSecureFiles"),
    ("dependency_proxy", "dependencyProxy"),
    ("external_diffs", "externalDiffs"),
    ("terraform_state", "terraformState"),
];

/// The containers that reach buckets, as they are named in the chart.
const COMPONENTS: [&str; 3] = ["gitlab.sidekiq", "gitlab.toolbox", "gitlab.webservice"];

/// Adds the keys.
pub fn add(site: &Site<'_>, values: &mut Values) {
    database(site, values);
    cache(site, values);
    objects(site, values);
    backups(site, values);
    let gitaly = site.gitlab.gitaly();
    values.set("gitlab.gitaly.persistence.size", gitaly.size);
    values.set_some("gitlab.gitaly.persistence.storageClass", gitaly.storage_class);
}

fn database(site: &Site<'_>, values: &mut Values) {
    let database = &site.database;
    for (key, value) in [
        ("host", Value::from(database.host.as_str())),
        ("port", number(&database.port)),
        ("database", database.name.as_str().into()),
        ("username", database.user.as_str().into()),
        ("password.secret", database.secret.as_str().into()),
        ("password.key", PASSWORD.into()),
        // So that connections to a primary that is gone end soon after a failover (libpq, connection parameters).
        ("connectTimeout", 10.into()),
        ("keepalives", 1.into()),
        ("keepalivesIdle", 30.into()),
        ("keepalivesInterval", 10.into()),
        ("keepalivesCount", 3.into()),
        ("tcpUserTimeout", 60_000.into()),
    ] {
        values.set(&format!("global.psql.{key}"), value);
    }
    // `global.psql.ssl` is for certificates of clients, which RDS does not know, and `global.psql.sslmode` is none of its keys.
    match site.gitlab.verify_database {
        true => {
            values.set("global.extraEnv.PGSSLMODE", "verify-full");
            values.set("global.extraEnv.PGSSLROOTCERT", "/etc/ssl/certs/ca-certificates.crt");
            let bundle = json!([{ "configMap": secrets::CERTIFICATES, "keys": [secrets::BUNDLE] }]);
            values.set("global.certificates.customCAs", bundle);
        }
        false => values.set("global.extraEnv.PGSSLMODE", "require"),
    }
    if site.chart < 10 {
        values.set("postgresql.install", false);
    }
}

fn cache(site: &Site<'_>, values: &mut Values) {
    let Some(cache) = &site.cache else { return };
    values.set("global.redis.host", cache.host.as_str());
    values.set("global.redis.port", number(&cache.port));
    values.set("global.redis.scheme", if cache.has_tls { "rediss" } else { "redis" });
    values.set("global.redis.auth.enabled", cache.secret.is_some());
    if let Some(secret) = &cache.secret {
        values.set("global.redis.auth.secret", secret.as_str());
        values.set("global.redis.auth.key", PASSWORD);
    }
    if site.chart < 10 {
        values.set("redis.install", false);
    }
}

fn objects(site: &Site<'_>, values: &mut Values) {
    if !site.has_buckets {
        return;
    }
    let name = |objects: &str| bucket(site.description, site.gitlab, objects);
    if site.chart < 10 {
        values.set("global.minio.enabled", false);
    }
    values.set("global.appConfig.object_store.enabled", true);
    values.set("global.appConfig.object_store.proxy_download", true);
    values.set("global.appConfig.object_store.connection.secret", secrets::OBJECTS);
    values.set("global.appConfig.object_store.connection.key", secrets::CONNECTION);
    for objects in NEEDED {
        values.set_some(&format!("global.appConfig.{objects}.bucket"), name(objects));
    }
    for (objects, key) in OF_CHART {
        if let Some(bucket) = name(objects) {
            values.set(&format!("global.appConfig.{key}.enabled"), true);
            values.set(&format!("global.appConfig.{key}.bucket"), bucket);
        }
    }
    if let (Some(bucket), true) = (name("registry"), site.gitlab.registry.is_some()) {
        values.set("registry.storage.secret", secrets::REGISTRY);
        values.set("registry.storage.key", secrets::CONFIG);
        values.set("global.registry.bucket", bucket);
    }
    if let Some(role) = &site.role {
        let registry = site.gitlab.registry.is_some().then_some("registry");
        for component in COMPONENTS.into_iter().chain(registry) {
            let annotations =
                Map::from_iter([("eks.amazonaws.com/role-arn".to_owned(), role.as_str().into())]);
            values.set(&format!("{component}.serviceAccount.enabled"), true);
            values.set(&format!("{component}.serviceAccount.create"), true);
            values.set(&format!("{component}.serviceAccount.annotations"), annotations);
        }
    }
}

fn backups(site: &Site<'_>, values: &mut Values) {
    let name = |objects: &str| bucket(site.description, site.gitlab, objects);
    let (Some(bucket), true) = (name("backups"), site.has_buckets) else { return };
    values.set("global.appConfig.backups.bucket", bucket);
    values.set_some("global.appConfig.backups.tmpBucket", name("tmp"));
    values.set("gitlab.toolbox.backups.objectStorage.backend", "s3");
    values.set("gitlab.toolbox.backups.objectStorage.config.secret", secrets::BACKUPS);
    values.set("gitlab.toolbox.backups.objectStorage.config.key", secrets::CONFIG);
    let backup = site.gitlab.backup();
    let cron = "gitlab.toolbox.backups.cron";
    values.set(&format!("{cron}.enabled"), true);
    values.set(&format!("{cron}.schedule"), backup.schedule);
    // s3cmd knows no role of a service account.
    values.set_some(&format!("{cron}.extraArgs"), site.role.as_ref().map(|_| "--s3tool awscli"));
    values.set(&format!("{cron}.persistence.enabled"), true);
    values.set(&format!("{cron}.persistence.size"), backup.size);
    values.set_some(&format!("{cron}.persistence.storageClass"), backup.storage_class);
}

/// Sentences on what is to be done beside the file.
pub fn notes(site: &Site<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if site.gitlab.buckets.contains_key("pages") {
        notes.push(
            "GitLab Pages are not switched on in these values: the bucket of `pages` stays empty".to_owned(),
        );
    }
    let (Some(_), Some(role), true) = (&site.role, &site.gitlab.role, site.has_buckets) else {
        return notes;
    };
    notes.push(format!(
        "the role {role} has to trust the service accounts of the release, which is to be named `gitlab`: {}",
        accounts(site).join(", ")
    ));
    notes.push(external::token(role));
    notes
}

/// The service accounts that have the role.
fn accounts(site: &Site<'_>) -> Vec<String> {
    let namespace = &site.description.kubernetes.namespace;
    let registry = site.gitlab.registry.is_some().then_some("registry");
    let names = COMPONENTS.into_iter().chain(registry).map(|component| {
        let name = component.rsplit('.').next().unwrap_or(component);
        format!("{namespace}/gitlab-{name}")
    });
    names.collect()
}

/// Sentences on what is unsound, or works otherwise than one may think.
pub fn warnings(site: &Site<'_>) -> Vec<String> {
    let gitlab = site.gitlab;
    let mut warnings = Vec::new();
    if site.cache.is_none() {
        warnings.push(
            "without `cache`, the chart's own Redis is installed: it is not for production, and gone from version 10 of the chart".to_owned(),
        );
    }
    if !site.has_buckets {
        warnings.push(
            "without `gitlab.buckets`, the chart's own MinIO is installed, with an Ingress of its own: it is not for production, and gone from version 10 \
             of the chart"
                .to_owned(),
        );
    } else if site.role.is_none() {
        warnings.push(
            "without `role`, buckets are reached by access keys, which do not expire: a role needs none"
                .to_owned(),
        );
    }
    if let (Some(role), true) = (&gitlab.role, site.has_buckets) {
        warnings.extend(external::untrusted(site.description, role, &accounts(site)));
    }
    if site.has_buckets && !gitlab.buckets.contains_key("backups") {
        warnings.push(
            "there are no backups of repositories: write `backups` and `tmp` below `gitlab.buckets`"
                .to_owned(),
        );
    }
    if let Some(file_system) = &gitlab.file_system {
        warnings.push(format!(
            "the chart uses no file system: Git repositories are on the disk of `gitaly`, of EBS, and nothing is on {file_system}"
        ));
    }
    warnings
}
