//! Configures the clients as the settings, the environment and the profile say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::clients::{Clients, unrepeated};
use super::settings::{Settings, Variables, profile_in_use, profile_of_environment};
use super::{Aws, Gate, Service, Tell, http, identity, memory, profile, proxy};

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
}
