//! References to passwords that AWS manages: the cluster fetches each, and no file holds one.

use serde::Serialize;
use serde_json::Value;

use crate::gitlab::description::{Description, Secrets};
use crate::gitlab::objects::{metadata, object};
use crate::gitlab::secrets::{Managed, PASSWORD, managed};
use crate::gitlab::yaml;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The name of the store that all references name.
const STORE: &str = "aws";

/// The objects that make a Secret for each password.
pub fn objects(description: &Description<'_>) -> Vec<Value> {
    let all = managed(description);
    if all.is_empty() {
        return Vec::new();
    }
    match description.kubernetes.secrets {
        Secrets::ExternalSecrets => {
            let each = all.iter().map(|one| object(&external(description, one)));
            [object(&store(description))].into_iter().chain(each).collect()
        }
        Secrets::Csi => all.iter().map(|one| object(&provided(description, one))).collect(),
        Secrets::None => Vec::new(),
    }
}

/// Sentences on Secrets that somebody has to care for. (RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager":
/// every seven days is the default.)
pub fn notes(description: &Description<'_>) -> Vec<String> {
    let all = managed(description);
    match description.kubernetes.secrets {
        Secrets::ExternalSecrets if all.is_empty() => Vec::new(),
        Secrets::ExternalSecrets => vec![format!(
            "the External Secrets Operator has to be in the cluster first, with a role that may read {} in Secrets Manager",
            if all.len() == 1 { "the secret" } else { "the secrets" }
        )],
        Secrets::Csi => all
            .iter()
            .map(|Managed { name, .. }| {
                format!(
                    "the Secret {name} exists only while a pod mounts its SecretProviderClass, as the target `gitlab` does and the GitLab chart \
                     does not: there, write `secrets: external-secrets`"
                )
            })
            .collect(),
        Secrets::None => all
            .iter()
            .map(|Managed { name, .. }| {
                format!(
                    "nothing renews the Secret {name}, and AWS changes a managed password every seven days: make it again then, with: provision \
                     secret {name}"
                )
            })
            .collect(),
    }
}

/// An object of a kind that Kubernetes has by an extension.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Extension<T> {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: T,
}

/// The only version that External Secrets serves (config/crds of external-secrets.io 0.17 and later).
const EXTERNAL_SECRETS: &str = "external-secrets.io/v1";

#[derive(Debug, Serialize)]
struct SecretStore {
    provider: Provider,
}

#[derive(Debug, Serialize)]
struct Provider {
    aws: Aws,
}

#[derive(Debug, Serialize)]
struct Aws {
    service: &'static str,
    region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Auth>,
}

#[derive(Debug, Serialize)]
struct Auth {
    jwt: Jwt,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Jwt {
    service_account_ref: Named,
}

#[derive(Debug, Serialize)]
struct Named {
    name: String,
}

fn store(description: &Description<'_>) -> Extension<SecretStore> {
    let jwt = |name: String| Auth { jwt: Jwt { service_account_ref: Named { name } } };
    let aws = Aws {
        service: "SecretsManager",
        region: description.region.to_owned(),
        auth: description.kubernetes.service_account.clone().map(jwt),
    };
    Extension {
        api_version: EXTERNAL_SECRETS,
        kind: "SecretStore",
        metadata: metadata(description, STORE),
        spec: SecretStore { provider: Provider { aws } },
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalSecret {
    refresh_interval: &'static str,
    secret_store_ref: StoreRef,
    target: Made,
    data: Vec<Fetched>,
}

#[derive(Debug, Serialize)]
struct StoreRef {
    kind: &'static str,
    name: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    name: String,
    creation_policy: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fetched {
    secret_key: &'static str,
    remote_ref: Remote,
}

#[derive(Debug, Serialize)]
struct Remote {
    key: String,
    property: &'static str,
}

fn external(description: &Description<'_>, Managed { name, arn }: &Managed) -> Extension<ExternalSecret> {
    Extension {
        api_version: EXTERNAL_SECRETS,
        kind: "ExternalSecret",
        metadata: metadata(description, name),
        spec: ExternalSecret {
            refresh_interval: "1h",
            secret_store_ref: StoreRef { kind: "SecretStore", name: STORE },
            target: Made { name: name.clone(), creation_policy: "Owner" },
            data: vec![Fetched {
                secret_key: PASSWORD,
                remote_ref: Remote { key: arn.clone(), property: PASSWORD },
            }],
        },
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretProviderClass {
    provider: &'static str,
    parameters: Parameters,
    secret_objects: Vec<SecretObject>,
}

#[derive(Debug, Serialize)]
struct Parameters {
    region: String,
    /// YAML in a text, as the driver's AWS provider reads it.
    objects: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object_name: String,
    jmes_path: Vec<Path>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Path {
    path: &'static str,
    object_alias: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretObject {
    secret_name: String,
    r#type: &'static str,
    data: Vec<Key>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    object_name: String,
    key: &'static str,
}

fn provided(
    description: &Description<'_>,
    Managed { name, arn }: &Managed,
) -> Extension<SecretProviderClass> {
    let alias = format!("{name}-{PASSWORD}");
    let fetched = Object {
        object_name: arn.clone(),
        jmes_path: vec![Path { path: PASSWORD, object_alias: alias.clone() }],
    };
    Extension {
        api_version: "secrets-store.csi.x-k8s.io/v1",
        kind: "SecretProviderClass",
        metadata: metadata(description, name),
        spec: SecretProviderClass {
            provider: "aws",
            parameters: Parameters {
                region: description.region.to_owned(),
                objects: yaml::document(&[fetched]),
            },
            secret_objects: vec![SecretObject {
                secret_name: name.clone(),
                r#type: "Opaque",
                data: vec![Key { object_name: alias, key: PASSWORD }],
            }],
        },
    }
}
