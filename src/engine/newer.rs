//! The parts of a state that a newer version of the program wrote: this one tells them apart, and neither reads nor drops them.

use std::borrow::Cow;

use crate::engine::address::Address;
use crate::engine::kind::{Manager, Registry};
use crate::engine::state::{Edit, Record, State};

/// In what a record is newer than this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Newer {
    #[error("this version of provision does not know the kind {kind}")]
    Kind { kind: String },
    #[error(
        "it was recorded in version {found} of its kind, and this version of provision reads up to {known}"
    )]
    KindVersion { found: u32, known: u32 },
    #[error("this version of provision does not know its field {field}")]
    Field { field: String },
    #[error("this version of provision does not know its inputs as they are recorded: {problem}")]
    Inputs { problem: String },
}

/// In what a record is newer than the kinds that this program knows; `None` for one that it can read.
pub fn newer(registry: &Registry, address: &Address, record: &Record) -> Option<Newer> {
    let Some(reader) = registry.reader(address.kind()) else {
        return Some(Newer::Kind { kind: address.kind().to_owned() });
    };
    let (found, known) = (record.kind_version, reader.version());
    if found > known {
        return Some(Newer::KindVersion { found, known });
    }
    let upgraded = upgraded(registry, address, record);
    let record = upgraded.as_ref().unwrap_or(record);
    let manager = registry.managing(address.kind()).filter(|_| !record.watched)?;
    let documents = record.predecessors().map(|old| &old.inputs).chain([&record.inputs]);
    documents.filter_map(|inputs| unknown_input(manager, inputs)).next()
}

fn unknown_input(manager: &dyn Manager, inputs: &crate::engine::document::Document) -> Option<Newer> {
    let is_known = |name: &str| manager.fields().iter().any(|field| field.name == name);
    if let Some(field) = inputs.keys().find(|name| !is_known(name)) {
        return Some(Newer::Field { field: field.clone() });
    }
    manager.normalise(inputs).err().map(|misfit| Newer::Inputs { problem: misfit.problem })
}

/// The edits that bring records of older versions of their kinds along.
pub fn upgrades(registry: &Registry, state: &State) -> Vec<Edit> {
    let records = state.resources.iter();
    records
        .filter_map(|(address, record)| {
            let record = upgraded(registry, address, record)?;
            Some(Edit::Put { address: address.clone(), record })
        })
        .collect()
}

/// A state with every record in the version that its kind has now. Those of newer versions stay as they are.
pub fn up_to_date<'a>(registry: &Registry, state: &'a State) -> Cow<'a, State> {
    let mut now = Cow::Borrowed(state);
    for (address, record) in &state.resources {
        if let Some(record) = upgraded(registry, address, record) {
            now.to_mut().resources.insert(address.clone(), record);
        }
    }
    now
}

/// The record in the version that its kind has now, where it is in an older one.
fn upgraded(registry: &Registry, address: &Address, record: &Record) -> Option<Record> {
    let reader = registry.reader(address.kind())?;
    let (from, now) = (record.kind_version, reader.version());
    (from < now).then(|| {
        let mut record = record.clone();
        record.kind_version = now;
        for inputs in record.all_inputs_mut() {
            *inputs = reader.upgrade(from, std::mem::take(inputs));
        }
        record
    })
}
