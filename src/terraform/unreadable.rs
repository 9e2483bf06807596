//! The reasons why a text is not read as a state of Terraform, each with the commands that help.

/// Why a text is not read. Nothing of the text is repeated: it may be a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unreadable {
    #[error("it is empty")]
    Empty,
    #[error("it is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("it is a plan that Terraform saved, and not a state")]
    SavedPlan,
    #[error("it is what `terraform show -json` prints, and not a state")]
    Shown,
    #[error("it is encrypted by OpenTofu")]
    Encrypted,
    #[error("it is JSON, and not a state of Terraform")]
    NoState,
    #[error("it is in format 1, of a Terraform before 0.7")]
    Older,
    #[error("it is in format {format}, which is newer than the formats known here, 2 to 4")]
    Newer { format: u64 },
    #[error("it is not in the form of format {format} (line {line}, column {column})")]
    Malformed { format: u64, line: usize, column: usize },
    #[error("it names resource {number} in a way that Terraform does not")]
    Misnamed { number: usize },
}

impl Unreadable {
    /// The text to type instead.
    pub fn hint(&self) -> String {
        let pull = "in the folder of the configuration: terraform state pull > pulled.json; then: \
                    provision import --terraform pulled.json";
        match self {
            Self::Empty | Self::NoState | Self::NotJson { .. } | Self::SavedPlan | Self::Shown => {
                format!("read the state itself; {pull}")
            }
            Self::Encrypted => {
                "OpenTofu prints it as it is; in the folder of the configuration: tofu state pull > pulled.json; then: \
                 provision import --terraform pulled.json"
                    .to_owned()
            }
            Self::Older => format!("a Terraform of version 1 prints it in format 4; {pull}"),
            Self::Newer { .. } => "take a newer version of provision, which knows that format".to_owned(),
            Self::Malformed { .. } | Self::Misnamed { .. } => {
                format!("it may be cut off, or edited by hand; read it anew; {pull}")
            }
        }
    }
}
