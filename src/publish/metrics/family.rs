//! The types of the table of metrics, and how a family is made from an entry.

use std::collections::HashMap;

use prometheus::core::Collector;
use prometheus::proto::{self, LabelPair, MetricFamily, MetricType};
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, TextEncoder,
};

#[derive(Clone, Copy, Debug)]
pub struct Description {
    pub name: &'static str,
    pub kind: MetricKind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MetricKind {
    /// Set at each scrape.
    Gauge,
    /// Counted by this process, from 0.
    Counter,
    /// Counted elsewhere (on disk, by the system), and set at each scrape.
    StoredCounter,
    /// Observed by this process, with these buckets.
    Histogram(&'static [f64]),
}

/// An entry of the table. `N` is the number of its labels: a sample with any other number does not compile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric<const N: usize>(pub(super) usize);

/// Defines `METRICS`, and a constant for each entry.
macro_rules! metrics {
    ($($id:ident: $kind:expr, $name:literal [$($label:ident),*] $help:literal)+) => {
        pub const METRICS: &[Description] = &[
            $(Description { name: $name, kind: $kind, labels: &[$(stringify!($label)),*], help: $help }),+
        ];

        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "named like the constants")]
        enum MetricIndex { $($id),+ }

        $(const $id: Metric<{ <[&str]>::len(&[$(stringify!($label)),*]) }> = Metric(MetricIndex::$id as usize);)+
    };
}
pub(super) use metrics;

/// The samples of one scrape, family by family.
pub(super) struct Samples {
    table: &'static [Description],
    families: Vec<MetricFamily>,
}

impl Samples {
    pub(super) fn new(table: &'static [Description]) -> Self {
        let family = |metric: &Description| {
            let mut family = MetricFamily::default();
            family.set_name(metric.name.to_owned());
            family.set_help(metric.help.to_owned());
            family.set_field_type(match metric.kind {
                MetricKind::Gauge => MetricType::GAUGE,
                MetricKind::Counter | MetricKind::StoredCounter => MetricType::COUNTER,
                MetricKind::Histogram(_) => MetricType::HISTOGRAM,
            });
            family
        };
        Self { table, families: table.iter().map(family).collect() }
    }

    pub(super) fn set<const N: usize>(&mut self, metric: Metric<N>, values: [&str; N], value: f64) {
        let pair = |(name, value): (&&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value(value.to_owned());
            pair
        };
        let labels = self.table[metric.0].labels.iter().zip(values).map(pair).collect();
        let mut sample = proto::Metric::from_label(labels);
        if self.table[metric.0].kind == MetricKind::Gauge {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(value);
            sample.set_gauge(gauge);
        } else {
            let mut counter = proto::Counter::default();
            counter.set_value(value);
            sample.set_counter(counter);
        }
        self.families[metric.0].mut_metric().push(sample);
    }

    pub(super) fn flag<const N: usize>(&mut self, metric: Metric<N>, values: [&str; N], is_so: bool) {
        self.set(metric, values, f64::from(u8::from(is_so)));
    }

    #[expect(clippy::cast_precision_loss, reason = "nothing here is counted up to 2^53")]
    pub(super) fn count<const N: usize>(&mut self, metric: Metric<N>, values: [&str; N], count: u64) {
        self.set(metric, values, count as f64);
    }

    /// Text format 0.0.4, sorted by name, without families that have no samples.
    pub(super) fn encode(self, counted: Option<&Collectors>) -> String {
        let mut families = self.families;
        families.extend(counted.into_iter().flat_map(Collectors::collect));
        families.retain(|family| !family.get_metric().is_empty());
        families.sort_by(|one, other| one.name().cmp(other.name()));
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text).expect("families have names and samples");
        String::from_utf8(text).expect("the text format is UTF-8")
    }
}

/// What this process counts and observes.
#[derive(Debug)]
pub(super) struct Collectors {
    counters: HashMap<usize, IntCounterVec>,
    histograms: HashMap<usize, HistogramVec>,
}

impl Collectors {
    /// Creates those without labels at 0, so that `rate` sees the first increase.
    pub(super) fn new(table: &[Description]) -> Self {
        let (mut counters, mut histograms) = (HashMap::new(), HashMap::new());
        for (index, metric) in table.iter().enumerate() {
            let opts = Opts::new(metric.name, metric.help);
            if metric.kind == MetricKind::Counter {
                let counter = IntCounterVec::new(opts, metric.labels).expect("names and labels are valid");
                counters.insert(index, counter);
            } else if let MetricKind::Histogram(buckets) = metric.kind {
                let opts = HistogramOpts::from(opts).buckets(buckets.to_vec());
                let histogram = HistogramVec::new(opts, metric.labels).expect("names and labels are valid");
                histograms.insert(index, histogram);
            }
            if metric.labels.is_empty() {
                let none: [&str; 0] = [];
                counters.get(&index).map(|counter| counter.with_label_values(&none));
                histograms.get(&index).map(|histogram| histogram.with_label_values(&none));
            }
        }
        Self { counters, histograms }
    }

    pub(super) fn counter<const N: usize>(&self, metric: Metric<N>, values: [&str; N]) -> IntCounter {
        self.counters[&metric.0].with_label_values(&values)
    }

    pub(super) fn histogram<const N: usize>(&self, metric: Metric<N>, values: [&str; N]) -> Histogram {
        self.histograms[&metric.0].with_label_values(&values)
    }

    pub(super) fn collect(&self) -> impl Iterator<Item = MetricFamily> {
        let counters = self.counters.values().flat_map(Collector::collect);
        counters.chain(self.histograms.values().flat_map(Collector::collect))
    }
}
