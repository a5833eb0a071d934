//! A store that is held, used from the runtime's one thread. What touches the disk, and may wait there for another program's
//! transaction, runs beside that thread, so that the page and the probes answer meanwhile.

use std::io;

use openclaw_auth::store::{OpenError, Store, Written};

#[derive(Debug)]
pub(super) struct HeldStore(Option<Box<dyn Store>>);

impl From<Box<dyn Store>> for HeldStore {
    fn from(store: Box<dyn Store>) -> Self {
        Self(Some(store))
    }
}

impl HeldStore {
    pub(super) fn text(&self) -> Result<&str, OpenError> {
        self.0.as_ref().expect(PUT_BACK).text()
    }

    pub(super) async fn reread(&mut self) -> Result<(), OpenError> {
        self.aside(|store| store.reread()).await
    }

    pub(super) async fn rehearse(&mut self) -> io::Result<Written> {
        self.aside(|store| store.rehearse()).await
    }

    pub(super) async fn is_still_ours(&mut self) -> bool {
        self.aside(|store| store.is_still_ours()).await
    }

    pub(super) async fn replace(&mut self, json: &str) -> io::Result<Written> {
        let json = zeroize::Zeroizing::new(json.to_owned());
        self.aside(move |store| store.replace(&json)).await
    }

    async fn aside<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut dyn Store) -> T + Send + 'static,
    ) -> T {
        let mut store = self.0.take().expect(PUT_BACK);
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut *store);
            (store, done)
        });
        let (store, done) = done.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        self.0 = Some(store);
        done
    }
}

const PUT_BACK: &str = "each use puts the store back";
