//! A check: the kinds of finding it declares, and the function that looks for them.

use super::finding::{FindingKind, Findings};
use super::inspection::Inspection;

#[derive(Clone, Copy, Debug)]
pub struct Check {
    pub kinds: &'static [FindingKind],
    pub run: fn(&Inspection, &mut Findings),
}
