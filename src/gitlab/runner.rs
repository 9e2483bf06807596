//! The configuration of GitLab Runner as types, written as TOML. Source of keys: the `toml:` tags of gitlab-runner, common/config.go.

use std::collections::BTreeMap;

use serde::Serialize;

use super::description::{Description, GitLab, Runner};
use super::external;
use super::target::Refused;
use crate::stack::parts::BUCKETS;

/// `config.toml`
#[derive(Debug, Default, Serialize)]
pub struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u32>,
    pub runners: Vec<Of>,
}

/// `[[runners]]`
#[derive(Debug, Default, Serialize)]
pub struct Of {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    pub executor: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker: Option<Docker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Kubernetes>,
}

/// `[runners.cache]`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cache {
    r#type: &'static str,
    shared: bool,
    #[serde(rename = "s3")]
    s3: S3,
}

/// `[runners.cache.s3]`. For AWS it has no `ServerAddress`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct S3 {
    bucket_name: String,
    bucket_location: String,
    authentication_type: &'static str,
}

/// `[runners.docker]`
#[derive(Debug, Serialize)]
pub struct Docker {
    pub image: String,
    pub privileged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    pub volumes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
}

/// `[[runners.docker.services]]` and `[[runners.kubernetes.services]]`
#[derive(Debug, Serialize)]
pub struct Service {
    pub name: String,
    pub alias: &'static str,
}

/// `[runners.kubernetes]`
#[derive(Debug, Default, Serialize)]
pub struct Kubernetes {
    pub namespace: String,
    pub image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volumes: Option<Volumes>,
}

/// `[runners.kubernetes.volumes]`
#[derive(Debug, Serialize)]
pub struct Volumes {
    pub empty_dir: Vec<EmptyDir>,
}

/// `[[runners.kubernetes.volumes.empty_dir]]`
#[derive(Debug, Serialize)]
pub struct EmptyDir {
    pub name: &'static str,
    pub mount_path: &'static str,
    pub medium: &'static str,
}

/// The folder in which the daemon and its clients share certificates.
pub const CERTIFICATES: &str = "/certs/client";
/// The name by which clients reach the daemon: one that its certificate has.
pub const DAEMON: &str = "docker";

/// The variables of clients of Docker in Docker over TLS; the daemon makes its certificates below DOCKER_TLS_CERTDIR (docker-library/docker,
/// dockerd-entrypoint.sh).
pub fn over_tls() -> Vec<String> {
    [
        "DOCKER_HOST=tcp://docker:2376",
        "DOCKER_TLS_CERTDIR=/certs",
        "DOCKER_TLS_VERIFY=1",
        "DOCKER_CERT_PATH=/certs/client",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The image of the daemon of the same version as that of the client: `docker:28` has `docker:28-dind`.
pub fn daemon(image: &str) -> Option<Service> {
    let (repository, tag) = image.rsplit_once(':')?;
    let is_docker = repository == "docker" || repository.ends_with("/docker");
    let version = tag.strip_suffix("-cli").unwrap_or(tag);
    let is_plain = version.chars().all(|c| c.is_ascii_digit() || c == '.');
    (is_docker && is_plain).then(|| Service { name: format!("{repository}:{version}-dind"), alias: DAEMON })
}

/// The text.
pub fn text(config: &Config) -> String {
    toml::to_string_pretty(config).expect("every table has text as keys, and tables stand last")
}

/// A runner of the stack file.
///
/// # Errors
/// [`Refused`], where there is none of this name.
pub fn runner<'a>(description: &'a Description<'_>, name: &str) -> Result<(&'a GitLab, &'a Runner), Refused> {
    let gitlab = external::gitlab(description)?;
    let runner = gitlab.runners.get(name);
    let runner = runner.ok_or_else(|| {
        Refused::new(
            format!("the stack file describes no runner {name}"),
            "write it below `runners:` of `gitlab:`",
        )
    })?;
    Ok((gitlab, runner))
}

/// The cache in a bucket, by the role of the runner.
pub fn cache(description: &Description<'_>, runner: &Runner) -> Option<Cache> {
    let entry = runner.cache_bucket.as_deref()?;
    let s3 = S3 {
        bucket_name: description.output(BUCKETS, entry, "name"),
        bucket_location: description.region.to_owned(),
        authentication_type: "iam",
    };
    Some(Cache { r#type: "s3", shared: true, s3 })
}

/// The sentence on privileged jobs.
pub fn privileged(name: &str) -> String {
    format!(
        "each job of the runner {name} is privileged, and so root on its machine: let only projects that you trust use it"
    )
}

/// A size with binary units as Docker writes it: `4Gi` is `4g`.
pub fn docker_size(size: &str) -> String {
    size.trim_end_matches('i').to_lowercase()
}

/// The URL that runners speak to.
pub fn url(gitlab: &GitLab) -> String {
    format!("https://{}/", gitlab.host())
}
