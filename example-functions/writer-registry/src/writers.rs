//! The writers an event can name, and the registry that finds them.

use std::collections::HashMap;

use futures::future::BoxFuture;
use record_store::{RecordError, RecordRepository, Uuid};

/// The ids of the new records.
pub type Written = Result<Vec<Uuid>, RecordError>;

/// Writes what one event asks for.
pub trait Writer: Send + Sync {
    fn write(&self) -> BoxFuture<'_, Written>;
}

/// Every writer by the name that events use.
pub fn registry<R>(repository: &R) -> HashMap<String, Box<dyn Writer>>
where
    R: RecordRepository + Clone + Send + Sync + 'static,
{
    let mut writers: HashMap<String, Box<dyn Writer>> = HashMap::new();
    writers.insert("single".into(), Box::new(Single(repository.clone())));
    writers.insert("pair".into(), Box::new(Pair(repository.clone())));
    writers.insert("dry-run".into(), Box::new(DryRun));
    writers
}

/// One record.
struct Single<R>(R);

impl<R: RecordRepository + Send + Sync> Writer for Single<R> {
    fn write(&self) -> BoxFuture<'_, Written> {
        Box::pin(async { Ok(vec![self.0.create().await?]) })
    }
}

/// Two records.
struct Pair<R>(R);

impl<R: RecordRepository + Send + Sync> Writer for Pair<R> {
    fn write(&self) -> BoxFuture<'_, Written> {
        Box::pin(async {
            let first = self.0.create().await?;
            let second = self.0.create().await?;
            Ok(vec![first, second])
        })
    }
}

/// No record at all, for a caller that wants to see whether it may call.
struct DryRun;

impl Writer for DryRun {
    fn write(&self) -> BoxFuture<'_, Written> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps the ids of its records.
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<Uuid>>>);

    impl RecordRepository for Memory {
        async fn create(&self) -> Result<Uuid, RecordError> {
            let mut ids = self.0.lock().unwrap();
            let id = Uuid::from_u128(ids.len() as u128);
            ids.push(id);
            Ok(id)
        }
    }

    /// What the writer of this name answers, and what it left in the repository.
    async fn write(name: &str) -> (Vec<Uuid>, Vec<Uuid>) {
        let memory = Memory::default();
        let answer = registry(&memory)[name].write().await.unwrap();
        let written = memory.0.lock().unwrap().clone();
        (answer, written)
    }

    #[tokio::test]
    async fn each_writer_answers_with_the_ids_it_wrote() {
        for (name, records) in [("single", 1), ("pair", 2), ("dry-run", 0)] {
            let (answer, written) = write(name).await;
            assert_eq!(answer, written, "{name}");
            assert_eq!(written.len(), records, "{name}");
        }
    }

    #[test]
    fn an_unknown_name_finds_no_writer() {
        assert!(!registry(&Memory::default()).contains_key("triple"));
    }
}
