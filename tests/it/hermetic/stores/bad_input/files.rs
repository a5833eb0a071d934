//! A store that is no file, is too large, or cannot be reached.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;

use crate::hermetic::stores::bad_input::{
    assert_broken, assert_broken_as, assert_others_report, fleet, open_up,
};
use crate::support::home::{AT, DAY, document, ids, make_fifo, run, token};

#[test]
fn a_file_of_64_mebibytes() {
    let home = fleet();
    File::create(home.store("work")).unwrap().set_len(64 << 20).unwrap();
    assert_broken(
        &home,
        "too-large",
        &home.store("work"),
        "has 67108864 bytes; more than 16777216 are not read",
    );
}

#[test]
fn the_largest_file_that_is_read() {
    let home = fleet();
    let mut content = document(&json!({ "zai:default": token("zai", 9 * DAY) }));
    let room = (16 << 20) - content.len();
    content.extend(std::iter::repeat_n(' ', room));
    fs::write(home.store("work"), &content).unwrap();
    assert_eq!(ids(&home.status(&["--json"]).agent("work")), ["anthropic:default", "zai:default"]);
    content.push(' ');
    fs::write(home.store("work"), &content).unwrap();
    assert_broken(&home, "too-large", &home.store("work"), "has 16777217 bytes");
}

#[test]
fn a_directory() {
    let home = fleet();
    fs::create_dir(home.store("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "is a directory, not a file");
}

#[test]
fn a_fifo_that_nobody_writes_to() {
    let home = fleet();
    make_fifo(&home.store("work"));
    assert_broken(&home, "not-a-file", &home.store("work"), "is a FIFO, not a file");
}

#[test]
fn a_socket() {
    let home = fleet();
    let _listener = std::os::unix::net::UnixListener::bind(home.store("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "not a file");
}

#[test]
fn a_device_without_end() {
    let home = fleet();
    symlink("/dev/zero", home.store("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "is a device, not a file");
}

#[test]
fn a_link_to_nothing() {
    let home = fleet();
    symlink("nowhere.json", home.store("work")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "is a link to nothing, not a file");
}

#[test]
fn a_loop_of_links() {
    let home = fleet();
    symlink("around.json", home.store("work")).unwrap();
    symlink("auth-profiles.json", home.agent_dir("work").join("around.json")).unwrap();
    assert_broken(&home, "not-a-file", &home.store("work"), "is a link that leads back to itself");
}

#[test]
fn a_link_to_a_store_elsewhere_is_followed() {
    let home = fleet();
    home.write("volume/store.json", document(&json!({ "zai:default": token("zai", 9 * DAY) })));
    symlink(home.path().join("volume/store.json"), home.store("work")).unwrap();
    assert_eq!(ids(&home.status(&["--json"]).agent("work")), ["anthropic:default", "zai:default"]);
}

#[test]
fn a_file_that_may_not_be_read() {
    let home = fleet().profiles("work", &json!({ "zai:default": token("zai", DAY) }));
    open_up(home.path());
    let seen = run(home.command_without_root(&["status", "--json", "--at", AT]));
    assert_eq!(ids(&seen.agent("work")), ["anthropic:default", "zai:default"], "it is the mode that matters");
    fs::set_permissions(home.store("work"), Permissions::from_mode(0o000)).unwrap();
    let stranger = |arguments: &[&str]| home.command_without_root(arguments);
    assert_broken_as(
        stranger,
        &home,
        "permission",
        &home.store("work"),
        "may not be read by this user (uid ",
    );
}

#[test]
fn a_directory_that_may_not_be_searched() {
    let home = fleet().profiles("work", &json!({ "zai:default": token("zai", DAY) }));
    open_up(home.path());
    fs::set_permissions(home.agent_dir("work"), Permissions::from_mode(0o000)).unwrap();
    let stranger = |arguments: &[&str]| home.command_without_root(arguments);
    // Without root's powers the tree is looked at only once the directory can be searched again.
    if rustix::process::geteuid().is_root() {
        assert_broken_as(
            stranger,
            &home,
            "permission",
            &home.agent_dir("work"),
            "may not be read by this user",
        );
    } else {
        let report = run(stranger(&["status", "--json", "--at", AT]));
        assert_eq!(report.agent("work")["store"]["error"]["reason"], "permission");
        assert_others_report(&report);
    }
    fs::set_permissions(home.agent_dir("work"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_path_that_is_not_utf8_is_shown_as_well_as_it_can_be() {
    use std::os::unix::ffi::OsStrExt;

    let home = fleet();
    let moved = home.path().join(std::ffi::OsStr::from_bytes(b"st\xffte"));
    fs::rename(home.state(), &moved).unwrap();
    let mut command = home.command(&["status", "--json", "--at", AT]);
    command.arg("--state-dir").arg(&moved);
    let report = run(command);
    assert_eq!(report.code, 0, "{}", report.stderr);
    assert!(report.agent("main")["dir"].as_str().unwrap().contains("st\u{fffd}te"));
    assert_others_report(&report);
}
