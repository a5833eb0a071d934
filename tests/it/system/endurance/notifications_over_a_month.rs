//! A month of a fleet's life, pass by pass: renewals, outages, deaths, recoveries. Each incident is told once, repeated as configured,
//! and recovered once; what renews automatically is never told of. The same by a daemon, by one that restarts after every pass,
//! and over channels that are down for a day.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use authwatch::config::Config;
use authwatch::notify::Notifier;
use authwatch::pipeline::{self, Request};
use openclaw_auth::model::Timestamp;
use serde_json::{Value, json};

use crate::support::home::{DAY, HOUR, Home, NOW, document};
use crate::support::receiver::{Answer, Receiver};

const MINUTE: i64 = 60_000;

/// What the fleet's stores say at a moment of the month.
fn fleet(at: i64) -> BTreeMap<&'static str, String> {
    let day = |days: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "days of one month")]
        let milliseconds = (days * DAY as f64) as i64;
        NOW + milliseconds
    };
    let between = |from: f64, until: f64| (day(from)..day(until)).contains(&at);
    let oauth = |provider: &str, expires: i64| json!({ "type": "oauth", "provider": provider, "access": "a", "refresh": "r", "expires": expires });
    let token =
        |expires: i64| json!({ "type": "token", "provider": "anthropic", "token": "t", "expires": expires });
    // Renewed every eight hours, ten minutes before the end.
    let renewed = |at: i64| {
        let period = 8 * HOUR - 10 * MINUTE;
        NOW + (at - NOW).div_euclid(period) * period + 8 * HOUR
    };
    // An outage of three hours, and one of forty minutes that nobody has to hear of.
    let with_outages = |at: i64| match () {
        () if between(5.0, 5.0 + 4.0 / 24.0) => day(5.0),
        () if between(8.0, 8.0 + 40.0 / 1440.0) => day(8.0),
        () => renewed(at).max(at + HOUR),
    };
    let fence = |kind: &str| {
        let hex = |digit: &str, times: usize| digit.repeat(times);
        format!("openclaw-oauth-refresh-fence:v1:{}:failed:{kind}:{}", hex("a", 32), hex("b", 64))
    };
    let dead = json!({ "type": "oauth", "provider": "openai-codex", "expires": 1,
        "access": fence("access"), "refresh": fence("refresh") });
    let setup_token = if at < day(10.0) + 5 * HOUR { day(10.0) } else { day(400.0) };
    let mut bot = json!({ "anthropic:default": token(setup_token) });
    // Taken away by somebody for two days.
    if !between(20.0, 22.0) {
        bot["zai:key"] = json!({ "type": "api_key", "provider": "zai", "key": "k" });
    }
    let shift = if between(15.0, 16.0) { dead } else { oauth("openai-codex", renewed(at)) };
    // Two hours broken; and, two days later, broken and mended every twenty minutes for four hours.
    let flaps = between(27.0, 27.0 + 4.0 / 24.0) && (at / (20 * MINUTE)) % 2 == 0;
    let translator = if between(25.0, 25.0 + 2.0 / 24.0) || flaps {
        "{ broken".to_owned()
    } else {
        document(&json!({ "mistral:key": { "type": "api_key", "provider": "mistral", "key": "k" } }))
    };
    BTreeMap::from([
        ("main", document(&json!({ "xai:default": oauth("xai", renewed(at)) }))),
        ("night", document(&json!({ "chutes:default": oauth("chutes", with_outages(at)) }))),
        ("bot", document(&bot)),
        ("shift", document(&json!({ "openai-codex:own": shift }))),
        ("translator", translator),
    ])
}

/// The fleet's stores, written where they have changed.
struct Disk<'a> {
    home: &'a Home,
    written: BTreeMap<&'static str, String>,
}

impl Disk<'_> {
    fn lay_out(&mut self, at: i64) {
        for (agent, document) in fleet(at) {
            if self.written.get(agent) != Some(&document) {
                self.home.write(&format!(".openclaw/agents/{agent}/agent/auth-profiles.json"), &document);
                self.written.insert(agent, document);
            }
        }
    }
}

/// What a channel has heard, by subject: the turns in order, with the hours since the month began.
type Heard = BTreeMap<String, Vec<String>>;

fn heard(messages: &[Value]) -> Heard {
    let mut heard = Heard::new();
    for change in messages.iter().flat_map(|message| message["changes"].as_array().unwrap()) {
        let name = change["profile"].as_str().or(change["of"].as_str()).unwrap();
        let subject = format!("{} {name}", change["agent"].as_str().unwrap());
        let words =
            format!("{} {}", change["change"].as_str().unwrap(), change["condition"].as_str().unwrap());
        heard.entry(subject).or_default().push(words);
    }
    heard
}

fn notifier(channels: &[Receiver; 2], dir: &Path) -> Notifier {
    let [one, two] = channels.each_ref().map(|channel| channel.url("/"));
    let text = format!("[notify.webhook.one]\nurl = \"{one}\"\n[notify.webhook.two]\nurl = \"{two}\"\n");
    Notifier::new(&Config::parse(&text, "c.toml".as_ref()).unwrap(), dir)
}

/// The day on which a channel is down: the login that is dead for it is the worst that could be lost.
const DOWN: i64 = 15;

/// Lives the month in passes ten minutes apart, with two channels of which one may be down for a day; what each has heard.
fn live(restart: bool, down: Option<usize>) -> [Heard; 2] {
    let (home, channels) = (Home::new(), [Receiver::start(), Receiver::start()]);
    let own = home.path().join("own");
    let mut disk = Disk { home: &home, written: BTreeMap::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut told = notifier(&channels, &own);
    let mut refused = 0;
    for pass in 0..(30 * 24 * 6) {
        let at = NOW + pass * 10 * MINUTE;
        disk.lay_out(at);
        if restart {
            told = notifier(&channels, &own);
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^53")]
        let moment = Timestamp::from_millis(at as f64);
        let request = Request { at: Some(authwatch::clock::At::Absolute(moment)), ..Request::default() };
        let result = pipeline::run(&home.roots(), [], &request);
        runtime.block_on(told.observe(&result.snapshot)).unwrap();
        let is_down = (DOWN * DAY..(DOWN + 1) * DAY).contains(&(at - NOW));
        let silent = down.filter(|_| is_down).map(|index| &channels[index]);
        // What is answered with a failure is not heard.
        let before = silent.map_or(0, |channel| {
            channel.answer(Answer::With(503, "", "down"));
            channel.received().len()
        });
        runtime.block_on(told.deliver(|| moment));
        if let Some(channel) = silent {
            refused += channel.received().len() - before;
            channel.drop_from(before);
            channel.answer(Answer::With(200, "", "ok"));
        }
    }
    assert_eq!(refused > 0, down.is_some(), "{refused} attempts failed");
    channels.map(|channel| heard(&channel.at("/")))
}

fn expected() -> Heard {
    let mut all = Heard::new();
    let mut put = |subject: &str, turns: &[&str]| {
        all.insert(subject.to_owned(), turns.iter().map(|turn| (*turn).to_owned()).collect());
    };
    // Nothing of the night's login: its access token expires for hours, and it renews automatically.
    put(
        "bot anthropic:default",
        &[
            "new expiring",
            "worse expiring",
            "worse expiring",
            "worse expiring",
            "worse expired",
            "still expired",
            "mended expired",
        ],
    );
    put("bot zai:key", &["new gone"]);
    let repeats = ["still dead"; 6];
    let mut dead = vec!["new dead"];
    // Every four hours for a day; the sixth would come with its mending.
    dead.extend(&repeats[..5]);
    dead.push("mended dead");
    put("shift openai-codex:own", &dead);
    put(
        "translator store",
        &[
            "new store_unreadable",
            "mended store_unreadable",
            "new store_unreadable",
            "mended store_unreadable",
            "flapping store_unreadable",
            "mended store_unreadable",
        ],
    );
    all
}

fn compare(found: &Heard, case: &str) {
    let expected = expected();
    let subjects = |heard: &Heard| heard.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(subjects(found), subjects(&expected), "{case}");
    for (subject, turns) in &expected {
        if subject == "translator store" {
            // How the flapping falls between the passes does not matter, only that it is bounded and ends well.
            let found = &found[subject];
            assert!(found.len() <= turns.len() + 2, "{case}: {found:?}");
            assert!(found.contains(&"flapping store_unreadable".to_owned()), "{case}: {found:?}");
            assert_eq!(found.last(), turns.last(), "{case}");
            continue;
        }
        assert_eq!(&found[subject], turns, "{case}: {subject}");
    }
}

#[test]
fn a_month_is_told_once_by_a_daemon_and_by_one_that_restarts_after_every_pass() {
    let [one, two] = live(false, None);
    compare(&one, "daemon");
    assert_eq!(one, two);
    let [restarted, _] = live(true, None);
    assert_eq!(restarted, one, "a restart after every pass changes nothing");
}

#[test]
fn each_channel_may_be_down_for_a_day_and_catches_up_in_one_word_while_the_other_hears_all() {
    for down in [0, 1] {
        let mut heard = live(true, Some(down));
        // That the one is down is told through the other, and not through itself; perhaps again after a day, for it is tried once an
        // hour by then, and the last failure may be a little more than a day after the first.
        let [of_down, mut of_other] = {
            let mut of_channel = heard.each_mut().map(|heard| heard.remove(" channel"));
            [of_channel[down].take(), of_channel[1 - down].take()]
        };
        if let Some(told) = of_other.as_mut().filter(|told| told.len() == 3) {
            assert_eq!(told.remove(1), "still channel_failing");
        }
        let told = ["new channel_failing", "mended channel_failing"].map(str::to_owned).to_vec();
        assert_eq!((of_down, of_other), (None, Some(told)));
        let (late, other) = (&heard[down], &heard[1 - down]);
        compare(other, "the other channel");
        let dead = &late["shift openai-codex:own"];
        // What was told of it while nobody listened is one word afterwards, and its end the next.
        assert!(dead.len() <= 2 && dead.last().unwrap().starts_with("mended"), "{dead:?}");
        for (subject, turns) in other.iter().filter(|(subject, _)| *subject != "shift openai-codex:own") {
            assert_eq!(&late[subject], turns, "{subject}");
        }
    }
}

#[test]
fn a_month_is_told_once_by_a_timer() {
    let (home, receiver) = (Home::new(), Receiver::start());
    home.write(
        ".config/authwatch/config.toml",
        format!("[notify.webhook.one]\nurl = \"{}\"\n", receiver.url("/one")),
    );
    let mut disk = Disk { home: &home, written: BTreeMap::new() };
    // Every half hour, as timers are set; each pass is a process.
    for pass in 0..(30 * 48) {
        let at = NOW + pass * 30 * MINUTE;
        disk.lay_out(at);
        let ran = home.run(&["watch", "--once", "--at", &at.to_string()]);
        assert!(ran.code <= 2 && ran.stdout.is_empty(), "{}{}", ran.stdout, ran.stderr);
    }
    let found = heard(&receiver.at("/one"));
    let expected = expected();
    // Two passes half an hour apart are needed to see that something is mended, so that what flaps does so less visibly.
    for (subject, turns) in expected.iter().filter(|(subject, _)| *subject != "translator store") {
        assert_eq!(&found[subject], turns, "{subject}");
    }
    assert!(found["translator store"].len() <= 8, "{:?}", found["translator store"]);
}
