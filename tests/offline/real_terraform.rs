//! A real Terraform in a folder of its own. Where it or its provider is not there, a test says so and ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with providers, as `filesystem_mirror` of Terraform's own configuration has it.
const MIRROR: &str = "PROVISION_TEST_TERRAFORM_MIRROR";

/// A folder in which Terraform works.
pub struct Terraform(TempDir);

impl Terraform {
    /// A folder with these files; nothing, with words, where Terraform or its provider is not there.
    pub fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let Some(mirror) = std::env::var_os(MIRROR).map(PathBuf::from).filter(|folder| folder.is_dir())
        else {
            eprintln!("skipped: {MIRROR} names no folder with providers of Terraform");
            return None;
        };
        if Command::new("terraform").arg("version").output().is_err() {
            eprintln!("skipped: terraform is not installed");
            return None;
        }
        let terraform = Self(TempDir::new().expect("a folder"));
        files.into_iter().for_each(|(name, text)| terraform.write(name, text));
        let mirror = mirror.display();
        terraform.write(
            "terraform.rc",
            &format!("provider_installation {{\n  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n}}\n"),
        );
        Some(terraform)
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).expect("it can be written");
    }

    /// The text that Terraform prints when it ends well.
    #[track_caller]
    pub fn succeeds(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(self.folder()).stdin(Stdio::null());
        command.env("TF_CLI_CONFIG_FILE", self.folder().join("terraform.rc")).env("CHECKPOINT_DISABLE", "1");
        let output = command.output().expect("it was there a moment ago");
        assert!(output.status.success(), "terraform {arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// The actions that Terraform plans, by address.
    #[track_caller]
    pub fn planned(&self) -> Vec<(String, String)> {
        self.succeeds(&["plan", "-input=false", "-refresh=false", "-out=plan"]);
        let document: Value = serde_json::from_str(&self.succeeds(&["show", "-json", "plan"])).expect("JSON");
        let changes = document["resource_changes"].as_array().expect("a list").iter();
        let of = |change: &Value| {
            let address = change["address"].as_str().expect("a text").to_owned();
            (address, change["change"]["actions"][0].to_string())
        };
        changes.map(of).collect()
    }
}

/// Everything that a program has printed.
pub fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(text).expect("text is printed")
}
