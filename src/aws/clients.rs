//! The clients of AWS's services, each made when it is first needed.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;

use super::{Aws, Gate, skew};

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

impl Clients {
    /// Clients whose calls are sent only while the gate is open, where there is one.
    pub(super) fn new(config: SdkConfig, gate: Option<&Gate>) -> Self {
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

/// S3, for states that are kept there.
#[derive(Clone, Debug)]
pub struct S3Clients {
    /// Repeats calls on faults.
    pub read: aws_sdk_s3::Client,
    /// Repeats only what was refused for its time: another repeated conditional write would be refused because of the first one.
    pub write: aws_sdk_s3::Client,
}

/// The clients that few runs need.
impl Aws {
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
}

/// A named endpoint of S3 is one host for all buckets: that of the run, or the service's own in the environment or the profile.
fn at_one_host(builder: aws_sdk_s3::config::Builder, config: &SdkConfig) -> aws_sdk_s3::config::Builder {
    let own =
        ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let own = own.ok().zip(config.service_config()).and_then(|(key, settings)| settings.load_config(key));
    builder.force_path_style(config.endpoint_url().is_some() || own.is_some())
}

/// One attempt, and one more where the first was refused for the time of its signature.
pub(super) fn unrepeated(config: &SdkConfig) -> SdkConfig {
    config.to_builder().retry_config(RetryConfig::standard().with_max_attempts(2)).build()
}

/// The time that one read or write of a state may take.
const S3_ATTEMPT: Duration = Duration::from_secs(15);

/// The time that its answer may take to begin.
const S3_ANSWER: Duration = Duration::from_secs(13);

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};

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
