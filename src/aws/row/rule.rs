//! The values that a field takes, with the type that code reads them as.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::engine::resource::{Need, Pattern, Presence, Property, Shape};

/// The values that a field of type `T` takes.
pub struct Rule<T> {
    pub(super) shape: Shape,
    pub(super) need: Need,
    pub(super) presence: Presence,
    of: PhantomData<fn() -> T>,
}

impl<T> Rule<T> {
    const fn new(shape: Shape) -> Self {
        Self { shape, need: Need::Optional, presence: Presence::Written, of: PhantomData }
    }

    /// The field has to be there.
    pub const fn required(self) -> Self {
        Self { need: Need::Required, ..self }
    }

    /// The section of the stack file makes a value from others where none is written.
    pub const fn made_by_section(self) -> Self {
        Self { need: Need::Made, ..self }
    }

    /// See [`Presence::Free`].
    pub const fn free(self) -> Self {
        Self { presence: Presence::Free, ..self }
    }

    /// See [`Presence::Unsaid`].
    pub const fn unsaid(self) -> Self {
        Self { presence: Presence::Unsaid, ..self }
    }
}

impl Rule<bool> {
    /// The value where the stack file has none.
    pub const fn default(self, value: bool) -> Self {
        Self { need: Need::Flag(value), ..self }
    }
}

impl Rule<i32> {
    /// The value where the stack file has none.
    pub const fn default(self, value: i32) -> Self {
        Self { need: Need::Whole(value as i64), ..self }
    }
}

impl Rule<String> {
    /// The value where the stack file has none.
    pub const fn default(self, value: &'static str) -> Self {
        Self { need: Need::Text(value), ..self }
    }
}

/// True or false.
pub const fn flag() -> Rule<bool> {
    Rule::new(Shape::Flag)
}

/// A whole number, both limits included.
pub const fn whole(least: i32, most: i32) -> Rule<i32> {
    Rule::new(Shape::Whole { least: least as i64, most: most as i64 })
}

/// A whole number of this shape, which may be larger than 32 bits.
pub const fn whole_of(shape: Shape) -> Rule<i64> {
    Rule::new(shape)
}

/// One of these whole numbers, and their words.
pub const fn one_of_whole(all: &'static [i64], is: &'static str) -> Rule<i32> {
    Rule::new(Shape::OneOfWhole { all, is })
}

/// A number that AWS may show with a fraction, both limits included.
pub const fn number(least: i32, most: i32) -> Rule<f64> {
    Rule::new(Shape::Number { least: least as i64, most: most as i64 })
}

/// A text.
pub const fn text(pattern: Pattern) -> Rule<String> {
    Rule::new(Shape::Text(pattern))
}

/// One of these texts.
pub const fn one_of(all: &'static [&'static str]) -> Rule<String> {
    Rule::new(Shape::OneOf(all))
}

/// A list in which each item stands once, in any order.
pub const fn set_of(item: &'static Shape) -> Rule<Vec<String>> {
    Rule::new(Shape::SetOf(item))
}

/// A list of whole numbers in which each stands once, in any order.
pub const fn set_of_whole(item: &'static Shape) -> Rule<Vec<i64>> {
    Rule::new(Shape::SetOf(item))
}

/// Texts under keys that the author chooses.
pub const fn map_of(keys: Pattern, values: &'static Shape) -> Rule<BTreeMap<String, String>> {
    Rule::new(Shape::MapOf { keys, values })
}

/// Values of one shape under keys that the author chooses. `T` has the form of that shape.
pub const fn map_of_objects<T>(keys: Pattern, values: &'static Shape) -> Rule<BTreeMap<String, T>> {
    Rule::new(Shape::MapOf { keys, values })
}

/// Parts with names of their own. `T` has one field for each of them.
pub const fn object<T>(parts: &'static [Property]) -> Rule<T> {
    Rule::new(Shape::Object(parts))
}

/// Parts in one of several forms. `T` reads each of them.
pub const fn one_form<T>(forms: &'static [&'static [Property]]) -> Rule<T> {
    Rule::new(Shape::OneForm(forms))
}

/// Values that a type of the kind's own reads, and writes in one way; the kind's own code judges them.
pub const fn own<T: DeserializeOwned + Serialize>() -> Rule<T> {
    Rule::new(Shape::Own(rewritten::<T>))
}

fn rewritten<T: DeserializeOwned + Serialize>(value: &Value) -> Result<Value, String> {
    let read = T::deserialize(value).map_err(|error| error.to_string())?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}
