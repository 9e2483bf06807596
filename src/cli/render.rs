//! `provision render`: prints, writes or compares what Kubernetes and GitLab read of the stack, from the state and the stack file alone.

use std::path::Path;

use crate::gitlab::targets::TARGETS;
use crate::gitlab::{Description, File, chosen, differences, files};
use crate::stack::{Sections, nearest, shown};
use crate::view::failure::{Failure, FailureKind};
use crate::view::harmless;

use super::opening::existing_state;
use super::options::Global;
use super::rendered::{Ready, there, warn, whole, write};
use super::screen::Screen;
use super::stack_file::{Purpose, choose};
use super::written::Taken;
use super::{Exit, Render, report};

/// Renders what was asked for.
pub(super) async fn run(request: &Render, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let (store, state) = existing_state(global, Purpose::Show, screen).await?;
    let source = choose(global, Purpose::Show, Sections::Any)?;
    let description = Description::new(&source.stack, &state);
    let wanted = wanted(&description, &request.target)?;
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
    warn(&ready, screen);
    let taken = Taken { stack_files: source.paths(), state: store.file() };
    match (&request.out, &request.check) {
        (Some(folder), _) => {
            let written = write(folder, &ready, taken)?;
            let paths: Vec<String> = written.iter().map(|path| path.to_string_lossy().into_owned()).collect();
            if global.json {
                screen.report(report::RenderedFiles::of(&ready, folder, &paths));
                return Ok(Exit::Done);
            }
            paths.iter().for_each(|path| screen.tell(&format!("Wrote {}", harmless(path))));
            let same = ready.len() - written.len();
            if same > 0 {
                screen.tell(&format!(
                    "{} as rendered already.",
                    if same == 1 { "1 file is".to_owned() } else { format!("{same} files are") }
                ));
            }
            Ok(Exit::Done)
        }
        (None, Some(folder)) => check(folder, &ready, global, screen),
        (None, None) => {
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
fn check(folder: &Path, ready: &[Ready], global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
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
        screen.report(report::RenderedFiles::of(ready, folder, &paths));
    } else {
        for (path, lines) in &differ {
            screen.out.line(&format!("{}:", harmless(path)));
            lines.iter().for_each(|line| screen.out.line(&format!("  {}", harmless(line))));
        }
        if differ.is_empty() {
            screen.tell("Everything is as rendered.");
        }
    }
    if differ.is_empty() {
        return Ok(Exit::Done);
    }
    screen.say_with_hint(
        &format!("{} of {} files differ.", differ.len(), ready.len()),
        &format!("to write them: provision render --out {}", crate::view::quoted(&folder.to_string_lossy())),
    );
    Ok(Exit::Changes)
}

/// The files that are asked for; without a name, all that the stack file describes and `render.targets` chooses.
fn wanted(description: &Description<'_>, names: &[String]) -> Result<Vec<File>, Failure> {
    if names.is_empty() {
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
            let kind = name.split('/').next().unwrap_or_default();
            if TARGETS.iter().any(|target| target.name == kind) {
                return Err(nothing(&format!("the stack file describes no `{}`", shown(name))));
            }
            let known: Vec<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
            let hint = match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", known.join(", ")),
            };
            let message = format!("there is no target `{}`", shown(name));
            return Err(Failure::message(FailureKind::Usage, message).hint(hint));
        }
        let new = of_name().filter(|file| !wanted.iter().any(|one| one.name() == file.name()));
        let new: Vec<File> = new.cloned().collect();
        wanted.extend(new);
    }
    Ok(wanted)
}

fn nothing(message: &str) -> Failure {
    Failure::message(FailureKind::Usage, message).hint(
        "write `kubernetes:` or `gitlab:` into the stack file; every option of them is in: provision schema stack",
    )
}
