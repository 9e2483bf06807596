//! The door to AWS: configured clients and errors of one shape.

pub mod checks;
mod clients;
mod connect;
pub mod ec2;
pub mod efs;
mod error;
mod gate;
mod http;
mod identity;
pub mod interfaces;
pub mod kind;
pub mod kinds;
mod memory;
pub mod network;
pub mod policy;
pub mod profile;
mod proxy;
pub mod recovery;
pub mod row;
mod settings;
mod skew;
pub mod state_s3;
pub mod watched;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use aws_config::SdkConfig;

use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
pub use clients::{Clients, Lazily, S3Clients};
pub use connect::NoRegion;
pub use error::{absent_is_done, absent_is_none, aws_error};
pub use gate::{Gate, Moment};
pub use http::{Awaited, Bundle, NoBundle, Tell};
pub use identity::missing_half;
pub use settings::{PROFILES, Settings, Variables, profile_in_use, profile_of_environment};

/// The owner of the credentials; AWS tells everyone (IAM: "No permissions are required").
pub const IDENTITY: Call = Call::free("sts:GetCallerIdentity");

/// AWS as this run sees it: one account, one region.
#[derive(Clone, Debug)]
pub struct Aws {
    /// For calls that change nothing. The SDK repeats them on faults.
    pub read: Clients,
    /// For calls that change something. Never repeated by the SDK: it would report a create whose response was
    /// lost as a name that is taken. The engine reads back and decides.
    pub write: Clients,
    gate: Gate,
    memory: memory::Memory,
    sts: aws_sdk_sts::Client,
    /// For the clients that few runs need.
    config: SdkConfig,
    expiry: identity::Expiry,
    account: Arc<OnceLock<String>>,
    caller: Arc<OnceLock<String>>,
    region: String,
    folder: PathBuf,
    variable: Variables,
    /// The endpoints of single services that passwords are sent to, where the environment names some.
    own_endpoints: BTreeMap<Service, String>,
}

/// A service that passwords are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    ElastiCache,
    Rds,
    SecretsManager,
}

impl Service {
    const ALL: [Self; 3] = [Self::ElastiCache, Self::Rds, Self::SecretsManager];

    /// The variable with its endpoint ("Service-specific endpoints", AWS SDKs and Tools Reference Guide).
    const fn variable(self) -> &'static str {
        match self {
            Self::ElastiCache => "AWS_ENDPOINT_URL_ELASTICACHE",
            Self::Rds => "AWS_ENDPOINT_URL_RDS",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        }
    }
}

impl Aws {
    /// The folder that relative paths of password files start from; empty where it is the current one.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The variables of the environment.
    pub fn variables(&self) -> Variables {
        self.variable
    }

    /// The endpoint of a service where others could read what is sent to it: http to another machine.
    pub fn unencrypted_endpoint(&self, service: Service) -> Option<&str> {
        let url = self.own_endpoints.get(&service).map(String::as_str).or(self.config.endpoint_url())?;
        http::is_open_to_others(url).then_some(url)
    }

    /// The gate before every call of `write`.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// When the credentials end that the last call was signed with, where they say so.
    pub fn credentials_end(&self) -> Option<SystemTime> {
        self.expiry.get()
    }

    /// From now on nothing is asked twice: for a command that changes nothing, and may see all as it was at one moment.
    pub fn remember(&self) {
        self.memory.begin();
    }

    /// Asks anew from now on what was remembered: it may have become old.
    pub fn forget(&self) {
        self.memory.forget();
    }

    /// The region's name: `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The domain under which the region's services have their names (partitions.json of the SDKs).
    pub fn dns_suffix(&self) -> &'static str {
        match self.region.split('-').next() {
            Some("cn") => "amazonaws.com.cn",
            Some("eusc") => "amazonaws.eu",
            _ if self.region.starts_with("us-iso-") => "c2s.ic.gov",
            _ if self.region.starts_with("us-isob-") => "sc2s.sgov.gov",
            _ => "amazonaws.com",
        }
    }

    /// The partition that the region is in: `aws`, `aws-cn`.
    pub fn partition(&self) -> &'static str {
        policy::partition(&self.region)
    }

    /// The account that the credentials belong to: 12 digits.
    ///
    /// # Errors
    /// Any error of `sts:GetCallerIdentity`, missing or expired credentials above all.
    pub async fn account(&self) -> Result<String, CloudError> {
        let identity = self.sts.get_caller_identity().send().await.map_err(aws_error(IDENTITY))?;
        let account = identity.account.unwrap_or_default();
        if let Some(arn) = identity.arn {
            let _ = self.caller.set(arn);
        }
        Ok(self.account.get_or_init(|| account).clone())
    }

    /// The ARN of the credentials, where this run has asked for it by now.
    pub fn known_caller(&self) -> Option<String> {
        self.caller.get().cloned()
    }

    /// The account, where this run knows it by now; before anything is changed, it does.
    pub fn known_account(&self) -> Option<String> {
        self.account.get().cloned()
    }
}

/// Tags as a map, from the shape that one of the SDKs uses for them.
pub fn tag_map<T>(
    tags: &[T],
    key: impl Fn(&T) -> Option<&str>,
    value: impl Fn(&T) -> Option<&str>,
) -> BTreeMap<String, String> {
    tags.iter()
        .filter_map(|tag| Some((key(tag)?.to_owned(), value(tag).unwrap_or_default().to_owned())))
        .collect()
}
