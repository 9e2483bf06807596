//! The settings that AWS is reached with, of the command line and of the environment.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::http::{self, Bundle, Tell};
use super::identity;

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

/// The variables of the environment, as the command line reads them.
pub type Variables = fn(&str) -> Option<String>;

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
