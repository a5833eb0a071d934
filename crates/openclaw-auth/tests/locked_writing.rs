//! The public way to change a store: lock, reserve, commit; and what it does when others write at the same time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use openclaw_auth::edit;
use openclaw_auth::store::{JsonStore, OpenError, Store, Written};

const STORE: &str = r#"{"version":1,"profiles":{"a:b":{"type":"api_key","provider":"a","key":"one"}}}"#;

/// No runtime: nothing here has to wait.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

async fn sleep(time: Duration) {
    std::thread::sleep(time.min(Duration::from_millis(1)));
}

fn store() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("auth-profiles.json");
    fs::write(&path, STORE).unwrap();
    (dir, path)
}

#[test]
fn a_store_is_replaced_only_as_it_was_read() {
    let (dir, path) = store();
    let mut store = at_once(JsonStore::open(&path, sleep)).unwrap();
    assert!(dir.path().join("auth-profiles.json.lock").exists());
    let next = edit::set_fields(store.text().unwrap(), "a:b", &[("key", edit::text("two"))]).unwrap();
    store.rehearse().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), STORE, "rehearsing changes nothing");
    // Somebody who asks for no lock.
    let theirs = STORE.replace("one", "theirs");
    fs::write(&path, &theirs).unwrap();
    assert_eq!(store.replace(&next).unwrap(), Written::Changed);
    assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
    store.reread().unwrap();
    assert_eq!(store.replace(&next).unwrap(), Written::Stored);
    assert!(fs::read_to_string(&path).unwrap().contains("two"));
    store.replace("no store").unwrap_err();
    drop(store);
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "neither lock nor draft is left: {left:?}");
}

#[test]
fn a_lock_that_is_held_is_waited_for_and_then_named() {
    let (dir, path) = store();
    let _held = at_once(JsonStore::open(&path, sleep)).unwrap();
    let Err(OpenError::Busy(holder)) = at_once(JsonStore::open(&path, sleep)) else {
        panic!("two hold one lock");
    };
    assert_eq!(holder.pid, Some(std::process::id()));
    assert!(holder.path.starts_with(dir.path().canonicalize().unwrap()));
}
