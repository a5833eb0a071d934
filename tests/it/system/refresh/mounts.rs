//! Full disks, read-only file systems and mount points: found out before the token is spent.

use crate::support::mounts::with_mounts;
use crate::support::renewal::{home, leftovers};
use crate::support::token_server::TokenServer;

#[test]
fn a_full_disk_is_not_filled_further() {
    // Room for names, none for what is in them: each in turn of the places a renewal writes to.
    for place in ["$DIR", "$HOME/.openclaw/locks/oauth-refresh", "$HOME/.local/state/authwatch/rescue"] {
        let server = TokenServer::start();
        let home = home(&server);
        let ran = with_mounts(
            &home,
            &format!(
                r#"place="{place}"; mkdir -p "$place"; cp "$DIR/auth-profiles.json" "$HOME/kept"
                   mount -t tmpfs -o size=64k tmpfs "$place"
                   if [ "$place" = "$DIR" ]; then cp "$HOME/kept" "$DIR/auth-profiles.json"; fi
                   dd if=/dev/zero of="$place/filler" bs=4k 2>/dev/null || true
                   for again in 1 2 3; do code=0; "$AUTHWATCH" refresh >/dev/null || code=$?; done
                   rm -f "$place/auth-profiles.json"; ls -A "$place"; exit $code"#
            ),
        );
        assert!(matches!(ran.code, 73 | 75) && server.calls() == 0, "{place}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout, "filler\n", "{place}: {}", ran.stderr);
    }
}

#[test]
fn a_store_that_cannot_be_replaced_is_found_out_before_the_token_is_spent() {
    // A full disk: one page is left, which is not enough for the next version.
    let server = TokenServer::start();
    let home_full = home(&server);
    let ran = with_mounts(
        &home_full,
        r#"cp "$DIR/auth-profiles.json" "$HOME/kept"; mount -t tmpfs -o size=64k tmpfs "$DIR"
           cp "$HOME/kept" "$DIR/auth-profiles.json"; cat /dev/zero > "$DIR/filler" 2>/dev/null || true
           code=0; "$AUTHWATCH" refresh || code=$?; cmp "$HOME/kept" "$DIR/auth-profiles.json"; ls -A "$DIR"; exit $code"#,
    );
    assert_eq!((ran.code, server.calls()), (73, 0), "full: {}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("the store cannot be written")
            && ran.stdout.ends_with("auth-profiles.json\nfiller\n"),
        "{}",
        ran.stdout
    );

    // A read-only file system.
    let server = TokenServer::start();
    let home_ro = home(&server);
    let ran = with_mounts(
        &home_ro,
        r#"mount --bind "$DIR" "$DIR"; mount -o remount,bind,ro "$DIR"; exec "$AUTHWATCH" refresh"#,
    );
    assert_eq!((ran.code, server.calls()), (73, 0), "read-only: {}{}", ran.stdout, ran.stderr);

    // A file that may not be renamed over, in a directory that may be written.
    let server = TokenServer::start();
    let home_bound = home(&server);
    let ran = with_mounts(
        &home_bound,
        r#"mount --bind "$DIR/auth-profiles.json" "$DIR/auth-profiles.json"; exec "$AUTHWATCH" refresh"#,
    );
    assert_eq!((ran.code, server.calls()), (73, 0), "a mount point: {}{}", ran.stdout, ran.stderr);
    assert!(leftovers(&home_bound, "main").is_empty());

    // Faults of the steps themselves.
    let server = TokenServer::start();
    let home_step = home(&server).env("AUTHWATCH_TEST_FAIL", "reserve");
    assert_eq!((home_step.run(&["refresh"]).code, server.calls()), (73, 0));
}
