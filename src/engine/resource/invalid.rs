//! An input that AWS would not take as it is written, and the answer that it would give.

/// An input that AWS would not take as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    pub field: &'static str,
    /// A fragment that reads after the field's name: `must be at least 20 GiB for gp3, not 5`.
    pub message: String,
    pub verdict: Verdict,
    /// A value that AWS would take, as the stack file has it.
    pub instead: Option<String>,
    /// The option that allows it when it is `true`, and what comes of that.
    pub allowed_by: Option<(&'static str, &'static str)>,
    /// The other fields that have a part in it.
    pub with: &'static [&'static str],
    /// The words on what to write, where a value alone does not say it.
    pub remedy: Option<String>,
    /// True where it holds of a new object alone: one that is there may have what makes it right, such as storage that has grown.
    pub of_new: bool,
}

impl Invalid {
    /// A field that AWS would refuse.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let verdict = Verdict::Refused;
        let (instead, allowed_by, remedy) = (None, None, None);
        Self { field, message, verdict, instead, allowed_by, with: &[], remedy, of_new: false }
    }

    /// The same as one that an object which is there may make right, where none is known.
    #[must_use]
    pub fn of_new(self, of_new: bool) -> Self {
        Self { of_new, ..self }
    }

    /// True if one of these fields has a part in it, beside others.
    pub fn hangs_on(&self, fields: &[&str]) -> bool {
        let mut all = self.with.iter().chain([&self.field]);
        !self.with.is_empty() && all.any(|field| fields.contains(field))
    }

    /// The same with a value that AWS would take.
    #[must_use]
    pub fn instead(self, value: impl ToString) -> Self {
        Self { instead: Some(value.to_string()), ..self }
    }

    /// The same as a conflict with other fields.
    #[must_use]
    pub fn with(self, others: &'static [&'static str]) -> Self {
        Self { with: others, ..self }
    }

    /// The same with the words on what to write.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// The same with the option that allows it, and what comes of that.
    #[must_use]
    pub fn allowed_by(self, option: &'static str, with: &'static str) -> Self {
        Self { allowed_by: Some((option, with)), ..self }
    }

    /// A field that AWS would take and make something else of.
    pub fn altered(field: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Altered, ..Self::new(field, message) }
    }

    /// A field that AWS may refuse, for a reason that it does not show beforehand.
    pub fn doubtful(field: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Doubtful, ..Self::new(field, message) }
    }

    /// A field that AWS takes as it is written, and that does more harm than it needs to.
    pub fn unwise(field: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unwise, ..Self::new(field, message) }
    }
}

/// The answer that AWS would give to such an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Refused,
    /// It is taken, and something else comes of it than what is written.
    Altered,
    /// It may be refused, for a reason that AWS does not show beforehand.
    Doubtful,
    /// It is taken, and does more harm than it needs to.
    Unwise,
}
