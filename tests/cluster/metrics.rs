//! The API server's own numbers.

use crate::plane::Plane;

/// One page of metrics in the text format of Prometheus.
#[derive(Debug)]
pub(crate) struct Metrics(String);

/// How long the API server waited for our webhook. Its finest bucket is 5 ms.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    /// Questions that were answered.
    pub(crate) reviews: f64,
    /// In milliseconds.
    pub(crate) mean: f64,
    /// In words.
    pub(crate) p50: String,
    pub(crate) p99: String,
}

impl Plane {
    /// The API server's metrics now.
    pub(crate) fn metrics(&self) -> Metrics {
        let reply = self.api.admin("/metrics");
        assert!(reply.status.is_success(), "/metrics: {}", reply.status);
        Metrics(reply.text)
    }
}

impl Metrics {
    /// The sum over all series of a name that have these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.series(name).filter(|(of, _)| has(of, labels)).map(|(_, value)| value).sum()
    }

    /// What the API server measured of its questions to our webhook since then.
    pub(crate) fn webhook_latency(&self, since: &Self) -> Latency {
        const NAME: &str = "apiserver_authorization_webhook_duration_seconds";
        let labels = [("name", "kubentra.io"), ("result", "success")];
        let more = |of: &str| {
            let name = format!("{NAME}_{of}");
            self.sum(&name, &labels) - since.sum(&name, &labels)
        };
        let count = more("count");
        Latency {
            reviews: count,
            mean: 1000.0 * more("sum") / count,
            p50: self.quantile(since, NAME, &labels, 50.0),
            p99: self.quantile(since, NAME, &labels, 99.0),
        }
    }

    /// The time that so many of a hundred did not pass, in words, of a histogram less what was in it
    /// `since`: interpolated within a bucket as Prometheus does, but not within the first, of which only
    /// its end is known.
    fn quantile(&self, since: &Self, name: &str, labels: &[(&str, &str)], percent: f64) -> String {
        let name = format!("{name}_bucket");
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for (of, value) in self.series(&name).filter(|(of, _)| has(of, labels)) {
            let bound = label(of, "le").and_then(|le| le.replace("+Inf", "inf").parse().ok());
            let before =
                since.series(&name).find(|(other, _)| *other == of).map_or(0.0, |(_, v)| v);
            buckets.extend(bound.map(|bound| (bound, value - before)));
        }
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = buckets.last().map_or(0.0, |(_, count)| *count);
        let wanted = total * percent / 100.0;
        let (mut low, mut below) = (0.0, 0.0);
        for (bound, count) in buckets {
            if count >= wanted && count > below {
                let within = (wanted - below) / (count - below);
                return match (low > 0.0, bound.is_finite()) {
                    (false, _) => format!("under {} ms", 1000.0 * bound),
                    (true, true) => format!("{:.1} ms", 1000.0 * (low + (bound - low) * within)),
                    (true, false) => format!("over {} ms", 1000.0 * low),
                };
            }
            (low, below) = (bound, count);
        }
        "unknown".to_owned()
    }

    /// Labels and value of each series of a name.
    fn series(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = match rest.strip_prefix('{') {
                Some(rest) => rest.rsplit_once("} ")?,
                None => ("", rest.strip_prefix(' ')?),
            };
            Some((labels, value.split(' ').next()?.parse().ok()?))
        })
    }
}

fn has(labels: &str, wanted: &[(&str, &str)]) -> bool {
    wanted.iter().all(|(name, value)| label(labels, name) == Some(value))
}

/// The value of a label. None of ours holds a quote or a comma.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    Some(value.trim_matches('"'))
}
