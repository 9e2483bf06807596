//! The identity cache of the SDK, with a look at when the credentials in use end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::http::{Awaited, QUIET, Tell};
use super::{Variables, profile};
use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The time at which the credentials of the last signed call end; nothing before the first call, nor where it is not known.
#[derive(Clone, Debug)]
pub(super) struct Expiry {
    said: Arc<Mutex<Option<SystemTime>>>,
    /// The profile that is named, or the one of the environment where that has no credentials itself.
    profile: Option<String>,
    variable: Variables,
    tell: Tell,
    /// True once there were credentials, or the user was told that they are waited for: a run whose lines that one could tear comes later.
    is_settled: Arc<AtomicBool>,
}

impl Expiry {
    pub(super) fn of(profile: Option<&str>, variable: Variables, tell: Tell) -> Self {
        let profile = profile.map(str::to_owned);
        Self { said: Arc::default(), profile, variable, tell, is_settled: Arc::default() }
    }

    /// The credentials, and before them a word on the command that is to give them, where they are the first of this run.
    async fn first<T>(&self, credentials: impl Future<Output = T>) -> T {
        let mut credentials = std::pin::pin!(credentials);
        if !self.is_settled.load(Ordering::Relaxed) {
            if let Ok(known) = tokio::time::timeout(QUIET, &mut credentials).await {
                self.is_settled.store(true, Ordering::Relaxed);
                return known;
            }
            let profile = self.profile.as_deref().unwrap_or("default");
            // A place that a profile gets its credentials from is told of itself.
            if let Some(profile) = profile::with_command(profile, self.variable)
                && !self.is_settled.swap(true, Ordering::Relaxed)
            {
                (self.tell)(&Awaited::Credentials { profile: &profile });
            }
        }
        credentials.await
    }

    /// As the SDK says, or else the environment, whose credentials are not those of a profile.
    pub(super) fn get(&self) -> Option<SystemTime> {
        let said = *self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.or_else(|| if self.profile.is_none() { of_environment(self.variable) } else { None })
    }

    /// The configuration with a cache that takes note. Asking the provider a second time would not do: that may be
    /// a call of its own, and a login.
    pub(super) fn watch(&self, config: &SdkConfig) -> SdkConfig {
        let inner = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        config.to_builder().identity_cache(Watching { inner, expiry: self.clone() }).build()
    }
}

/// True if the environment has credentials.
pub(super) fn are_in_environment(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name| variable(name).is_some_and(|value| !value.trim().is_empty());
    is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY")
}

/// The variable that is missing of a pair of credentials in the environment: boto3 takes that for a mistake too
/// (PartialCredentialsError), where no profile is named.
pub fn missing_half(variable: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let is_set = |name| variable(name).is_some_and(|value| !value.trim().is_empty());
    (is_set("AWS_ACCESS_KEY_ID") && !is_set("AWS_SECRET_ACCESS_KEY")).then_some("AWS_SECRET_ACCESS_KEY")
}

/// The end of credentials in the environment, which the SDK does not read: `aws configure export-credentials --format
/// env` writes it there beside them.
fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<SystemTime> {
    variable("AWS_ACCESS_KEY_ID").and(variable("AWS_SESSION_TOKEN"))?;
    let end: jiff::Timestamp = variable("AWS_CREDENTIAL_EXPIRATION")?.parse().ok()?;
    Some(end.into())
}

#[derive(Debug)]
struct Watching {
    inner: SharedIdentityCache,
    expiry: Expiry,
}

/// The SDK does not say which profile it looked at.
#[derive(Debug, thiserror::Error)]
#[error("the profile `{profile}` gives no credentials{}", login(profile, *is_sso))]
pub(super) struct NoCredentials {
    profile: String,
    is_sso: bool,
    source: BoxError,
}

/// The command that logs in to a profile of SSO.
fn login(profile: &str, is_sso: bool) -> String {
    match is_sso {
        true => format!(" (to log in to it: aws sso login --profile {})", profile::quoted(profile)),
        false => String::new(),
    }
}

/// The settings of a profile of SSO ("IAM Identity Center credential provider", AWS SDKs and Tools Reference Guide).
const SSO: [&str; 2] = ["sso_session", "sso_start_url"];

impl ResolveCachedIdentity for Watching {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            let resolved = self.inner.resolve_cached_identity(resolver, components, config);
            let identity = self.expiry.first(resolved).await;
            let identity = identity.map_err(|source| match &self.expiry.profile {
                Some(profile) => {
                    let has = |key| profile::setting(profile, key, self.expiry.variable).is_some();
                    NoCredentials { profile: profile.clone(), is_sso: SSO.into_iter().any(has), source }
                        .into()
                }
                None => source,
            })?;
            *self.expiry.said.lock().unwrap_or_else(PoisonError::into_inner) = identity.expiration();
            Ok(identity)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn half_of_a_pair_or_an_empty_half_is_no_credential() {
        let have = |secret: Option<&str>| {
            are_in_environment(|name| match name {
                "AWS_ACCESS_KEY_ID" => Some("id".to_owned()),
                _ => secret.map(str::to_owned),
            })
        };
        assert_eq!([have(Some("secret")), have(Some(" ")), have(None)], [true, false, false]);
    }

    #[test]
    fn credentials_in_the_environment_end_when_it_says_so() {
        let end = |variables: &[(&str, &str)]| {
            of_environment(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let all = [
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_CREDENTIAL_EXPIRATION", "1970-01-01T01:00:00+00:00"),
        ];
        assert_eq!(end(&all), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(3600)));
        assert_eq!(end(&all[..2]), None);
        assert_eq!(end(&all[1..]), None, "these are not the credentials in use");
    }

    #[test]
    fn credentials_of_a_profile_end_when_the_sdk_says_so_alone() {
        let environment: Variables = |name| match name {
            "AWS_CREDENTIAL_EXPIRATION" => Some("1970-01-01T01:00:00Z".to_owned()),
            _ => Some("set".to_owned()),
        };
        assert!(Expiry::of(None, environment, |_| ()).get().is_some());
        let named = Expiry::of(Some("work"), environment, |_| ());
        assert_eq!(named.get(), None);
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(7200);
        *named.said.lock().expect("nobody panicked") = Some(end);
        assert_eq!(named.get(), Some(end));
    }
}
