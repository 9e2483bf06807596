//! The door to AWS: configured clients and errors of one shape.

pub mod checks;
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
mod skew;
pub mod state_s3;
pub mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;

use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
pub use error::{absent_is_done, absent_is_none, aws_error};
pub use gate::{Gate, Moment};
pub use http::{Awaited, Bundle, NoBundle, Tell};
pub use identity::missing_half;

/// The owner of the credentials; AWS tells everyone (IAM: "No permissions are required").
pub const IDENTITY: Call = Call::free("sts:GetCallerIdentity");

/// The profile whose credentials a run would use: the named one, or that of the environment where it has no credentials itself.
pub fn profile_in_use(named: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let of_environment = || {
        let profile = profile_of_environment(&variable)?;
        (!identity::are_in_environment(&variable)).then_some(profile)
    };
    named.map(str::to_owned).or_else(of_environment)
}

/// The profile that the environment names; the AWS command line and boto3 read two variables for it.
pub fn profile_of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    PROFILES.iter().find_map(|name| variable(name).filter(|profile| !profile.is_empty()))
}

/// The variables that name a profile.
pub const PROFILES: [&str; 2] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];

/// One client per service. To make one takes longer than to send its first call.
#[derive(Clone, Debug)]
pub struct Clients {
    pub ec2: Lazily<aws_sdk_ec2::Client>,
    pub efs: Lazily<aws_sdk_efs::Client>,
    pub elasticache: Lazily<aws_sdk_elasticache::Client>,
    pub iam: Lazily<aws_sdk_iam::Client>,
    pub rds: Lazily<aws_sdk_rds::Client>,
    pub s3: Lazily<aws_sdk_s3::Client>,
    pub secrets: Lazily<aws_sdk_secretsmanager::Client>,
    pub ssm: Lazily<aws_sdk_ssm::Client>,
}

/// A client that is made when it is first needed.
#[derive(Clone, Debug)]
pub struct Lazily<C> {
    config: Arc<SdkConfig>,
    gate: Option<Gate>,
    make: fn(&SdkConfig, Option<Gate>) -> C,
    made: OnceLock<C>,
}

impl<C> Deref for Lazily<C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.made.get_or_init(|| (self.make)(&self.config, self.gate.clone()))
    }
}

impl Clients {
    /// Clients whose calls are sent only while the gate is open, where there is one.
    fn new(config: SdkConfig, gate: Option<&Gate>) -> Self {
        let config = Arc::new(config);
        macro_rules! lazily {
            ($sdk:ident $(, $more:ident)?) => {
                Lazily {
                    config: config.clone(),
                    gate: gate.cloned(),
                    make: |config, gate| {
                        let builder = $sdk::config::Builder::from(config);
                        $(let builder = $more(builder, config);)?
                        $sdk::Client::from_conf(match gate {
                            Some(gate) => builder.interceptor(gate).retry_classifier(skew::Skew).build(),
                            None => builder.retry_classifier(skew::OfReads).build(),
                        })
                    },
                    made: OnceLock::new(),
                }
            };
        }
        Self {
            ec2: lazily!(aws_sdk_ec2),
            efs: lazily!(aws_sdk_efs),
            elasticache: lazily!(aws_sdk_elasticache),
            iam: lazily!(aws_sdk_iam),
            rds: lazily!(aws_sdk_rds),
            s3: lazily!(aws_sdk_s3, at_one_host),
            secrets: lazily!(aws_sdk_secretsmanager),
            ssm: lazily!(aws_sdk_ssm),
        }
    }
}

/// S3, for states that are kept there.
#[derive(Clone, Debug)]
pub struct S3Clients {
    /// Repeats calls on faults.
    pub read: aws_sdk_s3::Client,
    /// Repeats only what was refused for its time: another repeated conditional write would be refused because of the first one.
    pub write: aws_sdk_s3::Client,
}

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

/// The variables of the environment, as the command line reads them.
pub type Variables = fn(&str) -> Option<String>;

/// The way to reach AWS, and the identity to use; a setting that is absent follows the usual AWS chain.
pub struct Settings {
    pub region: Option<String>,
    pub profile: Option<String>,
    pub endpoint_url: Option<String>,
    /// The folder that relative paths of password files start from.
    pub folder: PathBuf,
    /// The certificates to be trusted in place of the machine's own.
    pub bundle: Option<Bundle>,
    pub variable: Variables,
    /// The same, where one that is set and empty counts.
    pub as_written: Variables,
    /// Says what is waited for.
    pub tell: Tell,
    /// The variables of the environment that hold passwords: no child process gets them.
    pub passwords: BTreeSet<String>,
}

impl Settings {
    /// The endpoint of all services, where one is named.
    fn endpoint(&self) -> Option<String> {
        let is_ignored = || {
            (self.variable)("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
                .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        let of_environment = || (self.variable)("AWS_ENDPOINT_URL").filter(|_| !is_ignored());
        self.endpoint_url.clone().or_else(of_environment)
    }

    /// True if certificates are looked at.
    pub fn needs_certificates(&self) -> bool {
        http::needs_certificates(self.endpoint().as_deref(), self.variable)
    }
}

/// Neither the options, the environment nor the profile name a region.
#[derive(Debug, thiserror::Error)]
#[error("no AWS region is set")]
pub struct NoRegion;

impl Aws {
    /// Configures the clients. Nothing is sent yet.
    ///
    /// # Errors
    /// [`NoRegion`] when no region can be found.
    pub async fn connect(settings: &Settings) -> Result<Self, NoRegion> {
        let Settings { variable, .. } = settings;
        let proxy = proxy::Proxy::of(settings.as_written);
        let is_encrypted = settings.needs_certificates();
        let http = http::client(is_encrypted, settings.bundle.clone(), proxy, settings.tell);
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(8))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    // Before the end of the attempt, since this one knows the place that was silent.
                    .read_timeout(Duration::from_secs(25))
                    .operation_attempt_timeout(Duration::from_secs(30))
                    .build(),
            );
        // A command that a profile names for its credentials is the one child process that there is.
        let files = profile::without_variables(&settings.passwords, variable);
        if let Some(files) = &files {
            loader = loader.profile_files(files.clone());
        }
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &settings.profile {
            // A profile that was named is meant: by itself, the SDK would prefer credentials of the environment, and
            // work in another account without a word.
            let of_profile = ProfileFileRegionProvider::builder().profile_name(profile).build();
            let named = settings.region.clone().or_else(|| variable("AWS_REGION"));
            // A role is taken in the region of its profile, which counts for everything else too.
            let region = match named.or_else(|| variable("AWS_DEFAULT_REGION")).map(Region::new) {
                Some(named) => Some(named),
                None => of_profile.region().await,
            };
            let sources = ProviderConfig::without_region().with_region(region).with_http_client(http);
            let mut credentials =
                ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&sources);
            if let Some(files) = files {
                credentials = credentials.profile_files(files);
            }
            loader = loader.profile_name(profile).credentials_provider(credentials.build());
        } else {
            // The SDK reads the first of the variables alone.
            if let Some(profile) = profile_of_environment(variable) {
                loader = loader.profile_name(profile);
            }
            if identity::are_in_environment(variable) {
                // The SDK would take these first as well, but only after it has made ready for all other sources.
                loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
            }
        }
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let profile = profile_in_use(settings.profile.as_deref(), variable);
        let aws = Self::of(&loader.load().await, profile.as_deref(), *variable, settings.tell)?;
        let own = |service: Service| Some((service, variable(service.variable())?));
        let own = Service::ALL.into_iter().filter(|_| settings.endpoint_url.is_none()).filter_map(own);
        Ok(Self { folder: settings.folder.clone(), own_endpoints: own.collect(), ..aws })
    }

    /// Makes the clients from a finished configuration, without variables.
    ///
    /// # Errors
    /// [`NoRegion`] when the configuration has no region.
    pub fn from_config(config: &SdkConfig) -> Result<Self, NoRegion> {
        Self::of(config, None, |_| None, |_| ())
    }

    fn of(
        config: &SdkConfig,
        profile: Option<&str>,
        variable: Variables,
        tell: Tell,
    ) -> Result<Self, NoRegion> {
        let region = config.region().ok_or(NoRegion)?.to_string();
        let expiry = identity::Expiry::of(profile, variable, tell);
        let config = expiry.watch(config);
        let gate = Gate::default();
        let memory = memory::Memory::default();
        let remembering = memory.before(&config);
        Ok(Self {
            sts: aws_sdk_sts::Client::new(&remembering),
            read: Clients::new(remembering, None),
            write: Clients::new(unrepeated(&config), Some(&gate)),
            gate,
            memory,
            config,
            expiry,
            account: Arc::default(),
            caller: Arc::default(),
            region,
            folder: PathBuf::new(),
            variable,
            own_endpoints: BTreeMap::new(),
        })
    }

    /// A client of KMS, for reads.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config)
    }

    /// A client of AWS Backup, for reads.
    pub fn backup(&self) -> aws_sdk_backup::Client {
        aws_sdk_backup::Client::new(&self.config)
    }

    /// A client of AWS Backup, for calls that change something: they pass the gate, and are told apart by a token.
    pub fn backup_to_write(&self) -> aws_sdk_backup::Client {
        let builder = aws_sdk_backup::config::Builder::from(&unrepeated(&self.config));
        let builder = builder.interceptor(self.gate.clone()).retry_classifier(skew::Skew);
        aws_sdk_backup::Client::from_conf(builder.build())
    }

    /// A client of Service Quotas, for reads.
    pub fn service_quotas(&self) -> aws_sdk_servicequotas::Client {
        aws_sdk_servicequotas::Client::new(&self.config)
    }

    /// Clients of S3 for states.
    pub fn s3(&self) -> S3Clients {
        let client = |config: &SdkConfig| {
            let timeouts = TimeoutConfig::builder()
                .read_timeout(S3_ANSWER)
                .operation_attempt_timeout(S3_ATTEMPT)
                .build();
            at_one_host(aws_sdk_s3::config::Builder::from(config), config).timeout_config(timeouts)
        };
        let read = client(&self.config).retry_config(RetryConfig::standard().with_max_attempts(5));
        let write = client(&unrepeated(&self.config)).retry_classifier(skew::Skew);
        S3Clients {
            read: aws_sdk_s3::Client::from_conf(read.retry_classifier(skew::OfReads).build()),
            write: aws_sdk_s3::Client::from_conf(write.build()),
        }
    }

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

/// A named endpoint of S3 is one host for all buckets: that of the run, or the service's own in the environment or the profile.
fn at_one_host(builder: aws_sdk_s3::config::Builder, config: &SdkConfig) -> aws_sdk_s3::config::Builder {
    let own =
        ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let own = own.ok().zip(config.service_config()).and_then(|(key, settings)| settings.load_config(key));
    builder.force_path_style(config.endpoint_url().is_some() || own.is_some())
}

/// The time that one read or write of a state may take.
const S3_ATTEMPT: Duration = Duration::from_secs(15);
/// The time that its answer may take to begin.
const S3_ANSWER: Duration = Duration::from_secs(13);

/// One attempt, and one more where the first was refused for the time of its signature.
fn unrepeated(config: &SdkConfig) -> SdkConfig {
    config.to_builder().retry_config(RetryConfig::standard().with_max_attempts(2)).build()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_made_when_it_is_first_needed_and_once() {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12());
        let aws = Aws::from_config(&config.region(Region::new("eu-west-1")).build()).expect("a region");
        let made = || {
            [&aws.read, &aws.write].map(|clients| {
                let Clients { ec2, efs, elasticache, iam, rds, s3, secrets, ssm } = clients;
                let made = [ec2.made.get().is_some(), efs.made.get().is_some(), rds.made.get().is_some()];
                let more = [elasticache.made.get().is_some(), s3.made.get().is_some()];
                let more = more.into_iter().chain([iam.made.get().is_some(), ssm.made.get().is_some()]);
                let all = made.into_iter().chain(more).chain([secrets.made.get().is_some()]);
                all.filter(|made| *made).count()
            })
        };
        assert_eq!(made(), [0, 0]);
        let first: *const aws_sdk_efs::Client = &*aws.read.efs;
        assert_eq!(first, &raw const *aws.read.efs);
        assert_eq!(made(), [1, 0]);
    }
}
