//! Whose login it is: where it is renewed, and whose is never spent.
use serde_json::json;

use crate::support::home::{Home, stored};
use crate::support::renewal::{PROFILE, expired, home, login};
use crate::support::token_server::TokenServer;

#[test]
fn a_link_is_written_through() {
    let server = TokenServer::start();
    let home = home(&server);
    let real = home.path().join("elsewhere/store.json");
    std::fs::create_dir_all(real.parent().unwrap()).unwrap();
    std::fs::rename(home.store("main"), &real).unwrap();
    std::os::unix::fs::symlink(&real, home.store("main")).unwrap();
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert!(home.store("main").symlink_metadata().unwrap().is_symlink());
    assert!(server.is_good(stored(&real)["profiles"][PROFILE]["refresh"].as_str().unwrap()));
}

#[test]
fn a_login_is_renewed_at_its_owner_and_mirrored_into_main() {
    let server = TokenServer::start();
    let refresh = server.sign_in("shared");
    // One and the same: the copy that ends later would be the owner's.
    let shared = expired(&refresh);
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &json!({ PROFILE: shared }))
        .profiles("copy", &json!({ PROFILE: shared }))
        .profiles("heir", &json!({}));
    let copy = std::fs::read(home.store("copy")).unwrap();
    for agent in ["copy", "heir", "main"] {
        let ran = home.run(&["refresh", "--agent", agent]);
        assert_eq!((ran.code, server.calls()), (0, 1), "{agent}: {}", ran.stdout);
    }
    assert_eq!(std::fs::read(home.store("copy")).unwrap(), copy, "a superseded copy stays as it is");

    // An agent's own login that main does not have goes to main as well.
    let home = Home::new()
        .file(".config/authwatch/config.toml", server.config(&["openai-codex"]))
        .profiles("main", &json!({ "x:y": { "type": "api_key", "provider": "x", "key": "k" } }))
        .profiles("own", &json!({ PROFILE: expired(&server.sign_in("own")) }));
    assert_eq!(home.run(&["refresh"]).code, 0);
    assert_eq!(login(&home, "own"), login(&home, "main"));
    assert_eq!(stored(&home.store("main"))["profiles"]["x:y"]["key"], "k");
    // But never over another account's.
    let mut other = expired(&server.sign_in("other"));
    other["email"] = json!("b@y.org");
    let home = home.profiles("main", &json!({ PROFILE: other }));
    let before = login(&home, "main");
    home.run(&["refresh", "--agent", "own", "--force"]);
    assert_eq!(login(&home, "main"), before, "another account's login stays");
}

#[test]
fn what_others_own_is_never_spent() {
    let server = TokenServer::start();
    let cli =
        json!({ "type": "oauth", "provider": "anthropic", "access": "a", "refresh": "r", "expires": 5 });
    let portal =
        json!({ "type": "oauth", "provider": "qwen-portal", "access": "a", "refresh": "r", "expires": 5 });
    let home = Home::new()
        .file(
            ".config/authwatch/config.toml",
            server.config(&["anthropic", "openai-codex"]) + "[refresh.providers.zai]\nenabled = false\n",
        )
        .profiles("main", &json!({ "anthropic:claude-cli": cli, "qwen-portal:default": portal }));
    let ran = home.run(&["refresh", "--force"]);
    assert_eq!((ran.code, server.calls()), (1, 0), "both are expired: {}", ran.stdout);
    assert!(
        ran.stdout.contains("(belongs to another program)") && ran.stdout.contains("offers no renewal)"),
        "{}",
        ran.stdout
    );
}
