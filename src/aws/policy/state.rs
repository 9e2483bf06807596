//! The permissions that a state on S3 needs: its two objects, and to be told when they are not there.

use super::place::Place;
use super::statement::{Conditions, Effect, Statement, Texts};
use crate::aws::state_s3::{CALLS as S3_CALLS, S3Place};

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
