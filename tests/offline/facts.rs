//! The folder with facts about AWS and Terraform, which is kept beside the checkout and not in it.

use std::path::{Path, PathBuf};

/// Names the folder, where it is not beside the checkout.
pub const FACTS: &str = "PROVISION_TEST_FACTS";

/// A part of the facts; none, with words, where it is not there.
pub fn part(name: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = |checkout: &Path| checkout.join("../shared/facts").join(name);
    let named = std::env::var_os(FACTS).map(|folder| PathBuf::from(folder).join(name));
    let all = match named {
        Some(named) => vec![named],
        None => [here].into_iter().chain(main_checkout(here).as_deref()).map(beside).collect(),
    };
    let found = all.iter().find(|path| path.exists()).cloned();
    if found.is_none() {
        eprintln!("skipped: {} is not there; {FACTS} names another folder", all[0].display());
    }
    found
}

/// The checkout that a worktree is of: the file `.git` of a worktree names a folder in it.
fn main_checkout(worktree: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(worktree.join(".git")).ok()?;
    let folder = Path::new(text.strip_prefix("gitdir:")?.trim());
    folder.ancestors().nth(3).map(Path::to_owned)
}
