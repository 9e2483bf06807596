//! A call of AWS: its name in IAM policies, and what a policy can narrow it to.

use crate::engine::document::Document;

/// One operation of AWS. The code that calls it has it as a constant, by which its errors are named too.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// As IAM policies name it: `ec2:CreateSecurityGroup`.
    pub name: &'static str,
    /// The actions and resources that AWS wants allowed for it: each of these. Empty where it asks for no permission.
    pub grants: &'static [Grant],
    /// The actions that AWS wants allowed besides, since the call does them too.
    pub checks: &'static [Check],
    /// True if it is made for an object with these inputs.
    pub concerns: fn(&Document) -> bool,
}

impl Call {
    /// A call on what the grants say.
    pub const fn new(name: &'static str, grants: &'static [Grant]) -> Self {
        Self { name, grants, checks: &[], concerns: |_| true }
    }

    /// A call that changes nothing, on everything: most reads cannot be narrowed, and none has to be.
    pub const fn read(name: &'static str) -> Self {
        const EVERYTHING: &[Grant] = &[Grant::on(&["*"])];
        Self::new(name, EVERYTHING)
    }

    /// A call that needs no permission.
    pub const fn free(name: &'static str) -> Self {
        Self::new(name, &[])
    }

    /// True if the operation only reads, by its name.
    pub fn is_read(&self) -> bool {
        let operation = self.name.split_once(':').map_or(self.name, |(_, operation)| operation);
        ["Describe", "List", "Get"].iter().any(|read| operation.starts_with(read))
    }

    /// The call with what AWS checks besides.
    pub const fn checked(self, checks: &'static [Check]) -> Self {
        Self { checks, ..self }
    }

    /// The call, for objects with such inputs alone.
    pub const fn only(self, concerns: fn(&Document) -> bool) -> Self {
        Self { concerns, ..self }
    }
}

impl From<Call> for &'static str {
    fn from(call: Call) -> Self {
        call.name
    }
}

/// Something that a policy allows an action on.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// The service and the last part of the ARNs: `ec2:security-group/*`; or `*`. `{field}` stands for an input of the
    /// object: without it, nothing has to be allowed.
    pub on: &'static [&'static str],
    /// All of these.
    pub when: &'static [When],
}

impl Grant {
    /// Allowed without a condition.
    pub const fn on(on: &'static [&'static str]) -> Self {
        Self { on, when: &[] }
    }

    /// Allowed for what the request tags as the stack's.
    pub const fn tagging(on: &'static [&'static str]) -> Self {
        Self { on, when: &[When::Tagging] }
    }

    /// Allowed for what is tagged as the stack's.
    pub const fn owned(on: &'static [&'static str]) -> Self {
        Self { on, when: &[When::Owned] }
    }

    /// Allowed under conditions.
    pub const fn when(self, when: &'static [When]) -> Self {
        Self { when, ..self }
    }
}

/// A condition of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// The request has the stack's ownership tag.
    Tagging,
    /// The resource has the stack's ownership tag.
    Owned,
    /// A condition key has this value; `{region}` stands for the region.
    Is(&'static str, &'static str),
    /// A condition key is true.
    Holds(&'static str),
}

/// An action that AWS checks because of a call, though nothing here calls it.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// As IAM policies name it.
    pub action: &'static str,
    pub grant: Grant,
    /// The page that says so.
    pub source: &'static str,
    /// True if an object with these inputs is concerned.
    pub concerns: fn(&Document) -> bool,
}

impl Check {
    /// An action that is checked for every object.
    pub const fn new(action: &'static str, grant: Grant, source: &'static str) -> Self {
        Self { action, grant, source, concerns: |_| true }
    }

    /// The action, for objects with such inputs alone.
    pub const fn only(self, concerns: fn(&Document) -> bool) -> Self {
        Self { concerns, ..self }
    }
}
