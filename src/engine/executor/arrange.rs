//! The objects that a record names at its address: the one that stays, and those that wait to be deleted. Pure.

use crate::engine::document::Document;
use crate::engine::plan::Going;
use crate::engine::resource::Id;
use crate::engine::state::{Phase, Predecessor, Record};

/// Every object that a record names, the newest first, each without those before it.
pub(super) fn objects(record: &Record) -> Vec<Predecessor> {
    let own = record.id.as_ref().map(|id| Predecessor {
        id: id.clone(),
        inputs: record.inputs.clone(),
        depends_on: record.depends_on.clone(),
        older: None,
    });
    let replaced = record.predecessors().map(|old| Predecessor { older: None, ..old.clone() });
    own.into_iter().chain(replaced).collect()
}

/// The objects that are still to go, as the predecessors of one that stays or is to be made.
pub(super) fn waiting(record: &Record, goes: &[Going]) -> Option<Predecessor> {
    let waits = |object: &Predecessor| goes.iter().any(|going| going.id == object.id);
    let objects = objects(record).into_iter().filter(waits).rev();
    objects.fold(None, |older, object| Some(Predecessor { older: older.map(Box::new), ..object }))
}

/// The record of an object that stays, with those that go as its predecessors.
pub(super) fn keeping(record: Record, kept: &Id, goes: &[Going]) -> Record {
    let predecessor = waiting(&record, goes);
    let phase = match record.phase {
        // It is told from the record alone that an object was never finished.
        Phase::Creating if record.id.as_ref().is_none_or(|id| id == kept) => Phase::Creating,
        _ => Phase::Updating,
    };
    let (inputs, depends_on) = match objects(&record).into_iter().find(|object| object.id == *kept) {
        Some(object) => (object.inputs, object.depends_on),
        // The one that an intent without an id had made.
        None => (record.inputs, record.depends_on),
    };
    Record { phase, id: Some(kept.clone()), inputs, depends_on, predecessor, ..record }
}

/// The inputs that an object was last given.
pub(super) fn inputs_of(record: &Record, id: &Id) -> Document {
    let object = objects(record).into_iter().find(|object| object.id == *id);
    object.map_or_else(|| record.inputs.clone(), |object| object.inputs)
}

/// The record without an object that is gone. The generation outlives it: the natural key of the next one is made from it.
pub(super) fn without(mut record: Record, gone: &Id) -> Record {
    if record.id.as_ref().is_none_or(|id| id == gone) && !record.predecessors().any(|old| old.id == *gone) {
        return Record {
            phase: Phase::Creating,
            id: None,
            generation: record.generation + 1,
            outputs: Document::new(),
            ..record
        };
    }
    let left = record.predecessors().filter(|old| old.id != *gone).cloned().collect::<Vec<_>>();
    record.predecessor = left
        .into_iter()
        .rev()
        .fold(None, |older, old| Some(Predecessor { older: older.map(Box::new), ..old }));
    record
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::plan::Turn;

    fn object(id: &str) -> Record {
        let mut record = Record::watched(Id::new(id), Document::new());
        record.watched = false;
        record.inputs.insert("name".to_owned(), json!(id));
        record
    }

    fn goes(ids: &[&str]) -> Vec<Going> {
        ids.iter().map(|id| Going { id: Id::new(*id), turn: Turn::After }).collect()
    }

    fn ids(record: &Record) -> Vec<String> {
        objects(record).iter().map(|object| object.id.to_string()).collect()
    }

    /// `c`, which replaces `b`, which replaces `a`.
    fn chain() -> Record {
        let record = Record { predecessor: waiting(&object("a"), &goes(&["a"])), ..object("b") };
        Record { predecessor: waiting(&record, &goes(&["a", "b"])), ..object("c") }
    }

    #[test]
    fn a_record_names_all_that_wait_behind_its_object() {
        assert_eq!(ids(&chain()), ["c", "b", "a"]);
        assert_eq!(inputs_of(&chain(), &Id::new("b"))["name"], "b");
    }

    #[test]
    fn the_one_that_stays_takes_the_records_place_and_the_others_wait_behind_it() {
        for (kept, others) in [("a", ["c", "b"]), ("b", ["c", "a"]), ("c", ["b", "a"])] {
            let record = keeping(chain(), &Id::new(kept), &goes(&others));
            assert_eq!(ids(&record), [kept, others[0], others[1]]);
            assert_eq!(record.inputs["name"], kept, "with the inputs that it has");
        }
        assert_eq!(
            ids(&keeping(chain(), &Id::new("a"), &[])),
            ["a"],
            "those that are gone are not waited for"
        );
    }

    #[test]
    fn what_is_gone_is_named_no_more_and_counted() {
        assert_eq!(ids(&without(chain(), &Id::new("b"))), ["c", "a"]);
        let record = without(chain(), &Id::new("c"));
        assert_eq!((ids(&record), record.id, record.generation), (vec!["b".into(), "a".into()], None, 1));
    }
}
