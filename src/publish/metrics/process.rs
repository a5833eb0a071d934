//! The exporter's own process: the few figures every Prometheus client gives, from `/proc/self`.

use prometheus::proto::{Counter, Gauge, Metric, MetricFamily, MetricType};

use crate::clock;

/// The `process_*` families; none where there is no `/proc`.
pub(super) fn families() -> Vec<MetricFamily> {
    let Some(process) = clock::process() else { return Vec::new() };
    vec![
        counter("process_cpu_seconds_total", "Processor time spent.", process.cpu_seconds),
        gauge("process_resident_memory_bytes", "Memory in use.", process.resident_bytes),
        gauge("process_open_fds", "Open file descriptors.", process.open_files),
        gauge("process_start_time_seconds", "When the process started, Unix seconds.", process.started),
    ]
}

fn family(name: &str, help: &str, kind: MetricType, metric: Metric) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(vec![metric]);
    family
}

fn gauge(name: &str, help: &str, value: f64) -> MetricFamily {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    family(name, help, MetricType::GAUGE, Metric::from_gauge(gauge))
}

fn counter(name: &str, help: &str, value: f64) -> MetricFamily {
    let mut counter = Counter::default();
    counter.set_value(value);
    let mut metric = Metric::default();
    metric.set_counter(counter);
    family(name, help, MetricType::COUNTER, metric)
}
