//! Why a step failed, and what to type next.

use crate::engine::cloud::CloudError;
use crate::engine::cloud::KindError;
use crate::engine::event::FailureText;
use crate::engine::kind::Misfit;
use crate::engine::resource::Status;

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error(transparent)]
    Aws(#[from] CloudError),
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error("{field} is not what the plan had said any more")]
    NotAsPlanned { field: String },
    #[error("{field} refers to something that is not known")]
    Unresolved { field: String },
    #[error("it is not declared")]
    Undeclared,
    #[error("it is the cluster's own, and never changed")]
    Watched,
    #[error("it is gone from AWS")]
    Gone,
    /// Waiting does not end the status.
    #[error("{}: {}{}", row.name, row.means, answer.as_ref().map(|answer| format!("; AWS answered: {answer}")).unwrap_or_default())]
    Stuck {
        row: &'static Status,
        /// The answer of AWS to the call that it refused, if there was one.
        answer: Option<String>,
        hint: Option<String>,
    },
    /// Left out of the plan, for the reason that the plan gives.
    #[error("{because}")]
    Blocked { because: String, hint: Option<String> },
    #[error("AWS did not finish in time; the last status was: {status}")]
    TimedOut { status: String },
    #[error("it could not be looked at, for the same reason")]
    NotSeen,
}

impl From<KindError> for StepError {
    fn from(error: KindError) -> Self {
        match error {
            KindError::Cloud(error) => Self::Aws(error),
            KindError::Misfit(misfit) => Self::Misfit(misfit),
        }
    }
}

impl StepError {
    /// The failure for people and machines.
    pub fn text(&self) -> FailureText {
        let said = |message| FailureText { message, hint: self.hint(), ..FailureText::default() };
        match self {
            Self::Aws(error) => said(error.message.clone()).answered(error),
            _ => said(self.to_string()),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Stuck { hint, .. } | Self::Blocked { hint, .. } => hint.clone(),
            Self::TimedOut { .. } => {
                Some("run the same command again, which goes on waiting for it".to_owned())
            }
            Self::NotAsPlanned { .. } | Self::Gone | Self::Unresolved { .. } => {
                Some("provision plan".to_owned())
            }
            Self::Aws(error) => hint_for_code(&error.code),
            Self::Misfit(_) | Self::Undeclared | Self::Watched | Self::NotSeen => None,
        }
    }
}

/// The hint for one of the error codes that people meet most.
pub fn hint_for_code(code: &str) -> Option<String> {
    let hint = match code {
        "NoCredentials" => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile or AWS_PROFILE (`aws configure \
             list-profiles` lists those that are there); one of SSO needs a login first (`aws sso login`)"
        }
        "ProfileWithoutCredentials" => {
            "log in to that profile, or look at what ~/.aws/config and ~/.aws/credentials have of it, then run the same command again"
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            "log in again, then run the same command again: it goes on where this run stopped"
        }
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => {
            "ask for the permission of that name, then run the same command again; for all permissions that the stack needs: \
             provision iam-policy"
        }
        "Unreachable" | "TimedOut" => {
            "look at the network (a firewall, or a proxy of HTTPS_PROXY, may keep the connection from coming about) and at the endpoint \
             (--endpoint-url, AWS_ENDPOINT_URL), then run the same command again"
        }
        "NotEncrypted" => {
            "look at the endpoint (--endpoint-url, AWS_ENDPOINT_URL): one without encryption begins with http://; and at the network: a firewall, \
             a login page or a proxy of HTTPS_PROXY may answer in its place; then run the same command again"
        }
        "BadProxy" => {
            "write the proxy as http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before HOST where it wants them (an @ in them is %40, \
             a / is %2F, a \\ is %5C), or name the hosts in NO_PROXY that are to be reached without it; then run the same command again"
        }
        "UnknownHost" => {
            "look at the region (--region, AWS_REGION, or `region:` in the stack file), at the endpoint (--endpoint-url, AWS_ENDPOINT_URL) \
             and at the network, then run the same command again"
        }
        // In a region that is turned off for the account, no credentials are valid ("Enable or disable AWS Regions in your account",
        // Account Management Reference Guide).
        "InvalidClientTokenId" | "UnrecognizedClientException" | "AuthFailure" => {
            "log in again; if the credentials are right, the region is turned off for the account; to see those that are not: aws account \
             list-regions --region-opt-status-contains ENABLED ENABLED_BY_DEFAULT"
        }
        "ProxyRefused" => {
            "look at the proxy that HTTPS_PROXY names, and at the hosts that NO_PROXY leaves out, then run the same command again"
        }
        "NotTrusted" => {
            "name the certificates of the network with AWS_CA_BUNDLE (a file of PEM certificates), then run the same command again"
        }
        "BadResponse" => {
            "run the same command again; is it AWS that answers (--endpoint-url, AWS_ENDPOINT_URL)?"
        }
        "BadEndpoint" => {
            "take one of the two away: the endpoint (--endpoint-url, AWS_ENDPOINT_URL, `endpoint_url` of the profile), or AWS_USE_FIPS_ENDPOINT \
             and AWS_USE_DUALSTACK_ENDPOINT (`use_fips_endpoint`, `use_dualstack_endpoint`), then run the same command again"
        }
        "DBSubnetGroupNotFound" | "DBSubnetGroupNotFoundFault" => {
            "write the name of a subnet group that is there; to see them: aws rds describe-db-subnet-groups; one that the stack had made is \
             made again by: provision apply"
        }
        "DBParameterGroupNotFound" | "DBParameterGroupNotFoundFault" => {
            "write the name of a parameter group that is there; to see them: aws rds describe-db-parameter-groups; one that the stack had made \
             is made again by: provision apply"
        }
        "InvalidGroup.NotFound" | "InvalidSecurityGroupID.NotFound" | "SecurityGroupNotFound" => {
            "write the id of a security group of the VPC; to see them: aws ec2 describe-security-groups; one that the stack had made is made \
             again by: provision apply"
        }
        "SubnetNotFound" | "InvalidSubnet" | "InvalidSubnetID.NotFound" => {
            "write the id of a subnet that is there; to see them: aws ec2 describe-subnets"
        }
        "InvalidPrefixListID.NotFound" => {
            "write the id of a prefix list that is there; to see them: aws ec2 describe-managed-prefix-lists"
        }
        "KMSKeyNotAccessibleFault" => {
            "write the ARN of a key that is there, is enabled, and that you may use; to see them: aws kms list-keys"
        }
        "LockNotRenewed" => "look at the way to the state's bucket, then run the same command again",
        "NotOurs" => "look at whose it is by now: provision plan",
        "SubnetAlreadyInUse" => {
            "a database lives in a subnet that the group would lose; to see which one, and what keeps it: provision plan"
        }
        "DependencyViolation" => "remove what still uses it, then run the same command again",
        // EFS: one change of mode, or one decrease, in 24 hours; no rate limit.
        "TooManyRequests" => {
            "AWS takes one such change in 24 hours: wait for the time that it names, then: provision apply"
        }
        // EFS: a policy that is wrong, and one by which the caller could put no other (PutFileSystemPolicy, EFS API reference).
        "InvalidPolicyException" => {
            "write a `policy` whose principals are there, and that leaves elasticfilesystem:PutFileSystemPolicy to you, then: \
             provision apply"
        }
        "UnsupportedAvailabilityZone" => {
            "EFS has One Zone storage in other zones of the region: write one of them as `zones`, then: provision apply"
        }
        "BucketAlreadyExists" | "PermanentRedirect" | "AuthorizationHeaderMalformed" => {
            "write another name as `bucket` into the stack file, then: provision apply"
        }
        code if code.ends_with("AlreadyExists")
            || code.ends_with("AlreadyExistsFault")
            || code.ends_with(".Duplicate")
            // Secrets Manager (CreateSecret).
            || code == "ResourceExistsException" =>
        {
            "another run made it meanwhile; to see whose it is: provision plan"
        }
        code if code.ends_with("QuotaExceeded") || code.ends_with("LimitExceeded") => {
            "raise the quota in the Service Quotas console, then: provision apply"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The check of a plan that foresees an error code, and says more of it than the answer does.
pub(super) fn check_of_code(code: &str) -> Option<&'static str> {
    (code == "SubnetAlreadyInUse").then_some("subnets-in-use")
}
