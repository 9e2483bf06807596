//! Others act on a machine, its volume and its address between two runs, of which the first may have been stopped.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use super::deed::Done;
use super::hand::Hand;
use super::hints;
use super::journey::{ENDINGS, Ending};
use super::oracle::{Knowledge, Request, Trail, data_of, settle};
use super::others::others;
use super::place::Place;
use super::typing::{Typed, ways};
use crate::fault::{Fault, Moment};
use crate::proxy::{Site, Trigger};
use crate::{AT_ONCE, text_of};

/// A deed of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    MachineTerminated,
    MachineStopped,
    MachineOfAnotherType,
    UserDataChanged,
    /// In the file beside the stack file.
    UserDataEdited,
    VolumeDetached,
    /// It is at a machine of others.
    VolumeTaken,
    VolumeDeleted,
    AddressTakenOff,
    /// It leads to a machine of others.
    AddressTaken,
    AddressReleased,
    StateLost,
}

const DEEDS: [Deed; 12] = [
    Deed::MachineTerminated,
    Deed::MachineStopped,
    Deed::MachineOfAnotherType,
    Deed::UserDataChanged,
    Deed::UserDataEdited,
    Deed::VolumeDetached,
    Deed::VolumeTaken,
    Deed::VolumeDeleted,
    Deed::AddressTakenOff,
    Deed::AddressTaken,
    Deed::AddressReleased,
    Deed::StateLost,
];

/// A deed after a run that changes the machine and its volume: carried out to its end, or stopped at a call.
#[derive(Clone, Debug)]
struct Case {
    deed: Deed,
    at: Option<(Ending, Site)>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.at {
            None => "finished".to_owned(),
            Some((ending, Site { operation, nth })) => format!("{ending:?}@{operation}#{nth}").to_lowercase(),
        };
        write!(f, "machines/{at}/{}", super::dashed(&format!("{:?}", self.deed)))
    }
}

const STACK: &str = "\
stack: shop
security_groups:
  open:
    ingress: [ { cidr: 0.0.0.0/0, port: 443 } ]
elastic_ips:
  door:
    instance: web
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.large
    zone: eu-west-1a
    security_groups: [open]
    user_data: cloud-init.yaml
    termination_protection: false
    volumes:
      data: { size: 10, device: /dev/sdf, deletion_protection: false, final_snapshot: false }
";

const VOLUME: &str = "aws_ebs_volume.web/data";

/// The stack that the first run is to make: another type, and a larger volume.
fn target() -> String {
    STACK.replace("t3.large", "t3.xlarge").replace("size: 10", "size: 12")
}

fn writes_user_data(place: &Place, text: &str) {
    let text = format!("#cloud-config\n{text}\n");
    std::fs::write(place.world.path("cloud-init.yaml"), text).expect("a file can be written");
}

fn begin(upstream: &str) -> Place {
    let place = Place::new(upstream, 3);
    writes_user_data(&place, "packages: [rsync]");
    place.make(STACK);
    place.world.write_stack(&target());
    place
}

/// The calls that change something in the run which others come after.
fn sites(upstream: &str) -> Vec<Site> {
    let place = begin(upstream);
    let ran = place.run(&["apply", "--auto-approve"], None);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let changes = place.changes();
    let of = |(at, heard): (usize, &crate::proxy::Heard)| {
        let same = changes[..at].iter().filter(|one| one.call.operation == heard.call.operation);
        Site { operation: heard.call.operation.clone(), nth: 1 + same.count() }
    };
    changes.iter().enumerate().map(of).collect()
}

fn act(place: &Place, deed: Deed) -> Done {
    let hand = Hand { cloud: &place.world.cloud };
    let subnet = || hand.machines()[0].subnet_id().expect("it has one").to_owned();
    match deed {
        Deed::MachineTerminated => hand.terminates_machine(),
        Deed::MachineStopped => hand.stops_machine(),
        Deed::MachineOfAnotherType => hand.gives_machine_another_type(),
        Deed::UserDataChanged => hand.gives_machine_another_user_data(),
        Deed::UserDataEdited => writes_user_data(place, "packages: [rsync, curl]"),
        Deed::VolumeDetached => hand.detaches_volume(),
        Deed::VolumeTaken => hand.takes_volume(&subnet()),
        Deed::VolumeDeleted => {
            return Done { gone: [hand.deletes_volume()].into(), ..Done::default() };
        }
        Deed::AddressTakenOff => hand.takes_address_off(),
        Deed::AddressTaken => hand.takes_address(&subnet()),
        Deed::AddressReleased => hand.releases_address(),
        Deed::StateLost => place.lose_state(),
    }
    Done::default()
}

/// Objects of others are left to them: an apply is refused, and says what a person types who may.
fn gives_back(place: &Place, trail: &mut Trail) {
    let before = others(&place.world.cloud);
    let ran = place.run(&["apply", "--auto-approve"], None);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert_eq!(others(&place.world.cloud), before);
    let said = hints::of_text(&ran.err);
    let texts = [Some(said.message.as_str()), said.hint.as_deref()];
    let typed = texts.into_iter().flatten().flat_map(ways).flatten();
    let typed = typed.filter_map(|one| if let Typed::Aws(words) = one { Some(words) } else { None }).next();
    let words = typed.unwrap_or_else(|| panic!("nothing to type: {}", ran.err));
    trail.note(&format!("typed: aws {}", words.join(" ")));
    hints::aws(&place.world, &words);
}

/// The facts of the machine, its volume and its address, by their ids.
#[derive(Debug, PartialEq, Eq)]
struct Ids {
    machine: Option<String>,
    volume: Option<String>,
    address: Option<String>,
}

fn ids(place: &Place) -> Ids {
    let hand = Hand { cloud: &place.world.cloud };
    Ids {
        machine: hand.machine(),
        volume: hand.volume().and_then(|one| one.volume_id),
        address: hand.address().and_then(|one| one.allocation_id),
    }
}

fn survive(upstream: &str, case: &Case, trail: &mut Trail) {
    let mut place = begin(upstream);
    let was = ids(&place);
    let fault = case.at.clone().map(|(ending, site)| {
        let fault = match ending {
            Ending::Failed => Fault::Denied,
            Ending::Killed => Fault::Kill(Moment::Forwarded),
            Ending::Interrupted => Fault::Interrupted,
        };
        (Trigger::Site(site), fault)
    });
    let ran = place.run(&["apply", "--auto-approve"], fault);
    assert!(case.at.is_some() || ran.code == Some(0), "{}", ran.err);
    let done = act(&place, case.deed);
    let (data, others) = (data_of(&place), others(&place.world.cloud));
    place.watch(&others);
    if matches!(case.deed, Deed::VolumeTaken | Deed::AddressTaken) {
        gives_back(&place, trail);
    }
    let gone: BTreeSet<String> = done.gone.clone();
    let held = BTreeSet::from([VOLUME.to_owned()]);
    settle(&mut place, &Knowledge { held, data, others, done, request: Request::default() }, trail);
    let is = ids(&place);
    let hand = Hand { cloud: &place.world.cloud };
    let machines = hand.machines();
    assert_eq!(machines.len(), 1, "{machines:?}");
    let machine = &machines[0];
    let state = machine.state().and_then(|state| state.name()).map(|name| name.as_str());
    assert_eq!(
        (state, machine.instance_type().map(|one| one.as_str())),
        (Some("running"), Some("t3.xlarge"))
    );
    let volume = hand.volume().expect("it is there");
    assert_eq!(volume.size(), Some(12));
    let attached: Vec<_> = volume.attachments().iter().map(|one| (one.instance_id(), one.device())).collect();
    assert_eq!(attached, [(machine.instance_id(), Some("/dev/sdf"))]);
    assert_eq!(hand.address().and_then(|one| one.instance_id).as_deref(), machine.instance_id());
    assert_eq!(is.machine == was.machine, case.deed != Deed::MachineTerminated, "{was:?} {is:?}");
    assert_eq!(is.volume == was.volume, gone.is_empty(), "{was:?} {is:?}");
    assert_eq!(is.address == was.address, case.deed != Deed::AddressReleased, "{was:?} {is:?}");
}

/// Each deed after a run that came to its end, and after one that was stopped at one of its calls; all calls where that is asked for.
fn cases(upstream: &str) -> Vec<Case> {
    let sites = sites(upstream);
    assert!(sites.len() >= 4, "{sites:?}");
    let stops = || ENDINGS.iter().flat_map(|ending| sites.iter().map(move |site| (*ending, site.clone())));
    let mut all = Vec::new();
    for (number, deed) in DEEDS.into_iter().enumerate() {
        all.push(Case { deed, at: None });
        let chosen: Vec<_> = match std::env::var("PROVISION_FAULT_CASES").as_deref() {
            Ok("all") => stops().collect(),
            _ => stops().skip(number % stops().count()).take(1).collect(),
        };
        all.extend(chosen.into_iter().map(|at| Case { deed, at: Some(at) }));
    }
    let named = std::env::var("PROVISION_FAULT_CASE").unwrap_or_default();
    all.retain(|case| named.is_empty() || named.split(',').any(|name| case.to_string().contains(name)));
    println!("{} cases", all.len());
    all
}

#[test]
fn whatever_others_do_to_a_machine_between_two_runs_the_next_ones_end_it_and_its_data_stays() {
    let upstream = crate::rounds::upstream();
    let queue: Mutex<VecDeque<Case>> = Mutex::new(cases(&upstream).into());
    let failed = Mutex::new(Vec::new());
    let lock = "no thread panics while it holds the lock";
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().expect(lock).pop_front() else { return };
                    let mut trail = Trail::default();
                    let went = catch_unwind(AssertUnwindSafe(|| survive(&upstream, &case, &mut trail)));
                    println!("{:<6} {case}", if went.is_ok() { "ok" } else { "FAILED" });
                    if let Err(cause) = went {
                        let cause = text_of(cause.as_ref());
                        failed.lock().expect(lock).push(format!("{case}\n{}{cause}", trail.text()));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect(lock);
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n\n"));
}
