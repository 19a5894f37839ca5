//! Whether time tells users apart, in refused sign-ins (SIGN-7) and refused resets (RESET-4).
//!
//! In each round one request of every sort is sent: for a name that nobody has, for a known user and for a blocked one.
//! The seed draws the order anew for each round, which is what the [`sign_test`] rests on. Nobody is asked for more than
//! [`TRIES`] times in a row, so that no lock-out of the target changes what is timed.

mod sign_test;
mod stopwatch;

use std::fmt::Write as _;

use jiff::SignedDuration;
use proofup_binding::Operation;
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Feature;
use proofup_domain::command::Name;
use proofup_domain::method::Role;
use proofup_domain::refusal::Refusal;
use proofup_scenario::{UserSpec, transcript};
use proofup_world::command_runner::CommandRunner;
use proofup_world::context::RunContext;
use proofup_world::persona::case_rng;
use proofup_world::session::TargetSession;
use rand::seq::SliceRandom as _;
use serde_json::{Value as Json, json};

use super::Measure;
use super::collect::{Stand, person};
use super::report::{MeasureRow, Measured};
use sign_test::{MILLISECOND, PairedTimes, TESTS, TOLERATED};
use stopwatch::Stopwatch;

/// How often one name is tried in a row: lock-outs of fewer tries are not known.
const TRIES: usize = 3;

/// Rounds that are not counted, because connections, caches and compilers have to warm up.
const WARM_UP: usize = 24;

/// The largest number of rounds that are counted.
const ROUNDS_MAX: usize = 500;

/// Users who take turns in signing in; after [`TRIES`] wrong passwords each gives the right one.
const PEOPLE: usize = 24;

/// After which parts of the rounds the times are looked at: a quarter, a half, and all.
const LOOKS: [usize; 3] = [4, 2, 1];

/// The rate of false alarms of one comparison, all of its looks and tests together.
const FALSE_ALARM: f64 = 3e-9;

/// From the second look on, the rounds end where a difference this small would have been seen.
const ENOUGH: i64 = 2 * MILLISECOND;

/// Where only larger differences than this would have been seen, nothing is judged.
const RESOLUTION_MAX: i64 = 10 * MILLISECOND;

/// How long rounds are begun.
const LONGEST: SignedDuration = SignedDuration::from_secs(120);

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimedRefusal {
    /// That of a sign-in, with a wrong password whoever it is for.
    SignIn,
    /// That of a reset, for users who have registered nothing.
    Reset,
}

/// Requests that are to take the same time as those of another sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RefusedUser {
    Unknown,
    Known,
    Blocked,
}

/// One comparison, as far as the rounds have come.
struct Compared {
    what: String,
    times: PairedTimes,
}

/// Times one sort of refusal and judges what came.
pub(super) async fn judge(stand: &Stand<'_>, timed: TimedRefusal, samples: usize) -> Measured {
    let mut measured = Measured::new(timed.measure().requirement());
    let declared = &stand.capabilities.features;
    if timed == TimedRefusal::Reset && !declared.contains(&Feature::Reset) {
        measured.not_applicable = Some("password reset".to_owned());
        return measured;
    }
    let session = &stand.context.session;
    let watch = Stopwatch::new(&session.clock);
    let session = TargetSession {
        transport: watch.around(&session.transport),
        ..session.clone()
    };
    let context = RunContext::new(&session, &stand.context.catalogue, stand.capabilities);
    let stand = Stand {
        context: &context,
        capabilities: stand.capabilities,
        bounds: stand.bounds,
    };
    let rounds = (samples / 2).min(ROUNDS_MAX);
    match compare(&stand, timed, rounds, watch).await {
        Ok(compared) => compared
            .iter()
            .for_each(|one| one.tell(timed, &mut measured)),
        Err(why) => measured.unable.push(format!("{}: {why}", timed.what())),
    }
    measured
}

/// Makes the people, times round after round and compares the times.
async fn compare(
    stand: &Stand<'_>,
    timed: TimedRefusal,
    rounds: usize,
    watch: Stopwatch,
) -> Result<Vec<Compared>, String> {
    let cast = Cast::of(stand, timed, WARM_UP + rounds);
    let stem = timed.stem();
    let runner = stand.runner_of(stem, cast.users()).await?;
    let mut timing = Timing {
        timed,
        rng: case_rng(stand.context.session.seed, stem),
        cast,
        runner,
        watch,
        times: Vec::with_capacity(rounds),
    };
    let compared = timing.take(stand, rounds).await;
    timing.runner.tear_down().await;
    compared
}

/// Who is asked for.
struct Cast {
    /// Each sort, with how many names it has.
    sorts: Vec<(RefusedUser, usize)>,
}

impl Cast {
    fn of(stand: &Stand<'_>, timed: TimedRefusal, rounds: usize) -> Self {
        let fresh = rounds.div_ceil(TRIES);
        let known = match timed {
            TimedRefusal::SignIn => PEOPLE.min(fresh),
            TimedRefusal::Reset => fresh,
        };
        let mut sorts = vec![
            (RefusedUser::Unknown, fresh),
            (RefusedUser::Known, stand.people(known)),
        ];
        let target = &stand.context.session.target;
        if target.has(Operation::CreateTenant) || target.has(Operation::CreateUser) {
            sorts.push((RefusedUser::Blocked, known));
        }
        Self { sorts }
    }

    fn users(&self) -> Vec<UserSpec> {
        let user = |asked: RefusedUser, number: usize| UserSpec {
            name: Name(asked.name(number)),
            role: Role::Member,
            blocked: asked == RefusedUser::Blocked,
            exists: asked != RefusedUser::Unknown,
            region: None,
            methods: Vec::new(),
        };
        let of_sort = |(asked, names): &(RefusedUser, usize)| {
            let asked = *asked;
            (0..*names).map(move |number| user(asked, number))
        };
        self.sorts.iter().flat_map(of_sort).collect()
    }
}

/// The rounds so far.
struct Timing<'a> {
    timed: TimedRefusal,
    cast: Cast,
    rng: rand_chacha::ChaCha8Rng,
    runner: CommandRunner<'a>,
    watch: Stopwatch,
    /// The nanoseconds of each round, sort by sort.
    times: Vec<Vec<i64>>,
}

impl Timing<'_> {
    async fn take(&mut self, stand: &Stand<'_>, rounds: usize) -> Result<Vec<Compared>, String> {
        let clock = &stand.context.session.clock;
        let began = clock.now();
        for round in 0..WARM_UP {
            self.round(round).await?;
        }
        for (look, part) in LOOKS.into_iter().enumerate() {
            let mut is_late = false;
            while self.times.len() < rounds / part && !is_late {
                let times = self.round(WARM_UP + self.times.len()).await?;
                self.times.push(times);
                is_late = clock.now().duration_since(began) > LONGEST;
            }
            if self.times.iter().flatten().all(|time| *time == 0) {
                return Err("no time passes by the clock of this process".to_owned());
            }
            let compared = self.compared();
            let fails = compared.iter().any(|one| one.times.excess.is_some());
            let is_enough = look > 0 && compared.iter().all(|one| one.is_seen_from(ENOUGH));
            if fails || is_enough || is_late || part == 1 {
                return Ok(compared);
            }
        }
        Err("no rounds were asked for".to_owned())
    }

    /// Sends one request of each sort, and tells how long each took.
    async fn round(&mut self, number: usize) -> Result<Vec<i64>, String> {
        let mut order: Vec<usize> = (0..self.cast.sorts.len()).collect();
        order.shuffle(&mut self.rng);
        let mut times = vec![0; order.len()];
        for sort in order {
            let (asked, names) = self.cast.sorts[sort];
            let user = asked.name(number / TRIES % names);
            self.watch.take();
            let answered = self.runner.attempt(self.timed.command(&user)).await?;
            times[sort] = self.watch.take();
            is_refused(&answered).map_err(|came| {
                format!("round {number} got {came} for {}", self.timed.asked(asked))
            })?;
        }
        if self.timed == TimedRefusal::SignIn && (number + 1).is_multiple_of(TRIES) {
            self.begin_the_count_again(number).await?;
        }
        Ok(times)
    }

    /// Signs the known user of a round in, so that wrong passwords never add up to a lock-out.
    async fn begin_the_count_again(&mut self, number: usize) -> Result<(), String> {
        let known = self
            .cast
            .sorts
            .iter()
            .filter(|sort| sort.0 == RefusedUser::Known);
        let users: Vec<String> = known
            .map(|(asked, names)| asked.name(number / TRIES % names))
            .collect();
        for user in users {
            let signed_in = self.runner.demand(json!({ "do": "signIn", "user": user }));
            let told = |why: String| format!("the right password after {TRIES} wrong ones: {why}");
            signed_in.await.map_err(told)?;
        }
        Ok(())
    }

    /// Compares every sort with every other.
    fn compared(&self) -> Vec<Compared> {
        let alpha = FALSE_ALARM / f64::from(TESTS) / 3.0;
        let sorts = &self.cast.sorts;
        let pair = |first: usize, second: usize| {
            let later = |times: &Vec<i64>| times[second] - times[first];
            let differences: Vec<i64> = self.times.iter().map(later).collect();
            let name = |sort: usize| self.timed.asked(sorts[sort].0);
            Compared {
                what: format!("{} against {}", name(second), name(first)),
                times: PairedTimes::of(&differences, alpha),
            }
        };
        let second = |first: usize| (first + 1..sorts.len()).map(move |second| (first, second));
        (0..sorts.len())
            .flat_map(second)
            .map(|(first, second)| pair(first, second))
            .collect()
    }
}

impl Compared {
    fn is_seen_from(&self, bound: i64) -> bool {
        self.times.seen_from().is_some_and(|seen| seen <= bound)
    }

    /// Adds a row, or why there can be none.
    fn tell(&self, timed: TimedRefusal, measured: &mut Measured) {
        let what = format!("{}: {}", timed.what(), self.what);
        let times = &self.times;
        let seen = times.seen_from().map_or_else(
            || "no difference would have been seen".to_owned(),
            |seen| format!("would have seen {} or more", milliseconds(seen)),
        );
        if times.excess.is_none() && !self.is_seen_from(RESOLUTION_MAX) {
            let bound = milliseconds(RESOLUTION_MAX);
            measured.unable.push(format!(
                "{what}: too noisy: {} pairs, {seen}, and {bound} is the most that can be judged by",
                times.pairs
            ));
            return;
        }
        measured.rows.push(MeasureRow {
            what,
            samples: times.pairs,
            statistic: told(times),
            threshold: format!("at most {}; {seen}", milliseconds(TOLERATED)),
            false_alarm: Some(FALSE_ALARM),
            holds: times.excess.is_none(),
        });
    }
}

/// Writes what the pairs show.
fn told(times: &PairedTimes) -> String {
    let direction = |later: bool| if later { "later" } else { "earlier" };
    let median = milliseconds(times.median.abs());
    let mut text = format!("{median} {}", direction(times.median >= 0));
    if let Some(excess) = times.excess {
        let _ = write!(
            text,
            "; more than {} {} in {} of {} pairs, by chance in {} at most",
            milliseconds(excess.apart),
            direction(excess.is_later),
            excess.with,
            excess.counted,
            excess.by_chance
        );
    }
    text
}

/// Writes nanoseconds as milliseconds, with as many digits as anybody could use.
fn milliseconds(nanoseconds: i64) -> String {
    let hundredths = (nanoseconds + MILLISECOND / 200).div_euclid(MILLISECOND / 100);
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} ms")
}

/// Returns what came, where it is no refusal that has to look like the others.
fn is_refused(answered: &Answer) -> Result<(), String> {
    let is_plain = match answered {
        Answer::Refused { reason, .. } => {
            !matches!(reason, Refusal::Throttled | Refusal::GatewayFailed)
        }
        Answer::Unrecognised { status, .. } => (400..500).contains(status) && *status != 429,
        _ => false,
    };
    if is_plain {
        Ok(())
    } else {
        Err(format!("`{}`", transcript::answer(answered)))
    }
}

impl RefusedUser {
    fn name(self, number: usize) -> String {
        match self {
            Self::Unknown => format!("nobody{number}"),
            Self::Known => person(number),
            Self::Blocked => format!("blocked{number}"),
        }
    }
}

impl TimedRefusal {
    const fn measure(self) -> Measure {
        match self {
            Self::SignIn => Measure::SignInTime,
            Self::Reset => Measure::ResetTime,
        }
    }

    const fn stem(self) -> &'static str {
        match self {
            Self::SignIn => "measure-sign-in-time",
            Self::Reset => "measure-reset-time",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::SignIn => "time of a refused sign-in",
            Self::Reset => "time of a refused reset",
        }
    }

    const fn asked(self, asked: RefusedUser) -> &'static str {
        match (self, asked) {
            (_, RefusedUser::Unknown) => "unknown user",
            (_, RefusedUser::Blocked) => "blocked user",
            (Self::SignIn, RefusedUser::Known) => "wrong password",
            (Self::Reset, RefusedUser::Known) => "nothing registered",
        }
    }

    fn command(self, user: &str) -> Json {
        match self {
            Self::SignIn => json!({ "do": "signIn", "user": user, "password": "wrong" }),
            Self::Reset => json!({ "do": "beginReset", "user": user }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_written_as_people_read_them() {
        let table = [
            (0, "0 ms"),
            (4_999, "0 ms"),
            (5_000, "0.01 ms"),
            (1_314_159, "1.31 ms"),
            (MILLISECOND, "1 ms"),
            (30_100_000, "30.1 ms"),
            (120 * MILLISECOND, "120 ms"),
        ];
        for (nanoseconds, text) in table {
            assert_eq!(milliseconds(nanoseconds), text);
        }
    }
}
