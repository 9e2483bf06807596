//! `provision render`: prints, writes or compares what Kubernetes and GitLab read of the stack, from the state and the stack file alone.

use std::path::Path;

use crate::engine::state::State;
use crate::gitlab::targets::TARGETS;
use crate::gitlab::{
    Description, File, Refused, chosen, clashes, differences, files, lacking, together, undescribed,
};
use crate::stack::{Sections, nearest, shown};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::opening::{existing_state, state_if_any};
use super::options::Global;
use super::rendered::{Ready, left_in, tell_notes, there, warn, whole, write};
use super::screen::Screen;
use super::stack_file::{Purpose, choose};
use super::written::Taken;
use super::{Exit, Render, report};

/// Renders what was asked for.
pub(super) async fn run(request: &Render, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    request.target.iter().try_for_each(|name| known(name))?;
    let (store, state) =
        match request.target.is_empty() || request.target.iter().any(|name| reads_state(name)) {
            true => existing_state(global, Purpose::Show, screen).await?,
            false => {
                let (store, chosen, state) = state_if_any(global, Purpose::Show, screen).await?;
                let new = || State::new(&chosen.stack.stack.to_string(), String::new(), "", "");
                (store, state.unwrap_or_else(new))
            }
        };
    let source = choose(global, Purpose::Show, Sections::Any)?;
    let description = Description::new(&source.stack, &state);
    let wanted = wanted(&description, &request.target)?;
    let is_whole = request.target.is_empty();
    let to_a_folder = request.out.is_some() || request.check.is_some();
    if !to_a_folder && wanted.len() > 1 {
        let names: Vec<String> = wanted.iter().map(File::name).collect();
        let message = format!("one target alone goes to standard output, and these are {}", wanted.len());
        return Err(Failure::message(FailureKind::Usage, message).hint(format!(
            "name one of {}; for all of them: provision render --out {}",
            names.join(", "),
            description.render.as_ref().map_or("deploy", |render| render.out.as_str())
        )));
    }
    let ready = whole(&description, wanted)?;
    let folder = request.out.as_ref().or(request.check.as_ref());
    // Where only some are named, nothing is said of the others.
    let left: Vec<String> = folder
        .filter(|_| is_whole)
        .map(|folder| left_in(folder, &description).iter().map(|path| below(folder, path)).collect())
        .unwrap_or_default();
    let taken = Taken { stack_files: source.paths(), state: store.file() };
    match (&request.out, &request.check) {
        (Some(folder), _) => {
            let written = write(folder, &ready, taken)?;
            let paths: Vec<String> = written.iter().map(|path| path.to_string_lossy().into_owned()).collect();
            if global.json {
                screen.report(report::RenderedFiles::of(&ready, folder, &paths, left));
                return Ok(Exit::Done);
            }
            if !global.quiet || !paths.is_empty() {
                let files: Vec<&File> = ready.iter().map(|one| &one.file).collect();
                let (warnings, notes) = together(&description, &files);
                warn(&ready, screen);
                warnings.iter().for_each(|warning| screen.say(&format!("warning: {}", harmless(warning))));
                tell_notes(&ready, screen);
                notes.iter().for_each(|note| screen.say(&format!("note: {}", harmless(note))));
            }
            paths.iter().for_each(|path| screen.tell(&format!("Wrote {}", harmless(path))));
            let same = ready.len() - written.len();
            if same > 0 {
                screen.tell(&format!(
                    "{} as rendered already.",
                    if same == 1 { "1 file is".to_owned() } else { format!("{same} files are") }
                ));
            }
            for path in &left {
                let said = format!("{} was rendered before, and is of no target now.", harmless(path));
                screen.say_with_hint(&said, &format!("rm {}", quoted(path)));
            }
            Ok(Exit::Done)
        }
        (None, Some(folder)) => check(folder, &ready, left, global, screen),
        (None, None) => {
            if !global.json && !global.quiet {
                warn(&ready, screen);
                tell_notes(&ready, screen);
            }
            for one in &ready {
                if global.json {
                    screen.report(report::RenderedText::of(one));
                } else {
                    screen.out.as_it_is(&one.rendered.text);
                }
            }
            Ok(Exit::Done)
        }
    }
}

/// Compares with what is in a folder.
fn check(
    folder: &Path,
    ready: &[Ready],
    left: Vec<String>,
    global: &Global,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let mut differ = Vec::new();
    for one in ready {
        let path = folder.join(one.file.path()).to_string_lossy().into_owned();
        match there(folder, &one.file)? {
            Some(there) if there == one.rendered.text => {}
            Some(there) => differ.push((path, differences(&there, &one.rendered.text))),
            None => differ.push((path, vec!["it is not there".to_owned()])),
        }
    }
    if global.json {
        let paths: Vec<String> = differ.iter().map(|(path, _)| path.clone()).collect();
        screen.report(report::RenderedFiles::of(ready, folder, &paths, left.clone()));
    } else {
        for (path, lines) in &differ {
            screen.out.line(&format!("{}:", harmless(path)));
            lines.iter().for_each(|line| screen.out.line(&format!("  {}", harmless(line))));
        }
        for path in &left {
            screen.out.line(&format!("{}:", harmless(path)));
            screen.out.line("  it was rendered before, and is of no target now");
        }
        if differ.is_empty() && left.is_empty() && !global.quiet {
            screen.tell("Everything is as rendered.");
        }
    }
    if differ.is_empty() && left.is_empty() {
        return Ok(Exit::Done);
    }
    if !differ.is_empty() {
        screen.say_with_hint(
            &format!("{} of {} files differ.", differ.len(), ready.len()),
            &format!("to write them: provision render --out {}", quoted(&folder.to_string_lossy())),
        );
    }
    if !left.is_empty() {
        let count =
            if left.len() == 1 { "1 file is".to_owned() } else { format!("{} files are", left.len()) };
        let all: Vec<String> = left.iter().map(|path| quoted(path)).collect();
        screen.say_with_hint(
            &format!("{count} of no target now. Nothing removes what was rendered before."),
            &format!("rm {}", all.join(" ")),
        );
    }
    Ok(Exit::Changes)
}

/// The files that are asked for; without a name, all that the stack file describes and `render.targets` chooses.
fn wanted(description: &Description<'_>, names: &[String]) -> Result<Vec<File>, Failure> {
    if names.is_empty() {
        let wrong = [undescribed(description), clashes(description)].concat();
        if !wrong.is_empty() {
            let messages: Vec<&str> = wrong.iter().map(|one| one.message.as_str()).collect();
            let hints: Vec<&str> = wrong.iter().map(|one| one.hint.as_str()).collect();
            return Err(Failure::message(FailureKind::Usage, messages.join("; ")).hint(hints.join("; ")));
        }
        let all = chosen(description);
        return match all.is_empty() {
            false => Ok(all),
            true => Err(nothing("the stack file describes nothing that is rendered")),
        };
    }
    let all = files(description);
    let mut wanted: Vec<File> = Vec::new();
    for name in names {
        let of_name = || all.iter().filter(|file| file.name() == *name || file.target() == name);
        if of_name().next().is_none() {
            known(name)?;
            let lacks = lacking(description, name);
            let Refused { message, hint } = lacks.unwrap_or_else(|| unreachable!("the target is known"));
            return Err(Failure::message(FailureKind::Usage, message).hint(hint));
        }
        let new = of_name().filter(|file| !wanted.iter().any(|one| one.name() == file.name()));
        let new: Vec<File> = new.cloned().collect();
        wanted.extend(new);
    }
    Ok(wanted)
}

/// Refuses the name of no target, before anything else is looked at.
fn known(name: &str) -> Result<(), Failure> {
    let kind = name.split('/').next().unwrap_or_default();
    if TARGETS.iter().any(|target| target.name == kind) {
        return Ok(());
    }
    let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", known.join(", ")),
    };
    Err(Failure::message(FailureKind::Usage, format!("there is no target `{}`", shown(name))).hint(hint))
}

/// True if the files of this name have something of the state.
fn reads_state(name: &str) -> bool {
    let kind = name.split('/').next().unwrap_or_default();
    TARGETS.iter().any(|target| target.name == kind && target.reads_state)
}

/// A path below a folder, as a user would type it.
fn below(folder: &Path, path: &str) -> String {
    folder.join(path).to_string_lossy().into_owned()
}

fn nothing(message: &str) -> Failure {
    Failure::message(FailureKind::Usage, message).hint(
        "write `kubernetes:` or `gitlab:` into the stack file; every option of them is in: provision schema stack",
    )
}
