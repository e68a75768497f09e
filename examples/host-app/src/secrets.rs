//! The team's secrets, and who may see them.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// All of them.
pub(crate) struct Secrets(Vec<Secret>);

#[derive(Deserialize, Serialize)]
pub(crate) struct Secret {
    id: String,
    title: String,
    owner: String,
    readers: Vec<String>,
    /// As Waxseal's dialog takes them.
    fields: Value,
    /// Names and texts.
    files: Value,
}

/// What somebody may do with a secret.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// See it, and share it.
    Owner,
    /// See it.
    Reader,
}

impl Secrets {
    pub(crate) fn load() -> Result<Self> {
        Ok(Self(serde_json::from_str(include_str!("secrets.json"))?))
    }

    /// A secret, and what `user` may do with it: if nothing, it is as if there were none.
    pub(crate) fn find(&self, id: &str, user: &str) -> Option<(&Secret, Role)> {
        let secret = self.0.iter().find(|secret| secret.id == id)?;
        Some((secret, secret.role(user)?))
    }

    /// What the list shows to `user`.
    pub(crate) fn seen_by(&self, user: &str) -> Vec<Value> {
        let rows = self.0.iter().filter_map(|secret| Some((secret, secret.role(user)?)));
        rows.map(|(secret, role)| json!({ "id": secret.id, "title": secret.title, "role": role }))
            .collect()
    }
}

impl Secret {
    fn role(&self, user: &str) -> Option<Role> {
        let reads = self.readers.iter().any(|reader| reader == user);
        if self.owner == user { Some(Role::Owner) } else { reads.then_some(Role::Reader) }
    }
}
