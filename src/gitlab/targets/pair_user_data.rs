//! `pair-user-data/NAME`: what cloud-init does on both machines of a pair: Docker, Compose, GitLab, and the copy by rsync.
//!
//! Both have the same: which of them serves is not in it. A machine asks AWS who has the address, and keeps what it was told in `/srv/pair`.
//!
//! The script makes the file system. cloud-init's `fs_setup` looks for the device once, before the volume is attached, and formats one whose
//! file system has another label, with `overwrite: false` too (cc_disk_setup.py, `mkfs`: "cleared for formating").

use crate::gitlab::description::Description;
use crate::gitlab::target::{Members, Refused, Rendering, Target};
use crate::stack::parts::pairs::{Pair, PairGitLab, pairs};

pub(super) const TARGET: Target = Target {
    name: "pair-user-data",
    doc: "User data of both machines of a pair (cloud-init): Docker, Compose, GitLab, and the copy by rsync; a file for each pair.",
    file: "pair-user-data/*.yaml",
    before: "#cloud-config\n",
    reads_state: false,
    members,
    render,
};

const SCRIPT: &str = include_str!("pair_user_data/pair.sh");

/// The most bytes of user data (RunInstances, UserData).
const MOST: usize = 16 * 1024;

fn with_gitlab(description: &Description<'_>) -> impl Iterator<Item = (String, Pair, PairGitLab)> {
    let all = pairs(description.stack).into_iter();
    all.filter_map(|(name, pair)| {
        let gitlab = pair.gitlab.clone()?;
        Some((name, pair, gitlab))
    })
}

fn members(description: &Description<'_>) -> Members {
    match with_gitlab(description).map(|(name, ..)| name).collect::<Vec<_>>() {
        none if none.is_empty() => Members::None("`gitlab: { image: …, url: … }` below a pair of `pairs:`"),
        names => Members::Each(names),
    }
}

fn render(description: &Description<'_>, name: &str) -> Result<Rendering, Refused> {
    let found = with_gitlab(description).find(|(one, ..)| one == name);
    let (_, pair, gitlab) = found.expect("it is one of the members");
    let PairGitLab { image, url, ssh_port, device, interval } = &gitlab;
    let host = url.split("://").nth(1).unwrap_or_default();
    let stack = &description.stack.stack;
    let compose = format!(
        "services:\n  gitlab:\n    image: \"{image}\"\n    hostname: \"{host}\"\n    restart: \"no\"\n    shm_size: 256m\n    \
         ports: [\"80:80\", \"443:443\", \"{ssh_port}:22\"]\n    environment:\n      GITLAB_OMNIBUS_CONFIG: |\n        \
         external_url '{url}'\n        gitlab_rails['gitlab_shell_ssh_port'] = {ssh_port}\n    volumes:\n      \
         - /srv/gitlab/config:/etc/gitlab\n      - /srv/gitlab/logs:/var/log/gitlab\n      - /srv/gitlab/data:/var/opt/gitlab\n"
    );
    let volume = device.as_deref().unwrap_or_default();
    let conf = format!("STACK={stack}\nADDRESS={}\nDEVICE={volume}\n", pair.elastic_ip());
    let rsync = "uid = root\ngid = root\nuse chroot = yes\nread only = yes\n[gitlab]\npath = /srv/gitlab\n";
    let unit = |what: &str, more: &str| format!("[Unit]\nDescription={what}\n{more}");
    // The end of a boot does not wait for it, since it may wait for the volume and for the address.
    let boot = unit(
        "The part of this machine in the pair",
        "Wants=network-online.target\nAfter=network-online.target docker.service\n[Service]\nType=exec\nExecStart=/usr/local/sbin/pair boot\n\
         Restart=on-failure\nRestartSec=10\n[Install]\nWantedBy=multi-user.target\n",
    );
    let copy = unit(
        "The copy from the machine that serves",
        "[Service]\nType=oneshot\nExecStart=/usr/local/sbin/pair copy\n",
    );
    let timer = unit(
        "The copy, again and again",
        &format!("[Timer]\nOnBootSec=60\nOnUnitInactiveSec={interval}\n[Install]\nWantedBy=timers.target\n"),
    );
    let files = [
        ("/usr/local/sbin/pair", "0755", SCRIPT),
        ("/etc/pair.conf", "0644", &conf),
        ("/etc/pair-compose.yaml", "0600", &compose),
        ("/etc/rsyncd.conf", "0644", rsync),
        ("/etc/systemd/system/pair-boot.service", "0644", &boot),
        ("/etc/systemd/system/pair-copy.service", "0644", &copy),
        ("/etc/systemd/system/pair-copy.timer", "0644", &timer),
    ];
    let mut text = "package_update: true\npackages: [docker.io, docker-compose-v2, rsync, curl]\n".to_owned();
    text.push_str("write_files:\n");
    for (path, mode, content) in files {
        text.push_str(&format!("  - path: {path}\n    permissions: \"{mode}\"\n    content: |\n"));
        for line in content.lines() {
            // `${` would be an output of the stack where the file becomes the user data of an instance.
            let line = line.replace("${", "$${");
            text.push_str(format!("      {line}").trim_end());
            text.push('\n');
        }
    }
    text.push_str(
        "runcmd:\n  - [snap, install, aws-cli, --classic]\n  - [systemctl, daemon-reload]\n  \
         - [systemctl, enable, --now, docker, rsync]\n  - [systemctl, enable, --now, pair-copy.timer]\n  - [systemctl, enable, pair-boot.service]\n  \
         - [systemctl, start, --no-block, pair-boot.service]\n",
    );
    if text.len() > MOST - 256 {
        let message = format!("the user data of {name} has {} bytes, and EC2 takes {MOST}", text.len());
        return Err(Refused::new(message, "write a shorter `image` or `url`"));
    }
    Ok(Rendering { text, warnings: warnings(name), notes: notes(name, &pair), secrets: Vec::new() })
}

/// Sentences on what is unsound.
fn warnings(name: &str) -> Vec<String> {
    vec![format!(
        "rsync copies the files of {name} one after another while GitLab writes: the copy of its PostgreSQL may be torn. GitLab's own backup, \
         or a database of the stack, is the way back to consistent data"
    )]
}

/// Sentences on what is to be done with the file, or beside it.
fn notes(name: &str, pair: &Pair) -> Vec<String> {
    let (open, closed) = (&pair.open, &pair.closed);
    vec![
        format!(
            "name the file as `user_data` of both instances of {name}, with an image of Ubuntu 24.04, which has the agent of Systems Manager"
        ),
        format!(
            "the machines need a role with the policy AmazonSSMManagedInstanceCore and the action ec2:DescribeAddresses on every resource; \
             {open} must let {closed} in on TCP 873, by which the copy comes"
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::kinds::registry;
    use crate::engine::state::State;
    use crate::gitlab::target::{files, is_rendered, render};
    use crate::gitlab::yaml::tests::documents;
    use crate::stack::parse;

    const TEXT: &str = "
stack: shop
security_groups: { web-open: { ingress: [] }, web-closed: { ingress: [] } }
instances:
  a: { ami: ami-12345678, instance_type: t3.large, zone: eu-west-1a }
  b: { ami: ami-12345678, instance_type: t3.large, zone: eu-west-1b }
elastic_ips: { web: {} }
pairs:
  web:
    instances: [a, b]
    address: web
    open: web-open
    closed: web-closed
    gitlab: { image: \"gitlab/gitlab-ce:18.11.0-ce.0\", url: \"https://gitlab.example.com\", device: /dev/nvme1n1 }
";

    fn rendered() -> String {
        let stack = parse("x", TEXT, &registry()).unwrap_or_else(|error| panic!("{error:?}"));
        let state = State::new("shop", "one".to_owned(), "123456789012", "eu-west-1");
        let description = Description::new(&stack, &state);
        let all = files(&description);
        let file = all.iter().find(|file| file.name() == "pair-user-data/web").expect("it is described");
        let rendered = render(&description, file).expect("it can be rendered");
        assert!(rendered.unknown().is_empty(), "it is there before the first apply");
        rendered.text
    }

    #[test]
    fn cloud_init_reads_it_and_it_is_known_as_rendered() {
        let text = rendered();
        assert!(text.starts_with("#cloud-config\n# Rendered by `provision render"), "{text}");
        assert!(is_rendered(text.as_bytes()) && text.len() < MOST);
        let one = documents(&text).remove(0);
        let files = one["write_files"].as_array().expect("files");
        assert_eq!(files.len(), 7);
        assert_eq!(files[0]["content"].as_str(), Some(SCRIPT), "byte by byte");
        assert!(one.get("fs_setup").is_none() && one.get("mounts").is_none());
        let compose = files[2]["content"].as_str().expect("a text");
        let compose = documents(compose).remove(0);
        assert_eq!(compose["services"]["gitlab"]["restart"], "no");
    }
}
