//! A database's inputs for tests.

use serde_json::{Value, json};

use crate::engine::document::Document;

/// The database of the reference stack.
pub(super) fn database() -> Document {
    with(json!({}))
}

/// The same with some fields replaced; `null` takes one away.
pub(super) fn with(replaced: Value) -> Document {
    let sample = json!({
        "identifier": "gitlab-pgsql", "engine": "postgres", "engine_version": "16",
        "instance_class": "db.t4g.medium", "allocated_storage": 50, "storage_type": "gp3",
        "database_name": "gitlab_production", "username": "gitlab", "password": "managed", "password_version": 1,
        "multi_az": true, "port": 5432, "db_subnet_group_name": "gitlab-pgsql",
        "vpc_security_group_ids": ["sg-1"], "publicly_accessible": false, "backup_retention_period": 30,
        "backup_window": "04:00-04:30", "maintenance_window": "sun:04:30-sun:05:30", "storage_encrypted": true,
        "auto_minor_version_upgrade": true, "deletion_protection": true, "final_snapshot": true,
        "apply_immediately": false, "tags": {},
    });
    let fields = |value: Value| value.as_object().expect("a document is an object").clone();
    let all = fields(sample).into_iter().chain(fields(replaced)).collect::<Document>();
    all.into_iter().filter(|(_, value)| !value.is_null()).collect()
}
