//! The state as text: its addresses, and one record in full.

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::state::{Phase, Record, State};

use super::page::Page;
use super::style::{Ink, Style};
use super::value::{document_fields, string};

/// Every address on a line of its own, ready for a script.
pub fn state_list(state: &State) -> String {
    state.resources.keys().map(|address| format!("{}\n", string(&address.to_string()))).collect()
}

/// One record in full.
pub fn state_show(address: &Address, record: &Record, style: &Style) -> String {
    let mut page = Page::new(style);
    page.line(0, &style.paint(Ink::Title, &string(&address.to_string())));
    page.line(
        2,
        &format!("id: {}", record.id.as_ref().map_or("(not known yet)".to_owned(), |id| string(id.as_str()))),
    );
    let owner = if record.watched { ", watched: never changed" } else { "" };
    page.line(2, &format!("phase: {}{owner}", phase(record.phase)));
    if record.gone {
        page.line(2, "gone: AWS did not have it any more when it was last looked for");
    }
    if let Some(lost) = &record.lost {
        let id = string(lost.id.as_str());
        page.line(2, &format!("lost: {id}, which others deleted; a new one is to be made in its place"));
    }
    if record.generation > 0 {
        page.line(2, &format!("replacements: {}", record.generation));
    }
    for predecessor in record.predecessors() {
        page.line(2, &format!("still to be deleted: {}", string(predecessor.id.as_str())));
    }
    section(&mut page, "inputs", &record.inputs);
    section(&mut page, "outputs", &record.outputs);
    if !record.depends_on.is_empty() {
        page.line(2, "depends on:");
        record.depends_on.iter().for_each(|address| page.line(4, &string(&address.to_string())));
    }
    page.finish()
}

fn section(page: &mut Page<'_>, title: &str, document: &Document) {
    if !document.is_empty() {
        page.line(2, &format!("{title}:"));
        document_fields(page, 4, document);
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Creating => "creating",
        Phase::Ready => "ready",
        Phase::Updating => "updating",
        Phase::Deleting => "deleting",
    }
}
