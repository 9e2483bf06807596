//! The Secrets that the chart reads beside those of database and cache, and the commands that make each.

use serde_json::json;

use super::Site;
use crate::gitlab::external::bucket;

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

/// A Secret or a ConfigMap, and how it is made.
pub struct Made {
    pub name: &'static str,
    /// For a POSIX shell. No password is an argument of a process: `printf` is a part of the shell.
    pub commands: String,
    /// The variables of the shell that the commands read.
    pub reads: Vec<&'static str>,
}

impl Made {
    /// The sentence on it among the warnings.
    pub fn warning(&self) -> String {
        let with = match self.reads.as_slice() {
            [] => String::new(),
            reads => format!(", with {} in the environment", reads.join(" and ")),
        };
        format!(
            "{} has to be in the cluster before the chart is installed{with}; the commands that make it: provision secret {}",
            self.name, self.name
        )
    }

    /// The sentence above the commands.
    pub fn about(&self) -> String {
        let from = match self.reads.as_slice() {
            [] => String::new(),
            reads => format!(", from the variables {}", reads.join(" and ")),
        };
        format!("To make {}{from}; it needs kubectl:", self.name)
    }
}

/// All that the chart needs, in the order in which it is made.
pub fn all(site: &Site<'_>) -> Vec<Made> {
    let mut all = Vec::new();
    let namespace = &site.description.kubernetes.namespace;
    let of_key = |name: &'static str, key: &str, content: &str, reads: &[&'static str]| Made {
        name,
        reads: reads.to_vec(),
        commands: format!(
            "{content} | kubectl create secret generic {name} --namespace {namespace} --from-file={key}=/dev/stdin"
        ),
    };
    let region = site.description.region;
    let is_keyless = site.role.is_some();
    const KEYS: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let reads = if is_keyless { &[] } else { KEYS };
    let keys = r#""$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY""#;
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
        if let (Some(bucket), Some(_)) =
            (bucket(site.description, site.gitlab, "registry"), &site.gitlab.registry)
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
            all.push(of_key(REGISTRY, CONFIG, &storage, reads));
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
        all.push(of_key(SMTP, "password", r#"printf '%s' "$SMTP_PASSWORD""#, &["SMTP_PASSWORD"]));
    }
    if site.gitlab.verify_database {
        let bundle = "curl --fail --silent https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem";
        all.push(Made {
            name: CERTIFICATES,
            reads: Vec::new(),
            commands: format!(
                "{bundle} | kubectl create configmap {CERTIFICATES} --namespace {namespace} --from-file={BUNDLE}=/dev/stdin"
            ),
        });
    }
    all
}
