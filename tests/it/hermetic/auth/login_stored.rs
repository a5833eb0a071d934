//! What is asked of the provider, and where the login ends up.

use serde_json::json;

use crate::support::home::{Home, stored};
use crate::support::http::free_address;
use crate::support::sign_in::{ID, Provider, SigningIn, access, agree, login};
use crate::support::token_server::TokenServer;

#[test]
fn another_accounts_login_is_never_replaced_in_silence() {
    let provider = Provider::start();
    let home = provider.home(free_address().port());
    let sign_in = |more: &[&str]| {
        let mut signing_in = SigningIn::start(&home, &[&["--no-browser"], more].concat());
        let address = signing_in.address();
        signing_in.paste(&(agree(&address) + "\n"));
        // Nobody is there for questions.
        drop(signing_in.stdin.take());
        let (code, stdout, said) = signing_in.end(&provider.tokens);
        (code, stdout, said)
    };
    assert_eq!(sign_in(&[]).0, 0);
    let first = login(&home);
    // The same account again: its login is renewed, what others keep in it stays, and the old one is kept.
    let mut store = stored(&home.store("main"));
    store["profiles"][ID]["unknown"] = json!("kept");
    std::fs::write(home.store("main"), store.to_string()).unwrap();
    let (code, _, said) = sign_in(&[]);
    assert_eq!(code, 0, "{said}");
    let second = login(&home);
    assert!(second["refresh"] != first["refresh"] && second["unknown"] == "kept", "{second}");
    assert!(said.contains("what it replaced is kept"), "{said}");

    provider.tokens.access(&access("acct-2", "canary-b@x.org"));
    let (code, _, said) = sign_in(&["--profile-id", ID]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("the login of canary-a@x.org") && said.contains("--yes"), "{said}");
    assert_eq!(login(&home), second);
    // A login that somebody has just signed in to is kept beside it, unless its name was given.
    let (code, stdout, said) = sign_in(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(stdout.starts_with("main\topenai-codex:canary-b@x.org\t"), "{stdout}");
    assert_eq!(login(&home), second);
    let (code, stdout, said) = sign_in(&["--profile-id", "openai-codex:second"]);
    assert_eq!(code, 0, "{said}");
    assert!(stdout.starts_with("main\topenai-codex:second\t"), "{stdout}");
    let (code, _, said) = sign_in(&["--profile-id", ID, "--yes"]);
    assert_eq!((code, &login(&home)["accountId"]), (0, &json!("acct-2")), "{said}");
}

#[test]
fn signing_in_again_mends_the_accounts_own_profile() {
    let provider = Provider::start();
    let home = provider.home(free_address().port());
    let dead = |account: &str| json!({ "type": "oauth", "provider": "openai-codex", "access": "a", "refresh": "r", "expires": 1, "accountId": account });
    let mut store = stored(&home.store("main"));
    store["profiles"]["openai-codex:mine"] = dead("acct-1");
    store["profiles"]["openai-codex:other"] = dead("acct-2");
    std::fs::write(home.store("main"), store.to_string()).unwrap();
    let mut signing_in = SigningIn::start(&home, &["--no-browser"]);
    let address = signing_in.address();
    signing_in.paste(&(agree(&address) + "\n"));
    let (code, stdout, said) = signing_in.end(&provider.tokens);
    assert_eq!(code, 0, "{said}");
    assert!(stdout.starts_with("main\topenai-codex:mine\tsigned in"), "{stdout}");
    let after = stored(&home.store("main"));
    assert!(after["profiles"]["openai-codex:mine"]["expires"].as_u64().unwrap() > 1);
    assert_eq!(after["profiles"]["openai-codex:other"], store["profiles"]["openai-codex:other"]);
    assert!(after["profiles"][ID].is_null(), "no second profile of one account");
}

#[test]
fn what_cannot_be_stored_is_found_before_anybody_signs_in() {
    let provider = Provider::start();
    let home = provider.home(free_address().port()).env("AUTHWATCH_TEST_FAIL", "reserve");
    let ran = home.run(&["auth", "login", "--provider", "openai-codex", "--no-browser"]);
    assert_eq!(ran.code, 73, "{}", ran.stderr);
    assert!(!ran.stderr.contains("http://"), "{}", ran.stderr);
    let home = provider.home(free_address().port());
    for (name, hint) in [
        ("mistral", "authwatch auth paste-api-key --provider mistral --agent main"),
        ("google-gemini-cli", "openclaw models auth --agent main login --provider google-gemini-cli"),
        ("chutes", "[refresh.providers.chutes]"),
    ] {
        let ran = home.run(&["auth", "login", "--provider", name]);
        assert_eq!(ran.code, 78, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{name}: {}", ran.stderr);
    }
    assert_eq!(
        home.run(&["auth", "login", "--provider", "anthropic", "--profile-id", "anthropic:claude-cli"]).code,
        64
    );
    for wrong in ["redirect_url = \"http://example.org:1455/x\"", "authorize_url = \"http://example.org/\""] {
        let home = provider.home(1);
        home.write(".config/authwatch/config.toml", format!("[refresh.providers.openai-codex]\n{wrong}\n"));
        assert_eq!(home.run(&["auth", "login", "--provider", "openai-codex"]).code, 78, "{wrong}");
    }
}

#[test]
fn the_shape_of_the_request_follows_the_provider() {
    let tokens = TokenServer::start();
    let config = tokens.config(&["anthropic", "acme"]).replace(
        "client_id",
        &format!("authorize_url = \"http://127.0.0.1:9/a?b=c\"\nredirect_url = \"http://127.0.0.1:{}/cb\"\nclient_id", free_address().port()),
    );
    let home = Home::new().file(".config/authwatch/config.toml", config).profiles("main", &json!({}));
    let field = |address: &str, name: &str| {
        let query = address.split_once('?').unwrap().1;
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    for (provider, content_type) in
        [("anthropic", "application/json"), ("acme", "application/x-www-form-urlencoded")]
    {
        let mut signing_in = SigningIn::to(provider, &home, &["--no-browser"]);
        let address = signing_in.address();
        assert!(address.starts_with("http://127.0.0.1:9/a?b=c&"), "{address}");
        let state = field(&address, "state");
        // Anthropic's own page shows the code with the state behind it.
        signing_in.paste(&format!("{}#{state}\n", tokens.code(&format!("canary-{provider}"))));
        let (code, stdout, said) = signing_in.end(&tokens);
        assert_eq!(code, 0, "{said}");
        assert!(stdout.starts_with(&format!("main\t{provider}:default\tsigned in")), "{stdout}");
        let (asked_as, fields) = tokens.requests().pop().unwrap();
        assert_eq!(asked_as, content_type);
        assert_eq!(fields.get("state"), (provider == "anthropic").then_some(&state));
        assert_eq!(fields["redirect_uri"], field(&address, "redirect_uri"));
    }
}
