//! The fields of a kind as rows: the values that each takes, the setters that send it, and the function that reads it.
//!
//! A row is written in steps: `field` → `doc` → `create` → `modify` → `observe`. Each step returns a type that offers the next
//! steps alone, so that an incomplete row does not compile, and the type's name in the error is the missing step.

mod rule;

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::aws::kind::Kind;
use crate::engine::call::Call;
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Field, Need, OnChange, Role, Source};

pub use rule::*;

/// One complete field of a kind, with the type of its value left out.
#[diagnostic::on_unimplemented(
    message = "this row is not complete",
    label = "the last step is missing",
    note = "a plain field needs `.doc(..)`, `.create(..)`, then `.modify(..)` or `.fixed()`, then `.observe(..)`",
    note = "a field that is no option has `.written_as(..)`, `.made_from(..)` or `.follows()` in place of `.doc(..)`",
    note = "other fields have `.sent_by_code(..)` or `.recorded()` in place of `.create(..)`"
)]
pub trait Row<K: Kind>: Sync {
    /// Everything of the field that needs no AWS.
    fn field(&self) -> &Field;
    /// The create call with the value.
    fn set_in_create(&self, call: K::Create, value: &Value) -> K::Create;
    /// The modify call with the value.
    fn set_in_modify(&self, call: K::Modify, value: &Value) -> K::Modify;
    /// The value that AWS shows; the recorded one for a field that AWS does not show.
    fn value_of(&self, shown: &Shown<'_, K>) -> Option<Value>;
}

/// An object as AWS shows it, and the document that was recorded of it, for what AWS does not show.
pub struct Shown<'a, K: Kind> {
    pub live: &'a K::Live,
    pub recorded: &'a Document,
    pub scope: Scope,
}

/// The fields of an object that are of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that concern a stack that recorded it: what others chose is left out.
    Recorded,
    /// All that AWS shows: nothing is recorded of it.
    Whole,
}

impl<K: Kind> Deref for Shown<'_, K> {
    type Target = K::Live;

    fn deref(&self) -> &K::Live {
        self.live
    }
}

type Setter<B, T> = fn(B, Option<T>) -> B;
type Observer<K, T> = fn(&Shown<'_, K>) -> Option<T>;

/// A complete row.
pub struct TypedRow<K: Kind, T: 'static> {
    field: Field,
    create: Option<Setter<K::Create, T>>,
    modify: Option<Setter<K::Modify, T>>,
    /// None: AWS does not show it.
    observe: Option<Observer<K, T>>,
}

/// The next step is `.doc(..)`, `.written_as(..)`, `.made_from(..)` or `.follows()`.
pub struct NeedsSource<K, T>(Field, PhantomData<fn() -> (K, T)>);
/// The next step is `.create(..)`, `.sent_by_code(..)` or `.recorded()`.
pub struct NeedsCreate<K, T>(Field, PhantomData<fn() -> (K, T)>);
/// The next step is `.modify(..)`, `.modified_by_code(..)` or `.fixed()`.
pub struct NeedsModify<K: Kind, T>(Field, Setter<K::Create, T>);
/// The next step is `.observe(..)` or `.kept_in_record()`.
pub struct NeedsObserve<K: Kind, T: 'static>(TypedRow<K, T>);

/// The name of a field with its type, for code that reads the field from a document.
pub struct Key<K, T> {
    pub name: &'static str,
    of: PhantomData<fn() -> (K, T)>,
}

impl<K: Kind, T> Key<K, T> {
    /// The key of a field that one row of the kind begins with.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// Begins the row of this field.
    pub const fn field(&self, rule: Rule<T>) -> NeedsSource<K, T> {
        let field = Field::replace(self.name).taking(rule.shape, rule.need);
        NeedsSource(field.present(rule.presence), PhantomData)
    }
}

impl<K: Kind, T: DeserializeOwned> Key<K, T> {
    /// The value, where it is written and known.
    pub fn of(&self, document: &Document) -> Option<T> {
        debug_assert!(K::ROWS.iter().any(|row| row.field().name == self.name), "no row of {}", self.name);
        typed(document.get(self.name)?)
    }
}

impl<K: Kind> Key<K, String> {
    /// The text, where it is written.
    pub fn text<'a>(&self, document: &'a Document) -> Option<&'a str> {
        document.get(self.name)?.as_str()
    }
}

/// Begins the row of a field that no code reads by its name.
pub const fn field<K: Kind, T>(name: &'static str, rule: Rule<T>) -> NeedsSource<K, T> {
    Key::new(name).field(rule)
}

impl<K: Kind, T> NeedsSource<K, T> {
    /// See [`Source::Option`]: one or two sentences.
    pub const fn doc(self, doc: &'static str) -> NeedsCreate<K, T> {
        self.from(Source::Option { doc })
    }

    /// See [`Source::WrittenAs`].
    pub const fn written_as(self, option: &'static str) -> NeedsCreate<K, T> {
        self.from(Source::WrittenAs(option))
    }

    /// See [`Source::MadeFrom`].
    pub const fn made_from(self, option: &'static str) -> NeedsCreate<K, T> {
        self.from(Source::MadeFrom(option))
    }

    /// See [`Source::Follows`].
    pub const fn follows(self) -> NeedsCreate<K, T> {
        self.from(Source::Follows)
    }

    const fn from(self, source: Source) -> NeedsCreate<K, T> {
        NeedsCreate(self.0.from(source), PhantomData)
    }
}

impl<K: Kind, T> NeedsCreate<K, T> {
    /// The setter of the create call.
    pub const fn create(self, setter: Setter<K::Create, T>) -> NeedsModify<K, T> {
        NeedsModify(self.0, setter)
    }

    /// A field that the kind's own code sends, in the create call and by these calls afterwards.
    pub const fn sent_by_code(self, on_change: OnChange, calls: &'static [Call]) -> NeedsObserve<K, T> {
        NeedsObserve(TypedRow::of(self.0.changed(on_change, calls)))
    }

    /// A field that the kind's own code reads when it makes an object, by these calls, and that counts for nothing afterwards.
    pub const fn read_once(self, calls: &'static [Call]) -> TypedRow<K, T> {
        TypedRow::of(self.0.changed(OnChange::ReadOnce, calls))
    }

    /// A field that no call sends and that AWS does not show: the record is its only place.
    pub const fn recorded(self) -> TypedRow<K, T> {
        TypedRow::of(self.0.changed(OnChange::Recorded(Effect::None), &[]))
    }
}

impl<K: Kind, T> NeedsModify<K, T> {
    /// The setter of the call that changes it.
    pub const fn modify(self, setter: Setter<K::Modify, T>, on_change: OnChange) -> NeedsObserve<K, T> {
        let row = TypedRow::of(self.0.changed(on_change, K::MODIFY));
        NeedsObserve(TypedRow { create: Some(self.1), modify: Some(setter), ..row })
    }

    /// A field that the kind's own code changes, by these calls.
    pub const fn modified_by_code(self, on_change: OnChange, calls: &'static [Call]) -> NeedsObserve<K, T> {
        NeedsObserve(TypedRow { create: Some(self.1), ..TypedRow::of(self.0.changed(on_change, calls)) })
    }

    /// A field that only a new object can change.
    pub const fn fixed(self) -> NeedsObserve<K, T> {
        NeedsObserve(TypedRow { create: Some(self.1), ..TypedRow::of(self.0) })
    }
}

impl<K: Kind, T> NeedsObserve<K, T> {
    /// The value that AWS shows; `None` where it shows none.
    pub const fn observe(self, observe: fn(&Shown<'_, K>) -> Option<T>) -> TypedRow<K, T> {
        TypedRow { observe: Some(observe), ..self.0 }
    }

    /// AWS does not show it: the record is compared.
    pub const fn kept_in_record(self) -> TypedRow<K, T> {
        self.0
    }
}

/// The optional parts of a complete row. The names are those of [`Field`].
impl<K: Kind, T> TypedRow<K, T> {
    const fn of(field: Field) -> Self {
        Self { field, create: None, modify: None, observe: None }
    }

    /// See [`Field::plays`].
    pub const fn plays(self, role: Role) -> Self {
        Self { field: self.field.plays(role), ..self }
    }

    /// See [`Field::met_by`].
    pub const fn met_by(self, met: fn(desired: &Value, observed: &Value) -> bool) -> Self {
        Self { field: self.field.met_by(met), ..self }
    }

    /// See [`Field::ended_as`].
    pub const fn ended_as(self, value: &'static str) -> Self {
        Self { field: self.field.ended_as(value), ..self }
    }

    /// See [`Field::no_more_than`].
    pub const fn no_more_than(self, exact: fn(desired: &Value, observed: &Value) -> bool) -> Self {
        Self { field: self.field.no_more_than(exact), ..self }
    }

    /// See [`Field::depending`].
    pub const fn depending(self, depends: fn(desired: &Document, observed: &Document) -> OnChange) -> Self {
        Self { field: self.field.depending(depends), ..self }
    }

    /// See [`Field::taken_back`].
    pub const fn taken_back(self) -> Self {
        Self { field: self.field.taken_back(), ..self }
    }

    /// See [`Field::several`].
    pub const fn several_by(self, several: fn(&Value, &Value) -> Value) -> Self {
        Self { field: self.field.several_by(several), ..self }
    }

    /// See [`Field::also_from`].
    pub const fn also_from(self, options: &'static [&'static str]) -> Self {
        Self { field: self.field.also_from(options), ..self }
    }

    /// See [`Field::of_others`].
    pub const fn of_others(self, part: &'static str) -> Self {
        Self { field: self.field.of_others(part), ..self }
    }

    /// See [`Field::rebuilt_as`].
    pub const fn rebuilt_as(self, safe: bool) -> Self {
        Self { field: self.field.rebuilt_as(safe), ..self }
    }

    /// See [`Field::chosen_once`].
    pub const fn chosen_once(self) -> Self {
        Self { field: self.field.chosen_once(), ..self }
    }

    /// See [`Field::kept_in`].
    pub const fn kept_in(self, output: &'static str) -> Self {
        Self { field: self.field.kept_in(output), ..self }
    }

    /// See [`Field::joined_by`].
    pub const fn joined_by(self, join: fn(desired: &Value, observed: &Value) -> Value) -> Self {
        Self { field: self.field.joined_by(join), ..self }
    }

    /// See [`Field::taken_without`].
    pub const fn taken_without(self, value: Need) -> Self {
        Self { field: self.field.taken_without(value), ..self }
    }

    /// See [`Field::losing`].
    pub const fn losing(self, what: &'static str) -> Self {
        Self { field: self.field.losing(what), ..self }
    }
}

impl<K: Kind, T: DeserializeOwned + Serialize> Row<K> for TypedRow<K, T> {
    fn field(&self) -> &Field {
        &self.field
    }

    fn set_in_create(&self, call: K::Create, value: &Value) -> K::Create {
        match self.create {
            Some(set) => set(call, typed(value)),
            None => call,
        }
    }

    fn set_in_modify(&self, call: K::Modify, value: &Value) -> K::Modify {
        match self.modify {
            Some(set) => set(call, typed(value)),
            None => call,
        }
    }

    fn value_of(&self, shown: &Shown<'_, K>) -> Option<Value> {
        let Some(observe) = self.observe else { return shown.recorded.get(self.field.name).cloned() };
        Some(serde_json::to_value(observe(shown)?).expect("the values of fields are plain data"))
    }
}

/// The rule of a row has the form of the row's type, so that a value that does not fit is one that is not known yet.
fn typed<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// The fields of a kind.
pub fn fields<K: Kind>() -> Vec<Field> {
    K::ROWS.iter().map(|row| *row.field()).collect()
}

/// The create call with every value that has a setter.
pub fn create_call<K: Kind>(wanted: &Document) -> K::Create {
    K::ROWS.iter().fold(K::Create::default(), |call, row| match wanted.get(row.field().name) {
        Some(value) => row.set_in_create(call, value),
        None => call,
    })
}

/// The modify call with every changed value that has a setter; `None` where it would ask for nothing.
pub fn modify_call<K: Kind>(wanted: &Document, changed: &BTreeSet<String>) -> Option<K::Modify> {
    let rows = K::ROWS.iter().filter(|row| changed.contains(row.field().name));
    let call = rows.fold(K::Modify::default(), |call, row| match wanted.get(row.field().name) {
        Some(value) => row.set_in_modify(call, value),
        None => call,
    });
    (call != K::Modify::default()).then_some(call)
}

/// The outputs of an object.
pub fn outputs<const N: usize>(values: [(&str, String); N]) -> Document {
    values.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// The live object as the document that would have made it, each value in its one way of being written. A value that does not fit
/// stays as it was observed.
pub fn observe<K: Kind>(live: &K::Live, recorded: &Document) -> Document {
    fields_of(&Shown::<K> { live, recorded, scope: Scope::Recorded })
}

/// The same of an object of which nothing is recorded, with every field that AWS shows.
pub fn observe_whole<K: Kind>(live: &K::Live) -> Document {
    fields_of(&Shown::<K> { live, recorded: &Document::new(), scope: Scope::Whole })
}

fn fields_of<K: Kind>(shown: &Shown<'_, K>) -> Document {
    let value = |row: &&dyn Row<K>| {
        let (field, value) = (row.field(), row.value_of(shown)?);
        Some((field.name.to_owned(), field.shape.normalise(&value).unwrap_or(value)))
    };
    K::ROWS.iter().filter_map(value).collect()
}
