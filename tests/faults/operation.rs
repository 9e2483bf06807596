//! The AWS operation of a request, and the answer by which AWS would refuse it: by the protocol of its service.

use std::collections::BTreeMap;
use std::fmt;

use crate::http::Message;

/// `rds.CreateDBInstance`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    pub service: String,
    pub name: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.service, self.name)
    }
}

/// The operation that a request asks for, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub operation: Operation,
    pub parameters: BTreeMap<String, String>,
}

/// Ends the name of an operation that EC2 is only asked to rehearse.
pub const REHEARSED: &str = ".DryRun";

/// The operations of the EFS API by method and path, with `*` for an id (EFS API reference).
const EFS: &[(&str, &str, &str)] = &[
    ("POST", "file-systems", "CreateFileSystem"),
    ("GET", "file-systems", "DescribeFileSystems"),
    ("GET", "file-systems/replication-configurations", "DescribeReplicationConfigurations"),
    ("PUT", "file-systems/*", "UpdateFileSystem"),
    ("DELETE", "file-systems/*", "DeleteFileSystem"),
    ("GET", "file-systems/*/lifecycle-configuration", "DescribeLifecycleConfiguration"),
    ("PUT", "file-systems/*/lifecycle-configuration", "PutLifecycleConfiguration"),
    ("GET", "file-systems/*/backup-policy", "DescribeBackupPolicy"),
    ("PUT", "file-systems/*/backup-policy", "PutBackupPolicy"),
    ("GET", "file-systems/*/policy", "DescribeFileSystemPolicy"),
    ("PUT", "file-systems/*/policy", "PutFileSystemPolicy"),
    ("DELETE", "file-systems/*/policy", "DeleteFileSystemPolicy"),
    ("PUT", "file-systems/*/protection", "UpdateFileSystemProtection"),
    ("POST", "file-systems/*/replication-configuration", "CreateReplicationConfiguration"),
    ("DELETE", "file-systems/*/replication-configuration", "DeleteReplicationConfiguration"),
    ("POST", "mount-targets", "CreateMountTarget"),
    ("GET", "mount-targets", "DescribeMountTargets"),
    ("DELETE", "mount-targets/*", "DeleteMountTarget"),
    ("GET", "mount-targets/*/security-groups", "DescribeMountTargetSecurityGroups"),
    ("PUT", "mount-targets/*/security-groups", "ModifyMountTargetSecurityGroups"),
    ("POST", "access-points", "CreateAccessPoint"),
    ("GET", "access-points", "DescribeAccessPoints"),
    ("DELETE", "access-points/*", "DeleteAccessPoint"),
    ("GET", "resource-tags/*", "ListTagsForResource"),
    ("POST", "resource-tags/*", "TagResource"),
    ("DELETE", "resource-tags/*", "UntagResource"),
];

/// The operations of AWS Backup that a run makes, in the same way (AWS Backup API reference).
const BACKUP: &[(&str, &str, &str)] = &[
    ("PUT", "restore-jobs", "StartRestoreJob"),
    ("GET", "restore-jobs/*", "DescribeRestoreJob"),
    ("GET", "resources/*/recovery-points", "ListRecoveryPointsByResource"),
];

/// The settings of a bucket by the parameter that asks for them, and their names in actions of IAM (S3 user guide, "Required
/// permissions for Amazon S3 API operations").
const S3: &[(&str, &str)] = &[
    ("encryption", "EncryptionConfiguration"),
    ("lifecycle", "LifecycleConfiguration"),
    ("publicAccessBlock", "BucketPublicAccessBlock"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
];

impl Call {
    /// Reads a request.
    pub fn of(request: &Message) -> Self {
        let mut start = request.start.split(' ');
        let (method, target) = (start.next().unwrap_or_default(), start.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // Credential=KEY/DATE/REGION/SERVICE/aws4_request
        let service =
            request.header("authorization").and_then(|text| text.split('/').nth(3)).unwrap_or("none");
        if service == "elasticfilesystem" {
            let path = path.trim_start_matches("/2015-02-01/");
            let known = EFS.iter().find(|(verb, pattern, _)| *verb == method && matches(pattern, path));
            let name = known.map_or_else(|| format!("{method} {path}"), |(_, _, name)| (*name).to_owned());
            let operation = Operation { service: "efs".to_owned(), name };
            let mut parameters = form(query);
            parameters.insert("path".to_owned(), path.to_owned());
            parameters.insert("body".to_owned(), String::from_utf8_lossy(&request.body).into_owned());
            return Self { operation, parameters };
        }
        if service == "backup" {
            let path = path.trim_matches('/');
            let known = BACKUP.iter().find(|(verb, pattern, _)| *verb == method && matches(pattern, path));
            let name = known.map_or_else(|| format!("{method} {path}"), |(_, _, name)| (*name).to_owned());
            let operation = Operation { service: service.to_owned(), name };
            let body = String::from_utf8_lossy(&request.body).into_owned();
            return Self { operation, parameters: [("body".to_owned(), body)].into() };
        }
        if service == "s3" {
            let operation = Operation { service: service.to_owned(), name: in_s3(method, path, query) };
            return Self { operation, parameters: [("path".to_owned(), path.to_owned())].into() };
        }
        let body = String::from_utf8_lossy(&request.body);
        let mut parameters = form(&body);
        let target = request.header("x-amz-target").and_then(|target| target.split('.').nth(1));
        if target.is_some() {
            parameters = [("body".to_owned(), body.into_owned())].into();
        }
        let action = parameters.get("Action").map(String::as_str).or(target);
        let mut name = action.unwrap_or("unknown").to_owned();
        if parameters.get("DryRun").is_some_and(|value| value == "true") {
            name.push_str(REHEARSED);
        }
        Self { operation: Operation { service: service.to_owned(), name }, parameters }
    }

    /// True if the call changes something, or tries to.
    pub fn is_mutating(&self) -> bool {
        self.operation.is_mutating()
    }

    /// The ids that a mutating call would change. What it only refers to is not among them: the subnet of a mount
    /// target, the group that a rule lets in.
    pub fn changed_ids(&self) -> Vec<&str> {
        let refers = [
            "CreateMountTarget",
            "CreateDBSubnetGroup",
            "ModifyDBSubnetGroup",
            "CreateSecurityGroup",
            "RunInstances",
        ];
        let only_refers = refers.contains(&self.operation.name.as_str());
        let is_target = |key: &str| {
            let ids = ["VpcId", "SubnetId", "RouteTableId", "NetworkInterfaceId"];
            let is_of_a_machine =
                ["InstanceId", "VolumeId", "AllocationId"].iter().any(|id| key.starts_with(id));
            key == "GroupId"
                || key.starts_with("ResourceId")
                || is_of_a_machine
                || (ids.contains(&key) && !only_refers)
        };
        self.parameters.iter().filter(|(key, _)| is_target(key)).map(|(_, value)| value.as_str()).collect()
    }
}

impl Operation {
    /// True if the operation changes something.
    pub fn is_mutating(&self) -> bool {
        let reads = ["Describe", "List", "Get"].iter().any(|read| self.name.starts_with(read));
        !reads && !self.name.ends_with(REHEARSED)
    }

    /// True if it is about one object in a bucket, as a state is.
    pub fn is_of_an_object_in_s3(&self) -> bool {
        self.service == "s3" && self.name.ends_with("Object")
    }

    /// True if it makes objects of the kind that the other one reads: `CreateMountTarget`, `DescribeMountTargets`.
    pub fn makes_what_is_read_by(&self, other: &Self) -> bool {
        let noun = self.name.strip_prefix("Create");
        self.service == other.service
            && !other.is_mutating()
            && noun.is_some_and(|noun| other.name.contains(noun))
    }

    /// True if another operation is this one, or a rehearsal of it.
    pub fn covers(&self, other: &Self) -> bool {
        self.service == other.service && self.name == other.name.trim_end_matches(REHEARSED)
    }

    /// The answer by which AWS refuses the operation.
    pub fn refusal(&self, status: u16, code: &str) -> Message {
        let message = "Injected fault.";
        match self.service.as_str() {
            "ec2" => Message::answer(
                status,
                "text/xml",
                format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                     <RequestID>injected-request</RequestID></Response>"
                ),
            ),
            "elasticache" | "iam" | "rds" | "sts" => Message::answer(
                status,
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>\
                     </Error><RequestId>injected-request</RequestId></ErrorResponse>"
                ),
            ),
            "s3" => Message::answer(
                status,
                "application/xml",
                format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
            ),
            _ => {
                let body = format!(r#"{{"ErrorCode":"{code}","Message":"{message}"}}"#);
                let mut answer = Message::answer(status, "application/json", body);
                answer.headers.push(("x-amzn-errortype".to_owned(), code.to_owned()));
                answer.headers.push(("x-amzn-requestid".to_owned(), "injected-request".to_owned()));
                answer
            }
        }
    }

    /// The code by which the service says that it is asked too often.
    pub fn throttling_code(&self) -> &'static str {
        match self.service.as_str() {
            "ec2" => "RequestLimitExceeded",
            "elasticache" | "iam" | "rds" | "sts" => "Throttling",
            "s3" => "SlowDown",
            _ => "ThrottlingException",
        }
    }

    /// The code by which the service says that something is not allowed.
    pub fn denial_code(&self) -> &'static str {
        match self.service.as_str() {
            "ec2" => "UnauthorizedOperation",
            "elasticache" | "iam" | "rds" | "sts" | "s3" => "AccessDenied",
            _ => "AccessDeniedException",
        }
    }
}

/// The operation of S3, as IAM names it.
fn in_s3(method: &str, path: &str, query: &str) -> String {
    let path = path.trim_matches('/');
    let asked = query.split('&').filter_map(|part| part.split('=').next());
    let has = |name: &str| asked.clone().any(|part| part == name);
    let verb = if method == "PUT" { "Put" } else { "Get" };
    let mut settings = asked.clone().filter_map(|part| S3.iter().find(|(known, _)| *known == part));
    match (settings.next(), method, path.contains('/')) {
        (Some((_, setting)), _, _) => format!("{verb}{setting}"),
        (None, "PUT", true) => "PutObject".to_owned(),
        (None, "DELETE", true) => "DeleteObject".to_owned(),
        (None, _, true) => "GetObject".to_owned(),
        (None, "PUT", false) => "CreateBucket".to_owned(),
        (None, "DELETE", false) => "DeleteBucket".to_owned(),
        (None, _, false) if path.is_empty() => "ListAllMyBuckets".to_owned(),
        (None, _, false) if has("versions") => "ListBucketVersions".to_owned(),
        (None, _, false) => "ListBucket".to_owned(),
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(path).all(|(want, have)| *want == "*" || *want == have)
}

fn form(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
