//! The tree read as typed values, by serde: every error learns here where it stands.

use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::VpcId;
use super::problem::{Fault, Form, Meant, Problem};
use super::yaml::{Content, Entry, Node, Place, Plain};

/// A type of options of which one is the obvious one.
struct Obvious {
    of_type: &'static str,
    option: &'static str,
    /// The texts that it takes: any other may be a password at the wrong place.
    takes: fn(&str) -> bool,
}

const OBVIOUS: [Obvious; 2] = [
    Obvious {
        of_type: "StatePlace",
        option: "location",
        takes: |text| text.contains('/') || text.ends_with(".json"),
    },
    Obvious { of_type: "NamedNetwork", option: "vpc", takes: |text| text.parse::<VpcId>().is_ok() },
];

impl Node {
    /// The form of the value that stands here, in words that do not repeat it.
    fn form(&self) -> Form {
        match &self.content {
            Content::List(_) => Form::List,
            Content::Map(_) => Form::Options,
            Content::Scalar { quoted: true, .. } => Form::QuotedText,
            Content::Scalar { text, .. } => match Plain::of(text) {
                Plain::Null => Form::Nothing,
                Plain::Flag if text.chars().all(|letter| letter.is_ascii_lowercase()) => Form::Flag,
                Plain::Flag => Form::CapitalFlag,
                Plain::Number => Form::Number,
                Plain::Text => Form::Text,
            },
        }
    }

    /// The problem of another form.
    pub(super) fn wrong(&self, expected: Form) -> Problem {
        Problem::new(Fault::WrongType { expected, found: self.form(), meant: None }).or_at(&self.place)
    }

    /// A single value as it can be written below another key; nothing for one that is too long to be shown.
    pub(super) fn to_write(&self) -> Option<String> {
        const LONGEST: usize = 100;
        let Content::Scalar { text, quoted } = &self.content else { return None };
        let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let can_be_bare = !quoted && !text.is_empty() && text.chars().all(is_bare);
        let is_shown =
            text.len() <= LONGEST && !text.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | '`'));
        is_shown.then(|| if can_be_bare { text.clone() } else { format!("\"{text}\"") })
    }

    /// The problem of a single value where a type has options, with the one that takes such a value.
    fn wrong_for(&self, of_type: &str) -> Problem {
        let obvious = OBVIOUS.iter().find(|one| one.of_type == of_type);
        let meant = obvious.and_then(|Obvious { option, takes, .. }| {
            let value = self.as_written().ok().filter(|text| takes(text)).and(self.to_write())?;
            Some(Meant::option(option, &value))
        });
        self.wrong(Form::Options).meaning(meant)
    }

    /// The text, unless YAML would take it for something else.
    fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, quoted } if *quoted || Plain::of(text) == Plain::Text => Some(text),
            _ => None,
        }
    }

    /// A number in digits, perhaps with a fraction.
    pub(super) fn number(&self) -> Result<f64, Problem> {
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_whole = |part: &str| is_digits(part) && (part == "0" || !part.starts_with('0'));
        let is_number = |text: &&str| match text.split_once('.') {
            Some((whole, fraction)) => is_whole(whole) && is_digits(fraction),
            None => is_whole(text),
        };
        let number = self.plain().filter(is_number).and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.wrong(Form::Number))
    }

    /// The text of any scalar, quoted or not.
    pub(super) fn as_written(&self) -> Result<String, Problem> {
        match &self.content {
            Content::Scalar { text, .. } => Ok(text.clone()),
            _ => Err(self.wrong(Form::Text)),
        }
    }

    fn plain(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, quoted: false } => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Problem;

    /// Any scalar is its text as written, quoted or not: for values that look like numbers and are names.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let visited = match &self.content {
            Content::Scalar { text, .. } => visitor.visit_str(text),
            Content::List(items) => visitor.visit_seq(Items(items.iter())),
            Content::Map(entries) => visitor.visit_map(Entries::of(entries)),
        };
        visited.map_err(|problem| problem.or_at(&self.place))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.plain() {
            Some("true") => visitor.visit_bool(true),
            Some("false") => visitor.visit_bool(false),
            _ => Err(self.wrong(Form::Flag)),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let number = self
            .plain()
            // A leading zero is octal to some readers, and a plus sign is nothing that anybody needs.
            .filter(|text| !text.starts_with('+') && (*text == "0" || !text.starts_with('0')))
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.wrong(Form::WholeNumber))?;
        visitor.visit_i64(number).map_err(|problem: Problem| problem.or_at(&self.place))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let text = self.text().ok_or_else(|| self.wrong(Form::Text))?;
        visitor.visit_str(text).map_err(|problem: Problem| problem.or_at(&self.place))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let text = self.text().ok_or_else(|| self.wrong(Form::Text))?;
        visitor.visit_enum(text.into_deserializer()).map_err(|problem: Problem| problem.or_at(&self.place))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.content {
            Content::List(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong(Form::List)),
        }
    }

    /// Names that the author chooses, and no options.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.content {
            Content::Map(entries) => visitor
                .visit_map(Entries { names: true, ..Entries::of(entries) })
                .map_err(|problem| problem.or_at(&self.place)),
            _ => Err(self.wrong(Form::Options)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match &self.content {
            Content::Map(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong_for(name)),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        self.0
            .next()
            .map(|item| seed.deserialize(item).map_err(|problem| problem.or_at(&item.place)))
            .transpose()
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, Entry>,
    value: Option<&'de Entry>,
    /// True if the author chooses the keys.
    names: bool,
}

impl<'de> Entries<'de> {
    fn of(entries: &'de [Entry]) -> Self {
        Self { rest: entries.iter(), value: None, names: false }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some(entry) = self.rest.next() else { return Ok(None) };
        self.value = Some(entry);
        let key = de::value::StrDeserializer::<Problem>::new(&entry.key);
        seed.deserialize(key).map(Some).map_err(|problem| problem.or_at(&entry.key_place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let entry = self.value.take().expect("serde asks for a value only after its key");
        if entry.value.is_null() {
            let fault = entry.no_value(self.names);
            return Err(Problem::new(fault).or_at(&entry.key_place));
        }
        seed.deserialize(&entry.value).map_err(|problem| problem.of_key(&entry.key).or_at(&label_of(entry)))
    }
}

/// The value, or its key where the value takes no room.
fn label_of(entry: &Entry) -> Place {
    if entry.value.place.is_empty() { entry.key_place.clone() } else { entry.value.place.clone() }
}
