//! The words of problems: texts of the file that can be shown, and the names that were probably meant.

/// The nearest valid name, or all of them.
pub(super) fn suggestion(written: &str, known: &[&str]) -> String {
    match nearest(written, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("possible here: {}", names.join(", "))
        }
    }
}

/// The valid name that was probably meant.
pub(crate) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' ', '.'], "");
    let written = plain(written);
    known
        .map(|name| {
            let name_plain = plain(name);
            // Half of a long name is a near miss too: `encrypted` for `storage_encrypted`.
            let part = written.len() >= 4 && (name_plain.contains(&written) || written.contains(&name_plain));
            let distance = strsim::damerau_levenshtein(&written, &name_plain);
            // Of two names that are as near, the one that differs least.
            ((if part { distance.min(1) } else { distance }, distance), name)
        })
        .filter(|((near, _), name)| *near <= (name.len() / 3).clamp(1, 4))
        .min_by_key(|(distances, _)| *distances)
        .map(|(_, name)| name)
}

/// A text from the file made harmless, and short enough to be read.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).collect::<String>().escape_debug().to_string();
    // `escape_debug` is for Rust literals; quotes are harmless here.
    shown = shown.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
