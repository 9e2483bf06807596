//! The rules of RDS over storage that is written, and over the way to it from the storage that is there.

use super::bounds::{
    IOPS_FOR_EACH_MIBPS, PROVISIONED_IOPS, STRIPED, STRIPED_IOPS, STRIPED_THROUGHPUT, a_tenth_more,
    iops_for_each_gib, outside, size_after, sizes,
};
use super::{IOPS, LIMIT, SIZE, Storage, THROUGHPUT, TYPE};
use crate::engine::resource::Invalid;

/// Finds what RDS would refuse of the storage or make something else of, and of the way to it from the live one.
pub(in super::super) fn check(desired: &Storage, observed: Option<&Storage>) -> Vec<Invalid> {
    let Storage { storage_type, allocated_storage: size, .. } = desired;
    let Some(bounds @ (smallest, largest)) = sizes(storage_type) else {
        return vec![Invalid::new(TYPE, "must be gp3, gp2, io1, io2 or standard")];
    };
    let mut invalid = Vec::new();
    invalid.extend(observed.and_then(|observed| check_step(desired, observed)));
    invalid.extend(check_limit(desired, observed, largest));
    if observed.is_some_and(|observed| desired.asks_nothing_of(observed)) {
        return invalid;
    }
    // Storage that has grown past what is written does not shrink: its own size counts.
    let grown = observed.map_or(*size, |observed| observed.allocated_storage.max(*size));
    if outside(grown, bounds) {
        let rule = format!(
            "must be {smallest} to {largest} GiB, not {grown}: {storage_type} storage starts at {smallest} GiB"
        );
        let remedy = "raise `allocated_storage`, or use `storage_type: gp3`";
        let too_large = Invalid::new(SIZE, rule).with(&[TYPE]).remedy(remedy);
        invalid.push(too_large.of_new(grown < smallest));
    }
    // A value that is there is not asked for.
    let is_kept = |now: &&Storage| now.iops == desired.iops && storage_type == "gp3";
    let written = desired.iops.filter(|_| observed.filter(is_kept).is_none());
    let coming = Storage { allocated_storage: grown, ..desired.clone() };
    // IOPS that are not written stay.
    let kept = observed.filter(|observed| observed.storage_type == *storage_type);
    let kept = kept.and_then(|observed| observed.iops);
    let is_provisioned = iops_for_each_gib(storage_type).is_some();
    let iops = written.or(kept.filter(|_| is_provisioned));
    let found = check_iops(&Storage { iops, ..coming.clone() });
    let is_new = observed.is_none();
    invalid.extend(found.map(|found| found.of_new(is_new && iops_fit_another(storage_type, iops, grown))));
    invalid.extend(observed.and_then(|observed| check_iops_step(desired, observed)));
    let striped = observed.filter(|observed| observed.allocated_storage >= STRIPED);
    let iops = desired.iops.or(kept.filter(|_| striped.is_some()));
    let shown = observed.and_then(|observed| observed.storage_throughput);
    let throughput = desired.storage_throughput.filter(|wanted| shown != Some(*wanted));
    let found = check_throughput(&Storage { iops, storage_throughput: throughput, ..coming });
    invalid.extend(found.map(|found| found.of_new(is_new && throughput_fits_another(desired))));
    invalid
}

/// Storage grows by a tenth at least, and never shrinks.
fn check_step(desired: &Storage, observed: &Storage) -> Option<Invalid> {
    let (size, live) = (desired.allocated_storage, observed.allocated_storage);
    let least = a_tenth_more(live);
    let limit = [desired, observed].into_iter().filter_map(|inputs| inputs.max_allocated_storage).max();
    if (live + 1..least).contains(&size) {
        return Some(Invalid::altered(
            SIZE,
            format!(
                "becomes {least} GiB, and not {size}: RDS grows storage by a tenth at least, here from {live}"
            ),
        ));
    }
    if size >= live || limit.is_some_and(|limit| limit >= live) {
        return None;
    }
    // A step that was rounded up comes out at a tenth more at most; anything above that was added by others.
    if live <= a_tenth_more(size) {
        return Some(
            Invalid::altered(SIZE, format!("stays at {live} GiB: storage does not shrink; write {live}"))
                .instead(live),
        );
    }
    let message = format!("cannot shrink from {live} to {size} GiB: write {live}, or more");
    Some(Invalid::new(SIZE, message).instead(live))
}

/// RDS User Guide, "Managing capacity automatically with Amazon RDS storage autoscaling".
fn check_limit(desired: &Storage, observed: Option<&Storage>, largest: i32) -> Option<Invalid> {
    let Some(limit) = desired.max_allocated_storage else {
        return observed.and_then(|observed| check_limit_of_others(desired, observed));
    };
    if limit == 0 {
        return None;
    }
    let changes = observed.is_none_or(|observed| observed.max_allocated_storage != Some(limit));
    let live = observed.filter(|_| changes).map_or(0, |observed| observed.allocated_storage);
    let size = desired.allocated_storage.max(live);
    let invalid = |rule: String| Some(Invalid::new(LIMIT, rule).with(&[SIZE, TYPE, IOPS]));
    // "Must be greater than or equal to `allocated_storage` or `0` to disable Storage Autoscaling" (aws_db_instance, documentation of
    // Terraform's provider): the size itself turns the growing off too.
    if limit != size && limit < a_tenth_more(size) || limit > largest {
        let least = a_tenth_more(size);
        let rule = format!(
            "must be a tenth more than {size} GiB at least, here {least}, and {largest} at most, not {limit}"
        );
        let remedy = "raise it, write 0 to turn the growing off, or leave it out";
        return invalid(rule).map(|invalid| invalid.remedy(remedy));
    }
    match desired.iops {
        Some(iops)
            if iops_for_each_gib(&desired.storage_type).is_some() && iops.saturating_mul(2) < limit =>
        {
            invalid(format!(
                "must be at most twice the {iops} IOPS with {}, not {limit}",
                desired.storage_type
            ))
        }
        _ => None,
    }
}

/// A limit that others chose counts too when storage grows.
fn check_limit_of_others(desired: &Storage, observed: &Storage) -> Option<Invalid> {
    let limit = observed.max_allocated_storage.filter(|limit| *limit != 0)?;
    let size = size_after(desired, observed);
    (size > observed.allocated_storage && limit < a_tenth_more(size)).then(|| {
        let least = a_tenth_more(size);
        Invalid::new(
            LIMIT,
            format!("must be written, as {least} or more, or 0: RDS has a limit of {limit} GiB for it"),
        )
    })
}

fn check_iops(desired: &Storage) -> Option<Invalid> {
    let Storage { storage_type, allocated_storage: size, iops, .. } = desired;
    let invalid = |rule: String| Some(Invalid::new(IOPS, rule).with(&["storage_type", SIZE]));
    match (storage_type.as_str(), iops, iops_for_each_gib(storage_type)) {
        ("gp3", Some(_), _) if *size < STRIPED => invalid(too_small(*size)).map(left_out),
        ("gp3", Some(iops), _) if outside(*iops, STRIPED_IOPS) => {
            let (least, most) = STRIPED_IOPS;
            let rule = format!("must be {least} to {most} with {STRIPED} GiB of gp3 or more, not {iops}");
            let remedy = "leave it out to get the 12000 that are included, or choose more";
            invalid(rule).map(|invalid| invalid.remedy(remedy))
        }
        ("gp2" | "standard", Some(_), _) => {
            let rule = format!("cannot be chosen for {storage_type} storage");
            invalid(rule).map(|invalid| invalid.remedy("leave it out"))
        }
        (_, None, Some(_)) => {
            let rule = format!("must be set: {storage_type} storage needs `iops`");
            invalid(rule).map(|invalid| invalid.remedy("say how many, such as `iops: 3000`"))
        }
        (_, Some(iops), Some(_)) if outside(*iops, PROVISIONED_IOPS) => {
            let (least, most) = PROVISIONED_IOPS;
            invalid(format!("must be {least} to {most} with {storage_type}, not {iops}"))
        }
        (_, Some(iops), Some(most)) => {
            let (size, twice) = (i64::from(*size), i64::from(*iops) * 2);
            let fits = (size..=size * i64::from(most) * 2).contains(&twice);
            let rule =
                format!("must be 0.5 to {most} times the GiB of {storage_type}, not {iops} for {size}");
            if fits { None } else { invalid(rule) }
        }
        _ => None,
    }
}

/// True if storage of this type that is larger than it is written, or that has IOPS already, could be asked for these IOPS.
fn iops_fit_another(storage_type: &str, iops: Option<i32>, size: i32) -> bool {
    match (storage_type, iops, iops_for_each_gib(storage_type)) {
        ("gp3", Some(iops), _) => !outside(iops, STRIPED_IOPS),
        (_, None, Some(_)) => true,
        (_, Some(iops), Some(most)) => {
            !outside(iops, PROVISIONED_IOPS) && i64::from(iops) > i64::from(size) * i64::from(most)
        }
        _ => false,
    }
}

/// IOPS grow by a tenth at least. RDS would round a smaller step up, and never have what is written.
fn check_iops_step(desired: &Storage, observed: &Storage) -> Option<Invalid> {
    let (wanted, live) = (desired.iops?, observed.iops?);
    let least = a_tenth_more(live);
    let same_type = desired.storage_type == observed.storage_type;
    (same_type && (live + 1..least).contains(&wanted)).then(|| {
        Invalid::new(
            IOPS,
            format!("must be {least} or more, from {live}: RDS raises them by a tenth at least"),
        )
    })
}

fn check_throughput(desired: &Storage) -> Option<Invalid> {
    let Storage { storage_type, allocated_storage: size, .. } = desired;
    let throughput = desired.storage_throughput?;
    let (least, most) = STRIPED_THROUGHPUT;
    let iops = desired.iops.unwrap_or(STRIPED_IOPS.0);
    let invalid = |rule: String| Invalid::new(THROUGHPUT, rule).with(&[TYPE, SIZE, IOPS]);
    let rule = if storage_type != "gp3" {
        let rule = format!("cannot be chosen for {storage_type} storage");
        return Some(invalid(rule).remedy("leave it out"));
    } else if *size < STRIPED {
        return Some(left_out(invalid(too_small(*size))));
    } else if outside(throughput, STRIPED_THROUGHPUT) {
        format!("must be {least} to {most} MiB/s with {STRIPED} GiB of gp3 or more, not {throughput}")
    } else if throughput.saturating_mul(IOPS_FOR_EACH_MIBPS) > iops {
        format!("must be at most a quarter of the {iops} IOPS, not {throughput}")
    } else {
        return None;
    };
    Some(invalid(rule))
}

/// The same of its throughput.
fn throughput_fits_another(desired: &Storage) -> bool {
    let Storage { storage_type, iops, storage_throughput: Some(throughput), .. } = desired else {
        return false;
    };
    let needed = throughput.saturating_mul(IOPS_FOR_EACH_MIBPS);
    let has_enough = iops.is_none_or(|iops| iops >= needed);
    storage_type == "gp3" && !outside(*throughput, STRIPED_THROUGHPUT) && has_enough
}

fn too_small(size: i32) -> String {
    format!("can be chosen for gp3 storage from {STRIPED} GiB on, not for {size}")
}

fn left_out(invalid: Invalid) -> Invalid {
    invalid.remedy("leave it out: 3000 IOPS and 125 MiB/s are included")
}

#[cfg(test)]
mod tests {
    use super::super::storage;
    use super::*;
    use crate::engine::resource::Verdict;

    fn invalid_fields(desired: &Storage, observed: Option<&Storage>) -> Vec<&'static str> {
        check(desired, observed).into_iter().map(|invalid| invalid.field).collect()
    }

    #[test]
    fn storage_that_has_grown_counts_with_its_own_size_and_with_the_iops_that_it_keeps() {
        let fields = |desired: &Storage, live: &Storage| -> Vec<&'static str> {
            check(desired, Some(live)).into_iter().map(|invalid| invalid.field).collect()
        };
        let grown =
            Storage { max_allocated_storage: Some(1_000), ..storage("gp3", 500, Some(20_000), Some(500)) };
        let written = |iops, throughput| Storage {
            max_allocated_storage: Some(1_000),
            ..storage("gp3", 50, iops, throughput)
        };
        assert_eq!(fields(&written(Some(22_000), None), &grown), [""; 0]);
        // A quarter of the 20,000 that it has, and not of the 12,000 that are included.
        assert_eq!(fields(&written(None, Some(4_000)), &grown), [""; 0]);
        // Half an IOPS for each GiB that there is.
        let grown =
            Storage { max_allocated_storage: Some(20_000), ..storage("io1", 10_000, Some(6_000), None) };
        let written =
            Storage { max_allocated_storage: Some(12_000), ..storage("io1", 200, Some(4_000), None) };
        assert!(fields(&written, &grown).contains(&IOPS));
    }

    #[test]
    fn what_storage_that_is_there_may_make_right_is_refused_of_a_new_one_alone() {
        let sure = |desired: &Storage| -> Vec<&'static str> {
            let found = check(desired, None).into_iter();
            found.filter(|invalid| !invalid.of_new).map(|invalid| invalid.field).collect()
        };
        for (desired, of_a_new_one, of_any) in [
            // It may have grown.
            (storage("gp3", 300, Some(14_000), None), vec![IOPS], vec![]),
            (storage("gp3", 300, None, Some(500)), vec![THROUGHPUT], vec![]),
            (storage("io1", 100, Some(6_000), None), vec![IOPS], vec![]),
            (storage("io1", 50, Some(1_000), None), vec![SIZE], vec![]),
            // It may have IOPS.
            (storage("gp3", 400, None, Some(4_000)), vec![THROUGHPUT], vec![]),
            (storage("io2", 400, None, None), vec![IOPS], vec![]),
            // Neither helps.
            (storage("gp3", 300, Some(3_000), None), vec![IOPS], vec![IOPS]),
            (storage("gp3", 300, None, Some(125)), vec![THROUGHPUT], vec![THROUGHPUT]),
            (storage("gp3", 400, Some(12_000), Some(4_000)), vec![THROUGHPUT], vec![THROUGHPUT]),
            (storage("gp2", 500, Some(12_000), None), vec![IOPS], vec![IOPS]),
            (storage("io1", 3_000, Some(1_000), None), vec![IOPS], vec![IOPS]),
            (storage("io1", 70_000, Some(40_000), None), vec![SIZE], vec![SIZE]),
        ] {
            assert_eq!(invalid_fields(&desired, None), of_a_new_one, "{desired:?}");
            assert_eq!(sure(&desired), of_any, "{desired:?}");
        }
    }

    #[test]
    fn what_storage_has_already_is_asked_for_of_nobody() {
        let small = storage("gp3", 50, Some(3_000), Some(125));
        // Left to others: declared as it is.
        assert_eq!(invalid_fields(&small, Some(&small)), [""; 0]);
        assert_eq!(invalid_fields(&storage("gp3", 500, Some(3_000), Some(125)), Some(&small)), [""; 0]);
        let provisioned = storage("io2", 400, Some(4_000), None);
        assert_eq!(invalid_fields(&storage("io2", 400, None, None), Some(&provisioned)), [""; 0]);
        assert_eq!(invalid_fields(&storage("io2", 500, None, None), Some(&provisioned)), [""; 0]);
    }

    #[test]
    fn sizes_iops_and_throughput_have_bounds_that_depend_on_each_other() {
        for (kind, size, iops, throughput, expected) in [
            ("gp3", 20, None, None, vec![]),
            ("gp3", 19, None, None, vec![SIZE]),
            ("gp3", 65_536, None, None, vec![]),
            ("gp3", 65_537, None, None, vec![SIZE]),
            ("gp3", 399, Some(12_000), None, vec!["iops"]),
            ("gp3", 399, None, Some(500), vec![THROUGHPUT]),
            ("gp3", 400, None, None, vec![]),
            ("gp3", 400, Some(12_000), Some(500), vec![]),
            ("gp3", 400, Some(11_999), Some(499), vec!["iops", THROUGHPUT]),
            ("gp2", 100, Some(3_000), None, vec!["iops"]),
            ("gp2", 500, None, Some(500), vec![THROUGHPUT]),
            ("io1", 100, None, None, vec!["iops"]),
            ("io1", 99, Some(1_000), None, vec![SIZE]),
            ("gp3", 400, Some(64_000), Some(4_000), vec![]),
            ("gp3", 400, Some(64_001), Some(4_001), vec!["iops", THROUGHPUT]),
            // A quarter of the IOPS, of those that are included too.
            ("gp3", 400, Some(15_999), Some(4_000), vec![THROUGHPUT]),
            ("gp3", 400, Some(16_000), Some(4_000), vec![]),
            ("gp3", 400, None, Some(3_000), vec![]),
            ("gp3", 400, None, Some(3_001), vec![THROUGHPUT]),
            ("io1", 100, Some(999), None, vec!["iops"]),
            ("io1", 2_000, Some(1_000), None, vec![]),
            ("io1", 2_001, Some(1_000), None, vec!["iops"]),
            ("io1", 65_536, Some(256_001), None, vec!["iops"]),
            ("io1", 100, Some(5_000), None, vec![]),
            ("io1", 100, Some(5_001), None, vec!["iops"]),
            ("io2", 100, Some(5_001), None, vec![]),
            ("io2", 100, Some(100_001), None, vec!["iops"]),
            ("io2", 100, Some(1_000), Some(500), vec![THROUGHPUT]),
            ("standard", 5, None, None, vec![]),
            ("standard", 3_073, None, None, vec![SIZE]),
            ("ssd", 0, Some(0), Some(0), vec!["storage_type"]),
        ] {
            let found = invalid_fields(&storage(kind, size, iops, throughput), None);
            assert_eq!(found, expected, "{kind} {size} {iops:?} {throughput:?}");
        }
    }

    #[test]
    fn storage_grows_by_a_tenth_at_least_and_shrinks_only_where_growing_by_itself_explains_it() {
        for (desired, most, live, live_most, expected) in [
            (50, None, 50, 0, ""),
            (55, None, 50, 0, ""),
            (60, None, 50, 0, ""),
            (51, None, 50, 0, "becomes 55 GiB"),
            (54, None, 50, 0, "becomes 55 GiB"),
            (52, None, 51, 0, "becomes 57 GiB"),
            // It was rounded up, and the file still says what was asked for.
            (52, None, 55, 0, "stays at 55 GiB"),
            (52, None, 57, 0, "stays at 57 GiB"),
            (52, None, 59, 0, "cannot shrink from 59 to 52 GiB"),
            (50, None, 100, 0, "cannot shrink from 100 to 50 GiB: write 100"),
            (50, Some(0), 100, 0, "cannot shrink"),
            (50, Some(200), 100, 200, ""),
            // Turned off just now, or turned on by others.
            (50, Some(0), 100, 200, ""),
            (50, None, 100, 200, ""),
            (50, None, 100, 90, "cannot shrink"),
        ] {
            let desired = Storage { max_allocated_storage: most, ..storage("gp3", desired, None, None) };
            let live = Storage { max_allocated_storage: Some(live_most), ..storage("gp3", live, None, None) };
            let found = check(&desired, Some(&live));
            let said: Vec<&str> = found.iter().map(|invalid| invalid.message.as_str()).collect();
            match expected {
                "" => assert_eq!(said, [""; 0], "{desired:?}"),
                words => assert!(said.len() == 1 && said[0].contains(words), "{words}: {said:?}"),
            }
            let refused = found.iter().any(|invalid| invalid.verdict == Verdict::Refused);
            assert_eq!(refused, expected.starts_with("cannot"), "{said:?}");
        }
    }

    #[test]
    fn the_limit_of_growing_is_a_tenth_above_what_there_is() {
        let limited = |kind, size, iops, most| Storage {
            max_allocated_storage: Some(most),
            ..storage(kind, size, iops, None)
        };
        for (desired, live, fits) in [
            (limited("gp3", 50, None, 0), None, true),
            (limited("gp3", 50, None, 55), None, true),
            (limited("gp3", 50, None, 54), None, false),
            (limited("gp3", 50, None, 65_537), None, false),
            (limited("gp3", 50, None, -1), None, false),
            // It has grown up to the limit, which is still the same.
            (limited("gp3", 50, None, 100), Some(limited("gp3", 100, None, 100)), true),
            (limited("gp3", 50, None, 109), Some(limited("gp3", 100, None, 100)), false),
            (limited("gp3", 50, None, 110), Some(limited("gp3", 100, None, 100)), true),
            // A limit that others chose is in the way of a larger size alone.
            (storage("gp3", 100, None, None), Some(limited("gp3", 50, None, 109)), false),
            (storage("gp3", 100, None, None), Some(limited("gp3", 50, None, 110)), true),
            (storage("gp3", 100, None, None), Some(limited("gp3", 100, None, 105)), true),
            (limited("io1", 200, Some(1_000), 2_000), None, true),
            (limited("io1", 200, Some(1_000), 2_001), None, false),
        ] {
            let found = invalid_fields(&desired, live.as_ref());
            assert_eq!(found.is_empty(), fits, "{desired:?}");
            assert!(found.iter().all(|field| *field == LIMIT), "{found:?}");
        }
    }

    #[test]
    fn iops_grow_by_a_tenth_at_least() {
        for (wanted, live, fits) in
            [(12_000, 12_000, true), (13_199, 12_000, false), (13_200, 12_000, true), (12_000, 16_000, true)]
        {
            let of = |iops| storage("gp3", 500, Some(iops), None);
            assert_eq!(invalid_fields(&of(wanted), Some(&of(live))).is_empty(), fits, "{wanted} from {live}");
        }
        let other = storage("io1", 500, Some(13_000), None);
        assert_eq!(invalid_fields(&other, Some(&storage("gp3", 500, Some(12_000), None))), [""; 0]);
    }
}
