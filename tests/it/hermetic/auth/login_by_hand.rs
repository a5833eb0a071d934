//! Without a browser here: the address or the code is pasted, in a pipe and on terminals.

use std::net::TcpListener;

use serde_json::json;

use crate::support::home::stored;
use crate::support::http::free_address;
use crate::support::sign_in::{ID, Provider, SigningIn, agree, get, login};
use crate::support::terminal::Terminal;

#[test]
fn where_the_port_is_taken_the_address_is_pasted() {
    let provider = Provider::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = provider.home(taken.local_addr().unwrap().port());
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    signing_in.hear(|line| line.contains("is taken"));
    let address = signing_in.address();
    let ended_on = agree(&address);
    // First another sign-in's, then nonsense, then the right one, cut at a line break as terminals do.
    signing_in.paste(&ended_on.replace("state=", "state=x"));
    signing_in.paste("\n");
    signing_in.hear(|line| line.contains("another sign-in"));
    signing_in.paste("http://localhost:1455/auth/callback\n");
    signing_in.hear(|line| line.contains("no code in that"));
    let (start, end) = ended_on.split_at(ended_on.len() / 2);
    signing_in.paste(&format!("  {start}\n  {end}\n"));
    let (code, _, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 0, "{said}");
    assert_eq!(login(&home)["accountId"], "acct-1");
}

#[test]
fn on_a_phone_the_code_is_pasted_hidden() {
    let provider = Provider::start();
    let home = provider.home(free_address().port());
    let mut terminal =
        Terminal::run(&home.command(&["auth", "login", "--provider", "openai-codex", "--no-browser"]), 40);
    terminal.expect("Open this address in a browser:\n\n");
    terminal.expect("press Enter.");
    terminal.until_hidden();
    let address = terminal.text().lines().find(|line| line.starts_with("http://")).unwrap().to_owned();
    let ended_on = agree(&address);
    let code = ended_on.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    terminal.types(&format!("{code}\r"));
    terminal.expect("signed in");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    let text = terminal.text();
    assert!(!text.contains(&code), "{text}");
    for line in text.lines().filter(|line| !line.starts_with("http://") && !line.contains('\t')) {
        assert!(line.chars().count() <= 40, "{line:?} in\n{text}");
    }
    assert_eq!(login(&home)["email"], "canary-a@x.org");

    // Ctrl-C, and the terminal is as it was.
    let mut terminal =
        Terminal::run(&home.command(&["auth", "login", "--provider", "openai-codex", "--no-browser"]), 40);
    terminal.expect("press Enter.");
    terminal.until_hidden();
    terminal.types("\u{3}");
    terminal.expect("interrupted");
    assert_eq!(terminal.end(), 75);

    // Ctrl-D: nothing will be pasted. The browser is waited for, on a terminal whose Ctrl-C works again.
    let mut terminal =
        Terminal::run(&home.command(&["auth", "login", "--provider", "openai-codex", "--no-browser"]), 40);
    terminal.expect("press Enter.");
    terminal.until_hidden();
    terminal.types("\u{4}");
    terminal.until_as_before();
    let address = terminal.text().lines().find(|line| line.starts_with("http://")).unwrap().to_owned();
    get(&agree(&address));
    terminal.expect("signed in");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
}

#[test]
fn after_the_browsers_answer_a_question_is_answered_on_the_terminal() {
    let provider = Provider::start();
    let home = provider.home(free_address().port());
    let theirs = json!({ "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": "r", "expires": 1, "email": "other@x.org", "accountId": "acct-9" });
    let mut store = stored(&home.store("main"));
    store["profiles"][ID] = theirs.clone();
    std::fs::write(home.store("main"), store.to_string()).unwrap();
    for (answer, profile) in [("n\r", "openai-codex:canary-a@x.org"), ("y\r", ID)] {
        let arguments = ["auth", "login", "--provider", "openai-codex", "--no-browser"];
        let mut terminal = Terminal::run(&home.command(&arguments), 40);
        terminal.expect("press Enter.");
        let address = terminal.text().lines().find(|line| line.starts_with("http://")).unwrap().to_owned();
        get(&agree(&address));
        terminal.expect("holds the login");
        terminal.expect("[y/N] ");
        assert_eq!(login(&home), theirs);
        terminal.types(answer);
        terminal.expect("signed in");
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        let mut store = stored(&home.store("main"));
        assert_eq!(store["profiles"][profile]["accountId"], "acct-1");
        // The next round has to ask again.
        store["profiles"].as_object_mut().unwrap().remove("openai-codex:canary-a@x.org");
        std::fs::write(home.store("main"), store.to_string()).unwrap();
    }
    assert_eq!(login(&home)["email"], "canary-a@x.org");
}

#[test]
fn nobody_waits_for_ever_and_a_code_is_good_once() {
    let provider = Provider::start();
    let home = provider.home(free_address().port());
    let before = stored(&home.store("main"));
    let signing_in = SigningIn::start(&home, &["--no-browser", "--timeout", "1s"]);
    let (code, stdout, said) = signing_in.end(&provider.tokens);
    assert_eq!((code, stdout.as_str()), (75, ""), "{said}");
    assert!(said.contains("no answer came in time"), "{said}");

    // A code that was made for somebody else's challenge is not redeemed.
    provider.tokens.challenged_code("canary-stolen", "not-the-challenge");
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    signing_in.address();
    signing_in.paste("canary-stolen\n");
    let (code, _, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("invalid grant") && said.contains("start again"), "{said}");

    // Nobody can answer: no port, and nothing to read from.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = provider.home(taken.local_addr().unwrap().port());
    let ran = deaf.run(&["auth", "login", "--provider", "openai-codex"]);
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert_eq!(stored(&home.store("main")), before);
}
