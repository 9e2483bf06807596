//! `roles`: IAM roles for service accounts of the cluster, for machines and for services of AWS, with the least that the buckets need which
//! they name.

mod describe;
mod statements;
mod trust;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::address::Address;
use crate::engine::network::Network;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::engine::state::{Record, State};
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft, document, id_of, with};
use crate::stack::outputs::{Output, text};
use crate::stack::section::{
    Apart, Belonging, Conflict, Entries, Entry, Expand, IGNORE_CHANGES, NamesEntries, Others, Part, Section,
};

const ROLE: &str = "aws_iam_role";
const PROFILE: &str = "aws_iam_instance_profile";
const PROVIDER: &str = "aws_iam_openid_connect_provider";
/// The section of the buckets that a role names, and the kind of these.
const OF_BUCKETS: &str = "buckets";

pub(super) const SECTION: Section = Section {
    key: "roles",
    doc: "IAM roles, by name.",
    one: "role",
    several: "roles",
    entry: Part {
        doc: "One IAM role, with a policy of its own.",
        own: &[
            SERVICE_ACCOUNTS,
            OIDC_PROVIDER,
            AUDIENCES,
            SERVICES,
            INSTANCE_PROFILE,
            BUCKETS,
            READ_BUCKETS,
            statements::STATEMENTS,
            IGNORE_CHANGES,
        ],
        parts: &[],
        passes: &[ROLE],
    },
    objects: &[(INSTANCE_PROFILE.name, "leave it as it is, or take it out")],
    check,
    names: &[
        NamesEntries { option: BUCKETS.name, section: OF_BUCKETS },
        NamesEntries { option: READ_BUCKETS.name, section: OF_BUCKETS },
    ],
    files: &[],
    spread: None,
    main: ROLE,
    others: Others::None,
    roles: |_| std::collections::BTreeMap::new(),
    expand: Expand::InNetwork {
        declare: in_network,
        in_a_new_zone: None,
        apart: Some(Apart { is: needs_no_cluster, declare: alone }),
    },
    belongings: &[Belonging::Part(PROFILE)],
    describe: describe::describe,
    output,
    output_schema: schema,
    short: &[],
};

const SERVICE_ACCOUNTS: Property = Property {
    name: "service_accounts",
    doc: "The service accounts whose pods may take it, as `NAMESPACE/NAME`, `NAMESPACE/*` for all of a namespace, or `NAMESPACE/web-*` for\n\
          those of it that begin so. Their tokens are those of the cluster's OIDC provider, which kops makes with `serviceAccountIssuerDiscovery`.",
    shape: Shape::SetOf(&Shape::Text(SERVICE_ACCOUNT)),
    need: Need::Optional,
};

/// Names of Kubernetes: a namespace is a label, a service account a subdomain ("Object Names and IDs", Kubernetes documentation).
const SERVICE_ACCOUNT: Pattern = Pattern::new(
    "a service account as `NAMESPACE/NAME`, such as `gitlab/gitlab-webservice`, or `NAMESPACE/*` or `NAMESPACE/web-*` for several",
    "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/(\\*|[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\\*?)$",
    318,
);

const OIDC_PROVIDER: Property = Property {
    name: "oidc_provider",
    doc: "The ARN of the OIDC provider that the service accounts' tokens are of; without it, the one with the tags of the stack's cluster. It is\n\
          never changed.",
    shape: Shape::Text(PROVIDER_ARN),
    need: Need::Optional,
};

const PROVIDER_ARN: Pattern = Pattern::new(
    "the ARN of an OIDC provider: `arn:aws:iam::<account>:oidc-provider/<issuer>`",
    "^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[A-Za-z0-9._/~-]+$",
    512,
);

const AUDIENCES: Property = Property {
    name: "audiences",
    doc: "The audiences that a token may be for; without it, those that the OIDC provider has. With `[]` it is not looked at, and a token for any\n\
          audience will do.",
    shape: Shape::SetOf(&Shape::Text(AUDIENCE)),
    need: Need::Optional,
};

/// CreateOpenIDConnectProvider, ClientIDList.
const AUDIENCE: Pattern =
    Pattern::new("an audience, such as `amazonaws.com`", "^[!-~]+$", 255).but_not("\\$\\{");

const SERVICES: Property = Property {
    name: "services",
    doc: "The services of AWS that may take it, such as `backup.amazonaws.com`.",
    shape: Shape::SetOf(&Shape::Text(SERVICE)),
    need: Need::Optional,
};

const SERVICE: Pattern =
    Pattern::new("a service such as `ec2.amazonaws.com`", "^([a-z0-9-]+\\.)+amazonaws\\.com(\\.cn)?$", 256);

const INSTANCE_PROFILE: Property = Property {
    name: "instance_profile",
    doc: "True for a role of machines: EC2 may take it, and an instance profile of its name is made for it.",
    shape: Shape::Flag,
    need: Need::Flag(false),
};

const BUCKETS: Property = Property {
    name: "buckets",
    doc: "The entries of `buckets` whose objects it may list, read, write and delete; `gitlab-*` stands for all that begin so.",
    shape: Shape::SetOf(&Shape::Text(ENTRY)),
    need: Need::Optional,
};

const READ_BUCKETS: Property = Property {
    name: "read_buckets",
    doc: "The entries of `buckets` whose objects it may list and read.",
    shape: Shape::SetOf(&Shape::Text(ENTRY)),
    need: Need::Optional,
};

const ENTRY: Pattern = Pattern::new(
    "the name of an entry of `buckets`, or the beginning of several with `*` at its end",
    "^[a-z][a-z0-9-]*\\*?$",
    64,
);

/// The options that are one policy in AWS: others have all of it, or none.
const ONE_POLICY: [&[&str]; 2] = [
    &[SERVICE_ACCOUNTS.name, SERVICES.name, INSTANCE_PROFILE.name, OIDC_PROVIDER.name, AUDIENCES.name],
    &[BUCKETS.name, READ_BUCKETS.name, statements::STATEMENTS.name],
];

/// The items of an option.
fn items<'a>(entry: &'a Entry, option: &Property) -> Vec<&'a str> {
    let all = entry.get(option).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).collect()
}

fn has_service_accounts(entry: &Entry) -> bool {
    !items(entry, &SERVICE_ACCOUNTS).is_empty()
}

/// True where nothing has to be known of a cluster.
fn needs_no_cluster(entry: &Entry) -> bool {
    !has_service_accounts(entry) || entry.text(&OIDC_PROVIDER).is_some()
}

/// Each role has a name of its own, and what is said of tokens is said of service accounts.
fn check(roles: &Entries) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut names = std::collections::BTreeMap::new();
    for (name, entry) in roles {
        // "They are not distinguished by case" (CreateRole, RoleName).
        let written = entry.text_of(ROLE, "name").map(str::to_lowercase);
        if let Some((written, first)) = written.and_then(|one| Some((one.clone(), names.insert(one, name)?)))
        {
            let message = format!("`{written}` is the role of `{first}` already, in any case of its letters");
            found.push(Conflict::new(name, &["name"], message, "choose another `name`, or leave it out"));
        }
        let of_tokens = [OIDC_PROVIDER.name, AUDIENCES.name];
        if !has_service_accounts(entry) && of_tokens.iter().any(|option| entry.has_written(option)) {
            let message = "they are about the tokens of service accounts, and none is named".to_owned();
            found.push(Conflict::new(
                name,
                &of_tokens,
                message,
                "write `service_accounts`, or leave them out",
            ));
        }
        let takes = has_service_accounts(entry) || !items(entry, &SERVICES).is_empty();
        if !takes && entry.flag(&INSTANCE_PROFILE) != Some(true) {
            let message = format!("nobody may take the role `{name}`");
            let remedy = "write `service_accounts`, `services` or `instance_profile: true`";
            found.push(Conflict::new(name, &[], message, remedy));
        }
        for group in ONE_POLICY {
            let ignored: Vec<&str> =
                items(entry, &IGNORE_CHANGES).into_iter().filter(|one| group.contains(one)).collect();
            let others: Vec<&'static str> = group
                .iter()
                .copied()
                .filter(|option| entry.has_written(option) && !ignored.contains(option))
                .collect();
            if let (Some(one), false) = (ignored.first(), others.is_empty()) {
                let message = format!(
                    "`{one}` is left to others by `ignore_changes`, and a change of `{}` would be left out with it: they are one policy in AWS",
                    others.join("`, `")
                );
                let all: Vec<&str> = ignored.iter().copied().chain(others.iter().copied()).collect();
                let remedy =
                    format!("write all of them below `ignore_changes` ({}), or none", all.join(", "));
                found.push(Conflict::new(name, &others, message, &remedy));
            }
        }
        found.extend(statements::wrong(name, entry));
    }
    found
}

fn in_network(
    draft: &mut Draft<'_>,
    network: &Network,
    name: &Name,
    entry: &Entry,
) -> Result<(), BlueprintError> {
    let Some(cluster) = network.cluster.name.clone() else {
        return Err(BlueprintError::NoCluster { entry: format!("the role `{name}`") });
    };
    let address = Address::new(PROVIDER, name.as_str());
    draft.watch(address.clone(), &cluster)?;
    declare(draft, name, entry, trust::Provider::watched(&address, entry))
}

fn alone(draft: &mut Draft<'_>, name: &Name, entry: &Entry) -> Result<(), BlueprintError> {
    let provider = match entry.text(&OIDC_PROVIDER) {
        // Also where its audiences are written: a trust in a provider that is not there lets in none.
        Some(arn) => {
            let address = Address::new(PROVIDER, name.as_str());
            draft.watch(address.clone(), arn)?;
            trust::Provider::named(arn, entry).unwrap_or_else(|| trust::Provider::watched(&address, entry))
        }
        None => trust::Provider::default(),
    };
    declare(draft, name, entry, provider)
}

fn declare(
    draft: &mut Draft<'_>,
    name: &Name,
    entry: &Entry,
    provider: trust::Provider,
) -> Result<(), BlueprintError> {
    let address = Address::new(ROLE, name.as_str());
    let options = entry.of(ROLE);
    let role_name = match entry.text_of(ROLE, "name") {
        Some(written) => written.to_owned(),
        None => draft.kept.text_of_what_is_there(&address, "name", format!("{}-{name}", draft.stack.stack)),
    };
    let empty = || json!([]);
    let set = json!({
        "name": role_name,
        "assume_role_policy": trust::policy(entry, &provider),
        "policy": statements::policy(draft, entry),
        "managed_policies": options.get("managed_policies").cloned().unwrap_or_else(empty),
        "tags": draft.tags(&address, name.as_str()),
    });
    draft.declare(address.clone(), with(options, set))?;
    if entry.flag(&INSTANCE_PROFILE) == Some(true) {
        let profile = Address::new(PROFILE, name.as_str());
        let inputs = document(json!({
            "name": draft.kept.text_of_what_is_there(&profile, "name", role_name),
            "path": options.get("path"),
            "role": id_of(&address),
            "tags": draft.tags(&profile, name.as_str()),
        }));
        draft.declare(profile, inputs)?;
    }
    Ok(())
}

/// One role.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct Role {
    name: String,
    arn: String,
    /// The instance profile that machines are started with.
    instance_profile: Option<String>,
    instance_profile_arn: Option<String>,
}

fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Role>()
}

fn output(state: &State, name: &str, record: &Record) -> Option<Output> {
    let profile = state.resources.get(&Address::new(PROFILE, name)).filter(|profile| !profile.gone);
    let of_profile = |field: &str| profile.and_then(|profile| text(&profile.outputs, field));
    let role = Role {
        name: text(&record.outputs, "name")?,
        arn: text(&record.outputs, "arn")?,
        instance_profile: of_profile("name"),
        instance_profile_arn: of_profile("arn"),
    };
    let mut output = Output::of(&role);
    let Role { name, arn, instance_profile, instance_profile_arn } = role;
    let optional = [("instance_profile", instance_profile), ("instance_profile_arn", instance_profile_arn)];
    output.texts.extend([("name", name), ("arn", arn)].map(|(field, text)| (field.to_owned(), text)));
    output.texts.extend(optional.into_iter().filter_map(|(field, text)| Some((field.to_owned(), text?))));
    Some(output)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::aws::kinds::registry;
    use crate::engine::blueprint::{Blueprint, Declaration};
    use crate::engine::document::{Document, resolve};
    use crate::engine::network::{Cluster, Network};
    use crate::engine::resource::Id;
    use crate::stack::blueprint::{BlueprintError, blueprint};
    use crate::stack::parse;

    fn network(cluster: Option<&str>) -> Network {
        let cluster = Cluster { name: cluster.map(str::to_owned), efs_names_resolve: true };
        Network { cluster, vpc: Id::new("vpc-1"), subnets: Default::default(), groups: Default::default() }
    }

    fn declared(text: &str, network: Option<&Network>) -> Result<Blueprint, BlueprintError> {
        let stack = parse("x", text, &registry()).unwrap_or_else(|error| panic!("{error:?}"));
        blueprint(&stack, network)
    }

    fn role(blueprint: &Blueprint, name: &str) -> Document {
        let Some(Declaration::Managed { inputs }) =
            blueprint.declarations.get(&format!("aws_iam_role.{name}").parse().expect("an address")).cloned()
        else {
            panic!("there is no {name}")
        };
        resolve(&inputs, &|reference| match reference.output.as_str() {
            "issuer" => Some("oidc.example.net/k8s".into()),
            "audiences" => Some(json!(["amazonaws.com", "vault"])),
            _ => Some(format!("arn:of:{}", reference.address.name()).into()),
        })
    }

    #[test]
    fn pods_take_a_role_by_the_subjects_and_audiences_of_the_providers_own_tokens() {
        let text =
            "cluster: k8s.example.net\nroles: { pods: { service_accounts: [gitlab/web, gitlab/sidekiq] } }";
        let here = network(Some("k8s.example.net"));
        let blueprint = declared(text, Some(&here)).expect("it fits");
        let provider = "aws_iam_openid_connect_provider.pods".parse().expect("an address");
        assert_eq!(
            blueprint.declarations.get(&provider),
            Some(&Declaration::Watched { id: Id::new("k8s.example.net") })
        );
        let expected = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "ServiceAccounts", "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": { "Federated": "arn:of:pods" },
            "Condition": { "StringEquals": {
                "oidc.example.net/k8s:sub": ["system:serviceaccount:gitlab:web", "system:serviceaccount:gitlab:sidekiq"],
                "oidc.example.net/k8s:aud": ["amazonaws.com", "vault"],
            } },
        }] });
        assert_eq!(role(&blueprint, "pods")["assume_role_policy"], expected);
    }

    #[test]
    fn all_service_accounts_of_a_namespace_are_a_pattern_and_a_named_provider_needs_no_cluster() {
        let text = "roles: { pods: { service_accounts: [runners/*], audiences: [],\n  \
                    oidc_provider: \"arn:aws:iam::123456789012:oidc-provider/oidc.example.net/a\" } }";
        let blueprint = declared(text, None).expect("it needs no network");
        let arn = Id::new("arn:aws:iam::123456789012:oidc-provider/oidc.example.net/a");
        let provider = "aws_iam_openid_connect_provider.pods".parse().expect("an address");
        assert_eq!(blueprint.declarations.get(&provider), Some(&Declaration::Watched { id: arn }));
        let conditions = &role(&blueprint, "pods")["assume_role_policy"]["Statement"][0]["Condition"];
        assert_eq!(
            *conditions,
            json!({ "StringLike": { "oidc.example.net/a:sub": ["system:serviceaccount:runners:*"] } })
        );
    }

    #[test]
    fn a_network_without_a_cluster_has_no_provider_and_the_way_out_is_said() {
        let text = "network: { vpc: vpc-0001 }\nroles: { pods: { service_accounts: [gitlab/web] } }";
        let refused = declared(text, Some(&network(None))).expect_err("there is no cluster");
        assert!(refused.hint().contains("oidc_provider"), "{refused} {}", refused.hint());
    }

    #[test]
    fn the_example_of_the_documentation_is_a_stack_file() {
        let page = include_str!("../../../docs/gitlab.md");
        let (_, section) = page.split_once("## Roles").expect("the page has the section");
        let example = section.split("```").nth(1).and_then(|block| block.strip_prefix("yaml\n"));
        let example = format!("cluster: k8s.example.net\n{}", example.expect("it has an example"));
        let here = network(Some("k8s.example.net"));
        let blueprint = declared(&example, Some(&here)).expect("it fits");
        for name in ["gitlab-pods", "runner", "pair"] {
            assert!(
                role(&blueprint, name)["policy"]["Statement"].as_array().is_some_and(|all| !all.is_empty())
            );
        }
    }

    #[test]
    fn options_that_are_one_policy_are_left_to_others_together() {
        let text = |ignored: &str| {
            format!(
                "roles: {{ s: {{ services: [b.amazonaws.com], statements: {{ A: {{ actions: [\"ecr:*\"], resources: [\"*\"] }} }}, \
                 ignore_changes: [{ignored}] }} }}"
            )
        };
        for (ignored, named) in [
            ("buckets", Some("statements")),
            ("read_buckets", Some("statements")),
            ("service_accounts", Some("services")),
            ("buckets, statements", None),
            ("statements", None),
            ("services, description", None),
        ] {
            let said = parse("x", text(ignored), &registry()).map(drop).map_err(|error| format!("{error:?}"));
            match named {
                Some(option) => {
                    let said = said.expect_err("an option would be left out with it");
                    assert!(said.contains("they are one policy in AWS") && said.contains(option), "{said}");
                }
                None => said.unwrap_or_else(|error| panic!("{ignored}: {error}")),
            }
        }
    }

    #[test]
    fn a_role_may_do_the_least_on_the_buckets_that_it_names() {
        let text = "buckets:\n  a: { kms_key_id: \"arn:aws:kms:eu-west-1:123456789012:key/1\" }\n  b-1: {}\n  b-2: {}\n  c: {}\n\
                    roles:\n  m: { instance_profile: true, buckets: [a, \"b-*\"], read_buckets: [c] }";
        let blueprint = declared(text, None).expect("it needs no network");
        let policy = role(&blueprint, "m")["policy"].clone();
        let by_name = |sid: &str| {
            let all = policy["Statement"].as_array().expect("statements").iter();
            all.clone().find(|one| one["Sid"] == sid).cloned().unwrap_or(Value::Null)
        };
        assert_eq!(
            by_name("BucketObjects")["Resource"],
            json!(["arn:of:a/*", "arn:of:b-1/*", "arn:of:b-2/*"])
        );
        assert_eq!(by_name("Buckets")["Resource"], json!(["arn:of:a", "arn:of:b-1", "arn:of:b-2"]));
        assert_eq!(by_name("BucketKeys")["Resource"], json!(["arn:aws:kms:eu-west-1:123456789012:key/1"]));
        assert_eq!(by_name("ReadBucketObjects")["Action"], json!(["s3:GetObject"]));
        assert_eq!(by_name("ReadBuckets")["Resource"], json!(["arn:of:c"]));
        assert_eq!(by_name("ReadBucketKeys"), Value::Null);
        for action in policy["Statement"].as_array().expect("statements") {
            assert!(!action["Action"].to_string().contains('*'), "{action}");
        }
        let profile = "aws_iam_instance_profile.m".parse().expect("an address");
        assert!(blueprint.declarations.contains_key(&profile));
    }

    #[test]
    fn what_a_role_says_wrongly_is_refused_with_the_way_out() {
        for (text, word) in [
            ("roles: { a: {} }", "nobody may take"),
            ("roles: { a: { services: [] } }", "nobody may take"),
            ("roles: { a: { instance_profile: true, buckets: [b] } }", "no entry of `buckets`"),
            ("roles: { a: { instance_profile: true, audiences: [x] } }", "tokens of service accounts"),
            (
                "roles: { a: { instance_profile: true, name: X }, b: { instance_profile: true, name: x } }",
                "the role of `a` already",
            ),
            ("roles: { a: { service_accounts: [\"*/*\"] } }", "service account"),
            (
                "roles: { a: { instance_profile: true, statements: { X: { actions: [], resources: [\"*\"] } } } }",
                "names no `actions`",
            ),
            (
                "buckets: { c: {} }\nroles: { a: { instance_profile: true, buckets: [c], statements: { Buckets: { actions: [\"a:B\"], \
                 resources: [\"*\"] } } } }",
                "made for buckets",
            ),
        ] {
            let error = parse("x", text, &registry()).expect_err("it is wrong");
            let said: Vec<String> = error.problems().map(ToString::to_string).collect();
            assert!(said.iter().any(|one| one.contains(word)), "{text}: {said:?}");
        }
        let short = "buckets: { gitlab: { for: gitlab } }\nroles: { a: { instance_profile: true, buckets: [gitlab] } }";
        let error = parse("x", short, &registry()).expect_err("it is short for several");
        assert!(format!("{error:?}").contains("gitlab-*"), "{error:?}");
        let all = short.replace("[gitlab]", "[\"gitlab-*\"]");
        assert!(parse("x", &all, &registry()).is_ok());
    }
}
