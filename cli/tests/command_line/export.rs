//! `pnb customers export`: whole, once each, wherever a run ends.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::{Pnb, Ran, mode, until};

/// More customers than fit on three pages.
fn filled() -> Pnb {
    let pnb = Pnb::with_sandbox();
    for begin in [0, 150] {
        let names: Vec<_> = (begin..begin + 150).map(|index| format!(r#"{{"name":"{index}"}}"#)).collect();
        let body = pnb.file("many.json", &format!("[{}]", names.join(",")));
        let path = "/v1/stores/{store_id}/customers/bulk";
        pnb.run(["request", "POST", path, "--data-file", body.to_str().unwrap()]).done();
    }
    pnb
}

const ALL: usize = 324;

/// The ids of a file of JSON lines; each line is whole.
fn ids(text: &str) -> Vec<String> {
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    text.lines().map(id).collect()
}

#[track_caller]
fn all_once(text: &str) {
    let ids = ids(text);
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (ALL, ALL));
}

/// Exports to a file, until the third page, which does not come.
fn stuck(pnb: &Pnb, file: &Path) -> Child {
    let before = pnb.sandbox().requests();
    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"list_customers","times":2,"delay_ms":0},{"operation":"list_customers","hang":true}]}"#,
    );
    let mut command = pnb.command();
    command.args(["customers", "export", "--deadline", "3600", "--output"]).arg(file);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the third page is asked for", || pnb.sandbox().requests() == before + 3);
    child
}

fn part(file: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[test]
fn to_a_pipe() {
    let pnb = filled();
    let out = pnb.say("customers export").done();
    all_once(&out);
    let tenth = &ids(&out)[9];
    assert_eq!(ids(&pnb.say(&format!("customers export --after {tenth}")).done()), ids(&out)[10..]);

    let csv = pnb.say("customers export --format csv").done();
    assert_eq!(csv.lines().count(), ALL + 1);
    assert!(csv.starts_with("id,known_as,name,steam_id,minecraft_uuid,minecraft_platform,xbox_xuid,"));
    assert!(csv.contains("\"{\"\"discord_id\"\":\"\"175928847299117063\"\",\"\"rank\"\":\"\"founder\"\"}\""));
}

#[test]
fn to_a_file() {
    let pnb = filled();
    let file = pnb.path("all.jsonl");
    let line = format!("customers export --output {}", file.display());
    let said = pnb.json(&line);
    assert_eq!((said["customers"].as_u64(), &said["continued"]), (Some(ALL as u64), &false.into()));
    all_once(&fs::read_to_string(&file).unwrap());
    assert_eq!(mode(&file), 0o600);
    assert!(!part(&file, ".part").exists() && !part(&file, ".part.json").exists());
    assert!(pnb.say(&line).ended(2).contains("exists already"));
    assert!(pnb.say(&format!("{line} --force")).done().starts_with("324 customers are in "));
    let ran = pnb.say(&format!("customers export --output {}", pnb.path("no/folder").display()));
    ran.ended(8);
}

#[test]
fn ctrl_c_leaves_nothing_half_done_and_it_goes_on() {
    let pnb = filled();
    let file = pnb.path("all.jsonl");
    let child = stuck(&pnb, &file);
    super::tools::signal("INT", child.id());
    let ran: Ran = child.wait_with_output().unwrap().into();
    let said = ran.ended(130);
    assert!(said.contains("200 customers are in") && said.contains("the same command goes on"), "{said}");
    assert!(!file.exists());

    pnb.sandbox().admin("DELETE", "faults", "");
    let asked = pnb.sandbox().requests();
    let said = pnb.say(&format!("customers export --output {}", file.display())).done();
    assert!(said.contains("200 of them by an earlier run"), "{said}");
    assert!(pnb.sandbox().requests() - asked <= 3, "what was there is not asked for again");
    all_once(&fs::read_to_string(&file).unwrap());
}

#[test]
fn a_crash_leaves_what_can_be_gone_on_with() {
    let pnb = filled();
    let file = pnb.path("all.jsonl");
    let mut child = stuck(&pnb, &file);
    child.kill().unwrap();
    child.wait().unwrap();
    // Written, and the power was gone before the journal could say so.
    let mut torn = fs::OpenOptions::new().append(true).open(part(&file, ".part")).unwrap();
    torn.write_all(b"{\"id\":\"half of a cust").unwrap();
    pnb.sandbox().admin("DELETE", "faults", "");

    let other = format!("customers export --format csv --output {}", file.display());
    assert!(pnb.say(&other).ended(2).contains("--restart begins again"));
    pnb.say(&format!("customers export --output {}", file.display())).done();
    all_once(&fs::read_to_string(&file).unwrap());
}

#[test]
fn what_cannot_be_gone_on_with_is_begun_again_when_told() {
    let pnb = filled();
    let file = pnb.path("all.jsonl");
    let mut child = stuck(&pnb, &file);
    child.kill().unwrap();
    child.wait().unwrap();
    pnb.sandbox().admin("DELETE", "faults", "");
    fs::write(part(&file, ".part"), "").unwrap();
    let line = format!("customers export --output {}", file.display());
    assert!(pnb.say(&line).ended(2).contains("shorter than it was"));
    fs::write(part(&file, ".part.json"), "nonsense").unwrap();
    assert!(pnb.say(&line).ended(2).contains("not a journal"));
    pnb.say(&format!("{line} --restart")).done();
    all_once(&fs::read_to_string(&file).unwrap());
}

#[test]
fn a_failure_on_the_way_is_gone_on_from() {
    let pnb = filled();
    let file = pnb.path("all.csv");
    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"list_customers","times":1,"delay_ms":0},{"operation":"list_customers","respond":{"status":403}}]}"#,
    );
    let line = format!("customers export --format csv --output {}", file.display());
    let said = pnb.say(&line).ended(4);
    assert!(said.contains("100 customers are in"), "{said}");
    pnb.sandbox().admin("DELETE", "faults", "");
    pnb.say(&line).done();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), ALL + 1);
    assert_eq!(text.matches("known_as").count(), 1, "one header");

    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"list_customers","times":1,"delay_ms":0},{"operation":"list_customers","respond":{"status":403}}]}"#,
    );
    let ran = pnb.say("customers export");
    let last = ids(&ran.out).pop().unwrap();
    assert!(ran.ended(4).contains(&format!("--after {last} goes on")));
}

#[test]
fn a_reader_that_leaves_is_not_spoken_of() {
    let pnb = filled();
    for line in [
        "customers export",
        "customers export --format csv",
        "--help",
        "customers list",
        "man",
        "completions bash",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran: Ran = pnb
            .command()
            .args(line.split(' '))
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap()
            .into();
        assert_eq!(ran.ended(141), "", "{line}");
    }
}

#[test]
fn formulas_are_text_in_csv() {
    let pnb = Pnb::with_sandbox();
    for (index, name) in ["=HYPERLINK(\"x\")", "+1", "-1", "@x", "'y"].into_iter().enumerate() {
        pnb.run(["create", &format!("--name={name}"), &format!("--steam-id=7656119800000000{index}")]).done();
    }
    let csv = pnb.say("customers export --format csv").done();
    for cell in [",\"'=HYPERLINK(\"\"x\"\")\",", ",'+1,", ",'-1,", ",'@x,", ",''y,"] {
        assert!(csv.contains(cell), "{cell} is not in {csv}");
    }
    let lines = pnb.say("customers export").done();
    assert!(lines.contains("\"name\":\"=HYPERLINK(\\\"x\\\")\"") && lines.contains("\"name\":\"-1\""));
}
