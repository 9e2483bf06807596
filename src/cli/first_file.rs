//! The stack file that a newcomer starts from: the reference, for the cluster that was found.

use crate::stack::{ClusterName, InvalidText, REFERENCE, Region};

/// The commented stack file for a cluster in a region.
///
/// # Errors
/// [`InvalidText`] when one of the two, as found in AWS, is not what a stack file allows.
/// Without a cluster, the file is for a network that is named by its ids.
pub fn stack_file(cluster: Option<&str>, region: &str) -> Result<String, InvalidText> {
    let cluster: Option<ClusterName> = cluster.map(str::parse).transpose()?;
    let region: Region = region.parse()?;
    let lines = REFERENCE.lines().map(|line| match (line.split_once(':'), &cluster) {
        // Quoted: a cluster's name may look like a number.
        (Some(("# cluster", _)), Some(cluster)) => format!("cluster: \"{cluster}\"\n"),
        (Some(("# region", _)), _) => format!("region: {region}\n"),
        _ => format!("{line}\n"),
    });
    Ok(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::kinds::registry;
    use crate::stack::{Stack, parse};

    #[test]
    fn the_file_is_the_reference_for_this_cluster() {
        for (cluster, region) in [("k8s.myzone.net", "eu-west-1"), ("1.5", "us-gov-west-1")] {
            let text = stack_file(Some(cluster), region).expect("both are valid");
            let written = parse("provision.yaml", &text, &registry()).expect("what is written reads");
            let reference = parse("the reference", REFERENCE, &registry()).expect("the reference is valid");
            assert_eq!(
                written,
                Stack {
                    cluster: Some(cluster.parse().expect("a cluster's name")),
                    region: Some(region.parse().expect("a region")),
                    ..reference
                }
            );
            assert_eq!(text.lines().count(), REFERENCE.lines().count());
        }
    }

    #[test]
    fn a_name_that_would_change_the_file_is_refused() {
        for cluster in ["", "a\nregion: x", "a\"b", "a: b", "a #b"] {
            assert!(stack_file(Some(cluster), "eu-west-1").is_err(), "{cluster:?}");
        }
        assert!(stack_file(Some("k8s.myzone.net"), "eu-west-1\n").is_err());
    }

    #[test]
    fn a_file_for_a_network_that_is_named_by_its_ids_names_no_cluster() {
        let text = stack_file(None, "eu-west-1").expect("it is valid");
        let written = parse("provision.yaml", &text, &registry()).expect("what is written reads");
        assert_eq!(
            (&written.cluster, written.region.map(String::from).as_deref()),
            (&None, Some("eu-west-1"))
        );
    }
}
