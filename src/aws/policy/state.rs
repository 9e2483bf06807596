//! The permissions that a state on S3 needs: its two objects, and to be told when they are not there.

use super::place::Place;
use super::statement::{Conditions, Effect, Statement, Texts};
use crate::aws::state_s3::{CALLS as S3_CALLS, S3Place};
use crate::engine::document::Document;

/// The statements for a state in a bucket.
pub fn state_on_s3(region: Option<&str>, place: &S3Place) -> [Statement; 2] {
    let S3Place { bucket, key } = place;
    let bucket = format!("arn:{}:s3:::{bucket}", Place { region }.partition());
    let keys = [key.clone(), format!("{key}.backup")];
    let allow = |sid: &str, action: Texts, resource: Texts, condition: Conditions| Statement {
        sid: sid.to_owned(),
        effect: Effect::Allow,
        action,
        not_action: Texts::default(),
        resource,
        condition,
    };
    let objects = keys.iter().map(|key| format!("{bucket}/{key}")).collect();
    let calls = S3_CALLS.iter().map(|call| call.name);
    let looks = S3_CALLS.iter().flat_map(|call| call.checks).map(|check| check.action);
    // A read that finds nothing asks for no prefix: the condition can only be about calls that do.
    let listed = [("s3:prefix", keys.iter().cloned().collect::<Texts>())];
    [
        allow("StateObjects", calls.collect(), objects, Conditions::new()),
        allow(
            "StateIsThere",
            looks.collect(),
            [bucket].into_iter().collect(),
            [("StringEqualsIfExists", listed.into())].into(),
        ),
    ]
}

/// The statement for the key of a state in a bucket ("Using server-side encryption with AWS KMS keys", Amazon S3 User Guide).
pub fn state_key(region: Option<&str>, key: &str) -> Statement {
    let inputs = Document::from_iter([("kms_key_id".to_owned(), key.into())]);
    let named = Place { region }.named("kms:{kms_key_id}", &inputs);
    let (arn, alias) = named.map_or_else(|| ("*".to_owned(), None), |named| (named.arn, named.alias));
    let aliases = alias.map(|alias| [("kms:ResourceAliases", Texts::from_iter([alias]))].into());
    Statement {
        sid: "StateKey".to_owned(),
        effect: Effect::Allow,
        action: ["kms:Decrypt", "kms:GenerateDataKey"].into_iter().collect(),
        not_action: Texts::default(),
        resource: [arn].into_iter().collect(),
        condition: aliases.into_iter().map(|keys| ("ForAnyValue:StringEquals", keys)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_key_of_a_state_is_named_by_its_alias_or_its_id() {
        let statement = |key| serde_json::to_value(state_key(Some("eu-west-1"), key)).expect("plain data");
        assert_eq!(
            statement("alias/states"),
            json!({
                "Sid": "StateKey", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "arn:aws:kms:eu-west-1:*:key/*",
                "Condition": { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/states" } },
            })
        );
        assert_eq!(statement("k-1")["Resource"], "arn:aws:kms:eu-west-1:*:key/k-1");
    }

    #[test]
    fn a_state_on_s3_is_two_objects_and_a_look_for_them() {
        let place = "s3://team/states/gitlab.json".parse().expect("a place");
        let statements = state_on_s3(Some("cn-north-1"), &place);
        assert_eq!(
            serde_json::to_value(statements).expect("plain data"),
            json!([
                {
                    "Sid": "StateObjects", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
                    "Resource": [
                        "arn:aws-cn:s3:::team/states/gitlab.json", "arn:aws-cn:s3:::team/states/gitlab.json.backup",
                    ],
                },
                {
                    "Sid": "StateIsThere", "Effect": "Allow", "Action": "s3:ListBucket",
                    "Resource": "arn:aws-cn:s3:::team",
                    "Condition": { "StringEqualsIfExists": {
                        "s3:prefix": ["states/gitlab.json", "states/gitlab.json.backup"],
                    } },
                },
            ])
        );
    }
}
