//! The user data of a pair, carried out: both machines, each in a folder that is its root, with programs that write down what they are
//! asked, through boots, restarts, a failover and the loss of power at every call.
//!
//! The shell, `blkid`, `mkfs.ext4`, `mountpoint` and `flock` are the real ones; a volume is a file, which the kernel of these machines mounts as a
//! folder. Docker, systemd, the AWS command line, the metadata and rsync are programs in `pair_machine/`.

mod machine;
mod world;

use machine::Machine;
use world::{World, skipped};

/// The words of GitLab, in the order in which it was started.
const A_ONCE: &str = "started on i-a\n";

#[test]
fn the_machine_with_the_address_makes_a_file_system_on_the_late_volume_once_and_serves_after_each_restart() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("");
    let a = world.machine("i-a", "10.0.0.1", DEVICE);
    a.first_boot();
    // The volume is attached, and later the address comes.
    a.then(&["", "truncate -s 16M /dev/nvme1n1", "echo i-a >/world/addresses/shop/aws_eip.web"]);
    a.boot().ends(0);
    assert_eq!(a.called("mkfs.ext4"), ["mkfs.ext4 -q -L pair /dev/nvme1n1"]);
    assert_eq!(a.called("mount"), ["mount /dev/nvme1n1 /srv"]);
    assert_eq!(a.called("docker"), ["docker compose -f /etc/pair-compose.yaml up -d"]);
    assert!(a.runs() && a.nothing_on_the_root());
    assert_eq!(a.data("gitlab/data/log"), A_ONCE);
    let secrets = a.data("gitlab/config/gitlab-secrets.json");

    // Restarts: with the volume at once, late, and as another device.
    for (number, later) in ["", "mv /nvme1n1 /dev/nvme1n1", "mv /nvme1n1 /dev/nvme2n1"].iter().enumerate() {
        a.restart();
        assert!(!a.runs());
        if !later.is_empty() {
            a.sh("mv /dev/nvme1n1 /nvme1n1");
            a.then(&["", later]);
        }
        a.boot().ends(0);
        assert!(a.runs() && a.nothing_on_the_root());
        assert_eq!(a.data("gitlab/data/log"), A_ONCE.repeat(number + 2));
    }
    assert_eq!((a.called("mkfs.ext4").len(), world.volumes()), (1, 1));
    assert_eq!(a.data("gitlab/config/gitlab-secrets.json"), secrets);
    // No copy is made of what it serves itself.
    a.timer().ends(0);
    assert_eq!(a.called("rsync"), [""; 0]);
}

#[test]
fn the_other_machine_copies_what_is_served_and_starts_nothing_after_restarts_too() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("i-a");
    let (a, b) = world.pair(DEVICE);
    assert!(!b.runs() && b.called("docker").is_empty());
    b.pair("lag").says(1, "no copy has come to its end yet");
    b.timer().ends(0);
    assert_eq!(b.data("gitlab/data/log"), a.data("gitlab/data/log"));
    let lag: i64 = b.pair("lag").ends(0).out.trim().parse().expect("seconds and nothing else");
    assert!((0..600).contains(&lag), "{lag}");
    a.pair("lag").says(1, "this machine serves");

    b.restart();
    // The timer comes before the volume.
    b.timer().says(1, "the volume is not at /srv");
    b.boot().ends(0);
    assert!(!b.runs() && b.nothing_on_the_root());
    a.sh("echo more >>/srv/gitlab/data/log");
    b.sh("touch /srv/gitlab/data/gone-there");
    b.timer().ends(0);
    assert_eq!(b.data("gitlab/data/log"), a.data("gitlab/data/log"));
    assert!(!b.has("gitlab/data/gone-there"), "deleted there, and so here");
    let copies = b.called("rsync -aHAX");
    assert!(
        copies.len() == 2 && copies.iter().all(|one| one.contains("--delete --timeout=120")),
        "{copies:?}"
    );
    assert!(
        copies.iter().all(|one| one.ends_with("rsync://10.0.0.1:873/gitlab/ /srv/gitlab/")),
        "{copies:?}"
    );
}

#[test]
fn what_a_machine_without_its_volume_or_with_an_empty_one_offers_is_never_copied() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("i-a");
    let (a, b) = world.pair(DEVICE);
    b.timer().ends(0);
    let copied = b.data("gitlab/data/log");
    // Restarted, and its volume is not there: its daemon serves nothing, and it starts nothing.
    a.restart();
    a.sh("mv /dev/nvme1n1 /nvme1n1");
    a.boot().waits_for_ever();
    assert!(!a.runs() && a.nothing_on_the_root());
    b.timer().ends(5);
    // A new volume: the file system is there, and no GitLab.
    a.sh("truncate -s 16M /dev/nvme1n1 && mkfs.ext4 -q -L pair /dev/nvme1n1 && mount /dev/nvme1n1 /srv && mkdir -p /srv/gitlab");
    b.timer().ends(23);
    // The address is nowhere, and AWS does not answer.
    world.address("");
    b.timer().says(1, "the address is at no machine");
    world.aws_answers(false);
    b.timer().ends(255);
    assert_eq!(b.data("gitlab/data/log"), copied);
    assert_eq!(b.called("rsync -aHAX").len(), 1);
}

#[test]
fn a_volume_with_something_on_it_or_that_cannot_be_read_is_never_made_anew() {
    if skipped() {
        return;
    }
    for (what, made) in [
        ("a file system of another name", "mkfs.ext4 -q -L theirs /dev/nvme1n1"),
        ("a file system without a name", "mkfs.ext4 -q /dev/nvme1n1"),
        ("swap space", "mkswap /dev/nvme1n1"),
        // A table of partitions with one of Linux.
        (
            "partitions",
            "printf '\\0\\0\\0\\0\\203\\0\\0\\0\\0\\10\\0\\0\\0\\100\\0\\0' | dd of=/dev/nvme1n1 bs=1 seek=446 conv=notrunc && \
             printf '\\125\\252' | dd of=/dev/nvme1n1 bs=1 seek=510 conv=notrunc",
        ),
        ("nothing that can be read", "rm /dev/nvme1n1 && mkdir /dev/nvme1n1"),
    ] {
        let world = World::new();
        world.address("i-a");
        let a = world.machine("i-a", "10.0.0.1", DEVICE);
        a.first_boot();
        a.sh(&format!("truncate -s 16M /dev/nvme1n1 && {made}"));
        let before = a.file("dev/nvme1n1");
        a.forget_calls();
        a.then(&["", ""]);
        let ran = a.boot().waits_for_ever();
        assert_eq!(
            ran.err.matches("has something on it, or cannot be read").count(),
            1,
            "{what}: {}",
            ran.err
        );
        assert_eq!(a.called("mkfs.ext4"), [""; 0], "{what}");
        assert!(a.file("dev/nvme1n1") == before && !a.runs() && a.nothing_on_the_root(), "{what}");
    }
    // Its hint is typed, and it goes on.
    let world = World::new();
    world.address("i-a");
    let a = world.machine("i-a", "10.0.0.1", DEVICE);
    a.first_boot();
    a.sh("truncate -s 16M /dev/nvme1n1 && mkfs.ext4 -q /dev/nvme1n1");
    a.then(&["e2label /dev/nvme1n1 pair"]);
    a.boot().ends(0);
    assert!(a.runs());
}

#[test]
fn a_failover_and_the_way_back_by_the_commands_leave_one_machine_that_serves_after_restarts_of_both() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("i-a");
    let (a, b) = world.pair(DEVICE);
    b.timer().ends(0);
    let fails_over = |from: &Machine, to: &Machine| {
        to.pair("stop-copy").ends(0);
        for _ in 0..2 {
            from.pair("stop").ends(0);
        }
        assert!(!from.runs());
        // A restart in the middle starts nothing.
        from.restart();
        from.boot().ends(0);
        assert!(!from.runs());
        for _ in 0..2 {
            to.pair("start").ends(0);
        }
        world.address(&to.id);
        for machine in [from, to] {
            machine.restart();
            machine.boot().ends(0);
            machine.timer().ends(0);
        }
        assert!(to.runs() && !from.runs());
    };
    fails_over(&a, &b);
    let log = b.data("gitlab/data/log");
    assert!(log.contains("started on i-b"), "{log}");
    assert!(a.called("rsync").is_empty(), "nothing is copied unasked over what was not copied");
    b.pair("follow").says(1, "this machine serves");
    a.pair("follow").ends(0);
    a.timer().ends(0);
    assert_eq!(a.data("gitlab/data/log"), log);
    fails_over(&b, &a);
    assert!(a.data("gitlab/data/log").starts_with(&log));
}

#[test]
fn a_machine_whose_address_went_to_the_other_one_while_it_was_down_stays_down() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("i-a");
    let (a, b) = world.pair(DEVICE);
    // Fenced by force: it was not asked.
    a.restart();
    world.address("i-b");
    a.then(&["rm /kernel/no-metadata", "rm /world/no-aws"]);
    a.sh("touch /kernel/no-metadata /world/no-aws");
    a.boot().ends(0);
    assert!(!a.runs() && !a.has("pair/serves"));
    // Back there by hand, it still serves nothing by itself.
    world.address("i-a");
    a.restart();
    a.boot().ends(0);
    assert!(!a.runs() && !b.runs());
}

#[test]
fn a_machine_that_cannot_ask_docker_is_taken_to_serve() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("i-a");
    let (a, b) = world.pair(DEVICE);
    for machine in [&a, &b] {
        machine.sh("touch /kernel/no-docker");
        machine.pair("stop").fails();
        machine.pair("lag").says(1, "this machine serves");
        machine.pair("follow").says(1, "this machine serves");
    }
    b.timer().ends(0);
    assert_eq!(b.called("rsync"), [""; 0]);
}

#[test]
fn no_command_touches_the_root_while_the_volume_is_not_there() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("i-a");
    let a = world.machine("i-a", "10.0.0.1", DEVICE);
    a.first_boot();
    for command in ["start", "stop", "stop-copy", "follow", "lag", "copy"] {
        a.pair(command).says(1, "the volume is not at /srv");
    }
    assert!(a.nothing_on_the_root() && !a.runs());
    a.pair("begin").says(1, "the volume is not at /srv");
    let plain = world.machine("i-c", "10.0.0.3", "");
    plain.first_boot();
    plain.pair("begin").says(2, "pair start | stop");
}

#[test]
fn without_a_volume_the_data_is_on_the_root_and_a_machine_made_of_an_image_begins_anew() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("i-a");
    let (a, b) = world.pair("");
    b.timer().ends(0);
    assert!(a.runs() && a.called("mount").is_empty() && b.has("gitlab/data/log"));
    a.restart();
    a.boot().ends(0);
    assert_eq!(a.data("gitlab/data/log"), A_ONCE.repeat(2));
    // The same folder as another machine: what the marks say is of the machine that the image was made of.
    world.address("i-b");
    a.restart();
    a.sh("echo i-c >/kernel/metadata/instance-id");
    a.boot().ends(0);
    assert!(!a.runs() && !a.has("pair/serves") && a.has("pair/follows"));
}

#[test]
fn a_machine_that_was_stopped_while_it_first_booted_starts_nothing() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.address("");
    let a = world.machine("i-a", "10.0.0.1", DEVICE);
    a.first_boot();
    a.sh("truncate -s 16M /dev/nvme1n1");
    a.then(&["/usr/local/sbin/pair stop && echo i-a >/world/addresses/shop/aws_eip.web"]);
    a.boot().ends(0);
    assert!(!a.runs() && !a.has("pair/serves"));
}

/// The loss of power, before and after each call of a boot.
#[test]
fn a_boot_that_is_killed_at_any_call_is_gone_on_with_and_the_file_system_is_made_once() {
    if skipped() {
        return;
    }
    let begun = || {
        let world = World::new();
        world.address("");
        let a = world.machine("i-a", "10.0.0.1", DEVICE);
        a.first_boot();
        a.forget_calls();
        a.then(&["truncate -s 16M /dev/nvme1n1", "echo i-a >/world/addresses/shop/aws_eip.web"]);
        (world, a)
    };
    let (_world, learned) = begun();
    learned.boot().ends(0);
    let calls = learned.called("");
    assert!(calls.len() > 12, "{calls:?}");
    for number in 1..=calls.len() {
        for moment in ["before", "after"] {
            let at = format!("{moment} {number}: {}", calls[number - 1]);
            let (world, a) = begun();
            a.dies(&format!("{moment} {number}"));
            a.boot().dies();
            a.dies("");
            a.restart();
            // Both have come to be meanwhile, where they were still to come.
            a.then(&[]);
            a.sh("[ -e /dev/nvme1n1 ] || truncate -s 16M /dev/nvme1n1");
            world.address("i-a");
            a.boot().ends(0);
            assert!(a.runs() && a.nothing_on_the_root(), "{at}");
            assert_eq!(world.volumes(), 1, "{at}");
            let log = a.data("gitlab/data/log");
            assert!(log == A_ONCE || log == A_ONCE.repeat(2), "{at}: {log}");
        }
    }
}

/// The device of the volume, as the stack file has it.
const DEVICE: &str = "/dev/nvme1n1";
