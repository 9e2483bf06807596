//! Plans for reviewers: comments, pages and graphs, from real plans.

use std::os::unix::fs::PermissionsExt;

use crate::world::World;

const PAGE: &str = "plan.html";

fn page(world: &World) -> String {
    std::fs::read_to_string(world.path(PAGE)).expect("the page was written")
}

#[test]
fn one_run_makes_the_comment_the_page_and_the_saved_plan() {
    let world = World::small();
    let before = world.files();
    let ran = world.provision(&["plan", "--markdown", "--html", PAGE, "--out", "plan.json"]).exits(0);
    assert!(ran.out.starts_with("### Plan for `shop` (`provision.yaml`)\n"), "{}", ran.out);
    let row = "| `+` | `aws_db_instance.records` | create | none | at once |";
    assert!(
        ran.out.contains(row) && ran.out.contains("<code>aws_efs_file_system.files</code> create"),
        "{}",
        ran.out
    );
    let saved = std::fs::read_to_string(world.path("plan.json")).expect("the plan was saved");
    let saved: serde_json::Value = serde_json::from_str(&saved).expect("JSON");
    let digest = &saved["digest"].as_str().expect("a digest")[..12];
    let command = format!("provision apply --expect {digest}");
    assert!(ran.out.contains(&command) && page(&world).contains(&command), "both name the plan");
    assert!(page(&world).contains("<title>Plan for shop</title>"));
    let by = format!("arn:aws:iam::{}:root", world.account);
    let version = env!("CARGO_PKG_VERSION");
    let said = format!(" UTC by provision {version}, with the credentials of `{by}`.\n");
    assert!(ran.out.contains("\nMade 20") && ran.out.contains(&said), "{}", ran.out);
    for fact in [("Stack file", "provision.yaml"), ("With", &format!("provision {version}")), ("By", &by)] {
        assert!(page(&world).contains(&format!("<dt>{}</dt><dd>{}</dd>", fact.0, fact.1)), "{fact:?}");
    }
    assert_eq!(world.files().len(), before.len() + 2, "the page and the plan, and nothing else");
    let mode = std::fs::metadata(world.path(PAGE)).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o600, 0o600);
    world.apply(&["--expect", digest]);
    world.plans_nothing();
}

#[test]
fn a_page_comes_with_the_usual_plan_and_takes_the_place_of_an_older_one() {
    let world = World::small();
    world.provision(&["plan", "--destroy", "--html", PAGE]).exits(0);
    let ran = world.provision(&["plan", "--html", PAGE]).exits(0).says(&["Page written to plan.html"]);
    assert!(ran.out.contains("Plan: 8 to create, 6 to watch"), "{}", ran.out);
    assert!(page(&world).ends_with("</html>\n"));
    let ran = world.provision(&["plan", "--json", "--html", PAGE]).exits(0);
    let plan = ran.json();
    let needs = plan["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|change| change["address"] == "aws_db_instance.records");
    let needs = &needs.expect("the database is planned")["depends_on"];
    assert_eq!(*needs, serde_json::json!(["aws_db_subnet_group.records", "aws_security_group.records"]));
    world
        .provision(&["plan", "--html", "provision.yaml/plan.html"])
        .exits(1)
        .says(&["cannot write the page"]);
}

#[test]
fn a_plan_with_errors_is_shown_to_reviewers_too_and_fails() {
    let world = World::applied();
    world.edit_stack("allocated_storage: 50", "storage_encrypted: false");
    let ran =
        world.provision(&["plan", "--markdown", "--html", PAGE]).exits(1).says(&["cannot be carried out"]);
    assert!(ran.out.contains("**This plan cannot be carried out.** 1 error"), "{}", ran.out);
    assert!(!ran.out.contains("--expect"), "nobody can carry it out");
    assert!(page(&world).contains("This plan cannot be carried out: 1 error."));
}

#[test]
fn a_tag_that_somebody_set_outside_does_nothing_in_a_comment_or_on_a_page() {
    let world = World::applied();
    let evil = "</script><img src=x onerror=alert(1)> @everyone ``` | [x](javascript:x)";
    let group = world.cloud.group("shop-files");
    let tag = aws_sdk_ec2::types::Tag::builder().key("team").value(evil).build();
    let tagged = world.cloud.ec2.create_tags().resources(group.group_id().expect("an id")).tags(tag).send();
    world.cloud.run(tagged).expect("a group can be tagged");
    let ran = world.provision(&["plan", "--markdown", "--html", PAGE]).exits(0);
    let lines: Vec<&str> = ran.out.lines().filter(|line| line.contains("@everyone")).collect();
    assert_eq!(lines.len(), 2, "as drift and as what is put right: {}", ran.out);
    assert!(lines.iter().all(|line| line.starts_with("!  ") && line.contains("\"</script>")), "{lines:?}");
    assert_eq!(ran.out.matches("\n````diff\n").count(), 2, "their fences are longer than what the tag has");
    assert!(!page(&world).contains("<img") && page(&world).contains("&lt;img src=x"));
}

#[test]
fn the_graph_shows_what_depends_on_what_and_what_is_done() {
    let world = World::small();
    let node = "\"aws_db_instance.records\" [label = \"aws_db_instance.records\\ncreate\", color = green];";
    let edge = "\"aws_db_instance.records\" -> \"aws_db_subnet_group.records\";";
    let dot = world.provision(&["graph"]).exits(0).out;
    assert!(dot.starts_with("digraph provision {\n") && dot.contains(node) && dot.contains(edge), "{dot}");
    world.apply(&[]);
    let dot = world.provision(&["graph"]).exits(0).out;
    assert!(dot.contains(edge) && !dot.contains("create"), "{dot}");
    let mermaid = world.provision(&["graph", "--format", "mermaid", "--destroy"]).exits(0).out;
    assert!(
        mermaid.starts_with("flowchart BT\n") && mermaid.contains("aws_db_instance.records<br>delete"),
        "{mermaid}"
    );
    assert_eq!(mermaid.matches(" --> ").count(), dot.matches(" -> ").count(), "a destroy has the same edges");
}

#[test]
fn what_a_plan_says_fits_into_eighty_columns_with_its_digest() {
    let world = World::small();
    for saving in [&["plan"][..], &["plan", "--out"]] {
        let ran = world.provision(saving).exits(0).says(&["Digest ", "provision apply "]);
        let wide: Vec<&str> = ran.err.lines().filter(|line| line.chars().count() > 80).collect();
        assert_eq!(wide, [""; 0], "{saving:?}");
    }
}
