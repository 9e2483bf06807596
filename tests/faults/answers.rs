//! Answers that are not what the server said: each made of the one that it did say.

use crate::http::Message;

/// Half of the body, and as far as the protocol goes an answer that breaks off.
pub fn half(answer: &Message) -> Vec<u8> {
    let bytes = answer.bytes();
    bytes[..bytes.len() - answer.body.len() / 2 - 1].to_vec()
}

/// The whole answer, under a head that promises more.
pub fn with_a_wrong_length(answer: &Message) -> Vec<u8> {
    answer.bytes_of_length(answer.body.len() + 100)
}

/// Nothing in it.
pub fn without_content(answer: &Message) -> Message {
    let body = if is_json(answer) { b"{}".to_vec() } else { Vec::new() };
    Message { body, ..answer.clone() }
}

/// Nothing that can be read.
pub fn garbled(answer: &Message) -> Message {
    Message { body: answer.body.iter().rev().copied().collect(), ..answer.clone() }
}

/// The page of some gateway on the way.
pub fn gateway_page(_: &Message) -> Message {
    Message::answer(502, "text/html", "<html><body>Bad gateway</body></html>")
}

/// Everything still on its way.
pub fn busy(answer: &Message) -> Message {
    let text = String::from_utf8_lossy(&answer.body);
    // A version of PostgreSQL is available or deprecated, and never on its way.
    if text.contains("<DBEngineVersions>") {
        return answer.clone();
    }
    let text = text
        .replace("<DBInstanceStatus>available<", "<DBInstanceStatus>modifying<")
        .replace("<Status>available<", "<Status>modifying<")
        .replace(r#""LifeCycleState":"available""#, r#""LifeCycleState":"updating""#)
        .replace(r#""LifeCycleState": "available""#, r#""LifeCycleState": "updating""#);
    Message { body: text.into_bytes(), ..answer.clone() }
}

/// Nothing in its lists.
pub fn nothing(answer: &Message) -> Message {
    let text = String::from_utf8_lossy(&answer.body);
    let body = if is_json(answer) { without_json_lists(&text) } else { without_xml_lists(&text) };
    Message { body: body.map_or_else(|| answer.body.clone(), String::into_bytes), ..answer.clone() }
}

fn without_json_lists(text: &str) -> Option<String> {
    let serde_json::Value::Object(mut fields) = serde_json::from_str(text).ok()? else { return None };
    // The tags of an object that is described alone are no list of objects: those are there, or the object is not.
    if fields.contains_key("ARN") {
        return None;
    }
    let lists: Vec<_> = fields
        .values_mut()
        .filter_map(|value| value.as_array_mut())
        .filter(|list| !list.is_empty())
        .collect();
    if lists.is_empty() {
        return None;
    }
    lists.into_iter().for_each(Vec::clear);
    Some(serde_json::Value::Object(fields).to_string())
}

fn without_xml_lists(text: &str) -> Option<String> {
    let lists = [
        "DBInstances",
        "DBSubnetGroups",
        "DBParameterGroups",
        "ReplicationGroups",
        "CacheClusters",
        "CacheSubnetGroups",
        "CacheParameterGroups",
        "vpcSet",
        "subnetSet",
        "securityGroupInfo",
        "securityGroupRuleSet",
        "networkInterfaceSet",
    ];
    let mut without = text.to_owned();
    for list in lists {
        let (open, close) = (format!("<{list}>"), format!("</{list}>"));
        if let (Some(from), Some(to)) = (without.find(&open), without.rfind(&close)) {
            without.replace_range(from + open.len()..to, "");
        }
    }
    (without != text).then_some(without)
}

/// The emulator's EFS says that its JSON is plain text.
fn is_json(answer: &Message) -> bool {
    answer.body.starts_with(b"{")
}
