//! What a run must have reached, so that "no difference" means something.

use std::collections::BTreeMap;

use crate::reference::Reached;

/// Cases below which nothing is asked of a run: too few to reach everything.
const FROM: u64 = 200_000;
/// Least number of decisions for each rule in a million cases.
const LEAST: u64 = 50;

/// Outcomes, with the kind of grant or rule that made them.
const OUTCOMES: [&str; 12] = [
    "allow via adminGroup",
    "allow via discovery",
    "allow via roleAssignment",
    "allow via trustedAccess",
    "deny via denyAssignment",
    "deny via ungranted",
    "invalid via 400",
    "noOpinion via authenticationOnly",
    "noOpinion via exempt",
    "noOpinion via notEntra",
    "noOpinion via system",
    "noOpinion via ungranted",
];

/// What rules did: `allow` and `deny` count decisions that a rule took part in; `not` counts how often
/// a rule kept an assignment from being applied.
const RULES: [(&str, &str); 49] = [
    ("allow", "at the cluster"),
    ("allow", "at the fleet"),
    ("allow", "odd name"),
    ("allow", "§2.2"),
    ("allow", "§2.3"),
    ("allow", "§2.4 exec"),
    ("allow", "§2.4a"),
    ("allow", "§2.4b"),
    ("allow", "§2.5"),
    ("allow", "§2.6 */subresource"),
    ("allow", "§2.6 group *"),
    ("allow", "§2.6 resource *"),
    ("allow", "§2.6 resource * of a group"),
    ("allow", "§2.6 resource * of an unknown group"),
    ("allow", "§2.6 verb *"),
    ("allow", "§3.2 ancestor"),
    ("allow", "§3.2 equal"),
    ("allow", "§3.2 management group"),
    ("allow", "§3.2 root"),
    ("allow", "§6.1"),
    ("allow", "§6.1 odd path"),
    ("allow", "§6.1 question"),
    ("allow", "§6.1 without suffix"),
    ("allow", "§7.2 odd"),
    ("deny", "odd name"),
    ("deny", "§2.2"),
    ("deny", "§2.3"),
    ("deny", "§2.4 exec"),
    ("deny", "§2.4a"),
    ("deny", "§2.4b"),
    ("deny", "§2.5"),
    ("deny", "§2.6 group *"),
    ("deny", "§2.6 resource *"),
    ("deny", "§2.6 resource * of a group"),
    ("deny", "§2.6 resource * of an unknown group"),
    ("deny", "§2.6 verb *"),
    ("deny", "§3.2 equal"),
    ("deny", "§6.1"),
    ("deny", "§6.1 odd path"),
    ("deny", "§6.1 question"),
    ("deny", "§6.1 without suffix"),
    ("not", "§4.1 excluded"),
    ("not", "§4.1 not to child scopes"),
    ("not", "§4.1 notDataActions"),
    ("not", "§4.2 condition not true"),
    ("not", "§4.3 notDataActions"),
    ("not", "§4.5 role unknown"),
    ("not", "§4.6 bounded"),
    ("not", "§7.1 user-assigned"),
];

/// The same for conditions, when they are evaluated.
const CONDITIONS: [(&str, &str); 5] = [
    ("allow", "§5 condition true"),
    ("not", "§4.1 condition false"),
    ("not", "§5.2 attribute missing"),
    ("not", "§5.3 wrong type"),
    ("not", "§5.1 does not parse"),
];

/// The same for schedules.
const SCHEDULES: [(&str, &str); 3] =
    [("allow", "§4.6 bounded"), ("allow", "§4.6 by itself"), ("allow", "§4.6 at the edge")];

/// Everything that a run of so many cases reached too seldom.
pub(crate) fn missing(
    cases: u64,
    outcomes: &BTreeMap<String, u64>,
    reached: &Reached,
) -> Vec<String> {
    if cases < FROM {
        return Vec::new();
    }
    let least = LEAST * cases / 1_000_000;
    let rules = RULES.iter().chain(&CONDITIONS).chain(&SCHEDULES);
    let seldom = |count: Option<&u64>| count.is_none_or(|count| *count < least);
    let outcomes =
        OUTCOMES.into_iter().filter(|name| seldom(outcomes.get(*name))).map(str::to_owned);
    let rules = rules
        .filter(|rule| seldom(reached.get(*rule)))
        .map(|(what, rule)| format!("{what}: {rule}"));
    outcomes.chain(rules).collect()
}
