//! OIDC providers of IAM, watched: read for the issuer and the audiences of tokens, never made, tagged or changed. kops makes the one of a
//! cluster, and puts its lists back after changes of others.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::aws::kind::Seen;
use crate::aws::kinds::iam_tags;
use crate::aws::row::outputs;
use crate::aws::watched::Watched;
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Condition, Id, Ownership, Remark};

const LIST: Call = Call::read("iam:ListOpenIDConnectProviders");
const GET: Call = Call::read("iam:GetOpenIDConnectProvider");

/// OIDC providers. The id of one is its ARN, or the name of the cluster whose tags it carries.
pub struct OidcProvider;

impl Watched for OidcProvider {
    const KIND: &'static str = "aws_iam_openid_connect_provider";
    const CALLS: &'static [Call] = &[LIST, GET];
    const WHEN_MISSING: Option<&'static str> = Some(
        "write `serviceAccountIssuerDiscovery: { discoveryStore: \"s3://BUCKET/PATH\", enableAWSOIDCProvider: true }` below `spec` of the kops \
         cluster and roll it out: kops makes the provider then, and the tokens that pods of a living cluster have are refused once their \
         issuer is another one; or name a provider that is there as `oidc_provider`",
    );

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Seen>, CloudError> {
        let by_arn = tracked.iter().map(|one| one.id.as_str()).filter(|id| is_arn(id));
        let mut arns: BTreeSet<String> = by_arn.map(str::to_owned).collect();
        let clusters: BTreeSet<&str> =
            tracked.iter().map(|one| one.id.as_str()).filter(|id| !is_arn(id)).collect();
        if !clusters.is_empty() {
            let all = aws.read.iam.list_open_id_connect_providers().send().await.map_err(aws_error(LIST))?;
            arns.extend(all.open_id_connect_provider_list().iter().filter_map(|one| one.arn.clone()));
        }
        let read = arns.into_iter().map(|arn| async move {
            let answer = aws.read.iam.get_open_id_connect_provider().open_id_connect_provider_arn(&arn);
            let found = absent_is_none(answer.send().await.map_err(aws_error(GET)))?;
            Ok::<_, CloudError>(found.map(|found| (arn, found)))
        });
        let all: Vec<_> = try_join_all(read).await?.into_iter().flatten().collect();
        let seen_at = |one: &TrackedDocument| {
            let id = one.id.as_str();
            let is_it = |(arn, found): &&(String, GetOpenIdConnectProviderOutput)| match is_arn(id) {
                true => arn == id,
                false => is_of(found, id),
            };
            let its: Vec<_> = all.iter().filter(is_it).collect();
            match its.as_slice() {
                [] => None,
                [(arn, found)] => Some((one.id.clone(), seen(arn, found))),
                // Two with the tags of one cluster: nothing tells which one its tokens are of.
                several => {
                    Some((one.id.clone(), one_of(several.iter().map(|(arn, _)| arn.clone()).collect())))
                }
            }
        };
        Ok(tracked.iter().filter_map(seen_at).collect())
    }
}

/// True if a provider is the one of a cluster: kops gives it the cluster's tags.
fn is_of(found: &GetOpenIdConnectProviderOutput, cluster: &str) -> bool {
    let tags = iam_tags::of_sdk_tags(found.tags());
    let owner = Ownership::of_tags(&tags);
    owner == Ownership::OfCluster { cluster: cluster.to_owned() }
        || tags.get("KubernetesCluster").is_some_and(|named| named == cluster)
}

fn is_arn(id: &str) -> bool {
    id.starts_with("arn:")
}

/// Several with the tags of one cluster, such as the old and the new one while its issuer changes.
fn one_of(ids: Vec<String>) -> Seen {
    Seen {
        outputs: Document::new(),
        condition: Condition::Pending("several have its tags".to_owned()),
        remarks: vec![Remark::OneOfSeveral { ids, option: "oidc_provider" }],
        ownership: Ownership::Untagged,
        vpc: None,
    }
}

fn seen(arn: &str, found: &GetOpenIdConnectProviderOutput) -> Seen {
    let url = found.url().unwrap_or_default();
    let issuer = url.strip_prefix("https://").unwrap_or(url).trim_end_matches('/');
    let mut outputs = outputs([("arn", arn.to_owned()), ("issuer", issuer.to_owned())]);
    // kops registers `amazonaws.com` and what `additionalAudiences` adds, where EKS has `sts.amazonaws.com`.
    let mut audiences = found.client_id_list().to_vec();
    audiences.sort();
    outputs.insert("audiences".to_owned(), Value::from(audiences));
    Seen {
        outputs,
        condition: Condition::Ready,
        remarks: Vec::new(),
        ownership: Ownership::of_tags(&iam_tags::of_sdk_tags(found.tags())),
        vpc: None,
    }
}
