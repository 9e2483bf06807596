//! The files that options name: their texts stand beside the stack file, and count as a part of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Stack, StackFile};
use crate::engine::file;

/// More than any of these files needs; what AWS takes of it is judged by its kind.
const LARGEST: usize = 1 << 20;

impl Stack {
    /// Reads the files that options name. A path counts from the folder of a stack file; of several, from that of the upper one that has
    /// it. One that cannot be read is told of where it is needed.
    pub fn read_files(&mut self, files: &[StackFile]) {
        let folders: Vec<PathBuf> = files.iter().rev().map(|file| folder_of(&file.name)).collect();
        let named: BTreeSet<String> = self
            .all()
            .flat_map(|(section, _, entry)| section.files.iter().filter_map(|option| entry.own.get(*option)))
            .filter_map(|path| path.as_str().map(str::to_owned))
            .collect();
        for path in named {
            let text = read(&path, &folders);
            self.files.insert(path, text);
        }
    }
}

fn folder_of(name: &str) -> PathBuf {
    Path::new(name).parent().map(Path::to_owned).unwrap_or_default()
}

fn read(path: &str, folders: &[PathBuf]) -> Result<String, String> {
    let places: Vec<PathBuf> = folders.iter().map(|folder| folder.join(path)).collect();
    let there = places.iter().find(|place| place.exists()).or_else(|| places.first());
    let Some(place) = there else { return Err("no stack file is there that it could be beside".to_owned()) };
    let content =
        file::read(place).map_err(|error| format!("{} cannot be read: {error}", place.display()))?;
    if content.len() > LARGEST {
        return Err(format!("{} has {} bytes, and {LARGEST} are the most", place.display(), content.len()));
    }
    String::from_utf8(content).map_err(|_| format!("{} is no text in UTF-8", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::kinds::registry;
    use crate::stack::parse;

    #[test]
    fn a_file_is_read_beside_the_upper_stack_file_that_has_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("below/one", b"of below");
        write("below/two", b"of below");
        write("above/two", b"of above");
        write("below/bad", b"\xff");
        let machine = |name: &str, path: &str| {
            format!(
                "  {name}: {{ ami: ami-1, instance_type: t3.large, zone: eu-west-1a, security_groups: [sg-1], user_data: {path} }}\n"
            )
        };
        let text = format!(
            "instances:\n{}{}{}{}",
            machine("a", "one"),
            machine("b", "two"),
            machine("c", "bad"),
            machine("d", "none")
        );
        let mut stack = parse("x", text, &registry()).expect("it is right");
        let file = |at: &str| StackFile {
            name: folder.path().join(at).join("provision.yaml").display().to_string(),
            content: Vec::new(),
        };
        stack.read_files(&[file("below"), file("above")]);
        assert_eq!(stack.files["one"].as_deref(), Ok("of below"));
        assert_eq!(stack.files["two"].as_deref(), Ok("of above"));
        assert!(stack.files["bad"].as_ref().is_err_and(|why| why.contains("UTF-8")));
        assert!(stack.files["none"].as_ref().is_err_and(|why| why.contains("above/none cannot be read")));
    }
}
