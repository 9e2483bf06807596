//! Addresses as Terraform writes them: `module.files["a"].aws_efs_mount_target.this[0]`.

use std::borrow::Cow;
use std::fmt::{self, Write};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

/// The address of one object of a Terraform state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub(super) modules: Vec<Step>,
    pub(super) is_data: bool,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) key: Option<Key>,
}

/// One module on the way to a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) key: Option<Key>,
}

/// The index of an instance: of `count` a number, of `for_each` a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(u64),
    Text(String),
}

impl Reference {
    /// The resource's type in Terraform.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The address without keys, as `removed` blocks name it: Terraform refuses keys there ("Resource instance keys not allowed").
    pub fn without_keys(&self) -> Self {
        let without = |step: &Step| Step { name: step.name.clone(), key: None };
        Self { modules: self.modules.iter().map(without).collect(), key: None, ..self.clone() }
    }

    /// The name of the outermost module, which is called in the root's configuration.
    pub fn outermost_module(&self) -> Option<&str> {
        self.modules.first().map(|step| step.name.as_str())
    }

    /// The address as a word of a shell.
    pub fn typed(&self) -> String {
        let text = self.to_string();
        match text.contains(['[', '"', ' ']) {
            true => format!("'{}'", text.replace('\'', r"'\''")),
            false => text,
        }
    }

    /// The modules of a path such as `module.db.module.files["a"]`; none if it is no such path.
    pub(super) fn modules(path: &str) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut rest = path;
        while !rest.is_empty() {
            rest = rest.strip_prefix("module.")?;
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let name = &rest[..end];
            is_identifier(name).then_some(())?;
            let (key, after) = key(&rest[end..])?;
            steps.push(Step { name: name.to_owned(), key });
            rest = match after.strip_prefix('.') {
                Some(more) if !more.is_empty() => more,
                None if after.is_empty() => after,
                _ => return None,
            };
        }
        Some(steps)
    }
}

/// The key at the beginning of a text, and what follows it.
fn key(text: &str) -> Option<(Option<Key>, &str)> {
    let Some(inner) = text.strip_prefix('[') else { return Some((None, text)) };
    let Some(quoted) = inner.strip_prefix('"') else {
        let (number, after) = inner.split_once(']')?;
        return Some((Some(Key::Number(number.parse().ok()?)), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((Some(Key::Text(value)), quoted[at + 1..].strip_prefix(']')?)),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            }),
            // A doubled sign begins no template.
            '$' | '%' if quoted[at + 1..].starts_with(&format!("{character}{{")) => {
                value.push(character);
                characters.next();
            }
            other => value.push(other),
        }
    }
    None
}

/// True for a name that Terraform takes for a module, a type or a resource. Nothing else may stand in a file for Terraform.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|one| one.is_alphanumeric() || one == '_' || one == '-')
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Number(number) => return write!(f, "[{number}]"),
            Self::Text(text) => text,
        };
        f.write_str("[\"")?;
        for (at, character) in text.char_indices() {
            match character {
                '$' | '%' if text[at + 1..].starts_with('{') => write!(f, "{character}{character}")?,
                '"' | '\\' => write!(f, "\\{character}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                other => f.write_char(other)?,
            }
        }
        f.write_str("\"]")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |key: &Option<Key>| key.as_ref().map(Key::to_string).unwrap_or_default();
        for step in &self.modules {
            write!(f, "module.{}{}.", step.name, key(&step.key))?;
        }
        let data = if self.is_data { "data." } else { "" };
        write!(f, "{data}{}.{}{}", self.kind, self.name, key(&self.key))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Reference {
    fn schema_name() -> Cow<'static, str> {
        "Reference".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "An address as Terraform writes it, with the modules before it and the key after it",
        })
    }
}
