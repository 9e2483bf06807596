//! An AWS call that failed: which operation, with which code, and what the failure says of the object.
//! Matched by code, never by message, but for the few codes that AWS uses for several things.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::gate::Shut;
use super::http::{AtProxy, Obstacle, Unreached};
use super::identity::NoCredentials;
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, Outcome};

/// Makes the error of a call from the error that the SDK returns; for use with `map_err`.
pub fn aws_error<E>(call: Call) -> impl Fn(SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    move |error| {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let request_id = error
            .raw_response()
            .and_then(|response| {
                response.headers().get("x-amzn-requestid").or(response.headers().get("x-amz-request-id"))
            })
            .or(error.meta().extra("aws_request_id"))
            .map(str::to_owned);
        let (code, message, outcome) = match &error {
            // Nothing was sent. The lock is renewed, or the run is ended, while the caller waits for its next attempt.
            _ if is_shut(&error) => ("LockNotRenewed".to_owned(), Shut.to_string(), Outcome::Throttled),
            SdkError::ServiceError(service) if service.err().code().is_some() => {
                let code = service.err().code().unwrap_or_default().to_owned();
                let message = service.err().message().unwrap_or_default().to_owned();
                let outcome = outcome_of(&code, &message, status);
                (code, message, outcome)
            }
            _ if let Some(why) = contradiction(&error) => ("BadEndpoint".to_owned(), why, Outcome::Refused),
            _ if let Some(obstacle) = obstacle(&error) => {
                let code = match obstacle {
                    Obstacle::Certificate => "NotTrusted",
                    Obstacle::NotEncrypted => "NotEncrypted",
                    Obstacle::Proxy(AtProxy::Unusable) => "BadProxy",
                    Obstacle::Proxy(_) => "ProxyRefused",
                    Obstacle::Silent => "TimedOut",
                    Obstacle::UnknownHost => "UnknownHost",
                    Obstacle::Refused | Obstacle::NoWay | Obstacle::Broken | Obstacle::Unreadable => {
                        "Unreachable"
                    }
                };
                // Nothing was sent to a proxy that cannot be used, nor past it.
                let outcome = if code == "BadProxy" { Outcome::Refused } else { Outcome::Unknown };
                (code.to_owned(), causes(&error), outcome)
            }
            SdkError::ConstructionFailure(_) => ("BadRequest".to_owned(), causes(&error), Outcome::Refused),
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                ("BadRequest".to_owned(), causes(&error), Outcome::Refused)
            }
            // Credentials are looked up before anything is sent, and their failure comes as one of dispatch. An answer
            // that breaks off is one of dispatch too, and is told by its being transient: that call was sent.
            SdkError::DispatchFailure(failure)
                if !failure.is_io() && !failure.is_timeout() && failure.as_other().is_none() =>
            {
                let code = if is_of_profile(&error) { "ProfileWithoutCredentials" } else { "NoCredentials" };
                (code.to_owned(), causes(&error), Outcome::Refused)
            }
            SdkError::DispatchFailure(_) => ("Unreachable".to_owned(), causes(&error), Outcome::Unknown),
            SdkError::TimeoutError(_) => ("TimedOut".to_owned(), causes(&error), Outcome::Unknown),
            _ => ("BadResponse".to_owned(), causes(&error), Outcome::Unknown),
        };
        CloudError { operation: call.name, code, message, request_id, outcome }
    }
}

/// The settings of the endpoint that the SDK refuses together: "FIPS and custom endpoint are not supported". It has no type for them.
fn contradiction<E: Error + 'static>(error: &E) -> Option<String> {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(cause) = next {
        if let Some(why) = cause.to_string().strip_prefix("Invalid Configuration: ") {
            return Some(why.to_owned());
        }
        next = cause.source();
    }
    None
}

/// The obstacle that no call got past.
fn obstacle<E: Error + 'static>(error: &E) -> Option<Obstacle> {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(cause) = next {
        if let Some(unreached) = cause.downcast_ref::<Unreached>() {
            return Some(unreached.obstacle);
        }
        next = cause.source();
    }
    None
}

/// True if a profile that is named has no credentials.
fn is_of_profile<E: Error + 'static>(error: &E) -> bool {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(cause) = next {
        if cause.is::<NoCredentials>() {
            return true;
        }
        next = cause.source();
    }
    false
}

/// True if the gate stopped the call.
fn is_shut<E: Error + 'static>(error: &E) -> bool {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(cause) = next {
        if cause.is::<Shut>() {
            return true;
        }
        next = cause.source();
    }
    false
}

/// Said by the SDK of a chain that nobody sees.
const NO_CREDENTIALS: &str = "no credentials found in chain";
/// Said by the SDK around the one cause that counts, which follows.
const NOT_ENABLED: &str = "the credential provider was not enabled";

/// The causes of an error, from the outside in: each once, on one line, and never the request that it came of, which may hold a
/// password.
fn causes<E: Error>(error: &E) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        let text = text.split("to request `").next().unwrap_or_default();
        let line = text.lines().next().unwrap_or_default().trim_end_matches(". Attempted:").trim();
        let line = if line == NO_CREDENTIALS { "no credentials were found" } else { line };
        // The SDK's names for its own layers.
        let says = !matches!(line, "" | "dispatch failure" | "other" | "io error" | NOT_ENABLED);
        if says && !said.iter().any(|known| known.contains(line)) {
            said.push(line.to_owned());
        }
        next = cause.source();
    }
    said.join(": ")
}

/// Codes and their meaning (API references of EC2, EFS, ElastiCache, IAM, KMS, RDS, S3 and Secrets Manager). Codes of RDS and ElastiCache are
/// seen with and without `Fault`.
fn outcome_of(code: &str, message: &str, status: Option<u16>) -> Outcome {
    match code.strip_suffix("Fault").unwrap_or(code) {
        // EC2 says so of two groups that are there, and whose VPCs nothing joins (ansible/ansible#45782).
        "InvalidGroup.NotFound" if message.contains("different networks") => Outcome::Refused,
        "InvalidGroup.NotFound"
        | "InvalidSecurityGroupID.NotFound"
        | "InvalidSecurityGroupRuleId.NotFound"
        | "InvalidPermission.NotFound"
        | "InvalidPrefixListID.NotFound"
        | "InvalidInstanceID.NotFound"
        | "InvalidVolume.NotFound"
        | "InvalidAllocationID.NotFound"
        | "InvalidAssociationID.NotFound"
        | "InvalidAMIID.NotFound"
        | "InvalidSnapshot.NotFound"
        | "InvalidSubnetID.NotFound"
        // Systems Manager.
        | "ParameterNotFound"
        // EFS, of a mount target.
        | "SecurityGroupNotFound"
        | "SubnetNotFound"
        | "FileSystemNotFound"
        | "MountTargetNotFound"
        | "AccessPointNotFound"
        | "PolicyNotFound"
        | "ReplicationNotFound"
        | "NoSuchKey"
        | "DBInstanceNotFound"
        | "DBInstanceAutomatedBackupNotFound"
        | "DBSnapshotNotFound"
        | "DBParameterGroupNotFound"
        | "DBSubnetGroupNotFound"
        | "BlueGreenDeploymentNotFound"
        | "CacheParameterGroupNotFound"
        | "CacheSubnetGroupNotFound"
        | "ReplicationGroupNotFound"
        // Secrets Manager.
        | "ResourceNotFoundException"
        // IAM.
        | "NoSuchEntity"
        // KMS.
        | "NotFoundException" => Outcome::NotFound,
        "InvalidGroup.Duplicate"
        | "InvalidPermission.Duplicate"
        // A token of EC2 was used for another request, such as one with an older image.
        | "IdempotentParameterMismatch"
        | "FileSystemAlreadyExists"
        | "MountTargetConflict"
        | "AccessPointAlreadyExists"
        // S3: the object is not what the write rests on; perhaps because of an earlier attempt at the same write.
        | "PreconditionFailed"
        | "BucketAlreadyOwnedByYou"
        | "DBInstanceAlreadyExists"
        | "DBParameterGroupAlreadyExists"
        | "DBSubnetGroupAlreadyExists"
        | "DBSnapshotAlreadyExists"
        | "BlueGreenDeploymentAlreadyExists"
        | "CacheParameterGroupAlreadyExists"
        | "CacheSubnetGroupAlreadyExists"
        | "ReplicationGroupAlreadyExists"
        | "EntityAlreadyExists"
        | "ResourceExistsException" => Outcome::Exists,
        "DependencyViolation"
        | "InvalidGroup.InUse"
        | "IncorrectInstanceState"
        | "IncorrectState"
        | "VolumeInUse"
        | "InvalidIPAddress.InUse"
        | "FileSystemInUse"
        | "IncorrectFileSystemLifeCycleState"
        | "IncorrectMountTargetState"
        | "ConditionalRequestConflict"
        | "OperationAborted"
        | "InvalidDBInstanceState"
        | "InvalidDBParameterGroupState"
        | "InvalidDBSubnetGroupState"
        | "InvalidDBSubnetState"
        // Also while the deployment says that it is available (hashicorp/terraform-provider-aws#36241).
        | "InvalidBlueGreenDeploymentState"
        | "CacheSubnetGroupInUse"
        | "InvalidCacheClusterState"
        | "InvalidCacheParameterGroupState"
        | "InvalidReplicationGroupState"
        // IAM: what was just taken off a role may still hold it, and two requests may come at once (DeleteRole, IAM API reference).
        | "DeleteConflict"
        | "ConcurrentModification"
        | "EntityTemporarilyUnmodifiable" => Outcome::Busy,
        // A role or user that a policy names, and that was just made (IAM User Guide, "Troubleshoot IAM": changes that are not always
        // immediately visible).
        "MalformedPolicyDocument" if message.contains("Invalid principal") => Outcome::NotFound,
        // A profile that was just made (terraform-provider-aws, ec2_instance.go).
        "InvalidParameterValue" if message.contains("Invalid IAM Instance Profile") => Outcome::NotFound,
        // A machine that was just started takes no address yet (terraform-provider-aws, ec2_eip_association.go).
        "InvalidInstanceID" if message.contains("pending instance") => Outcome::Busy,
        "InvalidParameterCombination" if message.contains("previous storage change is being optimized") => {
            Outcome::Busy
        }
        // RDS has no code of its own for a security group that is not there.
        "InvalidParameterValue" if message.starts_with("Invalid security group") => Outcome::NotFound,
        // EFS: a second throughput change within 24 hours, not a rate limit.
        "TooManyRequests" => Outcome::Refused,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "EC2ThrottledException"
        | "TooManyRequestsException"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete" => Outcome::Throttled,
        "InsufficientThroughputCapacity" => Outcome::Refused,
        _ if status.is_some_and(|status| status >= 500) => Outcome::Unknown,
        _ => Outcome::Refused,
    }
}

/// Turns "it is not there" into success, for deletes.
pub fn absent_is_done(result: Result<(), CloudError>) -> Result<(), CloudError> {
    match result {
        Err(error) if error.outcome == Outcome::NotFound => Ok(()),
        other => other,
    }
}

/// Turns "it is not there" into `None`, for reads.
pub fn absent_is_none<T>(result: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match result {
        Err(error) if error.outcome == Outcome::NotFound => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Cause {
        text: &'static str,
        source: Option<Box<Cause>>,
    }

    #[test]
    fn every_cause_is_said_once_without_the_request() {
        let chain = |texts: [&'static str; 4]| {
            let link = |source: Option<Box<Cause>>, text| Some(Box::new(Cause { text, source }));
            texts.into_iter().rev().fold(None, link).expect("there are causes")
        };
        let refused = chain(["dispatch failure", "io error", "client error (Connect)", "Connection refused"]);
        assert_eq!(causes(&*refused), "client error (Connect): Connection refused");
        let none = "no credentials found in chain. Attempted:\n\tEnvironment: not set";
        let wrong = "failed to apply endpoint `x` to request `MasterUserPassword=hunter2`";
        assert_eq!(
            causes(&*chain(["a", none, none, wrong])),
            "a: no credentials were found: failed to apply endpoint `x`"
        );
    }

    #[test]
    fn codes_say_what_a_failed_call_leaves_behind() {
        for (code, status, expected) in [
            ("DBInstanceNotFound", 404, Outcome::NotFound),
            ("DBSubnetGroupNotFoundFault", 404, Outcome::NotFound),
            ("InvalidGroup.Duplicate", 400, Outcome::Exists),
            ("BucketAlreadyOwnedByYou", 409, Outcome::Exists),
            ("NoSuchEntity", 404, Outcome::NotFound),
            ("EntityAlreadyExists", 409, Outcome::Exists),
            ("DeleteConflict", 409, Outcome::Busy),
            ("MalformedPolicyDocument", 400, Outcome::Refused),
            ("InvalidDBSubnetGroupStateFault", 400, Outcome::Busy),
            ("TooManyRequests", 429, Outcome::Refused),
            ("RequestLimitExceeded", 503, Outcome::Throttled),
            ("InternalFailure", 500, Outcome::Unknown),
            ("InvalidParameterValue", 400, Outcome::Refused),
        ] {
            assert_eq!(outcome_of(code, "", Some(status)), expected, "{code}");
        }
        let group = outcome_of(
            "InvalidParameterValue",
            "Invalid security group , groupId= sg-1, groupName=.",
            Some(400),
        );
        assert_eq!(group, Outcome::NotFound);
    }
}
