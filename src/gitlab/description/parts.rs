//! The parts of the stack file as types. The rows in `stack/parts` say which values there are and which defaults.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::default_of;
use crate::stack::parts::GITLAB;

/// `kubernetes`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    /// `1.33`
    pub version: String,
    pub namespace: String,
    pub secrets: Secrets,
    pub service_account: Option<String>,
    #[serde(default)]
    pub volumes: BTreeMap<String, Volume>,
}

impl Kubernetes {
    /// The number after the dot of the version.
    pub fn minor(&self) -> u32 {
        self.version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default()
    }
}

/// The way of managed passwords to pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secrets {
    ExternalSecrets,
    Csi,
    None,
}

/// `kubernetes.volumes.NAME`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    pub file_system: String,
    pub size: String,
    pub driver: Driver,
    pub access_point: Option<String>,
    pub per_zone: bool,
}

/// The driver that mounts a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    Nfs,
    Csi,
}

/// `gitlab`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitLab {
    /// `18.11` or `18.11.7`
    pub version: String,
    pub domain: String,
    pub host: Option<String>,
    pub ssh_host: Option<String>,
    pub time_zone: String,
    pub image: Option<String>,
    pub database: String,
    pub file_system: Option<String>,
    pub volume: Option<String>,
    pub cache: Option<String>,
    /// The entries of buckets, by the kind of object.
    #[serde(default)]
    pub buckets: BTreeMap<String, String>,
    pub role: Option<String>,
    pub per_zone: bool,
    pub ingress: Option<Ingress>,
    pub scheme: String,
    pub redis: Option<Redis>,
    pub verify_database: bool,
    pub gitaly: Option<Gitaly>,
    pub kas: bool,
    pub backup: Option<Backup>,
    pub omnibus: Option<Omnibus>,
    pub smtp: Option<Smtp>,
    pub registry: Option<Registry>,
    #[serde(default)]
    pub runners: BTreeMap<String, Runner>,
    pub flux: Option<Flux>,
    pub pipeline: Option<Pipeline>,
}

impl GitLab {
    /// The host that it is reached by.
    pub fn host(&self) -> String {
        self.host.clone().unwrap_or_else(|| format!("gitlab.{}", self.domain))
    }

    /// The host of Git over SSH: one of its own where the one of HTTP carries no SSH.
    pub fn ssh_host(&self) -> String {
        let own = || match self.ingress {
            Some(_) => format!("ssh.{}", self.domain),
            None => self.host(),
        };
        self.ssh_host.clone().unwrap_or_else(own)
    }

    /// Redis beside it, with the defaults of the stack file where nothing of it is written.
    pub fn redis(&self) -> Redis {
        self.redis.clone().unwrap_or_else(|| default_of(GITLAB, "redis"))
    }

    /// The disk of Git repositories, with the defaults of the stack file where nothing of it is written.
    pub fn gitaly(&self) -> Gitaly {
        self.gitaly.clone().unwrap_or_else(|| default_of(GITLAB, "gitaly"))
    }

    /// The backups of the chart, with the defaults of the stack file where nothing of them is written.
    pub fn backup(&self) -> Backup {
        self.backup.clone().unwrap_or_else(|| default_of(GITLAB, "backup"))
    }

    /// The omnibus package, with the defaults of the stack file where nothing of it is written.
    pub fn omnibus(&self) -> Omnibus {
        self.omnibus.clone().unwrap_or_else(|| default_of(GITLAB, "omnibus"))
    }

    /// The pipeline, with the defaults of the stack file where nothing of it is written.
    pub fn pipeline(&self) -> Pipeline {
        self.pipeline.clone().unwrap_or_else(|| default_of(GITLAB, "pipeline"))
    }

    /// The numbers before and after the first dot of the version.
    pub fn release(&self) -> (u32, u32) {
        let mut numbers = self.version.split('.').map(|number| number.parse().unwrap_or_default());
        (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
    }
}

/// `gitlab.ingress`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingress {
    pub class: String,
    pub scheme: String,
    pub certificate_arn: Option<String>,
    pub group: Option<String>,
    #[serde(default)]
    pub security_groups: Vec<String>,
    #[serde(default)]
    pub subnets: Vec<String>,
    pub tls_secret: Option<String>,
}

impl Ingress {
    /// True for the class of the AWS Load Balancer Controller.
    pub fn is_alb(&self) -> bool {
        self.class == "alb"
    }
}

/// `gitlab.redis`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    pub image: String,
    pub size: String,
    pub storage_class: Option<String>,
}

/// `gitlab.smtp`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub address: String,
    pub port: u16,
    pub from: Option<String>,
    pub user: Option<String>,
    pub tls: MailTls,
}

/// The encryption of mail on its way to the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailTls {
    Starttls,
    Tls,
    None,
}

/// `gitlab.gitaly`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gitaly {
    pub size: String,
    pub storage_class: Option<String>,
}

/// `gitlab.backup`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    pub schedule: String,
    pub size: String,
    pub storage_class: Option<String>,
}

/// `gitlab.omnibus`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Omnibus {
    pub port: u16,
    pub registry_port: u16,
    pub ssh_port: u16,
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    #[serde(default)]
    pub monitors: Vec<String>,
    pub login_limit: Option<LoginLimit>,
    pub referrer_policy: Option<String>,
    pub monitoring: bool,
    pub mount: Option<String>,
    pub config_map: Option<String>,
}

/// `gitlab.omnibus.login_limit`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginLimit {
    pub most: u32,
    /// Seconds.
    pub within: u32,
    /// Seconds.
    pub banned: u32,
    #[serde(default)]
    pub never: Vec<String>,
}

/// `gitlab.registry`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    pub domain: String,
}

/// `gitlab.runners.NAME`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    pub executor: Executor,
    pub image: String,
    pub cpu: Option<String>,
    pub memory: Option<String>,
    #[serde(default)]
    pub node_selector: BTreeMap<String, String>,
    pub cache_bucket: Option<String>,
    pub role: Option<String>,
    pub privileged: bool,
    pub concurrent: u32,
}

/// The executor of a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Executor {
    Kubernetes,
    Docker,
}

/// `gitlab.flux`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flux {
    pub image: String,
    pub interval: String,
    pub semver: String,
    pub namespace: String,
    pub repository: String,
    pub branch: String,
    pub path: String,
    pub pull_secret: String,
    pub email: String,
}

/// `gitlab.pipeline`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    pub image: String,
    #[serde(default)]
    pub tags: Vec<String>,
}

/// `render`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Render {
    pub out: String,
    pub targets: Option<Vec<String>>,
}
