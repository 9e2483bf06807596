//! Buckets on the wire: their names are those of all accounts and regions.

use provision::engine::cloud::{Cloud, TrackedDocument};
use provision::engine::resource::Id;

use crate::wire::replay::Replay;

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>\
                        </GetCallerIdentityResult></GetCallerIdentityResponse>";

#[tokio::test]
async fn a_bucket_of_another_account_or_region_is_said_to_be_one() {
    for (status, code, words) in [
        (403, "AccessDenied", "one of another account"),
        (301, "PermanentRedirect", "in another region than eu-west-1"),
    ] {
        let refusal = format!("<Error><Code>{code}</Code><Message>said AWS</Message></Error>");
        let replay = Replay::in_order(&[(200, IDENTITY), (status, &refusal), (status, &refusal)]);
        let aws = replay.aws();
        aws.account().await.expect("AWS says who asks");
        let cloud = provision::aws::kinds::AwsCloud::new(aws.into());
        let tracked = [TrackedDocument { id: Id::new("artifacts"), recorded: None }];
        let error = cloud.observe("aws_s3_bucket", &tracked).await.expect_err("it is not answered");
        let said = error.to_string();
        assert!(said.contains(words) && said.contains("artifacts") && said.contains(code), "{said}");
        for asked in &replay.asked()[1..] {
            assert_eq!(asked.expected_owner.as_deref(), Some("123456789012"), "{}", asked.operation);
        }
    }
}
