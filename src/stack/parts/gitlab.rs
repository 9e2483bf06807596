//! `gitlab`: the GitLab that uses what the stack makes.

use serde_json::Value;

use super::{BUCKETS, CACHES, DATABASES, FILE_SYSTEMS, HOST, LABEL, Names, ROLES, SIZE, Short, StackPart};
use crate::engine::document::Document;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::section::titled::titled;

pub(super) const PART: StackPart = StackPart {
    key: "gitlab",
    doc: "The GitLab that uses what the stack makes: `provision render` writes its configuration.",
    shape: Shape::Object(&[
        row(
            "version",
            "GitLab's version: `18.11`, or with the patch. It decides the image, the chart, the keys and the gates.",
            Shape::Text(VERSION),
            Need::Required,
        ),
        row("domain", "The domain below which its hosts are.", Shape::Text(HOST), Need::Required),
        row(
            "host",
            "The host that it is reached by; without it, `gitlab.` and the domain.",
            Shape::Text(HOST),
            Need::Optional,
        ),
        row(
            "ssh_host",
            "The host of Git over SSH; without it, `ssh.` and the domain beside an Ingress, and the host without one.",
            Shape::Text(HOST),
            Need::Optional,
        ),
        row("time_zone", "The time zone of its processes.", Shape::Text(TIME_ZONE), Need::Text("UTC")),
        row(
            "image",
            "The image of the target `gitlab`; without it, the newest that is known for the version. Where none is, it is needed.",
            Shape::Text(IMAGE),
            Need::Optional,
        ),
        row("database", "Its database, by the name in this file.", Shape::Text(LABEL), Need::Required),
        row(
            "file_system",
            "The file system for what may live on one; the target `gitlab` keeps all its data there.",
            Shape::Text(LABEL),
            Need::Optional,
        ),
        row(
            "volume",
            "The volume below `kubernetes` that the target `gitlab` keeps its data in; needed where the file system has several.",
            Shape::Text(LABEL),
            Need::Optional,
        ),
        row(
            "cache",
            "Its cache, by the name in this file; without it, Redis runs beside it in the cluster, where the version has one.",
            Shape::Text(LABEL),
            Need::Optional,
        ),
        row(
            "buckets",
            "The buckets for its objects: the name of an entry of `buckets` with `for: gitlab`, or one name for each type of object.",
            titled(&Shape::Text(LABEL), &Shape::Object(OBJECTS)),
            Need::Optional,
        ),
        row(
            "role",
            "The role of its pods, by the name in this file: they read and write the buckets with it.",
            Shape::Text(LABEL),
            Need::Optional,
        ),
        row(
            "per_zone",
            "True for a Deployment of the target `gitlab` in each zone. A warning says what that costs.",
            Shape::Flag,
            Need::Flag(false),
        ),
        row(
            "ingress",
            "The Ingress for HTTP and TLS; without it, a load balancer takes HTTP on port 80.",
            Shape::Object(INGRESS),
            Need::Optional,
        ),
        row(
            "scheme",
            "`internet-facing` or `internal`: the network load balancer for SSH.",
            Shape::OneOf(SCHEMES),
            Need::Text("internet-facing"),
        ),
        row("redis", "Redis beside GitLab, where there is no cache.", Shape::Object(REDIS), Need::Optional),
        row(
            "verify_database",
            "True to verify the certificate of the database: the chart reads RDS's certificates from the ConfigMap `rds-ca`, the omnibus package\n\
             from /etc/gitlab/ssl/rds-global-bundle.pem. False encrypts alone.",
            Shape::Flag,
            Need::Flag(false),
        ),
        row("gitaly", "The disk of Git repositories, for the chart.", Shape::Object(GITALY), Need::Optional),
        row(
            "kas",
            "True for the server of agents for Kubernetes: of the chart on `kas.` and the domain, of the omnibus package below its host.",
            Shape::Flag,
            Need::Flag(false),
        ),
        row(
            "backup",
            "The backups of the chart, in the bucket `backups`.",
            Shape::Object(BACKUP),
            Need::Optional,
        ),
        row(
            "omnibus",
            "The omnibus package or its image, for the target `gitlab-rb`.",
            Shape::Object(OMNIBUS),
            Need::Optional,
        ),
        row("smtp", "The mail relay.", Shape::Object(SMTP), Need::Optional),
        row("registry", "The container registry.", Shape::Object(REGISTRY), Need::Optional),
        row(
            "runners",
            "Runners of GitLab CI, by name.",
            Shape::MapOf { keys: LABEL, values: &Shape::Object(RUNNER) },
            Need::Optional,
        ),
        row(
            "flux",
            "Scanning of an image by Flux, and the updates that follow.",
            Shape::Object(FLUX),
            Need::Optional,
        ),
        row(
            "pipeline",
            "The pipeline that builds an image for each tag and pushes it to the registry.",
            Shape::Object(PIPELINE),
            Need::Optional,
        ),
    ]),
    names: &[
        Names::new(&["database"], DATABASES),
        Names::new(&["file_system"], FILE_SYSTEMS),
        Names::new(&["cache"], CACHES),
        Names::new(&["buckets", "*"], BUCKETS),
        Names {
            at: &["buckets"],
            section: BUCKETS,
            short_for: Some(Short { entries: of_set, written: "for: gitlab" }),
        },
        Names::new(&["role"], ROLES),
        Names::new(&["runners", "*", "cache_bucket"], BUCKETS),
        Names::new(&["runners", "*", "role"], ROLES),
    ],
    write_out,
    check: |_, _| Vec::new(),
    place: None,
};

const fn row(name: &'static str, doc: &'static str, shape: Shape, need: Need) -> Property {
    Property { name, doc, shape, need }
}

const VERSION: Pattern = Pattern::new(
    "a version of GitLab, such as `18.11` or `18.11.7`",
    "^[1-9][0-9]\\.[0-9]{1,2}(\\.[0-9]{1,3})?$",
    9,
)
.without_quotes(10, 100);

const TIME_ZONE: Pattern =
    Pattern::new("a time zone, such as `Europe/Paris`", "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", 64);

/// An image with a tag or a digest: one without changes under the feet of whoever pulls it.
const IMAGE: Pattern = Pattern::new(
    "an image with its tag or digest, such as `sameersbn/gitlab:18.11.7`",
    "^[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$",
    512,
);

const REPOSITORY: Pattern = Pattern::new(
    "a repository of images without a tag, such as `registry.example.com/group/app`",
    "^[a-z0-9][a-z0-9._-]*(:[0-9]{1,5})?(/[a-z0-9][a-z0-9._-]*)*$",
    255,
);

const SCHEMES: &[&str] = &["internet-facing", "internal"];

/// The types of objects that each have a bucket.
const OBJECTS: &[Property] = &[
    bucket("artifacts", "Artifacts of jobs."),
    bucket("ci_secure_files", "Secure files of CI."),
    bucket("dependency_proxy", "Images that the dependency proxy keeps."),
    bucket("external_diffs", "Differences of merge requests."),
    bucket("lfs", "Large files of Git."),
    bucket("packages", "Packages."),
    bucket("pages", "Pages."),
    bucket("registry", "Images of the container registry."),
    bucket("terraform_state", "States of Terraform."),
    bucket("uploads", "Uploads."),
    bucket("backups", "Backups."),
    bucket("tmp", "Room for a backup that is restored."),
];

/// The entries of a set of buckets, one for each type of object.
fn of_set(set: &str) -> Vec<String> {
    OBJECTS.iter().map(|objects| in_set(set, objects.name)).collect()
}

fn in_set(set: &str, objects: &str) -> String {
    format!("{set}-{}", objects.replace('_', "-"))
}

/// Writes the set of buckets out, where one is named.
fn write_out(gitlab: &mut Document) {
    let Some(set) = gitlab.get("buckets").and_then(Value::as_str) else { return };
    let of = |objects: &Property| (objects.name.to_owned(), Value::from(in_set(set, objects.name)));
    let all: Document = OBJECTS.iter().map(of).collect();
    gitlab.insert("buckets".to_owned(), Value::Object(all));
}

const fn bucket(name: &'static str, doc: &'static str) -> Property {
    row(name, doc, Shape::Text(LABEL), Need::Optional)
}

const INGRESS: &[Property] = &[
    row(
        "class",
        "The ingress class: `alb` is the AWS Load Balancer Controller.",
        Shape::Text(LABEL),
        Need::Text("alb"),
    ),
    row(
        "scheme",
        "`internet-facing` or `internal`, for `class: alb`.",
        Shape::OneOf(SCHEMES),
        Need::Text("internet-facing"),
    ),
    row(
        "certificate_arn",
        "The certificate in ACM, for `class: alb`: TLS ends at the load balancer.",
        Shape::Text(CERTIFICATE),
        Need::Optional,
    ),
    row(
        "group",
        "The group of Ingress objects that share one load balancer, for `class: alb`. Without it, the target `helm-values` has the group `gitlab`.",
        Shape::Text(LABEL),
        Need::Optional,
    ),
    row(
        "security_groups",
        "The ids of the load balancer's security groups, for `class: alb`; without it, the controller makes one.",
        Shape::SetOf(&Shape::Text(SECURITY_GROUP)),
        Need::Optional,
    ),
    row(
        "subnets",
        "The ids of the load balancer's subnets, for `class: alb`; without it, the controller finds them by their tags.",
        Shape::SetOf(&Shape::Text(SUBNET)),
        Need::Optional,
    ),
    row(
        "tls_secret",
        "The Secret with the certificate, for any other class.",
        Shape::Text(LABEL),
        Need::Optional,
    ),
];

const SECURITY_GROUP: Pattern =
    Pattern::new("the id of a security group, such as `sg-0123456789abcdef0`", "^sg-[0-9a-f]{8,17}$", 20);

const SUBNET: Pattern =
    Pattern::new("the id of a subnet, such as `subnet-0123456789abcdef0`", "^subnet-[0-9a-f]{8,17}$", 24);

const CERTIFICATE: Pattern = Pattern::new(
    "the ARN of a certificate in ACM, which ends in `certificate/` and a UUID",
    "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    255,
);

const REDIS: &[Property] = &[
    row("image", "Its image.", Shape::Text(IMAGE), Need::Text("redis:7.2")),
    row(
        "size",
        "The size of its volume, of the cluster's default storage class unless `storage_class` names another one.",
        Shape::Text(SIZE),
        Need::Text("8Gi"),
    ),
    row("storage_class", "The storage class of its volume.", Shape::Text(LABEL), Need::Optional),
];

const SMTP: &[Property] = &[
    row("address", "Its host.", Shape::Text(HOST), Need::Required),
    row("port", "Its port.", Shape::Whole { least: 1, most: 65_535 }, Need::Whole(25)),
    row("from", "The sender of GitLab's mail.", Shape::Text(MAIL), Need::Optional),
    row(
        "user",
        "The user of the relay, where it asks for one. The password is in the Secret `gitlab-smtp` with the key `password`, or in the variable\n\
         GITLAB_SMTP_PASSWORD of the omnibus package.",
        Shape::Text(MAIL_USER),
        Need::Optional,
    ),
    row(
        "tls",
        "`starttls` encrypts where the relay offers it, `tls` from the first byte, `none` never.",
        Shape::OneOf(&["starttls", "tls", "none"]),
        Need::Text("starttls"),
    ),
];

const MAIL_USER: Pattern = Pattern::new("the name of a user of mail", "^[A-Za-z0-9._+@=/-]+$", 254);

const GITALY: &[Property] = &[
    row("size", "The size of its disk, which never changes.", Shape::Text(SIZE), Need::Text("100Gi")),
    row(
        "storage_class",
        "Its storage class, of EBS; without it, the cluster's default one.",
        Shape::Text(LABEL),
        Need::Optional,
    ),
];

const BACKUP: &[Property] = &[
    row("schedule", "The time of each, as cron has it, in UTC.", Shape::Text(CRON), Need::Text("0 1 * * *")),
    row("size", "The room on disk for one backup while it is made.", Shape::Text(SIZE), Need::Text("100Gi")),
    row(
        "storage_class",
        "The storage class of that disk; without it, the cluster's default one.",
        Shape::Text(LABEL),
        Need::Optional,
    ),
];

const CRON: Pattern = Pattern::new(
    "five fields of cron, such as `0 1 * * *`",
    "^[0-9*,/-]+ [0-9*,/-]+ [0-9*,/-]+ [0-9A-Z*,/-]+ [0-9A-Z*,/-]+$",
    100,
);

const OMNIBUS: &[Property] = &[
    row(
        "port",
        "The port that the proxy reaches GitLab on, without TLS.",
        Shape::Whole { least: 1, most: 65_535 },
        Need::Whole(80),
    ),
    row(
        "registry_port",
        "The port that the proxy reaches the registry on, without TLS.",
        Shape::Whole { least: 1, most: 65_535 },
        Need::Whole(5080),
    ),
    row(
        "ssh_port",
        "The port of Git over SSH as users see it.",
        Shape::Whole { least: 1, most: 65_535 },
        Need::Whole(22),
    ),
    row(
        "trusted_proxies",
        "The networks of the proxy, so that GitLab sees the addresses of users.",
        Shape::SetOf(&Shape::Text(NETWORK)),
        Need::Optional,
    ),
    row(
        "monitors",
        "The networks that health checks come from.",
        Shape::SetOf(&Shape::Text(NETWORK)),
        Need::Optional,
    ),
    row(
        "login_limit",
        "The limit of failed logins by Git over HTTP, from one address.",
        Shape::Object(LOGIN_LIMIT),
        Need::Optional,
    ),
    row(
        "referrer_policy",
        "The header `Referrer-Policy` of its pages; without it, the package's own.",
        Shape::OneOf(&[
            "no-referrer",
            "origin",
            "same-origin",
            "strict-origin",
            "strict-origin-when-cross-origin",
        ]),
        Need::Optional,
    ),
    row(
        "monitoring",
        "True for the Prometheus and the Alertmanager of the package.",
        Shape::Flag,
        Need::Flag(false),
    ),
    row(
        "mount",
        "The folder where the file system is mounted: what has no bucket is kept there, and never Git data or a database.",
        Shape::Text(MOUNT),
        Need::Optional,
    ),
    row(
        "config_map",
        "The name of a ConfigMap with GITLAB_OMNIBUS_CONFIG, for the package's image in Kubernetes: the target `omnibus-config`.",
        Shape::Text(LABEL),
        Need::Optional,
    ),
];

const NETWORK: Pattern = Pattern::new(
    "a network, such as `10.0.0.0/8`",
    "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*)(/[0-9]{1,3})?$",
    43,
);

const MOUNT: Pattern =
    Pattern::new("a folder, such as `/gitlab-nfs`", "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$", 255);

const LOGIN_LIMIT: &[Property] = &[
    row(
        "most",
        "The failures that are let through.",
        Shape::Whole { least: 1, most: 100_000 },
        Need::Whole(10),
    ),
    row(
        "within",
        "The seconds in which they are counted.",
        Shape::Whole { least: 1, most: 86_400 },
        Need::Whole(60),
    ),
    row(
        "banned",
        "The seconds that the address is shut out for.",
        Shape::Whole { least: 1, most: 31_536_000 },
        Need::Whole(3600),
    ),
    row(
        "never",
        "The networks that are never shut out.",
        Shape::SetOf(&Shape::Text(NETWORK)),
        Need::Optional,
    ),
];

const MAIL: Pattern = Pattern::new("an address of mail", "^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$", 254);

const REGISTRY: &[Property] =
    &[row("domain", "The host of the registry.", Shape::Text(HOST), Need::Required)];

const RUNNER: &[Property] = &[
    row(
        "executor",
        "`kubernetes` for the runner chart, `docker` for a machine with Docker.",
        Shape::OneOf(&["kubernetes", "docker"]),
        Need::Text("kubernetes"),
    ),
    row("image", "The image of jobs that name none.", Shape::Text(IMAGE), Need::Required),
    row("cpu", "The processors that a job asks for.", Shape::Text(CPU), Need::Optional),
    row("memory", "The memory of a job, asked for and at most.", Shape::Text(SIZE), Need::Optional),
    row(
        "node_selector",
        "The labels of the nodes that jobs run on.",
        Shape::MapOf { keys: LABEL_KEY, values: &Shape::Text(LABEL_VALUE) },
        Need::Optional,
    ),
    row(
        "cache_bucket",
        "The bucket of its cache, by the name in this file.",
        Shape::Text(LABEL),
        Need::Optional,
    ),
    row(
        "role",
        "The role of the runner, by the name in this file: it reads and writes the cache bucket with it.",
        Shape::Text(LABEL),
        Need::Optional,
    ),
    row(
        "privileged",
        "True for privileged jobs, as Docker in Docker needs: each of them is root on its machine.",
        Shape::Flag,
        Need::Flag(false),
    ),
    row("concurrent", "The most jobs at once.", Shape::Whole { least: 1, most: 10_000 }, Need::Whole(4)),
];

const CPU: Pattern =
    Pattern::new("a number of processors, such as `2` or `500m`", "^([1-9][0-9]{0,3}m?|0?\\.[0-9]{1,3})$", 5)
        .bare();
const LABEL_KEY: Pattern = Pattern::new(
    "the key of a label",
    "^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$",
    317,
);
const LABEL_VALUE: Pattern =
    Pattern::new("the value of a label", "^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$", 63).bare();

const FLUX: &[Property] = &[
    row("image", "The repository that is scanned.", Shape::Text(REPOSITORY), Need::Required),
    row("interval", "The time between two scans.", Shape::Text(DURATION), Need::Text("1m")),
    row("semver", "The versions that are taken, as a range.", Shape::Text(RANGE), Need::Text(">=1.0.0")),
    row("namespace", "The namespace of Flux.", Shape::Text(LABEL), Need::Text("flux-system")),
    row(
        "repository",
        "The GitRepository of Flux that updates are written to.",
        Shape::Text(LABEL),
        Need::Text("flux-system"),
    ),
    row("branch", "Its branch.", Shape::Text(BRANCH), Need::Text("main")),
    row("path", "The folder in it with the manifests that are updated.", Shape::Text(PATH), Need::Text("./")),
    row(
        "pull_secret",
        "The Secret by which Flux reads the registry; images of ECR need none.",
        Shape::Text(LABEL),
        Need::Text("registry-pull"),
    ),
    row("email", "The author of the updates.", Shape::Text(MAIL), Need::Text("flux@localhost")),
];

const BRANCH: Pattern = Pattern::new("a branch", "^[A-Za-z0-9][A-Za-z0-9._/-]*$", 200);
const PATH: Pattern =
    Pattern::new("a folder, such as `./clusters/main`", "^\\./([A-Za-z0-9_][A-Za-z0-9._-]*/?)*$", 255);

const PIPELINE: &[Property] = &[
    row(
        "image",
        "The image of BuildKit, rootless.",
        Shape::Text(IMAGE),
        Need::Text("moby/buildkit:v0.23.2-rootless"),
    ),
    row(
        "tags",
        "The tags of the runners that build.",
        Shape::SetOf(&Shape::Text(RUNNER_TAG)),
        Need::Optional,
    ),
];

const RUNNER_TAG: Pattern = Pattern::new("the tag of a runner", "^[A-Za-z0-9][A-Za-z0-9._ -]*$", 255);

const DURATION: Pattern = Pattern::new("a duration, such as `1m`", "^[1-9][0-9]{0,4}(s|m|h)$", 6);
const RANGE: Pattern =
    Pattern::new("a range of versions, such as `>=1.0.0`", "^[0-9A-Za-z .*<>=~^|,-]+$", 100);
