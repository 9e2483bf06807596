//! The Secrets that the chart reads beside those of database and cache, and the commands that make each.

use serde_json::json;

use super::Site;
use crate::gitlab::external::{KEY, MAIL_PASSWORD, SECRET_KEY, bucket};
use crate::gitlab::secrets::{Kind, Made, PASSWORD, Recipe, unknown};

/// The connection to S3.
pub const OBJECTS: &str = "gitlab-object-storage";
/// The storage of the registry.
pub const REGISTRY: &str = "gitlab-registry-storage";
/// The configuration of the tool that moves backups.
pub const BACKUPS: &str = "gitlab-backup-storage";
/// The password of the mail relay.
pub const SMTP: &str = "gitlab-smtp";
/// The ConfigMap with the certificates of RDS, and its key.
pub const CERTIFICATES: &str = "rds-ca";
pub const BUNDLE: &str = "global-bundle.crt";
/// The keys in them.
pub const CONNECTION: &str = "connection";
pub const CONFIG: &str = "config";

/// All that the chart needs, in the order in which it is made.
pub fn all(site: &Site<'_>) -> Vec<Recipe> {
    let mut all = Vec::new();
    let description = site.description;
    let namespace = &description.kubernetes.namespace;
    let of_key = |name: &str, key: &str, content: &str, reads: &[&str]| {
        Recipe::of(&Made::secret(name, key, namespace), reads, &[format!("value=\"$({content})\"")])
    };
    let region = description.region;
    let is_keyless = site.role.is_some();
    const KEYS: &[&str] = &[KEY, SECRET_KEY];
    let reads = if is_keyless { &[] } else { KEYS };
    let keys = format!(r#""${KEY}" "${SECRET_KEY}""#);
    if site.has_buckets {
        // YAML takes JSON. Its keys are in the order of the alphabet, and the variables in that of the keys.
        let connection = match is_keyless {
            true => {
                let connection = json!({ "provider": "AWS", "region": region, "use_iam_profile": true });
                format!("printf '%s' '{connection}'")
            }
            false => {
                let connection = json!({
                    "aws_access_key_id": "%s", "aws_secret_access_key": "%s", "provider": "AWS", "region": region,
                });
                format!("printf '{connection}' {keys}")
            }
        };
        all.push(of_key(OBJECTS, CONNECTION, &connection, reads));
        unknown(description);
        if let (Some(bucket), Some(_)) = (bucket(description, site.gitlab, "registry"), &site.gitlab.registry)
        {
            let storage = match is_keyless {
                true => {
                    let storage = json!({ "s3": { "bucket": bucket, "region": region, "v4auth": true } });
                    format!("printf '%s' '{storage}'")
                }
                false => {
                    let of_s3 = json!({
                        "accesskey": "%s", "bucket": bucket, "region": region, "secretkey": "%s", "v4auth": true,
                    });
                    format!("printf '{}' {keys}", json!({ "s3": of_s3 }))
                }
            };
            let unknown = unknown(description);
            all.push(Recipe { unknown, ..of_key(REGISTRY, CONFIG, &storage, reads) });
        }
        if site.gitlab.buckets.contains_key("backups") {
            let of_tool = match is_keyless {
                true => format!("printf '[default]\\nbucket_location = {region}\\n'"),
                false => format!(
                    "printf '[default]\\nbucket_location = {region}\\naccess_key = %s\\nsecret_key = %s\\n' {keys}"
                ),
            };
            all.push(of_key(BACKUPS, CONFIG, &of_tool, reads));
        }
    }
    if site.gitlab.smtp.as_ref().is_some_and(|smtp| smtp.user.is_some()) {
        let content = format!(r#"printf '%s' "${MAIL_PASSWORD}""#);
        all.push(of_key(SMTP, PASSWORD, &content, &[MAIL_PASSWORD]));
    }
    if site.gitlab.verify_database {
        let bundle = "value=\"$(curl --fail --silent --show-error https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem)\"";
        let made = Made { form: Kind::ConfigMap, ..Made::secret(CERTIFICATES, BUNDLE, namespace) };
        all.push(Recipe::of(&made, &[], &[bundle.to_owned()]));
    }
    all
}
