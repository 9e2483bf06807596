//! Access points through their lives.

use serde_json::json;

use crate::lifecycle::{FILES, in_place, lives, replacing};
use crate::world::{NOTHING, World};

#[test]
fn an_access_point() {
    const HERE: &str = "aws_efs_access_point.files/git-data";
    const STACK: &str = "\
stack: shop
tags: { team: one }
file_systems:
  files:
    deletion_protection: false
    access_points:
      git-data: { path: /git-data, uid: 998, gid: 998, permissions: \"0755\" }
";
    let is = |world: &World, path: &str, uid: i64| {
        let points = world.cloud.access_points();
        let point = points.first().expect("there is an access point");
        let (user, root) = (point.posix_user().expect("a user"), point.root_directory().expect("a root"));
        let made = root.creation_info().expect("how it is made");
        points.len() == 1
            && (user.uid(), user.gid(), made.owner_uid(), made.owner_gid()) == (uid, 998, uid, 998)
            && (root.path(), made.permissions()) == (Some(path), "0755")
    };
    lives(
        HERE,
        STACK,
        |world| {
            let points = world.cloud.access_points();
            let tag = |key: &str, value: &str| {
                points[0].tags().iter().any(|tag| tag.key() == key && tag.value() == value)
            };
            tag("provision:address", HERE) && tag("team", "one") && tag("Name", "git-data")
        },
        &[
            (in_place("team: one", "team: two"), |world| {
                world.cloud.access_points()[0].tags().iter().any(|tag| tag.value() == "two")
            }),
            (replacing("uid: 998", "uid: 1000", &[]), |world| {
                world.cloud.access_points()[0].posix_user().is_some_and(|user| user.uid() == 1000)
            }),
            (replacing("/git-data", "/srv/git", &[]), |world| {
                world.cloud.access_points()[0].root_directory().and_then(|root| root.path())
                    == Some("/srv/git")
            }),
        ],
    );

    let world = World::seeded(&[]);
    world.write_stack(STACK);
    world.apply(&[]);
    assert!(is(&world, "/git-data", 998));
    let id = world.cloud.access_points()[0].access_point_id.clone().expect("it has an id");
    let output = world.provision(&["output", "file_systems.files.access_points.git-data.id"]).exits(0);
    assert_eq!(output.out.trim(), id);
    let all = world.provision(&["output", "--json"]).exits(0).json();
    assert_eq!(all["file_systems"]["files"]["access_points"]["git-data"]["path"], "/git-data");
    // A lost state: the replacement is found again by its token, and the generation with it.
    world.apply(&["--replace", HERE]);
    let before = world.record(HERE);
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    assert_eq!(world.record(HERE), before);
    world.plans_nothing();
    // One more, then none: they are made and deleted by themselves, and the file system stays.
    world.edit_stack("      git-data:", "      uploads: { uid: 33 }\n      git-data:");
    world.apply(&[]);
    assert_eq!(world.cloud.access_points().len(), 2);
    world.plans_nothing();
    let file_system = world.cloud.file_system().file_system_id;
    world.write_stack(STACK.split("    access_points:").next().expect("the stack without them"));
    world.apply(&[]);
    assert_eq!(
        (world.cloud.access_points().len(), world.cloud.file_system().file_system_id),
        (0, file_system)
    );
    world.plans_nothing();
}

#[test]
fn access_points_are_gone_before_their_file_system_is_deleted() {
    let world = World::seeded(&[]);
    world.write_stack(
        &FILES.replace("    backup: true", "    access_points: { a: { uid: 1 }, b: { uid: 2 } }"),
    );
    world.apply(&[]);
    world.control.settings(json!({ "access_point_deleting": 0.4 }));
    world.control.forget_calls();
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
    let calls = world.control.log();
    let last = |operation: &str| calls.iter().rposition(|call| call == operation).expect("it was called");
    // Not only asked to go: seen to be gone.
    let order = ["DeleteAccessPoint", "DescribeAccessPoints", "DeleteFileSystem"];
    let positions = order.map(|operation| last(&format!("efs.{operation}")));
    assert!(positions.is_sorted(), "{calls:?}");
}
