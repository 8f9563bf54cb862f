//! Requests as lines for people: a bar to scale, and the way in words.

use super::way::decider;
use super::{Kind, Request, Step, Way, decided, outcome, steps, time, total};

/// How wide a bar is.
const CELLS: usize = 24;

/// What bars are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    Unicode,
    Ascii,
}

impl Glyphs {
    fn of(self, step: &Step<'_>) -> char {
        let is_ok = matches!(step.status, None | Some("ok"));
        let (unicode, ascii) = match step.kind {
            Kind::Submitted => ('·', '.'),
            Kind::Queued => ('░', '-'),
            Kind::Network => ('▒', '~'),
            Kind::Joined => ('═', '='),
            Kind::Attempt if is_ok => ('█', '#'),
            Kind::Attempt => ('▓', 'x'),
            Kind::Waited => ('╌', ':'),
            Kind::LeftOut => ('≈', '?'),
            Kind::Answered => ('─', '_'),
        };
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }

    fn edge(self) -> char {
        match self {
            Self::Unicode => '│',
            Self::Ascii => '|',
        }
    }

    fn arrow(self) -> &'static str {
        match self {
            Self::Unicode => " → ",
            Self::Ascii => " -> ",
        }
    }

    /// What each sign of a bar means.
    pub fn legend(self) -> String {
        let step =
            |kind, status| Step { kind, at_us: 0, until_us: None, operation: None, status, http: None };
        let signs = [
            (Kind::Submitted, None, "submitted"),
            (Kind::Queued, None, "queued"),
            (Kind::Network, None, "network of servers"),
            (Kind::Joined, None, "joined another"),
            (Kind::Attempt, None, "PayNow asked"),
            (Kind::Attempt, Some("failed"), "the same, failed"),
            (Kind::Waited, None, "waited"),
            (Kind::LeftOut, None, "attempts not kept"),
            (Kind::Answered, None, "answered, not collected"),
        ];
        let signs: Vec<_> = signs
            .iter()
            .map(|(kind, status, word)| format!("{} {word}", self.of(&step(*kind, *status))))
            .collect();
        signs.join("   ")
    }
}

/// How requests are drawn, so that they can be compared.
#[derive(Debug)]
pub struct Drawing {
    pub glyphs: Glyphs,
    /// What a whole bar takes.
    pub scale_us: u64,
    pub now_us: u64,
    operation_width: usize,
}

impl Drawing {
    pub fn new(glyphs: Glyphs, requests: &[&Request], now_us: u64) -> Self {
        let longest = requests.iter().map(|request| total(request, now_us)).max().unwrap_or(0);
        let widest = requests.iter().map(|request| word(&request.operation).chars().count()).max();
        Self { glyphs, scale_us: longest.max(1), now_us, operation_width: widest.unwrap_or(0) }
    }

    /// What one sign of a bar takes.
    pub fn cell_us(&self) -> u64 {
        self.scale_us.div_ceil(CELLS as u64)
    }

    /// One request in one line.
    pub fn line(&self, request: &Request, submitted: &str) -> String {
        let edge = self.glyphs.edge();
        let operation = word(&request.operation);
        format!(
            "{:>6}  {submitted}  {operation:<width$}  {edge}{}{edge}  {}",
            request.n,
            self.bar(request),
            self.words(request),
            width = self.operation_width,
        )
    }

    fn bar(&self, request: &Request) -> String {
        let steps = steps(request);
        let mut cells = [' '; CELLS];
        let end = total(request, self.now_us);
        let cell = |at: u64| {
            (u128::from(at) * CELLS as u128 / u128::from(self.scale_us)).min(CELLS as u128 - 1) as usize
        };
        // What takes longest within a sign is what is seen of it.
        let mut most = [0; CELLS];
        for step in &steps {
            let until = step.until_us.unwrap_or(end).min(end);
            for place in cell(step.at_us)..=cell(until.max(step.at_us)) {
                let from = u128::from(self.scale_us) * place as u128 / CELLS as u128;
                let to = u128::from(self.scale_us) * (place as u128 + 1) / CELLS as u128;
                let within = u128::from(until).min(to).saturating_sub(u128::from(step.at_us).max(from));
                if within > most[place] {
                    most[place] = within;
                    cells[place] = self.glyphs.of(step);
                }
            }
        }
        // An attempt is seen, however short it was.
        for step in steps.iter().filter(|step| step.kind == Kind::Attempt) {
            let sign = self.glyphs.of(step);
            let until = step.until_us.unwrap_or(end).min(end);
            if !cells[cell(step.at_us)..=cell(until.max(step.at_us))].contains(&sign) {
                cells[cell(step.at_us)] = sign;
            }
        }
        if cells[0] == ' ' {
            cells[0] = match request.way {
                Way::Joined => self.glyphs.of(&Step { kind: Kind::Joined, ..steps[0].clone() }),
                _ => self.glyphs.of(&steps[0]),
            };
        }
        cells.iter().collect()
    }

    fn words(&self, request: &Request) -> String {
        let mut parts = Vec::new();
        for step in steps(request) {
            let lasted = step.lasted(self.now_us.saturating_sub(request.submitted_us));
            let so_far = if step.until_us.is_none() && request.end.is_none() { " so far" } else { "" };
            let took = format!("{}{so_far}", time(lasted));
            // What takes next to no time says nothing.
            let is_long = lasted >= 1_000 || !so_far.is_empty();
            match step.kind {
                Kind::Submitted if is_long => parts.push(format!("found after {took}")),
                Kind::Queued if is_long => parts.push(format!("queued {took}")),
                Kind::Network => {
                    let network = request.network.as_ref();
                    let said = network.map_or("", |network| network.said.as_str());
                    let asked = network.map_or(0, |network| network.asked);
                    let often = if asked > 1 {
                        format!(" at the {}th time", asked.min(99_999))
                    } else {
                        String::new()
                    };
                    parts.push(format!("network said {}{often} in {took}", word(said)));
                }
                Kind::Joined => {
                    let other =
                        request.joined.map_or_else(|| "another".to_owned(), |other| format!("#{other}"));
                    parts.push(format!("joined {other} for {took}"));
                }
                Kind::Attempt => {
                    let status = match (step.status, step.http) {
                        (Some("ok"), Some(http)) => http.to_string(),
                        (Some(status), Some(http)) => format!("{http} {}", word(status)),
                        (Some(status), None) => word(status),
                        (None, _) => "no answer yet".to_owned(),
                    };
                    let which = step
                        .operation
                        .filter(|operation| *operation != request.operation && !operation.is_empty());
                    let which = which.map_or_else(String::new, |operation| format!("{} ", word(operation)));
                    parts.push(format!("{which}{status} in {took}"));
                }
                Kind::Waited if is_long => parts.push(format!("waited {took}")),
                Kind::LeftOut => {
                    let kept = request.attempts.len() as u64;
                    parts.push(format!("{} more attempts in {took}", request.tried.saturating_sub(kept)));
                }
                Kind::Answered => {
                    parts.push(self.end(request));
                    match step.until_us {
                        Some(_) if is_long => parts.push(format!("collected {took} later")),
                        Some(_) => {}
                        None => parts.push("not collected".to_owned()),
                    }
                }
                _ => {}
            }
        }
        if request.ended_us.is_none() {
            parts.push(self.end(request));
        }
        parts.join(self.glyphs.arrow())
    }

    fn end(&self, request: &Request) -> String {
        let by = decided(request);
        let by = match by {
            "" | "host" => String::new(),
            "library" => " (decided by the library)".to_owned(),
            by => format!(" from {}", decider(by)),
        };
        let after = request.ended_us.map_or_else(String::new, |ended| format!(" after {}", time(ended)));
        format!("{}{by}{after}", word(&outcome(request)))
    }
}

/// A word of a dump as it is shown: those of the library are short.
pub fn word(text: &str) -> String {
    const LONGEST: usize = 32;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(lines: &[&str], glyphs: Glyphs) -> Vec<String> {
        let requests: Vec<Request> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let all: Vec<_> = requests.iter().collect();
        let drawing = Drawing::new(glyphs, &all, 2_400_000);
        requests.iter().map(|request| drawing.line(request, "12:00:00.000")).collect()
    }

    const TWICE: &str = r#"{"n":1,"operation":"get_customer","found_us":100000,"way":"asked","tried":2,"attempts":[
        {"operation":"get_customer","began_us":200000,"ended_us":1200000,"status":"server","http":503},
        {"operation":"lookup_customer","began_us":1500000,"ended_us":2000000,"status":"ok","http":200}],"end":"library","status":"ok",
        "http":200,"source":"network","ended_us":2000000,"collected_us":2400000}"#;
    const JOINED: &str = r#"{"n":2,"operation":"get_customer","found_us":100,"way":"joined","joined":1,"end":"library","status":"ok",
        "http":200,"source":"shared","ended_us":600000,"collected_us":600000}"#;
    const REMEMBERED: &str = r#"{"n":3,"operation":"get_customer","found_us":100,"way":"at_once","end":"library","status":"ok",
        "http":200,"source":"cache","ended_us":100,"collected_us":150}"#;
    const OPEN: &str =
        r#"{"n":4,"operation":"get_customer","submitted_us":1200000,"found_us":100,"way":"asked"}"#;

    #[test]
    fn a_way_is_drawn_to_scale_and_told() {
        let lines = draw(&[TWICE, JOINED, REMEMBERED, OPEN], Glyphs::Unicode);
        assert_eq!(
            lines,
            [
                "     1  12:00:00.000  get_customer  │·░▓▓▓▓▓▓▓▓▓▓╌╌╌█████────│  found after 100 ms → queued 100 ms → 503 server in 1.00 s → \
                 waited 300 ms → lookup_customer 200 in 500 ms → ok from PayNow after 2.00 s → collected 400 ms later",
                "     2  12:00:00.000  get_customer  │══════                  │  joined #1 for 600 ms → ok from another request after 600 ms",
                "     3  12:00:00.000  get_customer  │·                       │  ok from memory after 0.1 ms",
                "     4  12:00:00.000  get_customer  │░░░░░░░░░░░░            │  queued 1.20 s so far → under way",
            ]
        );
        let ascii = draw(&[TWICE, JOINED, REMEMBERED, OPEN], Glyphs::Ascii);
        assert!(ascii.iter().all(|line| line.is_ascii()), "{ascii:#?}");
        assert!(ascii[0].contains("|.-xxxxxxxxxx:::#####____|"), "{ascii:#?}");
        assert!(Glyphs::Ascii.legend().is_ascii());
    }

    #[test]
    fn hostile_numbers_and_words_are_drawn_all_the_same() {
        let most = u64::MAX;
        let line = format!(
            r#"{{"n":{most},"operation":"{}","submitted_us":{most},"found_us":{most},"way":"asked","joined":{most},"tried":{most},
            "network":{{"asked":{most},"said":"x","said_us":{most}}},"attempts":[{{"began_us":{most}}},{{"began_us":0,"ended_us":{most}}}],
            "end":"library","ended_us":{most},"collected_us":0}}"#,
            "x".repeat(5_000)
        );
        let lines = draw(&[&line, "{\"n\":1}", TWICE], Glyphs::Unicode);
        assert!(lines.iter().all(|line| line.chars().count() < 700), "{lines:#?}");
    }
}
