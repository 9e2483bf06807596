//! What a state on S3 needs: its two objects, and to be told when they are not there.
//! Knows nothing of how it is read and written.

use super::place::Place;
use super::statement::{Conditions, Effect, Statement, Texts};

/// The statements for a state at `s3://bucket/key`.
pub fn state_on_s3(region: Option<&str>, bucket: &str, key: &str) -> [Statement; 2] {
    let bucket = format!("arn:{}:s3:::{bucket}", Place { region }.partition());
    let keys = [key.to_owned(), format!("{key}.backup")];
    let allow = |sid: &str, actions: &[&str], resource: Texts, condition: Conditions| Statement {
        sid: sid.to_owned(),
        effect: Effect::Allow,
        action: actions.iter().copied().collect(),
        not_action: Texts::default(),
        resource,
        condition,
    };
    let objects = keys.iter().map(|key| format!("{bucket}/{key}")).collect();
    // Without ListBucket, S3 says of an object that is not there that it is forbidden. It is asked for no prefix then:
    // the condition may only hold where there is one (S3 User Guide, bucket policy examples with condition keys).
    let listed = [("s3:prefix", keys.iter().cloned().collect::<Texts>())];
    [
        allow("StateObjects", &["s3:GetObject", "s3:PutObject"], objects, Conditions::new()),
        allow(
            "StateIsThere",
            &["s3:ListBucket"],
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
        let statements = state_on_s3(Some("cn-north-1"), "team", "states/gitlab.json");
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
