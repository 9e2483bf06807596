//! Names for the entries of a stack file, made from those that AWS and Terraform have.

use std::collections::{BTreeMap, BTreeSet};

use super::object::{Facts, Object};

/// The longest name of an entry: AWS's limit for database identifiers, which are names of entries too.
const LONGEST: usize = 63;

/// Names of resources that say nothing but their type, as modules give them.
const SAY_NOTHING: [&str; 9] = ["this", "main", "default", "self", "resource", "example", "db", "efs", "rds"];

/// The names that are given, and the number with which the search for the next of each begins.
#[derive(Default)]
pub(super) struct Taken {
    names: BTreeSet<String>,
    next: BTreeMap<String, usize>,
    /// The names that were tried so far: what it costs.
    pub(super) tried: usize,
}

impl Taken {
    /// True where no other entry has it.
    fn is_free(&mut self, name: &str) -> bool {
        self.tried += 1;
        !self.names.contains(name)
    }
}

/// The name for the entry of an object, which no other entry has. `word` tells it from another kind's entry of the same name.
pub(super) fn name(object: &Object, facts: &Facts, word: &str, taken: &mut Taken) -> String {
    let own = [facts.title.as_deref(), facts.name.as_deref(), facts.id.as_deref()];
    let own = match object.from.kind.as_str() {
        // A database's `name` was the name of what is in it, and its identifier is a name of the right form.
        "aws_db_instance" | "aws_s3_bucket" | "aws_elasticache_replication_group" => [None, None, own[2]],
        "aws_efs_file_system" | "aws_instance" | "aws_eip" => [own[0], None, None],
        _ => [None, own[1], None],
    };
    let fitting = own.into_iter().flatten().find(|text| fits(text)).map(str::to_owned);
    let chosen = fitting.unwrap_or_else(|| said_by_terraform(object, word));
    let first = taken.next.get(&chosen).copied().unwrap_or_default();
    let named = |number: usize| match number {
        0 => chosen.clone(),
        1 => format!("{}-{word}", cut(&chosen, word.len() + 1)),
        number => {
            let ending = format!("-{number}");
            format!("{}{ending}", cut(&chosen, ending.len()))
        }
    };
    let (number, free) = (0..2)
        .chain(first.max(2)..)
        .map(|number| (number, named(number)))
        .find(|(_, name)| taken.is_free(name))
        .expect("there are more numbers than entries");
    if number >= 2 {
        taken.next.insert(chosen.clone(), number + 1);
    }
    taken.names.insert(free.clone());
    free
}

/// The name of the resource with its key; where that says nothing, the name of its module.
fn said_by_terraform(object: &Object, word: &str) -> String {
    let from = &object.from;
    let modules = from.modules.iter().rev();
    let steps = std::iter::once((from.name.as_str(), &from.key))
        .chain(modules.map(|one| (one.name.as_str(), &one.key)));
    let mut keys = Vec::new();
    for (name, key) in steps {
        if let Some(super::reference::Key::Text(text)) = key {
            keys.insert(0, text.as_str());
        }
        if !SAY_NOTHING.contains(&name) {
            let all: Vec<&str> = std::iter::once(name).chain(keys).collect();
            return formed(&all.join("-"), word);
        }
    }
    formed(&std::iter::once(from.name.as_str()).chain(keys).collect::<Vec<_>>().join("-"), word)
}

/// The text in the form of a name: lower-case letters and digits with single hyphens between them, a letter first.
fn formed(text: &str, word: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        match character.to_ascii_lowercase() {
            letter @ 'a'..='z' => name.push(letter),
            digit @ '0'..='9' if !name.is_empty() => name.push(digit),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    match cut(&name, 0) {
        "" => word.to_owned(),
        name => name.to_owned(),
    }
}

/// The beginning of a name that leaves so much room at its end.
fn cut(name: &str, room: usize) -> &str {
    let end = name.len().min(LONGEST - room);
    name[..end].trim_end_matches('-')
}

fn fits(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && formed(text, "") == text
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::terraform::object::Standing;
    use crate::terraform::reference::{Key, Reference, Step};

    fn object(module: Option<&str>, name: &str, key: Option<Key>) -> Object {
        let modules = module.map(|name| Step { name: name.to_owned(), key: None }).into_iter().collect();
        let (kind, name) = ("aws_efs_file_system".to_owned(), name.to_owned());
        let from = Reference { modules, is_data: false, kind, name, key };
        Object { from, standing: Standing::Kept, facts: None }
    }

    #[test]
    fn a_name_is_the_one_that_aws_has_or_else_what_terraform_says() {
        let titled = |title: &str| Facts { title: Some(title.to_owned()), ..Facts::default() };
        let key = |text: &str| Some(Key::Text(text.to_owned()));
        for (object, title, expected) in [
            (object(None, "files", None), "shared", "shared"),
            (object(None, "files", None), "k8s.example.com", "files"),
            (object(Some("files"), "this", Some(Key::Number(0))), "", "files"),
            (object(None, "this", key("eu")), "", "this-eu"),
            (object(Some("Data_Store"), "efs", key("Git Lab")), "", "data-store-git-lab"),
            (object(None, "_1", None), "", "files"),
            (object(None, "zürich", None), "", "z-rich"),
        ] {
            assert_eq!(name(&object, &titled(title), "files", &mut Taken::default()), expected);
        }
    }

    #[test]
    fn no_two_entries_get_one_name() {
        let mut taken = Taken::default();
        let long = "a".repeat(70);
        let names: Vec<String> = ["gitlab", "gitlab", "gitlab", long.as_str(), long.as_str()]
            .map(|one| name(&object(None, one, None), &Facts::default(), "files", &mut taken))
            .into();
        assert_eq!(names[..3], ["gitlab", "gitlab-files", "gitlab-2"]);
        assert_eq!((names[3].len(), names[4].len(), &names[4][57..]), (63, 63, "-files"));
    }

    proptest! {
        #[test]
        fn whatever_terraform_says_a_name_fits_a_stack_file(name_said in any::<String>(), title in any::<String>(), key in any::<String>()) {
            let facts = Facts { title: Some(title), ..Facts::default() };
            let mut taken = Taken::default();
            for _ in 0..3 {
                let object = object(Some("this"), &name_said, Some(Key::Text(key.clone())));
                let name = name(&object, &facts, "files", &mut taken);
                prop_assert!(fits(&name), "{}", name);
            }
        }
    }
}
