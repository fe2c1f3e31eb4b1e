//! Work for a request that its connection's own task does, and that goes on without the connection when that breaks.
//!
//! Begun as a task of its own, the work would hear of each piece of a body by way of another task, and each connection
//! would hold the memory of two.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// A future that is not lost when it is dropped: it becomes a task of `tasks`, whose result nobody hears.
pub(super) struct KeepOn<F: Future<Output: Send> + Send + 'static> {
    work: Option<Pin<Box<F>>>,
    tasks: TaskTracker,
}

impl<F: Future<Output: Send> + Send + 'static> KeepOn<F> {
    pub(super) fn new(tasks: TaskTracker, work: F) -> Self {
        Self { work: Some(Box::pin(work)), tasks }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for KeepOn<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let result = work.as_mut().poll(context);
        if result.is_ready() {
            self.work = None;
        }
        result
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for KeepOn<F> {
    fn drop(&mut self) {
        // Work that panics cannot go on. Without a runtime the process is about to end.
        if let (Some(work), false, Ok(runtime)) =
            (self.work.take(), std::thread::panicking(), Handle::try_current())
        {
            self.tasks.spawn_on(work, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::poll;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_begun_goes_on_when_nobody_waits_any_more() {
        let (tasks, (go_on, waits)) = (TaskTracker::new(), oneshot::channel::<()>());
        let (ended, end) = oneshot::channel();
        let mut work = Box::pin(KeepOn::new(tasks.clone(), async move {
            waits.await.unwrap();
            ended.send(()).unwrap();
        }));
        assert!(poll!(&mut work).is_pending());
        assert_eq!(tasks.len(), 0);
        drop(work);
        assert_eq!(tasks.len(), 1);
        go_on.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(20), end).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_has_ended_is_not_begun_again() {
        let tasks = TaskTracker::new();
        assert_eq!(KeepOn::new(tasks.clone(), async { 7 }).await, 7);
        assert!(tasks.is_empty());
    }
}
