//! Rendered files: rendered together, compared with what is there, and written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::engine::file::{self, Readers};
use crate::gitlab::{Description, File, Rendered, is_rendered, left, render};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::report;
use super::screen::Screen;
use super::written::{Form, Taken, may_be_written, to_write};

/// A file with its whole text.
pub(super) struct Ready {
    pub(super) file: File,
    pub(super) rendered: Rendered,
}

/// Renders all of these files.
///
/// # Errors
/// The targets that cannot be rendered as they are described, and the outputs that have no value yet: all of them.
pub(super) fn whole(description: &Description<'_>, files: Vec<File>) -> Result<Vec<Ready>, Failure> {
    let (mut ready, mut wrong, mut hints) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        match render(description, &file) {
            Err(refused) => {
                wrong.push(format!("{} cannot be rendered: {refused}", file.name()));
                hints.push(refused.hint);
            }
            Ok(rendered) => {
                for without in description.without_value(&rendered.unknown()) {
                    wrong.push(format!("{} cannot be rendered yet: {without}", file.name()));
                    hints.push(without.hint());
                }
                ready.push(Ready { file, rendered });
            }
        }
    }
    hints.sort();
    hints.dedup();
    match wrong.as_slice() {
        [] => Ok(ready),
        wrong => Err(Failure::message(FailureKind::Failed, wrong.join("; ")).hint(hints.join("; "))),
    }
}

/// The warnings about files, each once and with the files that it is about.
pub(super) fn warnings_with_files(ready: &[Ready]) -> Vec<String> {
    let mut all: Vec<(&str, Vec<String>)> = Vec::new();
    for (file, warning) in
        ready.iter().flat_map(|one| one.rendered.warnings.iter().map(|warning| (one.file.path(), warning)))
    {
        match all.iter_mut().find(|(said, _)| said == warning) {
            Some((_, files)) => files.push(file),
            None => all.push((warning, vec![file])),
        }
    }
    all.into_iter().map(|(warning, files)| format!("{}: {warning}", files.join(", "))).collect()
}

/// Says what is unsound about files.
pub(super) fn warn(ready: &[Ready], screen: &mut Screen) {
    for warning in warnings_with_files(ready) {
        screen.say(&format!("warning: {}", harmless(&warning)));
    }
}

/// Says what is to be done with files, and beside them: those of a file below its path, and what several say once.
pub(super) fn tell_notes(ready: &[Ready], screen: &mut Screen) {
    let mut said: Vec<&str> = Vec::new();
    for one in ready {
        let mut new = Vec::new();
        for note in &one.rendered.notes {
            if !said.contains(&note.as_str()) {
                said.push(note);
                new.push(note);
            }
        }
        if !new.is_empty() {
            screen.say(&format!("{}:", harmless(&one.file.path())));
            new.iter().for_each(|note| screen.say(&format!("  - {}", harmless(note))));
        }
    }
}

/// The files in a folder that were rendered before and are of no target now, by their paths below it.
pub(super) fn left_in(folder: &Path, description: &Description<'_>) -> Vec<String> {
    let is_ours = |path: &str| {
        let path = folder.join(path);
        let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        is_file && file::read(&path).is_ok_and(|content| is_rendered(&content))
    };
    let members = |below: &str| {
        let listed = std::fs::read_dir(folder.join(below)).into_iter().flatten().flatten();
        let mut names: Vec<String> = listed.filter_map(|one| one.file_name().into_string().ok()).collect();
        names.sort();
        names
    };
    left(description, is_ours, members)
}

/// The text that is there; nothing where there is no file.
///
/// # Errors
/// [`FailureKind::Failed`] where it cannot be read, or is no file of its own but a link.
pub(super) fn there(folder: &Path, file: &File) -> Result<Option<String>, Failure> {
    let path = folder.join(file.path());
    refuse_links(folder, &file.path())?;
    match file::read(&path) {
        Ok(content) => Ok(Some(String::from_utf8_lossy(&content).into_owned())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => {
            let message = format!("cannot read {}: {error}", harmless(&path.to_string_lossy()));
            Err(Failure::message(FailureKind::Failed, message))
        }
    }
}

/// Writes the files that differ from what is there, and says which. All are looked at before the first is written.
///
/// # Errors
/// [`FailureKind::Usage`] for a file that was not rendered, or is a link; [`FailureKind::Failed`] where one cannot be written.
pub(super) fn write(folder: &Path, ready: &[Ready], taken: Taken<'_>) -> Result<Vec<PathBuf>, Failure> {
    let mut differ = Vec::new();
    for one in ready {
        let path = folder.join(one.file.path());
        if there(folder, &one.file)?.as_deref() == Some(one.rendered.text.as_str()) {
            continue;
        }
        may_be_written(&path, Form::Rendered, taken)?;
        differ.push((path, one));
    }
    for (path, one) in &differ {
        file::write(path, one.rendered.text.as_bytes(), Readers::AsUsual).map_err(|error| {
            let message = format!("cannot write {}: {error}", harmless(&path.to_string_lossy()));
            Failure::message(FailureKind::Failed, message)
                .hint(to_write(&error, "`out` of `render`, or --out"))
        })?;
    }
    Ok(differ.into_iter().map(|(path, _)| path).collect())
}

/// A link below the folder would lead to a place that nobody named.
fn refuse_links(folder: &Path, below: &str) -> Result<(), Failure> {
    let mut path = folder.to_owned();
    for part in below.split('/') {
        path.push(part);
        if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            let name = path.to_string_lossy();
            let message =
                format!("{} is a symlink, and rendered files are written through none", harmless(&name));
            return Err(Failure::message(FailureKind::Usage, message)
                .hint(format!("take it away: rm {}", quoted(&name))));
        }
    }
    Ok(())
}

impl<'a> report::RenderedText<'a> {
    /// The document of one file.
    pub(super) fn of(one: &'a Ready) -> Self {
        let Rendered { text, warnings, notes, .. } = &one.rendered;
        Self { target: one.file.name(), path: one.file.path(), text, warnings, notes }
    }
}

impl<'a> report::RenderedFiles<'a> {
    /// The document of the files in a folder, of which these differ.
    pub(super) fn of(ready: &'a [Ready], folder: &Path, differ: &[String], left: Vec<String>) -> Self {
        let file = |one: &'a Ready| {
            let path = folder.join(one.file.path()).to_string_lossy().into_owned();
            let differs = differ.contains(&path);
            let Rendered { warnings, notes, .. } = &one.rendered;
            report::RenderedFile { target: one.file.name(), path, differs, warnings, notes }
        };
        Self { files: ready.iter().map(file).collect(), left }
    }
}
