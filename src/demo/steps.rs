//! The four steps of the tour, each with what was answered and what should have been.

mod answer;

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::sleep;

pub use answer::{AccessAnswer, Change, Latency, Outcome, TokenAnswer, TokenResult};
use answer::{judge_access, judge_token};

use super::company::{self, Question};
use super::webhook::{User, access_review};
use super::{Demo, DemoError};

/// Reviews that are measured at most.
pub const MAX_MEASURED_REVIEWS: usize = 3000;
/// Time after which measuring ends, however many reviews there were.
pub const MAX_MEASURED_TIME: Duration = Duration::from_secs(2);
/// Reviews before the first that is measured.
const WARM_UP: usize = 50;

/// Time between two questions while a decision is to change.
const ASK_AGAIN: Duration = Duration::from_millis(5);
/// When a change counts as not noticed. It should take a second at most.
const MAX_CHANGE: Duration = Duration::from_secs(5);

impl Demo {
    /// Step 1: has tokens minted, good and bad, and asks the webhook who they are. Whoever is
    /// authenticated can ask in the later steps.
    ///
    /// # Errors
    ///
    /// [`DemoError`] if there is no answer.
    pub async fn tokens(&mut self) -> Result<Vec<TokenAnswer>, DemoError> {
        let mut answers = Vec::new();
        for token in &company::TOKENS {
            let minted = self.emulator.mint(&token.request()).await?;
            let status = self.webhook.who(&minted).await?;
            if let Some(user) = status.user.as_ref().filter(|_| status.authenticated) {
                self.users.insert(token.who, user.clone());
            }
            answers.push(judge_token(token, status));
        }
        let groups = company::SERVICE_ACCOUNT_GROUPS.map(str::to_owned).to_vec();
        let username = company::SERVICE_ACCOUNT_NAME.to_owned();
        let account = User { username, groups, ..User::default() };
        self.users.insert(company::SERVICE_ACCOUNT, account);
        Ok(answers)
    }

    /// Step 2: asks what they may do. Each review is left as a file in the folder.
    ///
    /// # Errors
    ///
    /// [`DemoError`] if there is no answer.
    pub async fn decisions(&self) -> Result<Vec<AccessAnswer>, DemoError> {
        let mut answers = Vec::new();
        for question in &company::QUESTIONS {
            if let Some(user) = self.users.get(question.who) {
                let review = access_review(user, question.attributes());
                self.folder.write(&question.file(), &format!("{review:#}\n"))?;
            }
            answers.push(self.ask(question).await?);
        }
        Ok(answers)
    }

    /// Step 3: writes a role assignment into the policy directory, and asks until it shows.
    ///
    /// # Errors
    ///
    /// [`DemoError`] if there is no answer, or the file cannot be written.
    pub async fn grant(&self) -> Result<Change, DemoError> {
        self.folder.write(company::GRANT_FILE, company::GRANT)?;
        let expected = Outcome::Allow;
        self.changed(Question { expected, because: company::GRANT_ID, ..company::TURNED }).await
    }

    /// Step 3, the other half: removes the assignment, and asks until that shows.
    ///
    /// # Errors
    ///
    /// As [`Self::grant`].
    pub async fn revoke(&self) -> Result<Change, DemoError> {
        self.folder.remove(company::GRANT_FILE)?;
        self.changed(company::TURNED).await
    }

    async fn changed(&self, question: Question) -> Result<Change, DemoError> {
        let began = Instant::now();
        loop {
            let answer = self.ask(&question).await?;
            let took = began.elapsed();
            if answer.decision == question.expected || took > MAX_CHANGE {
                let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                return Ok(Change { file: company::GRANT_FILE, milliseconds, answer });
            }
            sleep(ASK_AGAIN).await;
        }
    }

    /// Step 4: asks the questions of step 2 over and over, and measures from the request to the whole
    /// answer: TLS, HTTP and JSON are in it, on both sides. At most [`MAX_MEASURED_REVIEWS`] and
    /// [`MAX_MEASURED_TIME`].
    ///
    /// # Errors
    ///
    /// [`DemoError`] if there is no answer.
    pub async fn measure(&self) -> Result<Latency, DemoError> {
        let reviews = company::QUESTIONS.iter().filter_map(|question| {
            let review = access_review(self.users.get(question.who)?, question.attributes());
            Some(Bytes::from(review.to_string()))
        });
        let reviews: Vec<Bytes> = reviews.collect();
        let mut times = Vec::with_capacity(MAX_MEASURED_REVIEWS);
        let end = Instant::now() + MAX_MEASURED_TIME;
        for (i, review) in reviews.iter().cycle().enumerate() {
            let began = Instant::now();
            if began > end || times.len() == MAX_MEASURED_REVIEWS {
                break;
            }
            self.webhook.post("/authorize", review.clone()).await?;
            if i >= WARM_UP {
                times.push(began.elapsed());
            }
        }
        times.sort_unstable();
        Ok(Latency {
            reviews: times.len(),
            p50_microseconds: percentile(&times, 50),
            p99_microseconds: percentile(&times, 99),
        })
    }

    async fn ask(&self, question: &Question) -> Result<AccessAnswer, DemoError> {
        let status = match self.users.get(question.who) {
            Some(user) => {
                let review = access_review(user, question.attributes());
                Some(self.webhook.may(review.to_string().into()).await?)
            }
            None => None,
        };
        Ok(judge_access(question, status))
    }
}

/// The time, in microseconds, that so many of a hundred did not pass; 0 of none. `sorted` ascends.
fn percentile(sorted: &[Duration], percent: usize) -> u64 {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let times: Vec<_> = (1..=200).map(Duration::from_micros).collect();
        #[rustfmt::skip]
        let cases = [
            // (times,        percent, expected, why)
            (&times[..],      50,      100,      "half took no longer"),
            (&times[..],      99,      198,      "99 of 100"),
            (&times[..1],     99,      1,        "the only one"),
            (&times[..0],     50,      0,        "none at all"),
        ];
        for (times, percent, expected, why) in cases {
            assert_eq!(percentile(times, percent), expected, "{why}");
        }
    }
}
