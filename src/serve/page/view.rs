//! The page's input, and the visitor's view: read from the query string, and written as links.

use openclaw_auth::words;

use crate::model::{ChannelHealth, Event, Snapshot};

#[derive(Clone, Copy, Debug)]
pub struct PageInput<'a> {
    /// `None` before the first pass is done.
    pub snapshot: Option<&'a Snapshot>,
    /// In any order.
    pub events: &'a [Event],
    pub channels: &'a [ChannelHealth],
    pub version: &'a str,
    /// The machine's name; may be empty.
    pub host: &'a str,
    /// Whether authwatch renews logins, or only watches.
    pub refreshing_enabled: bool,
    pub view: &'a PageView,
}

/// The part of the page a visitor chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageView {
    /// Text to find in agents, profiles, and providers.
    pub query: String,
    /// Which logins; `None` leaves it to the size of the fleet.
    pub show: Option<Show>,
    pub sort: Sort,
    /// Which page of the list, from 1.
    pub page: usize,
}

words! {
    pub enum Show in "snake_case" {
        /// Those with a warning or worse.
        Attention,
        All,
    }
}

words! {
    /// The order of the list.
    #[derive(Default)]
    pub enum Sort in "snake_case" {
        /// Agent by agent, as configured.
        #[default]
        Agent,
        /// The soonest expiry first.
        Left,
        Provider,
    }
}

impl PageView {
    /// Longer searches are cut: no id is that long.
    const LONGEST_QUERY: usize = 200;

    /// Reads a query string (without `?`). What it does not know it leaves at the default.
    #[must_use]
    pub fn parse(query_string: &str) -> Self {
        let mut view = Self::default();
        for (key, value) in form_urlencoded::parse(query_string.as_bytes()) {
            match &*key {
                "q" => view.query = value.trim().chars().take(Self::LONGEST_QUERY).collect(),
                "show" => view.show = Show::parse(&value),
                "sort" => view.sort = Sort::parse(&value).unwrap_or_default(),
                "page" => view.page = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        view
    }

    /// A relative link to another page of the same list.
    pub(super) fn link(&self, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.query.is_empty() {
            query.append_pair("q", &self.query);
        }
        if let Some(show) = self.show {
            query.append_pair("show", show.as_str());
        }
        query.append_pair("sort", self.sort.as_str()).append_pair("page", &page.to_string());
        format!("?{}#logins", query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_read_and_written() {
        let view = PageView::parse("q=%20a%26b+c&show=all&sort=left&page=3&other=1");
        let expected =
            PageView { query: "a&b c".to_owned(), show: Some(Show::All), sort: Sort::Left, page: 3 };
        assert_eq!(view, expected);
        let link = view.link(2);
        assert_eq!(link, "?q=a%26b+c&show=all&sort=left&page=2#logins");
        assert_eq!(PageView::parse(link.trim_start_matches('?').trim_end_matches("#logins")).query, "a&b c");
    }

    #[test]
    fn nonsense_is_the_default() {
        assert_eq!(PageView::parse("show=none&sort=%ff&page=-1&q="), PageView::default());
        assert_eq!(PageView::parse(&format!("q={}", "é".repeat(999))).query.chars().count(), 200);
    }
}
