//! `kill -9` while a message is sent: none is lost.

use crate::support::notify::{home, once, webhook};
use crate::support::paused::Paused;
use crate::support::receiver::Receiver;

#[test]
fn a_hundred_kills_lose_nothing_and_repeat_one_message_at_most() {
    const KILLS: usize = 100;
    // What is sent and not yet noted is sent again: that is the one window in which there is a duplicate.
    let steps = [("notify-sending", 0), ("notify-sent", 1)];
    let mut duplicates = 0;
    for kill in 0..KILLS {
        let (step, allowed) = steps[kill % steps.len()];
        let receiver = Receiver::start();
        let home = home(&webhook(&receiver, "own", ""));
        Paused::at(step, &home, home.command(&["watch", "--once", "--no-refresh"])).kill();
        once(&home);
        let messages = receiver.at("/own");
        assert!(!messages.is_empty(), "killed at {step}: lost");
        let more = messages.len() - 1;
        assert!(more <= allowed, "killed at {step}: {more} duplicates");
        // Who gets it twice can tell.
        assert!(messages.iter().all(|message| message["id"] == messages[0]["id"]));
        duplicates += more;
        once(&home);
        assert_eq!(receiver.at("/own").len(), messages.len());
    }
    // Shown by `cargo test -- --nocapture`.
    println!(
        "{KILLS} kills, nothing lost, {duplicates} messages sent twice, all of them killed before that was noted"
    );
}
