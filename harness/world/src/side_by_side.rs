//! Work side by side: so many items at once, until they are done or something ends it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How items are worked on.
#[derive(Debug, Clone, Copy)]
pub struct SideBySide<'a> {
    /// Items under way at once; at least one.
    pub jobs: usize,
    /// Begin nothing after this long.
    pub deadline: Option<Duration>,
    /// Begin nothing once this is cancelled.
    pub stop: &'a CancellationToken,
    /// What happens to the items under way when the work ends early.
    pub unfinished: Unfinished,
}

/// What happens to items under way when the work ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// They are cancelled, and never reported as finished.
    Cancel,
    /// They are waited for and reported, and only then does the work end.
    Await,
}

/// Why no further item was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// All are done.
    Done,
    /// The stop signal came.
    Interrupted,
    /// The deadline came.
    Deadline,
    /// Whoever was told of a finished item wanted no more.
    Enough,
}

impl SideBySide<'_> {
    /// Works on items in their order and returns why that ended.
    ///
    /// `work` is called as an item begins; `finished` as it ends, with its place from 0, in the order in which they end. An
    /// `Err` there is a panic in the work of this item, never a cancellation; see [`join_or_repanic`]. Where an interruption
    /// comes while unfinished items are awaited, it is the reason.
    pub async fn run<I, T, W>(
        self,
        items: impl IntoIterator<Item = I>,
        mut work: impl FnMut(I) -> W,
        mut finished: impl FnMut(usize, Result<T, JoinError>) -> ControlFlow<()>,
    ) -> StopReason
    where
        W: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let mut waiting = items.into_iter().enumerate();
        let mut tasks = JoinSet::new();
        let mut places: BTreeMap<Id, usize> = BTreeMap::new();
        let mut ended = None;
        let deadline = after(self.deadline);
        tokio::pin!(deadline);
        loop {
            while ended.is_none()
                && tasks.len() < self.jobs.max(1)
                && let Some((place, item)) = waiting.next()
            {
                if self.stop.is_cancelled() {
                    ended = Some(StopReason::Interrupted);
                    break;
                }
                places.insert(tasks.spawn(work(item)).id(), place);
            }
            if tasks.is_empty() {
                return ended.unwrap_or(StopReason::Done);
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled(), if ended != Some(StopReason::Interrupted) => {
                    ended = Some(StopReason::Interrupted);
                }
                () = &mut deadline, if ended.is_none() => ended = Some(StopReason::Deadline),
                Some(joined) = tasks.join_next_with_id() => {
                    let (id, result) = match joined {
                        Ok((id, result)) => (id, Ok(result)),
                        Err(error) => (error.id(), Err(error)),
                    };
                    if let Some(place) = places.remove(&id)
                        && finished(place, result).is_break()
                    {
                        ended = ended.or(Some(StopReason::Enough));
                    }
                }
            }
            if let Some(ended) = ended
                && self.unfinished == Unfinished::Cancel
            {
                // A cancelled task takes down what it has made as it is dropped.
                tasks.shutdown().await;
                return ended;
            }
        }
    }
}

/// Returns what an item came to; a panic in its work is the same panic here.
///
/// # Panics
/// Where the work panicked.
pub fn join_or_repanic<T>(finished: Result<T, JoinError>) -> T {
    finished.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

async fn after(deadline: Option<Duration>) {
    match deadline {
        Some(deadline) => drop(tokio::time::timeout(deadline, std::future::pending::<()>()).await),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::{Barrier, Semaphore};

    use super::*;

    fn with(jobs: usize, stop: &CancellationToken, unfinished: Unfinished) -> SideBySide<'_> {
        SideBySide {
            jobs,
            deadline: None,
            stop,
            unfinished,
        }
    }

    fn go_on<T>(_: usize, _: Result<T, JoinError>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[tokio::test]
    async fn as_many_items_are_under_way_as_there_are_jobs_and_no_more() {
        let stop = CancellationToken::new();
        // Three meet, or nobody goes on.
        let (meeting, under_way) = (Arc::new(Barrier::new(3)), Arc::new(AtomicUsize::new(0)));
        let mut most = 0;
        let ended = with(3, &stop, Unfinished::Cancel)
            .run(
                0..12,
                |_| {
                    let (meeting, under_way) = (Arc::clone(&meeting), Arc::clone(&under_way));
                    let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
                    most = most.max(now);
                    async move {
                        meeting.wait().await;
                    }
                },
                |_, _| {
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    ControlFlow::Continue(())
                },
            )
            .await;
        assert_eq!((ended, most), (StopReason::Done, 3));
    }

    #[tokio::test]
    async fn no_jobs_are_one_job() {
        let stop = CancellationToken::new();
        let mut done = Vec::new();
        let ended = with(0, &stop, Unfinished::Cancel)
            .run(
                ["a", "b", "c"],
                |item| async move { item },
                |place, item| {
                    done.push((place, join_or_repanic(item)));
                    ControlFlow::Continue(())
                },
            )
            .await;
        assert_eq!(ended, StopReason::Done);
        assert_eq!(done, [(0, "a"), (1, "b"), (2, "c")]);
    }

    #[tokio::test]
    async fn items_are_reported_with_their_places_however_they_end() {
        let stop = CancellationToken::new();
        let first_may_end = Arc::new(Semaphore::new(0));
        let mut done = Vec::new();
        with(2, &stop, Unfinished::Cancel)
            .run(
                0..3,
                |item| {
                    let first_may_end = Arc::clone(&first_may_end);
                    async move {
                        if item == 0 {
                            drop(first_may_end.acquire().await);
                        } else {
                            first_may_end.add_permits(usize::from(item == 2));
                        }
                        item
                    }
                },
                |place, item| {
                    done.push((place, join_or_repanic(item)));
                    ControlFlow::Continue(())
                },
            )
            .await;
        assert_eq!(done, [(1, 1), (2, 2), (0, 0)]);
    }

    #[tokio::test]
    async fn a_panic_is_reported_at_its_place_and_the_others_go_on() {
        let stop = CancellationToken::new();
        let mut panics = Vec::new();
        let mut done = Vec::new();
        let ended = with(2, &stop, Unfinished::Cancel)
            .run(
                0..4,
                |item| async move {
                    assert!(item != 1, "one is not liked");
                    item
                },
                |place, item| {
                    match item {
                        Ok(item) => done.push(item),
                        Err(error) => panics.push((place, error.to_string())),
                    }
                    ControlFlow::Continue(())
                },
            )
            .await;
        done.sort_unstable();
        assert_eq!((ended, done), (StopReason::Done, vec![0, 2, 3]));
        assert_eq!(panics.len(), 1);
        assert_eq!(panics[0].0, 1);
        assert!(panics[0].1.contains("one is not liked"), "{panics:?}");
    }

    #[tokio::test]
    #[should_panic(expected = "one is not liked")]
    async fn a_panic_goes_on_where_it_is_joined() {
        let stop = CancellationToken::new();
        let panics = |_| async { panic!("one is not liked") };
        with(1, &stop, Unfinished::Cancel)
            .run([1], panics, |_, item| {
                join_or_repanic::<()>(item);
                ControlFlow::Continue(())
            })
            .await;
    }

    #[tokio::test]
    async fn a_stop_signal_cancels_what_is_under_way() {
        let stop = CancellationToken::new();
        let dropped = Arc::new(());
        let mut finished = 0;
        let ended = with(2, &stop, Unfinished::Cancel)
            .run(
                0..5,
                |item| {
                    let (held, stop) = (Arc::clone(&dropped), stop.clone());
                    async move {
                        let _held = held;
                        if item == 1 {
                            stop.cancel();
                        }
                        std::future::pending::<()>().await;
                    }
                },
                |_, _| {
                    finished += 1;
                    ControlFlow::Continue(())
                },
            )
            .await;
        assert_eq!((ended, finished), (StopReason::Interrupted, 0));
        assert_eq!(
            Arc::strong_count(&dropped),
            1,
            "nothing is left of the cancelled"
        );
    }

    #[tokio::test]
    async fn a_stop_signal_that_came_before_lets_nothing_begin() {
        let stop = CancellationToken::new();
        stop.cancel();
        let mut begun = 0;
        let work = |_| {
            begun += 1;
            async {}
        };
        let ended = with(2, &stop, Unfinished::Await)
            .run(0..5, work, go_on)
            .await;
        assert_eq!((ended, begun), (StopReason::Interrupted, 0));
    }

    #[tokio::test]
    async fn what_is_awaited_is_reported_after_the_stop_signal_and_nothing_else_begins() {
        let stop = CancellationToken::new();
        let mut finished = Vec::new();
        let ended = with(2, &stop, Unfinished::Await)
            .run(
                0..5,
                |item| {
                    let stop = stop.clone();
                    async move {
                        stop.cancel();
                        tokio::task::yield_now().await;
                        item
                    }
                },
                |_, item| {
                    finished.push(join_or_repanic(item));
                    ControlFlow::Continue(())
                },
            )
            .await;
        finished.sort_unstable();
        assert_eq!((ended, finished), (StopReason::Interrupted, vec![0, 1]));
    }

    #[tokio::test]
    async fn a_deadline_ends_work_that_has_no_end_of_its_own() {
        let stop = CancellationToken::new();
        let short = SideBySide {
            deadline: Some(Duration::from_millis(1)),
            ..with(2, &stop, Unfinished::Cancel)
        };
        let forever = |_| std::future::pending::<()>();
        let ended = short.run(0..5, forever, go_on).await;
        assert_eq!(ended, StopReason::Deadline);
    }

    #[tokio::test]
    async fn nothing_begins_after_somebody_had_enough() {
        let stop = CancellationToken::new();
        for (unfinished, expected) in [(Unfinished::Cancel, 1), (Unfinished::Await, 2)] {
            // The second item ends only when it is waited for: after the first was reported.
            let first_was_reported = Arc::new(Semaphore::new(0));
            let (mut begun, mut finished) = (0, 0);
            let ended = with(2, &stop, unfinished)
                .run(
                    0..9,
                    |item| {
                        begun += 1;
                        let first_was_reported = Arc::clone(&first_was_reported);
                        async move {
                            if item > 0 {
                                drop(first_was_reported.acquire().await);
                            }
                        }
                    },
                    |_, _| {
                        finished += 1;
                        first_was_reported.add_permits(1);
                        ControlFlow::Break(())
                    },
                )
                .await;
            assert_eq!(ended, StopReason::Enough, "{unfinished:?}");
            assert_eq!((begun, finished), (2, expected), "{unfinished:?}");
        }
    }

    #[tokio::test]
    async fn an_interruption_while_others_are_awaited_is_the_reason() {
        let stop = CancellationToken::new();
        let ended = with(2, &stop, Unfinished::Await)
            .run(
                0..9,
                |item| {
                    let stop = stop.clone();
                    async move {
                        if item > 0 {
                            stop.cancelled().await;
                        }
                    }
                },
                |_, _| {
                    stop.cancel();
                    ControlFlow::Break(())
                },
            )
            .await;
        assert_eq!(ended, StopReason::Interrupted);
    }

    #[tokio::test]
    async fn no_items_are_done_at_once() {
        let stop = CancellationToken::new();
        let work = |_: u8| async {};
        let ended = with(2, &stop, Unfinished::Cancel)
            .run([], work, go_on)
            .await;
        assert_eq!(ended, StopReason::Done);
    }
}
