//! How fast a fleet is looked at: 10,000 agents of eight profiles, against a loop that only opens, reads and closes the
//! same files.
//!
//! `cargo bench` runs the benches one by one and then both sides in turn, so that a busy machine slows both alike. The
//! ratio of the medians is what counts; milliseconds belong to the machine. On a machine that is so busy that the second
//! thread has to wait for a processor, the ratio of the processor times says more: it does not depend on who else runs.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use authwatch::pipeline::{self, Request, ScanResult};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use openclaw_auth::document::Document;
use openclaw_auth::load::STORE_FILE;
use openclaw_auth::model::{Semantics, Source};
use openclaw_auth::paths::Roots;
use serde_json::{Value, json};
use tempfile::TempDir;

const AGENTS: usize = 10_000;
const PROFILES: usize = 8;
/// Runs of either side: odd, so that the median is one of them, and enough that a few disturbed ones do not move it.
const RUNS: usize = 21;
/// A store of eight profiles is about this long.
const STORE_BYTES: std::ops::RangeInclusive<usize> = 3_500..=3_900;

const HOUR: f64 = 3_600_000.0;
const DAY: f64 = 24.0 * HOUR;

static FLEET: OnceLock<Fleet> = OnceLock::new();

fn main() {
    // `cargo bench` passes this; without it divan only tries each bench once, and there is nothing to compare.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let home = TempDir::new().expect("a temporary directory can be made");
    FLEET.get_or_init(|| Fleet::lay_out(&home, AGENTS).expect("the fleet can be written"));
    divan::main();
    if measures {
        compare(fleet());
    }
}

/// Agents on disk.
struct Fleet {
    roots: Roots,
    stores: Vec<PathBuf>,
}

fn fleet() -> &'static Fleet {
    FLEET.get().expect("laid out before the benches run")
}

impl Fleet {
    fn lay_out(home: &TempDir, agents: usize) -> io::Result<Self> {
        let roots = Roots::resolve(|name| (name == "HOME").then(|| home.path().into()), None);
        fs::create_dir_all(&roots.state)?;
        fs::write(&roots.config, CONFIG)?;
        let mut stores = Vec::with_capacity(agents);
        for number in 0..agents {
            let id = if number == 0 { "main".to_owned() } else { format!("agent-{number:05}") };
            let dir = roots.agent_dir(&id);
            fs::create_dir_all(&dir)?;
            let store = dir.join(STORE_FILE);
            fs::write(&store, store_text(number))?;
            stores.push(store);
        }
        Ok(Self { roots, stores })
    }

    fn look(&self) -> ScanResult {
        pipeline::run(&self.roots, [], &Request::default())
    }

    fn look_at(&self, agent: &str) -> ScanResult {
        let request = Request { agents: vec![agent.to_owned()], ..Request::default() };
        pipeline::run(&self.roots, [], &request)
    }

    /// What no look at these stores can do without: one thread, no parsing, and the leanest calls there are.
    fn only_read(&self, buffer: &mut [u8]) -> usize {
        let mut bytes = 0;
        for store in &self.stores {
            let mut file = File::open(store).expect("the store is there");
            loop {
                match file.read(buffer).expect("the store can be read") {
                    0 => break,
                    length => bytes += black_box(&buffer[..length]).len(),
                }
            }
        }
        bytes
    }
}

/// Models of two providers, as most fleets have them.
const CONFIG: &str = "{ agents: { defaults: { model: {
    primary: 'anthropic/claude-opus-4-5', fallbacks: ['openai-codex/gpt-5.5'] } } } }";

/// The text of a store as OpenClaw writes it: eight profiles of all kinds and conditions.
fn store_text(seed: usize) -> String {
    let now = authwatch::clock::now();
    let token = |prefix: &str, length: usize| {
        let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
        let body = (0..length).map(|index| char::from(letters[(seed * 31 + index * 7 + index / 5) % 64]));
        format!("{prefix}{}", body.collect::<String>())
    };
    #[expect(clippy::cast_possible_truncation, reason = "a date of these days in milliseconds")]
    let after = |span: f64| Value::from((now.as_millis() + span) as i64);
    let oauth = |provider: &str, access: usize, ends_in: f64| {
        json!({
            "type": "oauth", "provider": provider, "access": token("eyJhbGciOi", access),
            "refresh": token("rt_", 90), "expires": after(ends_in), "email": format!("agent{seed}@example.org"),
            "accountId": format!("{seed:08x}-5c1b-4f0e-9f3a-2d7e8c9b1a00"),
        })
    };
    let key = |provider: &str, prefix: &str| json!({ "type": "api_key", "provider": provider, "key": token(prefix, 48) });
    let profiles = json!({
        "anthropic:default": oauth("anthropic", 108, 8.0 * HOUR),
        "anthropic:setup": { "type": "token", "provider": "anthropic", "token": token("sk-ant-oat01-", 95), "expires": after(200.0 * DAY) },
        "google-gemini-cli:default": oauth("google-gemini-cli", 450, -2.0 * HOUR),
        "mistral:default": key("mistral", ""),
        "openai-codex:default": oauth("openai-codex", 1_100, 6.0 * DAY),
        "openrouter:default": key("openrouter", "sk-or-v1-"),
        "xai:env": { "type": "api_key", "provider": "xai", "keyRef": { "source": "env", "provider": "default", "id": "XAI_API_KEY" } },
        "zai:default": key("zai", ""),
    });
    assert_eq!(profiles.as_object().map(serde_json::Map::len), Some(PROFILES));
    let text = format!("{:#}\n", json!({ "version": 1, "profiles": profiles }));
    assert!(STORE_BYTES.contains(&text.len()), "a store has {} bytes", text.len());
    text
}

#[divan::bench(sample_count = 15, sample_size = 1)]
fn only_read_10_000_stores(bencher: Bencher<'_, '_>) {
    let mut buffer = vec![0; 64 * 1024];
    bencher.counter(ItemsCount::new(AGENTS)).bench_local(|| fleet().only_read(&mut buffer));
}

#[divan::bench(sample_count = 15, sample_size = 1)]
fn look_at_10_000_agents(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(AGENTS)).bench(|| fleet().look());
}

#[divan::bench]
fn parse_one_document(bencher: Bencher<'_, '_>) {
    let text = store_text(1);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        Document::parse(black_box(&text), Semantics::V2026_9, Source::Json).expect("a store").profiles.len()
    });
}

/// One agent of a small installation: `status --agent` without the process around it.
#[divan::bench]
fn look_at_one_agent(bencher: Bencher<'_, '_>) {
    let home = TempDir::new().expect("a temporary directory can be made");
    let small = Fleet::lay_out(&home, 2).expect("two agents can be written");
    bencher.bench(|| small.look_at("agent-00001"));
}

/// Both sides in turn, and the ratio of their medians.
fn compare(fleet: &Fleet) {
    let mut buffer = vec![0; 64 * 1024];
    let (mut reads, mut looks) = (Times::default(), Times::default());
    for _ in 0..RUNS {
        reads.measure(|| fleet.only_read(&mut buffer));
        let look = looks.measure(|| fleet.look());
        assert_eq!(look.snapshot.agents.len(), AGENTS);
        assert!(look.snapshot.agents.iter().all(|agent| agent.profiles.len() == PROFILES));
    }
    report(reads, looks);
}

/// What one side took, run by run.
#[derive(Default)]
struct Times {
    elapsed: Vec<Duration>,
    /// Of all threads together.
    processor: Vec<Duration>,
}

impl Times {
    fn measure<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let (start, processor) = (Instant::now(), processor_time());
        let result = black_box(run());
        self.elapsed.push(start.elapsed());
        self.processor.push(processor_time().saturating_sub(processor));
        result
    }
}

fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("a process has used no negative time")
}

#[expect(clippy::print_stdout, reason = "a bench reports on stdout")]
fn report(reads: Times, looks: Times) {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("\n{AGENTS} agents, {RUNS} runs each, in turn; {threads} processors; medians");
    for (what, read, look) in
        [("elapsed", reads.elapsed, looks.elapsed), ("processor time", reads.processor, looks.processor)]
    {
        let (read, look) = (median(read).as_secs_f64(), median(look).as_secs_f64());
        println!(
            "{what}: read-only loop {:.1} ms, scan {:.1} ms, scan / read-only loop = {:.2}",
            read * 1000.0,
            look * 1000.0,
            look / read
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
