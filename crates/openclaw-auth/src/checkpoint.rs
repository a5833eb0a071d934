//! Places where tests stop or fail the program, to prove what holds when it dies there. Debug builds only: a release build
//! has nothing of this.

use std::io;

/// Stops here, if a test wants to kill the program at this step or do something meanwhile: until the test removes the marker,
/// and only the first time.
#[cfg(debug_assertions)]
pub fn reached(step: &str) {
    use std::sync::atomic::{AtomicBool, Ordering};

    static WAS_REACHED: AtomicBool = AtomicBool::new(false);

    if std::env::var("AUTHWATCH_TEST_PAUSE").as_deref() != Ok(step)
        || WAS_REACHED.swap(true, Ordering::SeqCst)
    {
        return;
    }
    let marker = std::env::var_os("AUTHWATCH_TEST_MARKER").map(std::path::PathBuf::from);
    let marker = marker.expect("a test that pauses the program names a marker");
    std::fs::write(&marker, step).expect("the test's marker can be written");
    while marker.exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Fails here, if a test wants this step to fail.
#[cfg(debug_assertions)]
pub fn fails(step: &str) -> io::Result<()> {
    if std::env::var("AUTHWATCH_TEST_FAIL").as_deref() == Ok(step) {
        return Err(io::Error::new(io::ErrorKind::StorageFull, format!("made to fail at `{step}`")));
    }
    Ok(())
}

/// Panics here, as long as a file is there that a test has named for this step.
#[cfg(debug_assertions)]
pub fn panics(step: &str) {
    let named = std::env::var("AUTHWATCH_TEST_PANIC").ok();
    let file = named.as_deref().and_then(|named| named.strip_prefix(step)?.strip_prefix('='));
    let content = file.and_then(|file| std::fs::read_to_string(file).ok());
    // As where a piece of text is asked for that is none: the message has the text in it.
    assert!(content.is_none(), "made to panic at `{step}`: {}", content.unwrap_or_default());
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub fn panics(_step: &str) {}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub fn reached(_step: &str) {}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub fn fails(_step: &str) -> io::Result<()> {
    Ok(())
}
