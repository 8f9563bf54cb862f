//! `pnb import`: each player once, wherever a run ends, and whatever is in the file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::{Pnb, Ran, mode, until};

/// Players of all kinds that are in no sandbox. Those of an offline-mode server are the ones PayNow would create twice.
fn players(count: usize) -> String {
    let player = |number: usize| match number % 4 {
        0 => {
            json!({"uuid": format!("00000000-0000-4000-8000-{number:012x}"), "name": format!("Java{number}")})
        }
        1 => {
            json!({"uuid": format!("00000000-0000-0000-0009-{number:012x}"), "name": format!(".Bedrock{number}")})
        }
        _ => {
            json!({"uuid": format!("00000000-0000-3000-8000-{number:012x}"), "name": format!("Offline{number}")})
        }
    };
    serde_json::to_string(&(0..count).map(player).collect::<Vec<_>>()).unwrap()
}

fn import(pnb: &Pnb, file: &Path, more: &str) -> Ran {
    let mut arguments = vec!["import".to_owned(), file.display().to_string()];
    arguments.extend(more.split_whitespace().map(str::to_owned));
    pnb.run(arguments)
}

#[track_caller]
fn imported(pnb: &Pnb, file: &Path, more: &str) -> Value {
    let ran = import(pnb, file, &format!("{more} --json"));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    ran.json()
}

/// The numbers of an import that say how many.
fn numbers(said: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| said[name].as_u64().unwrap()).collect()
}

/// The report: a map of each line, and in it the cells.
fn report(said: &Value) -> BTreeMap<u64, BTreeMap<String, String>> {
    let path = said["report"].as_str().unwrap();
    let mut reader = csv::Reader::from_path(path).unwrap();
    let row = |row: BTreeMap<String, String>| (row["line"].parse().unwrap(), row);
    reader.deserialize().map(|found| row(found.unwrap())).collect()
}

/// How many customers there are, and how many were created.
fn customers(pnb: &Pnb) -> (u64, u64) {
    let stats = pnb.sandbox().admin("GET", "stats", "");
    (stats["customers"].as_u64().unwrap(), stats["creates_effective"].as_u64().unwrap())
}

fn asked(pnb: &Pnb, operation: &str) -> u64 {
    pnb.sandbox().admin("GET", "stats", "")["by_operation"][operation].as_u64().unwrap()
}

/// That each of `count` players is a customer once.
#[track_caller]
fn all_once(pnb: &Pnb, count: usize) {
    let lines = pnb.say("customers export").done();
    let mut seen = BTreeMap::new();
    for line in lines.lines() {
        let customer: Value = serde_json::from_str(line).unwrap();
        for field in ["name", "xbox_xuid", "minecraft_uuid"] {
            if let Some(text) = customer[field].as_str() {
                *seen.entry((field, text.to_owned())).or_insert(0) += 1;
            }
        }
    }
    for number in 0..count {
        let key = match number % 4 {
            0 => ("minecraft_uuid", format!("00000000-0000-4000-8000-{number:012x}")),
            1 => ("xbox_xuid", ((9_u64 << 48) + number as u64).to_string()),
            _ => ("name", format!("Offline{number}")),
        };
        assert_eq!(seen.get(&key), Some(&1), "{key:?}");
    }
    assert_eq!(customers(pnb).0, SEEDED + count as u64);
}

/// How many customers a sandbox begins with.
const SEEDED: u64 = 24;

fn start(pnb: &Pnb, file: &Path) -> Child {
    let mut command = pnb.command();
    command.arg("import").arg(file).args(["--deadline", "2"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn players_are_told_apart_and_who_is_a_customer_stays_one() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file(
        "whitelist.json",
        r#"[
          {"uuid":"069a79f4-44e9-4726-a5be-fca90e38aaf5","name":"Notch"},
          {"uuid":"00000000-0000-4000-8000-000000000001","name":"New"},
          {"uuid":"b50ad385-829d-3141-a216-7e7d7539ba7f","name":"Olga"},
          {"uuid":"00000000-0000-0000-0009-000000000001","name":".Sir"},
          {"uuid":"00000000-0000-4000-8000-000000000001","name":"Renamed"},
          {"uuid":"00000000-0000-0000-0009-01f64f65c7c3","name":".PixelPia"},
          {"uuid":"b50ad385-829d-3141-a216-7e7d7539ba7f","name":"Offline_Olga"},
          {"uuid":"00000000-0000-0000-0000-000000000000","name":"nil"}
        ]"#,
    );
    let ran = import(&pnb, &file, "--json --tag batch=7");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.err.contains("whitelist.json:9: minecraft_uuid is the nil UUID"), "{}", ran.err);
    let said = ran.json();
    assert_eq!(said["format"], "json");
    let counts = numbers(&said, &["players", "created", "existed", "duplicates", "invalid"]);
    assert_eq!(counts, [6, 3, 3, 1, 1]);
    assert_eq!(customers(&pnb).0, SEEDED + 3);

    let rows = report(&said);
    let outcomes: Vec<_> = rows.values().map(|row| (row["outcome"].as_str(), row["key"].as_str())).collect();
    assert_eq!(
        outcomes,
        [
            ("existed", "minecraft_uuid"),
            ("created", "minecraft_uuid"),
            ("created", "minecraft_java_name"),
            ("created", "xbox_xuid"),
            ("duplicate", "minecraft_uuid"),
            ("existed", "xbox_xuid"),
            ("existed", "minecraft_java_name"),
            ("invalid", ""),
        ]
    );
    assert_eq!(rows[&2]["customer_id"], "421621336637440000");
    let made = pnb.json(&format!("get {}", rows[&4]["customer_id"]));
    assert_eq!((&made["name"], &made["metadata"]["batch"]), (&json!("Olga"), &json!("7")));
    assert_eq!(mode(Path::new(said["report"].as_str().unwrap())), 0o600);
    assert_eq!(mode(Path::new(said["journal"].as_str().unwrap())), 0o600);

    // The same again knows what it has created, and creates nothing.
    let again = import(&pnb, &file, "--json").json();
    assert_eq!(numbers(&again, &["created", "created_before", "existed"]), [3, 3, 3]);
    assert!(import(&pnb, &file, "").out.contains("3 created (3 by an earlier run), 3 existed"));
    assert_eq!((&again["continued"], customers(&pnb).0), (&json!(true), SEEDED + 3));
}

#[test]
fn a_customer_is_what_ensure_would_create() {
    for (line, columns) in [
        ("--steam-id 76561198000000042", "steam_id\n76561198000000042"),
        ("--xuid 2535400000000042", "xbox_xuid\n2535400000000042"),
        ("--uuid 00000000-0000-0000-0009-000000000042", "uuid\n00000000-0000-0000-0009-000000000042"),
        ("--uuid 00000000-0000-4000-8000-000000000042", "minecraft_uuid\n00000000000040008000000000000042"),
        ("--name Nemo", "minecraft_java_name\nNemo"),
        ("--name .Nemo", "minecraft_bedrock_name\nNemo"),
        ("--name .Nemo", "name,minecraft_platform\nNemo,bedrock"),
    ] {
        let pnb = Pnb::with_sandbox();
        pnb.say(&format!("ensure {line}")).done();
        let ensured = pnb.sandbox().last_request();
        pnb.sandbox().admin("POST", "reset", "{}");
        let file = pnb.file("players.csv", columns);
        assert_eq!(numbers(&imported(&pnb, &file, ""), &["created"]), [1], "{line}");
        let created = pnb.sandbox().last_request();
        let body =
            |request: &Value| serde_json::from_str::<Value>(request["body"].as_str().unwrap()).unwrap();
        assert_eq!(body(&created), body(&ensured), "{line}");
        assert_eq!((&created["method"], &created["target"]), (&ensured["method"], &ensured["target"]));
    }
}

fn zipped(text: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(text).unwrap();
    writer.finish().unwrap()
}

#[test]
fn every_format_is_known_by_what_is_in_it() {
    let pnb = Pnb::with_sandbox();
    let java = "00000000-0000-4000-8000-000000000007";
    let luckperms = format!(
        r#"{{"metadata":{{"generatedBy":"Console"}},"groups":{{"default":{{"nodes":[{{"key":"a"}}]}}}},"tracks":{{}},
            "users":{{"{java}":{{"username":"java","nodes":[{{"type":"inheritance","key":"group.x","value":true}}]}},
            "b50ad385-829d-3141-a216-7e7d7539ba7f":{{"username":"offline","nodes":[]}}}}}}"#
    );
    let chain =
        json!({"mcProfile": {"id": java.replace('-', ""), "name": "java"}, "token": "secret-of-geyser"});
    let geyser = json!({"Gamer Tag": chain.to_string()}).to_string();
    let mut usermap = Vec::new();
    for (name, uuid) in [("java", 0x4000_8000_0000_0000_0007_u128), (".sir", 0x0009_0000_0000_0001)] {
        usermap.extend_from_slice(&(name.len() as u16).to_be_bytes());
        usermap.extend_from_slice(name.as_bytes());
        usermap.extend_from_slice(&uuid.to_be_bytes());
    }
    let linked =
        format!("bedrockId,javaUniqueId,javaUsername\n00000000-0000-0000-0009-000000000001,{java},java\n");
    let list = format!(r#"[{{"name":"java","uuid":"{java}","expiresOn":"2026-12-01 00:00:00 +0000"}}]"#);
    let ban = format!(r#"[{{"uuid":"{java}","name":"java","created":"x","reason":"[\"}}"}}]"#);
    let op = format!(r#"[{{"uuid":"{java}","name":"java","level":4,"bypassesPlayerLimit":false}}]"#);
    let files: [(&str, Vec<u8>, &str, u64); 15] = [
        ("usercache.json", list.clone().into_bytes(), "json", 1),
        ("ops.json", op.into_bytes(), "json", 1),
        ("banned-players.json", ban.into_bytes(), "json", 1),
        ("empty.json", b"[]".to_vec(), "json", 0),
        ("packed", zipped(list.as_bytes()), "json", 1),
        ("export.json", luckperms.clone().into_bytes(), "luckperms", 2),
        ("export.json.gz", zipped(luckperms.as_bytes()), "luckperms", 2),
        ("saved-auth-chains.json", geyser.into_bytes(), "geyser", 1),
        ("usermap.bin", usermap, "essentials", 2),
        (
            "usermap.csv",
            format!("java,{java}\r\n.sir,00000000-0000-0000-0009-000000000001\r\n").into_bytes(),
            "essentials",
            2,
        ),
        ("linked.csv", linked.into_bytes(), "csv", 1),
        (
            "a.csv",
            "\u{feff}\"name\";\"steam_id\"\r\n\"Gor;\"\"don\";76561198000000007\r\n;76561198000000008\r\n"
                .into(),
            "csv",
            2,
        ),
        ("b.csv", format!("level\tuuid\n\n3\t{java}\n").into_bytes(), "csv", 1),
        (
            "a.jsonl",
            b"{\"steam_id\":76561198000000007}\r\n\r\n{\"minecraft_bedrock_name\":\"sir\"}".to_vec(),
            "jsonl",
            2,
        ),
        ("quoted.csv", format!("name,uuid\n\"a\nb\",{java}\n").into_bytes(), "csv", 1),
    ];
    for (name, content, format, count) in files {
        let file = pnb.path(name);
        fs::write(&file, content).unwrap();
        let said = imported(&pnb, &file, "--dry-run");
        assert_eq!(
            (said["format"].as_str(), said["to_create"].as_u64()),
            (Some(format), Some(count)),
            "{name}"
        );
        assert_eq!(numbers(&said, &["created", "invalid", "duplicates"]), [0, 0, 0], "{name}");
    }

    let userdata = pnb.path("Essentials/userdata");
    fs::create_dir_all(&userdata).unwrap();
    fs::write(userdata.join(format!("{java}.yml")), "last-account-name: java\nmoney: '0'\n").unwrap();
    fs::write(userdata.join("00000000-0000-3000-8000-000000000001.yml"), "lastAccountName: 'off'\n").unwrap();
    fs::write(userdata.join("00000000-0000-3000-8000-000000000002.yml"), "npc: true\n").unwrap();
    fs::write(userdata.join("notch.yml"), "money: '0'\n").unwrap();
    for folder in ["Essentials", "Essentials/", "Essentials/userdata/"] {
        let said = imported(&pnb, &pnb.path(folder), "--dry-run");
        assert_eq!(numbers(&said, &["to_create", "players", "invalid"]), [2, 2, 0]);
    }
    assert_eq!(customers(&pnb).0, SEEDED, "a dry run changes nothing");
    let left: Vec<_> = fs::read_dir(pnb.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains(".pnb-")), "{left:?}");
    assert_eq!(numbers(&imported(&pnb, &pnb.path("Essentials"), ""), &["created"]), [2]);
    assert!(
        fs::read_dir(pnb.path("Essentials")).unwrap().count() == 3,
        "the journal and the report are beside it"
    );
}

#[test]
fn other_files_are_refused() {
    let pnb = Pnb::with_sandbox();
    let before = pnb.sandbox().requests();
    for (content, said) in [
        ("", "is empty"),
        ("hello\n", "is not a format that is known here"),
        ("{\"a\":1}", "--format says what it is"),
        ("SQLite format 3\0", "sqlite3 -header -csv"),
    ] {
        let file = pnb.file("x", content);
        let err = import(&pnb, &file, "").ended(2);
        assert!(err.contains(said), "{err}");
    }
    let mine = pnb.file("mine.csv", "name\nOlga\n");
    let err = import(&pnb, &mine, &format!("--report {}", mine.display())).ended(2);
    assert!(err.contains("is not the report of an import"), "{err}");
    let tokens = pnb.file("saved-refresh-tokens.json", r#"{"Sir":"secret-token"}"#);
    let err = import(&pnb, &tokens, "").ended(2);
    assert!(err.contains("holds only tokens") && !err.contains("secret-token"), "{err}");
    import(&pnb, &pnb.path("none"), "").ended(2);
    import(&pnb, &pnb.path(""), "").ended(2);
    let file = pnb.file("x.json", "[]");
    assert!(import(&pnb, &file, "--tag =x").ended(2).contains("before the ="));
    pnb.run([Path::new("import"), &file, Path::new("--tag"), Path::new("a\nb=x")]).ended(2);
    assert_eq!(pnb.sandbox().requests(), before, "nothing was asked");
}

#[test]
fn whatever_is_in_a_file_the_rest_goes_on() {
    let good = r#"{"steam_id":"76561198000000001"}"#;
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(2 << 20));
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let bad: [&[u8]; 11] = [
        huge.as_bytes(),
        deep.as_bytes(),
        b"{\"name\":\"\xff\xfe\"}",
        br#"{"name":"a\u0007b"}"#,
        br#"{"name":"\u001b]0;owned"}"#,
        br#"{"name":12.5}"#,
        br#"{"steam_id":"STEAM_0:1"}"#,
        br#"{"name":null}"#,
        b"7",
        br#"{"name":"x" "y"}"#,
        br#"{"metadata":{"a":[]},"name":"x"}"#,
    ];
    for (extension, open, between, close) in [("jsonl", "", "\n", ""), ("json", "[\n", ",\n", "\n]")] {
        let pnb = Pnb::with_sandbox();
        let mut content = open.as_bytes().to_vec();
        content.extend_from_slice(good.as_bytes());
        for line in bad {
            content.extend_from_slice(between.as_bytes());
            content.extend_from_slice(line);
        }
        content.extend_from_slice(between.as_bytes());
        content.extend_from_slice(br#"{"steam_id":76561198000000002}"#);
        content.extend_from_slice(close.as_bytes());
        let file = pnb.path(&format!("players.{extension}"));
        fs::write(&file, content).unwrap();

        let before = pnb.sandbox().requests();
        let strict = import(&pnb, &file, "--strict").ended(2);
        let first = if extension == "json" { 3 } else { 2 };
        assert!(strict.contains(&format!("players.{extension}:{first}: ")), "{strict}");
        assert_eq!(pnb.sandbox().requests(), before, "nothing was asked");

        let ran = import(&pnb, &file, "--json");
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert!(!ran.err.contains('\u{1b}') && ran.err.len() < 4_000, "{}", ran.err);
        let said = ran.json();
        assert_eq!(numbers(&said, &["created", "invalid"]), [2, bad.len() as u64], "{said}");
        let invalid = report(&said).into_iter().filter(|(_, row)| row["outcome"] == "invalid");
        let lines: Vec<_> = invalid.map(|(line, _)| line).collect();
        assert_eq!(lines, (first..first + bad.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn tables_that_are_wrong_are_gone_through() {
    let pnb = Pnb::with_sandbox();
    let mut content =
        b"steam_id,name,metadata\n76561198000000001,a,\n1,2,3,4\n76561198000000002,\xff,\n".to_vec();
    content.extend_from_slice(b"76561198000000003,c,nonsense\n76561198000000004,\"d\n");
    content.extend_from_slice("76561198000000005,e,\n".repeat(20_000).as_bytes());
    let file = pnb.path("players.csv");
    fs::write(&file, content).unwrap();
    let ran = import(&pnb, &file, "--json");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let said = ran.json();
    // The quote that is not closed swallows what fits into the longest row.
    assert_eq!(numbers(&said, &["created", "invalid"]), [2, 4], "{ran:#?}");
    let rows = report(&said);
    for (line, problem) in
        [(3, "has 4 cells"), (4, "is not UTF-8"), (5, "metadata"), (6, "a quote may not be closed")]
    {
        assert_eq!(rows[&line]["outcome"], "invalid");
        assert!(rows[&line]["message"].contains(problem), "{line}: {:?}", rows[&line]);
    }
}

#[test]
fn files_that_end_too_early_are_said_to() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("cut.json", r#"[{"steam_id":"76561198000000001"},{"steam_id":"765611"#);
    let ran = import(&pnb, &file, "--json");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.err.contains("cut.json:1: the file ends in the middle of it"), "{}", ran.err);
    assert_eq!(numbers(&ran.json(), &["created"]), [1]);

    let mut packed = zipped(players(100).as_bytes());
    packed.truncate(packed.len() / 2);
    let file = pnb.path("cut.json.gz");
    fs::write(&file, packed).unwrap();
    let before = pnb.sandbox().requests();
    assert!(import(&pnb, &file, "").ended(8).contains("cut.json.gz: "));
    assert_eq!(pnb.sandbox().requests(), before, "nothing was asked");
}

#[test]
fn what_was_exported_can_be_imported() {
    let from = Pnb::with_sandbox();
    let to = Pnb::with_sandbox();
    from.run(["create", "--steam-id=76561198000000042", "--name='=1+1", "--meta", "rank==x"]).done();
    for format in ["jsonl", "csv"] {
        let file = to.path(&format!("all.{format}"));
        from.say(&format!("customers export --format {format} --output {}", file.display())).done();
        to.sandbox().admin("POST", "reset", "{}");
        let said = imported(&to, &file, "");
        // Two of the sandbox have nothing but a name, by which PayNow finds none.
        assert_eq!(numbers(&said, &["players", "created", "invalid"]), [25, 3, 0], "{said}");
        let made = to.json("lookup --steam-id 76561198000000042");
        assert_eq!(made["metadata"], json!({"rank": "=x"}), "{format}");
    }
}

#[test]
fn what_ended_unknown_is_looked_up_before_it_is_tried_again() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("usercache.json", &players(500));
    // The first was done, and the answer is lost; the second was not done.
    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"bulk_create_customers","times":1,"after_effect":true,"respond":{"status":504}},
                     {"operation":"bulk_create_customers","times":1,"respond":{"status":502}}]}"#,
    );
    let said = imported(&pnb, &file, "--deadline 1");
    assert_eq!(numbers(&said, &["players", "created", "unknown"]), [500, 500, 0]);
    all_once(&pnb, 500);
    assert_eq!(asked(&pnb, "lookup_customer"), 400, "those of whom it was not known, and no other");
}

#[test]
fn one_that_paynow_does_not_want_keeps_no_other_out() {
    let pnb = Pnb::with_sandbox();
    let mut all: Vec<Value> = serde_json::from_str(&players(230)).unwrap();
    all[60] = json!({"uuid": "deadbeef-0000-4000-8000-000000000000", "name": "Ghost"});
    let file = pnb.file("usercache.json", &serde_json::to_string(&all).unwrap());
    let ran = import(&pnb, &file, "--json --deadline 2");
    assert_eq!(ran.code, Some(5), "{ran:#?}");
    let said = ran.json();
    assert_eq!(numbers(&said, &["created", "refused", "unknown"]), [229, 1, 0]);
    let rows = fs::read_to_string(said["report"].as_str().unwrap()).unwrap();
    assert!(rows.lines().any(|row| row.contains("refused,,minecraft_uuid,deadbeef")), "{rows}");
    // It stays so, and is not asked for again.
    let before = customers(&pnb);
    assert_eq!(import(&pnb, &file, "").code, Some(5));
    assert_eq!(customers(&pnb), before);
}

#[test]
fn another_that_is_first_does_no_harm() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("players.csv", "steam_id\n76561198012345678\n");
    // It is not on the page that is listed.
    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"list_customers","times":1,"respond":{"status":200,"body":"[]"}}]}"#,
    );
    let said = imported(&pnb, &file, "--deadline 2");
    assert_eq!(numbers(&said, &["created", "existed", "refused"]), [0, 1, 0]);
    assert_eq!(customers(&pnb).0, SEEDED);
}

#[test]
fn a_limit_is_kept_and_a_failure_is_gone_on_from() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("usercache.json", &players(700));
    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"bulk_create_customers","times":1,"delay_ms":0},
                     {"operation":"bulk_create_customers","times":1,"respond":{"status":429,"headers":{"retry-after":"1"},"body":"{}"}},
                     {"operation":"bulk_create_customers","times":1,"delay_ms":0},
                     {"operation":"bulk_create_customers","respond":{"status":403}}]}"#,
    );
    let said = import(&pnb, &file, "--deadline 2").ended(4);
    assert!(said.contains("400 of 700 players are done; the same command goes on"), "{said}");
    pnb.sandbox().admin("DELETE", "faults", "");
    let lookups = asked(&pnb, "lookup_customer");
    let said = imported(&pnb, &file, "");
    assert_eq!((numbers(&said, &["created"]), &said["continued"]), (vec![700], &json!(true)));
    assert_eq!(asked(&pnb, "lookup_customer"), lookups, "what was refused was surely not done");
    all_once(&pnb, 700);
}

#[test]
fn what_fails_again_and_again_is_given_up_and_gone_on_from() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("usercache.json", &players(1_000));
    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"bulk_create_customers","after_effect":true,"respond":{"status":500}}]}"#,
    );
    let said = import(&pnb, &file, "--deadline 2").ended(7);
    assert!(said.contains("0 of 1000 players are done; the same command goes on"), "{said}");
    pnb.sandbox().admin("DELETE", "faults", "");
    let said = imported(&pnb, &file, "--deadline 2");
    assert_eq!(numbers(&said, &["created", "unknown"]), [1_000, 0]);
    all_once(&pnb, 1_000);
}

#[test]
fn ctrl_c_waits_for_what_is_under_way_and_it_goes_on() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("usercache.json", &players(700));
    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"bulk_create_customers","times":1,"delay_ms":0},
                     {"operation":"bulk_create_customers","hang":true}]}"#,
    );
    let mut command = pnb.command();
    command.arg("import").arg(&file).args(["--deadline", "60"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the second piece is asked for", || asked(&pnb, "bulk_create_customers") == 2);
    // Meanwhile no other can import the same.
    assert!(import(&pnb, &file, "").ended(2).contains("another import uses it"));
    super::tools::signal("INT", child.id());
    pnb.sandbox().admin("DELETE", "faults", "");
    let ran: Ran = child.wait_with_output().unwrap().into();
    let said = ran.ended(130);
    assert!(said.contains("400 of 700 players are done; the same command goes on"), "{said}");
    assert_eq!(customers(&pnb).0, SEEDED + 400);

    let said = imported(&pnb, &file, "");
    assert_eq!(numbers(&said, &["created", "unknown"]), [700, 0]);
    assert_eq!(asked(&pnb, "lookup_customer"), 0, "all was known");
    all_once(&pnb, 700);
}

/// A number below `below`, another one each time.
fn random(state: &mut u64, below: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % below
}

/// Killed again and again, while some answers are lost, each player is a customer once. `IMPORT_KILLS` says how often, and
/// `IMPORT_SEED` when.
#[test]
fn killed_at_random_each_player_is_a_customer_once() {
    let number = |name: &str, or: u64| std::env::var(name).map_or(or, |text| text.parse().unwrap());
    let kills = number("IMPORT_KILLS", 5);
    let mut seed = number("IMPORT_SEED", u64::from(std::process::id()) | 1);
    println!("IMPORT_SEED={seed}");
    let pnb = Pnb::with_sandbox();
    // More pieces than are killed, so that each kill is of one that is at work.
    let count = usize::try_from(kills + 2).unwrap() * 2 * 200;
    let file = pnb.file("usercache.json", &players(count));
    pnb.sandbox().faults(
        r#"{"rules":[{"operation":"bulk_create_customers","probability":0.2,"after_effect":true,"delay_ms":20},
                     {"operation":"bulk_create_customers","probability":0.1,"delay_ms":20},
                     {"operation":"bulk_create_customers","probability":0.05,"after_effect":true,"reset":true}]}"#,
    );
    for kill in 0..kills {
        // While it lists, or with one or two pieces more than before.
        let listing = random(&mut seed, 4) == 0;
        let (operation, more) = if listing {
            let pages = customers(&pnb).0 / 100 + 1;
            ("list_customers", 1 + random(&mut seed, pages.min(3)))
        } else {
            ("bulk_create_customers", 1 + random(&mut seed, 2))
        };
        let aim = asked(&pnb, operation) + more;
        let mut child = start(&pnb, &file);
        until("it is at work", || asked(&pnb, operation) >= aim || child.try_wait().unwrap().is_some());
        for _ in 0..random(&mut seed, 2_000) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        let status = child.wait().unwrap();
        // Three lost answers in a row end it, too.
        assert!(matches!(status.code(), None | Some(7)), "kill {kill} came too late: {status}");
    }
    let said = imported(&pnb, &file, "--deadline 2");
    assert_eq!(
        numbers(&said, &["players", "created", "existed", "unknown"]),
        [count as u64, count as u64, 0, 0]
    );
    all_once(&pnb, count);
    let rows = fs::read_to_string(said["report"].as_str().unwrap()).unwrap();
    assert_eq!(rows.lines().filter(|row| row.contains(",created,")).count(), count);
}

#[test]
fn a_file_that_changes_meanwhile_is_said_to() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("usercache.json", &players(10));
    pnb.sandbox().faults(r#"{"rules":[{"operation":"bulk_create_customers","hang":true}]}"#);
    let child = start(&pnb, &file);
    until("they are asked for", || asked(&pnb, "bulk_create_customers") == 1);
    fs::write(&file, players(12)).unwrap();
    pnb.sandbox().admin("DELETE", "faults", "");
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert!(ran.err.contains("has changed meanwhile"), "{ran:#?}");
    assert!(ran.done().contains("10 created"));
    assert_eq!(numbers(&imported(&pnb, &file, ""), &["created", "existed"]), [2, 10]);
}

/// The folder's files that an import has left.
fn left(pnb: &Pnb, what: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(pnb.path("")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().ends_with(what)).collect()
}

#[test]
fn another_content_is_another_import() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("usercache.json", &players(10));
    imported(&pnb, &file, "");
    fs::write(&file, players(12)).unwrap();
    let said = imported(&pnb, &file, "");
    assert_eq!(numbers(&said, &["created", "existed"]), [2, 10]);
    for _ in 0..2 {
        // A report takes the place of an older one.
        let report = pnb.path("here.csv");
        imported(&pnb, &file, &format!("--report {}", report.display()));
        assert_eq!(fs::read_to_string(report).unwrap().lines().count(), 13);
    }
    assert_eq!((left(&pnb, ".journal").len(), left(&pnb, ".report.csv").len()), (2, 2));
    all_once(&pnb, 12);
}
