//! The options of a restore that give the new database the shape that is wanted.

use super::storage::takes_iops_and_throughput;
use crate::engine::resource::Object;

/// Options of `aws rds restore-db-instance-…`. A restore takes nothing from the old database but its data: class, network and
/// storage are sent, or RDS takes its defaults (RDS API reference, RestoreDBInstanceFromDBSnapshot and
/// RestoreDBInstanceToPointInTime).
pub(crate) fn options(object: &Object<'_>) -> Vec<String> {
    let mut words = Vec::new();
    let (takes_iops, takes_throughput) =
        takes_iops_and_throughput(object.text("storage_type"), object.number("allocated_storage"));
    let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
    for (option, field) in [
        ("--db-instance-class", "instance_class"),
        ("--storage-type", "storage_type"),
        ("--iops", "iops"),
        ("--storage-throughput", "storage_throughput"),
        ("--db-subnet-group-name", "db_subnet_group_name"),
        ("--db-parameter-group-name", "parameter_group_name"),
    ] {
        // RDS shows both where it takes neither.
        if (option == "--iops" && !takes_iops) || (option == "--storage-throughput" && !takes_throughput) {
            continue;
        }
        match (object.text(field), object.number(field)) {
            ("", 0) => {}
            ("", number) => add(option, number.to_string()),
            (text, _) => add(option, text.to_owned()),
        }
    }
    let groups = object.texts("vpc_security_group_ids");
    if !groups.is_empty() {
        words.push("--vpc-security-group-ids".to_owned());
        words.extend(groups.into_iter().map(str::to_owned));
    }
    let copies = if object.flag("multi_az") { "--multi-az" } else { "--no-multi-az" };
    words.extend([copies, "--no-publicly-accessible"].map(str::to_owned));
    words
}

/// The command that waits for the end of a restore.
pub(crate) fn wait<'a>(name: &'a str, region: &'a str) -> [&'a str; 7] {
    ["rds", "wait", "db-instance-available", "--db-instance-identifier", name, "--region", region]
}
