//! The user data of a machine: the text of a file, with outputs in the places that name them.

use serde_json::Value;

use super::{MACHINE, USER_DATA, wrong};
use crate::engine::address::Address;
use crate::engine::document::{Document, reference, references};
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft};
use crate::stack::section::{Entry, Section, Without};
use crate::stack::sections::SECTIONS;

/// The outputs that can be named, of all kinds.
const OUTPUTS: [&str; 13] = [
    "arn",
    "availability_zone",
    "dns_name",
    "domain",
    "host",
    "id",
    "name",
    "port",
    "private_dns_name",
    "private_ip",
    "public_ip",
    "reader_host",
    "secret_arn",
];

/// A host and its port in one, which sections have as an output and kinds have not.
const ENDPOINT: (&str, [&str; 2]) = ("endpoint", ["host", "port"]);

/// The user data of an entry, with references for outputs.
pub(super) fn of(draft: &Draft<'_>, name: &Name, entry: &Entry) -> Result<Option<String>, BlueprintError> {
    let Some(path) = entry.text(&USER_DATA) else { return Ok(None) };
    let text = match draft.stack.files.get(path) {
        Some(Ok(text)) => text,
        Some(Err(why)) => return Err(wrong(name, format!("its user data: {why}"), BESIDE)),
        None => return Err(wrong(name, format!("its user data {path} was not read"), BESIDE)),
    };
    let filled = fill(text, &|inner| meant(draft, name, inner));
    filled.map(Some).map_err(|Wrong { line, column, why }| {
        let hint =
            "name an output that there is, as `${KIND.NAME.OUTPUT}`, or write `$${` for a `${` that is none";
        wrong(name, format!("{path}:{line}:{column}: {why}"), hint)
    })
}

const BESIDE: &str = "write the path of a file, which counts from the folder of the stack file; for that of a pair: provision render pair-user-data/NAME --out DIR";

/// Something in a template that means nothing, and where it is.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    line: usize,
    column: usize,
    why: String,
}

/// The text with what stands for each name, and `${` for `$${`.
fn fill(text: &str, meant: &dyn Fn(&str) -> Result<String, String>) -> Result<String, Wrong> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let at_place = |why: String| {
            let before = &text[..text.len() - rest.len() + at];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
            Wrong { line, column, why }
        };
        if let Some(plain) = rest[..at].strip_suffix('$') {
            filled.push_str(plain);
            let after = &rest[at..];
            let one = Document::from_iter([("text".to_owned(), Value::from(after))]);
            let end = after.find('}').map_or(after.len(), |end| end + 1);
            // The rest of the program would take it for a reference.
            if !references(&one).is_empty() && looks_like_a_reference(&after[..end]) {
                return Err(at_place(format!("`{}` cannot stand for itself", &after[..end])));
            }
            filled.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        let inner = &rest[at + 2..];
        let Some(end) = inner.find('}') else { return Err(at_place("`${` has no end".to_owned())) };
        let value = meant(&inner[..end]).map_err(at_place)?;
        filled.push_str(&rest[..at]);
        filled.push_str(&value);
        rest = &inner[end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

fn looks_like_a_reference(text: &str) -> bool {
    !references(&Document::from_iter([("text".to_owned(), Value::from(text))])).is_empty()
}

/// The references that a name in a template stands for.
fn meant(draft: &Draft<'_>, name: &Name, inner: &str) -> Result<String, String> {
    if let Some((section, field)) = short(inner) {
        let address = only(draft, section).ok_or_else(|| {
            format!(
                "`{inner}` is the output of the only one of the {}, and there is none or several",
                section.several
            )
        })?;
        let outputs: &[&str] = if field == ENDPOINT.0 { &ENDPOINT.1 } else { &[field] };
        let all: Vec<String> = outputs.iter().map(|output| reference(&address, output)).collect();
        return Ok(all.join(":"));
    }
    let unknown = || format!("`${{{inner}}}` is no output");
    let (address, output) = inner.rsplit_once('.').ok_or_else(unknown)?;
    let address: Address = address.parse().map_err(|_| unknown())?;
    if !OUTPUTS.contains(&output) {
        return Err(format!(
            "`{output}` is no output that user data can name: there are {}",
            OUTPUTS.join(", ")
        ));
    }
    let is_itself = address.kind() == MACHINE && address.name() == name.as_str();
    let is_there = draft.declares(&address) || (address.kind() == MACHINE && is_entry(draft, &address));
    match is_there && !is_itself {
        true => Ok(reference(&address, output)),
        false if is_itself => Err("a machine cannot name its own outputs, which come of it".to_owned()),
        false => Err(format!("the stack has no {address}")),
    }
}

/// True for a machine of the stack that is declared later.
fn is_entry(draft: &Draft<'_>, address: &Address) -> bool {
    let mut all = draft.stack.all();
    all.any(|(section, name, _)| section.main == address.kind() && name.as_str() == address.name())
}

/// The section and the field of an output that has a name of its own where the stack has one entry; none for one that is a list.
fn short(name: &str) -> Option<(&'static Section, &'static str)> {
    let all = SECTIONS.iter().flat_map(|section| section.short.iter().map(move |one| (*section, one)));
    let mut named = all.filter(|(_, one)| one.name == name && one.without == Without::Null);
    named.next().map(|(section, one)| (section, one.field))
}

/// The address of the only entry of a section.
fn only(draft: &Draft<'_>, section: &Section) -> Option<Address> {
    let mut names = draft.stack.entries(section).keys();
    match (names.next(), names.next()) {
        (Some(name), None) => Some(Address::new(section.main, name.as_str())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_take_the_places_of_their_names_and_everything_else_stays() {
        let meant = |inner: &str| match inner {
            "files" => Ok("fs.example".to_owned()),
            _ => Err(format!("`{inner}` is unknown")),
        };
        for (text, expected) in [
            ("mount ${files}:/ /mnt", "mount fs.example:/ /mnt"),
            ("echo $${HOME} $HOME", "echo ${HOME} $HOME"),
            ("$${a}${files}", "${a}fs.example"),
            ("no name at all", "no name at all"),
            ("", ""),
        ] {
            assert_eq!(fill(text, &meant).as_deref(), Ok(expected));
        }
        let at = |text: &str| {
            let wrong = fill(text, &meant).expect_err("it is wrong");
            (wrong.line, wrong.column)
        };
        assert_eq!(at("a\n  ${HOME}"), (2, 3));
        assert_eq!(at("${files} ${x}"), (1, 10));
        assert_eq!(at("é ${open"), (1, 3));
        assert_eq!(at("$${aws_eip.a.public_ip}"), (1, 2));
    }
}
