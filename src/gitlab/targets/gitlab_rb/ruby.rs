//! Ruby as far as `gitlab.rb` needs it: values and statements, each text in quotes that give a meaning to nothing in it.

use std::fmt;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruby {
    Text(String),
    Flag(bool),
    Whole(i64),
    List(Vec<Ruby>),
    /// Texts as keys.
    Hash(Vec<(&'static str, Ruby)>),
    /// A variable of the environment: where passwords come from.
    Env(&'static str),
}

impl From<&str> for Ruby {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Ruby {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Ruby {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u16> for Ruby {
    fn from(number: u16) -> Self {
        Self::Whole(number.into())
    }
}

impl From<u32> for Ruby {
    fn from(number: u32) -> Self {
        Self::Whole(number.into())
    }
}

impl From<&[String]> for Ruby {
    fn from(texts: &[String]) -> Self {
        Self::List(texts.iter().map(|text| Self::from(text.as_str())).collect())
    }
}

impl fmt::Display for Ruby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => quoted(text, f),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Env(name) => write!(f, "ENV['{name}']"),
            Self::List(items) => {
                f.write_str("[")?;
                for (number, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if number > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Hash(entries) if entries.is_empty() => f.write_str("{}"),
            Self::Hash(entries) => {
                f.write_str("{ ")?;
                for (number, (key, value)) in entries.iter().enumerate() {
                    f.write_str(if number > 0 { ", " } else { "" })?;
                    quoted(key, f)?;
                    write!(f, " => {value}")?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// In single quotes, where a backslash and the quote itself are all that has a meaning.
fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The text of `gitlab.rb`.
#[derive(Debug, Default)]
pub struct Settings {
    text: String,
}

impl Settings {
    /// A comment of one line above the settings that follow.
    pub fn about(&mut self, comment: &'static str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.text.push_str(&format!("{gap}# {comment}\n"));
    }

    /// `external_url 'https://…'`
    pub fn call(&mut self, method: &'static str, value: impl Into<Ruby>) {
        self.text.push_str(&format!("{method} {}\n", value.into()));
    }

    /// `gitlab_rails['db_host'] = '…'`: a setting is a name with keys, each after a dot.
    pub fn set(&mut self, setting: &str, value: impl Into<Ruby>) {
        let mut names = setting.split('.');
        self.text.push_str(names.next().unwrap_or_default());
        names.for_each(|key| self.text.push_str(&format!("['{key}']")));
        self.text.push_str(&format!(" = {}\n", value.into()));
    }

    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_quotes() {
        for (text, expected) in [
            ("it's", r"'it\'s'"),
            (r"a\", r"'a\\'"),
            (r"\'; exit", r"'\\\'; exit'"),
            ("#{`id`}", "'#{`id`}'"),
            ("a\nb", "'a\nb'"),
        ] {
            assert_eq!(Ruby::from(text).to_string(), expected);
        }
    }

    #[test]
    fn values_and_settings_are_written_as_people_write_them() {
        let hash = Ruby::Hash(vec![("a", true.into()), ("b", Ruby::List(vec![80_u16.into(), "x".into()]))]);
        let mut settings = Settings::default();
        settings.call("external_url", "https://gitlab.example.com");
        settings.about("The database");
        settings.set("gitlab_rails.nginx.listen_port", 80_u16);
        settings.set("gitlab_rails.db_password", Ruby::Env("GITLAB_DB_PASSWORD"));
        settings.set("registry.storage", hash);
        settings.set("registry.empty", Ruby::Hash(Vec::new()));
        let expected = "external_url 'https://gitlab.example.com'\n\n# The database\ngitlab_rails['nginx']['listen_port'] = 80\n\
                        gitlab_rails['db_password'] = ENV['GITLAB_DB_PASSWORD']\nregistry['storage'] = { 'a' => true, 'b' => [80, 'x'] }\n\
                        registry['empty'] = {}\n";
        assert_eq!(settings.finish(), expected);
    }
}
