//! Stores that may not be written: found out before the token is spent.

use std::os::unix::fs::PermissionsExt;

use crate::support::home::Ran;
use crate::support::renewal::home;
use crate::support::token_server::TokenServer;

#[test]
fn no_permission_is_found_out_before_the_token_is_spent() {
    let server = TokenServer::start();
    let home = home(&server);
    let root = rustix::process::geteuid().is_root();
    std::fs::set_permissions(home.agent_dir("main"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = home.command_without_root(&["refresh"]);
    if root {
        // Root may do anything, so somebody else does it; the locks and authwatch's own state are theirs to write.
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        std::fs::set_permissions(home.state(), std::fs::Permissions::from_mode(0o777)).unwrap();
        command.env("XDG_STATE_HOME", home.path().join("own-state"));
    }
    let ran = Ran::of(command.output().unwrap());
    std::fs::set_permissions(home.agent_dir("main"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!((ran.code, server.calls()), (73, 0), "{}{}", ran.stdout, ran.stderr);
}
