//! Edits of the stack file, each of a kind of its own. What an edit finds nothing to do with has no text.

/// An edit of the stack file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// An option that is changed in place.
    InPlace,
    /// An option of the whole stack, which every object has.
    Tags,
    /// The protection of what holds data.
    Protection,
    /// An option that only a new security group can have.
    Fixed,
    /// A security group's name, in the case of its letters alone.
    Case,
    /// An option that only a new database can have.
    FixedOfData,
    /// A source of access is taken away.
    Access,
    AddPoint,
    AddDatabase,
    RemovePoint,
    RemoveParameters,
    RemoveDatabase,
    RemoveFileSystem,
    RenameDatabase,
    RenameFileSystem,
    RenamePoint,
    RenameStack,
}

pub const EDITS: [Edit; 17] = [
    Edit::InPlace,
    Edit::Tags,
    Edit::Protection,
    Edit::Fixed,
    Edit::Case,
    Edit::FixedOfData,
    Edit::Access,
    Edit::AddPoint,
    Edit::AddDatabase,
    Edit::RemovePoint,
    Edit::RemoveParameters,
    Edit::RemoveDatabase,
    Edit::RemoveFileSystem,
    Edit::RenameDatabase,
    Edit::RenameFileSystem,
    Edit::RenamePoint,
    Edit::RenameStack,
];

impl Edit {
    /// The stack file after the edit; nothing when it has no such line.
    pub fn of(self, text: &str) -> Option<String> {
        let insert = |after: &str, line: &str| text.replacen(after, &format!("{after}{line}"), 1);
        let groups = ["shop-files", "shop-volumes"].map(|name| format!("security_group: {name}\n"));
        let group = groups.iter().find(|line| text.contains(*line));
        let edited = match self {
            Self::InPlace => text
                .replace("allocated_storage: 50", "allocated_storage: 70")
                .replace("allocated_storage: 60", "allocated_storage: 70"),
            Self::Tags => insert("tags: { ", "owner: others, "),
            Self::Protection => text.replace("deletion_protection: false", "deletion_protection: true"),
            Self::Fixed => text.replacen(group?, "security_group: shop-mounts\n", 1),
            Self::Case => text.replacen(group?, &group?.replace("shop-", "SHOP-"), 1),
            Self::FixedOfData => insert("  records:\n", "    storage_encrypted: false\n"),
            Self::Access => text
                .replace("access: [nodes]", "access: []")
                .replace("access: [nodes, masters]", "access: [nodes]"),
            Self::AddPoint => insert("access_points:\n", "      new: { uid: 7 }\n"),
            Self::AddDatabase => format!("{text}{ANOTHER}"),
            Self::RemovePoint => without_line(text, "      git: "),
            Self::RemoveParameters => without_line(text, "    parameters: "),
            Self::RemoveDatabase => text[..text.find("databases:")?].to_owned(),
            Self::RemoveFileSystem => {
                let (from, to) = (text.find("file_systems:")?, text.find("databases:")?);
                format!("{}{}", &text[..from], &text[to..])
            }
            Self::RenameDatabase => text.replace("  records:\n", "  journal:\n"),
            Self::RenameFileSystem => text.replace("  files:\n", "  volumes:\n"),
            Self::RenamePoint => text.replace("      git: ", "      vcs: "),
            Self::RenameStack => text.replace("stack: shop\n", "stack: store\n"),
        };
        (edited != text).then_some(edited)
    }

    /// The name in a case's name: `edit-in-place`, `rename-database`.
    pub fn name(self) -> String {
        let name = super::dashed(&format!("{self:?}"));
        if name.starts_with("rename-") { name } else { format!("edit-{name}") }
    }
}

const ANOTHER: &str = concat!(
    "  ledger:\n",
    "    allocated_storage: 20\n",
    "    password: env:PASSWORD\n",
    "    deletion_protection: false\n",
    "    final_snapshot: false\n",
);

fn without_line(text: &str, start: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with(start)).collect()
}
