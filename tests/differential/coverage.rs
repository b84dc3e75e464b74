//! What a run must have reached, so that "no difference" means something.

use std::collections::BTreeMap;

use crate::reference::Reached;
use crate::reference::condition::compare::{NAMES, QUANTIFIERS};

/// Cases below which nothing is asked of a run: too few to reach everything.
const FROM: u64 = 1_000_000;
/// Least number of decisions for each rule in a million cases. With seed 1 none has fewer than 1,100;
/// other seeds differ, since a rule is reached often in a few policies and not at all in others.
const LEAST: u64 = 500;

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
const RULES: [(&str, &str); 50] = [
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
    ("allow", "§7.1 Succeeded"),
    ("allow", "§7.1 Updating"),
    ("allow", "§7.2 odd"),
    ("deny", "odd name"),
    ("deny", "§2.2"),
    ("deny", "§2.3"),
    ("deny", "§2.4 exec"),
    ("deny", "§2.4a"),
    ("deny", "§2.4b"),
    ("deny", "§2.5"),
    ("deny", "§2.6 */subresource"),
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
    ("not", "§4.3 notDataActions"),
    ("not", "§4.5 role unknown"),
    ("not", "§7.1 user-assigned"),
];

/// The same for conditions (semantics §5): what each part was, how often.
const CONDITIONS: [(&str, &str); 25] = [
    ("allow", "§5 condition true"),
    ("deny", "§4.1 condition true"),
    ("deny", "§4.1 condition unknown"),
    ("not", "§4.1 condition false"),
    ("not", "§4.2 condition false"),
    ("not", "§4.2 condition unknown"),
    ("true", "ActionMatches"),
    ("false", "ActionMatches"),
    // Only a question can be covered in part (§2.6).
    ("unknown", "ActionMatches"),
    ("false", "SubOperationMatches"),
    ("true", "Exists"),
    ("false", "Exists"),
    ("true", "§5.2 NOT"),
    ("false", "§5.2 NOT"),
    ("unknown", "§5.2 NOT"),
    ("unknown", "§5.2 AND"),
    ("unknown", "§5.2 OR"),
    ("true", "§5.4 UtcNow at the edge"),
    ("false", "§5.4 UtcNow at the edge"),
    ("true", "§5.4 group"),
    ("true", "§5.4 kind"),
    ("true", "§5.4 subresource"),
    ("unknown", "§5.1 does not parse"),
    ("unknown", "§5.2 attribute missing"),
    ("unknown", "§5.3 wrong type"),
];

/// The same for schedules (semantics §4.6). An edge has one side on which the assignment may be in force.
const SCHEDULES: [(&str, &str); 14] = [
    ("allow", "§4.6 bounded"),
    ("allow", "§4.6 bounded by several"),
    ("not", "§4.6 bounded"),
    ("not", "§4.6 bounded by several"),
    ("allow", "§4.6 at the start"),
    ("not", "§4.6 1 ns before the start"),
    ("allow", "§4.6 1 ns after the start"),
    ("not", "§4.6 1 s before the start"),
    ("allow", "§4.6 1 s after the start"),
    ("not", "§4.6 at the end"),
    ("allow", "§4.6 1 ns before the end"),
    ("not", "§4.6 1 ns after the end"),
    ("allow", "§4.6 1 s before the end"),
    ("not", "§4.6 1 s after the end"),
];

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
    let operators =
        NAMES.into_iter().chain(QUANTIFIERS).flat_map(|name| [("true", name), ("false", name)]);
    let rules = RULES.into_iter().chain(CONDITIONS).chain(SCHEDULES).chain(operators);
    let seldom = |count: Option<&u64>| count.is_none_or(|count| *count < least);
    let outcomes =
        OUTCOMES.into_iter().filter(|name| seldom(outcomes.get(*name))).map(str::to_owned);
    let rules = rules
        .filter(|rule| seldom(reached.get(rule)))
        .map(|(what, rule)| format!("{what}: {rule}"));
    outcomes.chain(rules).collect()
}
