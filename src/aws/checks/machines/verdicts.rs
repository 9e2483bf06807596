//! The verdicts on the image, the type and the instance profile of a new machine.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_ec2::types::InstanceTypeInfo;

use crate::aws::checks::finding::{Verdict, list};
use crate::engine::cloud::CloudError;

/// The image of a machine, as the stack file names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Id(String),
    /// A parameter of Systems Manager.
    Parameter(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "the image {id}"),
            Self::Parameter(name) => write!(f, "the image of the parameter {name}"),
        }
    }
}

/// An image that EC2 shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) id: String,
    pub(super) state: String,
    pub(super) architecture: Option<String>,
}

impl Image {
    pub(super) fn of(found: &aws_sdk_ec2::types::Image) -> Self {
        Self {
            id: found.image_id().unwrap_or_default().to_owned(),
            state: found.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
            architecture: found.architecture().map(|one| one.as_str().to_owned()),
        }
    }
}

/// A type of machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) cpus: u64,
    pub(super) architectures: Vec<String>,
}

impl Type {
    pub(super) fn of(found: &InstanceTypeInfo) -> Self {
        let cpus = found.v_cpu_info().and_then(|cpus| cpus.default_v_cpus());
        let processor = found.processor_info();
        let architectures = processor.map(|one| one.supported_architectures()).unwrap_or_default();
        Self {
            cpus: cpus.and_then(|cpus| u64::try_from(cpus).ok()).unwrap_or_default(),
            architectures: architectures.iter().map(|one| one.as_str().to_owned()).collect(),
        }
    }
}

const OTHER_IMAGE: &str = "write another image as `ami`; to see the account's own: aws ec2 describe-images --owners self; to see the \
                           parameters of Amazon Linux: aws ssm get-parameters-by-path --path /aws/service/ami-amazon-linux-latest";

/// The image is there, can be used, and has an architecture that the type takes. RunInstances refuses it otherwise, with
/// InvalidAMIID.NotFound, InvalidAMIID.Unavailable or InvalidParameterValue.
pub(super) fn image(
    source: &Source,
    answer: Result<&Image, &CloudError>,
    type_: Option<(&str, &Type)>,
) -> Verdict {
    let found = match answer {
        Ok(found) => found,
        Err(error) if error.code.starts_with("InvalidAMIID") => {
            return Verdict::error(format!("{source} is none that this account can use in this region"))
                .hint(OTHER_IMAGE);
        }
        Err(error) if ["ParameterNotFound", "NoImage"].contains(&error.code.as_str()) => {
            return Verdict::error(format!(
                "{source} is not there: Systems Manager has no such parameter with an image"
            ))
            .hint(OTHER_IMAGE);
        }
        Err(error) => return Verdict::not_checked(&source.to_string(), error),
    };
    let Image { id, state, architecture } = found;
    match (state.as_str(), architecture, type_) {
        ("available", Some(has), Some((name, type_))) if !fits(has, type_) => {
            let takes = list(&type_.architectures);
            Verdict::error(format!("{source} ({id}) is for {has}, and {name} takes {takes}")).hint(format!(
                "write an image for {takes} as `ami`, or an `instance_type` for {has}; to see those: aws ec2 describe-instance-types --filters \
                 Name=processor-info.supported-architecture,Values={has}"
            ))
        }
        ("available", Some(has), _) => Verdict::passed(format!("{source} ({id}) is available, for {has}")),
        ("available", None, _) => Verdict::passed(format!("{source} ({id}) is available")),
        ("pending" | "transient", _, _) => {
            Verdict::error(format!("{source} ({id}) is {state}: no machine can be made of it yet"))
                .hint("run the same command again when it is available")
        }
        _ => Verdict::error(format!("{source} ({id}) is {state}: no machine can be made of it"))
            .hint(OTHER_IMAGE),
    }
}

/// A type of which no architecture is known takes what there is.
fn fits(has: &str, type_: &Type) -> bool {
    type_.architectures.is_empty() || type_.architectures.iter().any(|takes| takes == has)
}

/// The type is there, and offered in the zone. RunInstances refuses it otherwise, with `Unsupported`
/// (ned1313/Getting-Started-Terraform#44).
pub(super) fn type_(
    name: &str,
    known: Result<Option<&Type>, &CloudError>,
    zone: Option<&str>,
    offers: Result<Option<&BTreeSet<String>>, &CloudError>,
) -> Verdict {
    let what = format!("the type {name}");
    let offered = match (known, offers) {
        (Err(error), _) | (_, Err(error)) => return Verdict::not_checked(&what, error),
        (Ok(None), Ok(None)) => {
            return Verdict::error(format!("{what} is none that EC2 has in this region"))
                .hint("write another `instance_type`; to see those that there are: aws ec2 describe-instance-type-offerings");
        }
        (Ok(_), Ok(offered)) => offered,
    };
    match (zone, offered) {
        (Some(zone), Some(offered)) if offered.contains(zone) => {
            Verdict::passed(format!("{what} is offered in {zone}"))
        }
        (Some(zone), offered) => {
            let others: Vec<&String> = offered.into_iter().flatten().collect();
            let (where_, other) = match others.is_empty() {
                true => (String::new(), String::new()),
                false => (format!(", and is in {}", list(&others)), "a `zone` of those, or ".to_owned()),
            };
            Verdict::error(format!("{what} is not offered in {zone}{where_}")).hint(format!(
                "write {other}another `instance_type`; to see those of the zone: aws ec2 describe-instance-type-offerings --location-type \
                 availability-zone --filters Name=location,Values={zone}"
            ))
        }
        (None, _) => Verdict::cannot_be_checked(&what, "the zone of its subnet is not known"),
    }
}

/// RunInstances refuses a profile that is not there with InvalidParameterValue.
pub(super) fn profile(name: &str, is_there: Result<&bool, &CloudError>) -> Verdict {
    match is_there {
        Ok(true) => Verdict::passed(format!("the instance profile {name} is there")),
        Ok(false) => {
            Verdict::error(format!("instance_profile: there is no instance profile {name} in this account"))
                .hint("write the name of one that is there; to see them: aws iam list-instance-profiles")
        }
        Err(error) => Verdict::not_checked(&format!("the instance profile {name}"), error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::call::Call;
    use crate::engine::plan::Level;

    const CALL: Call = Call::read("ec2:DescribeImages");

    fn error(code: &str) -> CloudError {
        CloudError::refused(CALL, code, "")
    }

    #[test]
    fn an_image_must_be_there_be_available_and_have_an_architecture_that_the_type_takes() {
        let found = |state: &str, architecture: &str| Image {
            id: "ami-1".to_owned(),
            state: state.to_owned(),
            architecture: Some(architecture.to_owned()),
        };
        let type_ = Type { cpus: 2, architectures: vec!["x86_64".to_owned()] };
        let source = Source::Id("ami-1".to_owned());
        for (answer, level, word) in [
            (Ok(found("available", "x86_64")), Level::Passed, "is available, for x86_64"),
            (Ok(found("available", "arm64")), Level::Error, "is for arm64, and t3.large takes x86_64"),
            (Ok(found("pending", "x86_64")), Level::Error, "is pending"),
            (Ok(found("deregistered", "x86_64")), Level::Error, "is deregistered"),
            (Err(error("InvalidAMIID.NotFound")), Level::Error, "none that this account can use"),
            (Err(error("InvalidAMIID.Malformed")), Level::Error, "none that this account can use"),
            (Err(error("ParameterNotFound")), Level::Error, "no such parameter"),
            (Err(error("UnauthorizedOperation")), Level::NotChecked, "UnauthorizedOperation"),
        ] {
            let verdict = image(&source, answer.as_ref(), Some(("t3.large", &type_)));
            assert_eq!(verdict.level, level, "{verdict:?}");
            assert!(verdict.message.contains(word), "{verdict:?}");
            assert_eq!(verdict.hint.is_some(), level == Level::Error, "{verdict:?}");
        }
        let unknown = Type::default();
        let arm = found("available", "arm64");
        assert_eq!(image(&source, Ok(&arm), Some(("new.large", &unknown))).level, Level::Passed);
        assert_eq!(image(&source, Ok(&arm), None).level, Level::Passed);
    }

    #[test]
    fn a_type_must_be_offered_in_the_zone() {
        let known = Type::default();
        let there = BTreeSet::from(["eu-west-1a".to_owned(), "eu-west-1b".to_owned()]);
        let refused = error("UnauthorizedOperation");
        for (known, zone, offers, level, word) in [
            (Ok(Some(&known)), Some("eu-west-1a"), Ok(Some(&there)), Level::Passed, "offered in eu-west-1a"),
            (
                Ok(Some(&known)),
                Some("eu-west-1c"),
                Ok(Some(&there)),
                Level::Error,
                "not offered in eu-west-1c, and is in eu-west-1a and eu-west-1b",
            ),
            (Ok(Some(&known)), Some("eu-west-1c"), Ok(None), Level::Error, "not offered in eu-west-1c"),
            (Ok(None), Some("eu-west-1a"), Ok(None), Level::Error, "none that EC2 has"),
            (Ok(Some(&known)), None, Ok(Some(&there)), Level::NotChecked, "zone of its subnet"),
            (Err(&refused), Some("eu-west-1a"), Ok(Some(&there)), Level::NotChecked, "Unauthorized"),
            (Ok(Some(&known)), Some("eu-west-1a"), Err(&refused), Level::NotChecked, "Unauthorized"),
        ] {
            let verdict = type_("t3.large", known, zone, offers);
            assert_eq!(verdict.level, level, "{verdict:?}");
            assert!(verdict.message.contains(word), "{verdict:?}");
        }
    }

    #[test]
    fn an_instance_profile_that_is_named_must_be_there() {
        let refused = error("AccessDenied");
        for (answer, level) in
            [(Ok(&true), Level::Passed), (Ok(&false), Level::Error), (Err(&refused), Level::NotChecked)]
        {
            assert_eq!(profile("web", answer).level, level);
        }
    }
}
