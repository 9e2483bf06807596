//! The names of a role's own inline policies. It has one, and two while it gets another name: to IAM the new one is one more.

use serde_json::Value;

/// Stands between two names: no name of a policy has a space.
pub(super) const AND: &str = " and ";

/// The names in a text of one or several.
pub(crate) fn all(text: &str) -> Vec<&str> {
    text.split(AND).filter(|name| !name.is_empty()).collect()
}

/// The text of the names in both texts, each once.
pub(super) fn both(one: &Value, other: &Value) -> Value {
    let texts = [one, other].into_iter().filter_map(Value::as_str);
    let mut names: Vec<&str> = Vec::new();
    for name in texts.flat_map(all) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(AND).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_put_together_and_told_apart_again() {
        let text = both(&json!("provision"), &both(&json!("zzz"), &json!("provision")));
        assert_eq!(text, "provision and zzz");
        assert_eq!(all("provision and zzz"), ["provision", "zzz"]);
        assert_eq!(both(&text, &json!("zzz")), text);
        assert_eq!(all("band"), ["band"]);
    }
}
