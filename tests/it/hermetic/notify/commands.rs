//! The commands `notify` and `config check`.

use crate::support::home::Home;
use crate::support::notify::{CONFIG, home, once, set_mode, webhook};
use crate::support::receiver::Receiver;

#[test]
fn mutes_hold_and_the_commands_say_what_they_do() {
    let receiver = Receiver::start();
    let home = home(&(webhook(&receiver, "own", "") + "[notify]\nhost = \"build-host\"\n"));
    let ran = home.run(&["notify", "mute", "xai:default", "2h"]);
    assert!(
        ran.code == 0 && ran.stdout.starts_with("xai:default is muted for 2 h, until "),
        "{}",
        ran.stdout
    );
    assert!(home.run(&["notify", "silence", "--list"]).stdout.starts_with("xai:default until "));
    once(&home);
    assert!(receiver.received().is_empty());
    assert_eq!(home.run(&["notify", "silence", "xai:default", "--end"]).code, 0);
    assert_eq!(home.run(&["notify", "silence", "xai:default", "--end"]).code, 66);
    once(&home);
    assert_eq!(receiver.received().len(), 1);
    let history = home.run(&["notify", "history"]);
    assert!(
        history.stdout.contains("own  accepted  build-host: agent main: xai:default expired"),
        "{}",
        history.stdout
    );
    assert_eq!(home.run(&["notify", "test", "nobody"]).code, 78);
    assert_eq!(home.run(&["notify", "silence", "xai:default", "soon"]).code, 64);
    assert_eq!(home.run(&["notify", "mute"]).code, 64);
    assert_eq!(Home::new().run(&["notify", "test"]).code, 78);
    assert_eq!(Home::new().run(&["notify", "history"]).stdout, "no notifications yet\n");
}

#[test]
fn config_check_names_invalid_settings() {
    let check = |config: &str| {
        let home = Home::new().file(CONFIG, config).file("open", "secret").file("closed", "secret");
        set_mode(&home.path().join("open"), 0o644);
        set_mode(&home.path().join("closed"), 0o600);
        let ran = home.run(&["config", "check"]);
        (ran.code, ran.stderr)
    };
    for (config, expected) in [
        (
            "[notify.email.a]\nhost = \"mail.example\"\ntls = \"none\"\nto = [\"a@b.example\"]\n",
            "notify.email.a.tls: ",
        ),
        ("[notify.email.a]\nto = []\n", "notify.email.a.to: there are no recipients"),
        ("[notify.email.a]\nto = [\"nobody\"]\n", "invalid mail address `nobody`"),
        ("[notify.email.a]\nto = [\"a@b.example\"]\nusername = \"x\"\n", "notify.email.a.username: "),
        ("[notify.ntfy.a]\ntopic = \"x\"\ntoken_file = \"open\"\n", "(chmod 600 open)"),
        (
            "[notify.ntfy.a]\ntopic = \"x\"\ntoken_file = \"gone\"\n",
            "notify.ntfy.a.token_file: cannot read `gone`",
        ),
        (
            "[notify.ntfy.a]\ntopic = \"x\"\ntoken_env = \"UNSET\"\n",
            "notify.ntfy.a.token_env: the variable `UNSET`",
        ),
        (
            "[notify.ntfy.a]\ntopic = \"x\"\nserver = \"http://ntfy.example\"\ntoken_file = \"closed\"\n",
            "without encryption",
        ),
        (
            "[notify.webhook.a]\npreset = \"telegram\"\nurl = \"https://x.example\"\n",
            "notify.webhook.a.chat_id: ",
        ),
        ("[notify.alertmanager.a]\nurls = [\"nowhere\"]\n", "invalid address `nowhere`"),
        (
            "[notify.alertmanager.a]\nurls = [\"http://x.example\"]\nhold = \"0s\"\n",
            "notify.alertmanager.a.hold: ",
        ),
        ("[notify.command.a]\n", "notify.command.a.run: "),
        ("[notify.alertmanager.a]\nurls = [\"http://me:pw@127.0.0.1:9093\"]\n", "in an address are not used"),
        ("[notify]\nthresholds = [\"0s\"]\n", "invalid threshold `0`"),
        ("[notify]\nquiet_hours = \"night\"\n", "invalid quiet hours `night`"),
        ("[notify.email.Ops]\n", "invalid channel name `Ops`"),
        ("[notify.email.a]\n[notify.ntfy.a]\n", "another channel is also named `a`"),
        ("[notify.email.a]\npasword_file = \"x\"\n", "did you mean `password_file`?"),
    ] {
        let (code, said) = check(config);
        assert!(code == 78 && said.contains(expected), "{config}\nexit {code}: {said}");
    }
    assert_eq!(check("[notify.ntfy.a]\ntopic = \"x\"\ntoken_file = \"closed\"\n").0, 0);
}
