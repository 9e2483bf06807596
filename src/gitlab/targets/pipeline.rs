//! `pipeline`: a pipeline that builds an image for each tag with BuildKit, rootless, and pushes it to the registry of the project.
//!
//! Kaniko is unmaintained, and Docker in Docker needs a privileged runner (GitLab documentation, ci/docker).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::gitlab::description::{Description, Executor};
use crate::gitlab::external;
use crate::gitlab::target::{Members, Refused, Rendering, Target};
use crate::gitlab::yaml;

pub(super) const TARGET: Target = Target {
    name: "pipeline",
    doc: "A pipeline that builds an image for each tag and pushes it: .gitlab-ci.yml.",
    file: ".gitlab-ci.yml",
    before: "",
    reads_state: true,
    members: |description| {
        let gitlab = description.gitlab.as_ref();
        let is_there = gitlab.is_some_and(|gitlab| gitlab.pipeline.is_some() || gitlab.registry.is_some());
        if is_there { Members::One } else { Members::None("`registry: { domain: … }` below `gitlab:`") }
    },
    render,
};

/// The file: one job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    build_image: Job,
}

#[derive(Debug, Serialize)]
struct Job {
    image: Image,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    variables: BTreeMap<&'static str, &'static str>,
    rules: [Rule; 1],
    before_script: Vec<&'static str>,
    script: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Image {
    name: String,
    entrypoint: [&'static str; 1],
}

#[derive(Debug, Serialize)]
struct Rule {
    r#if: &'static str,
}

fn render(description: &Description<'_>, _: &str) -> Result<Rendering, Refused> {
    let gitlab = external::gitlab(description)?;
    let pipeline = gitlab.pipeline();
    if !pipeline.image.contains("rootless") {
        return Err(Refused::new(
            format!("`{}` is no image of BuildKit that needs no root", pipeline.image),
            "write one such as `moby/buildkit:v0.23.2-rootless` as `image` of `pipeline:`",
        ));
    }
    if gitlab.registry.is_none() {
        return Err(Refused::new(
            "there is no registry that an image could be pushed to",
            "write `registry: { domain: … }` below `gitlab:`",
        ));
    }
    let job = Job {
        // With the image's own entrypoint, the job waits for ever.
        image: Image { name: pipeline.image, entrypoint: [""] },
        tags: pipeline.tags,
        variables: BTreeMap::from([
            // Inside a container there is no second one to be made.
            ("BUILDKITD_FLAGS", "--oci-worker-no-process-sandbox"),
            // Outside of the project: all that is in there goes to the build.
            ("DOCKER_CONFIG", "/tmp/.docker"),
        ]),
        rules: [Rule { r#if: "$CI_COMMIT_TAG" }],
        before_script: vec![
            r#"mkdir -p "$DOCKER_CONFIG""#,
            r#"AUTH="$(printf '%s:%s' "$CI_REGISTRY_USER" "$CI_REGISTRY_PASSWORD" | base64 | tr -d '\n')""#,
            r#"printf '{"auths":{"%s":{"auth":"%s"}}}' "$CI_REGISTRY" "$AUTH" > "$DOCKER_CONFIG/config.json""#,
        ],
        script: vec![
            r#"buildctl-daemonless.sh build --frontend dockerfile.v0 --local context=. --local dockerfile=. --output "type=image,name=$CI_REGISTRY_IMAGE:$CI_COMMIT_TAG,push=true""#,
        ],
    };
    let text = yaml::document(&File { build_image: job });
    let mut notes = Vec::new();
    if gitlab.runners.values().any(|runner| runner.executor == Executor::Kubernetes && !runner.privileged) {
        notes.push(
            "BuildKit without root needs seccomp and AppArmor off for its pod (`Unconfined`), and user namespaces on its nodes: jobs of a runner \
             whose namespace enforces the standard `restricted` or `baseline` fail"
                .to_owned(),
        );
    }
    notes.push("copy .gitlab-ci.yml into the project that has the Dockerfile: it is not for the project of these files".to_owned());
    Ok(Rendering { text, notes, ..Rendering::default() })
}
