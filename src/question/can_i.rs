//! A question in the words of the command line.

use thiserror::Error;

use crate::authz::{KnownOperations, NonResourceRequest, ResourceRequest, Target};

/// Longest word that is read, in bytes: no name in Kubernetes is longer, and no useful path.
const MAX_WORD: usize = 2048;

/// Why words are no question.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ParseTargetError {
    /// No verb.
    #[error("the verb is empty; write one such as `get`, or `*` for all")]
    EmptyVerb,
    /// A namespace that holds a slash.
    #[error("`{0}` is not a namespace")]
    Namespace(String),
    /// A namespace beside a path.
    #[error("a path has no namespace; leave `--namespace` out")]
    NamespaceOfPath,
    /// A resource in none of the forms.
    #[error(
        "`{0}` is not a resource; write `pods`, `deployments.apps`, `pods/log` or a path such as \
         `/version`"
    )]
    Resource(String),
    /// Longer than any real one.
    #[error("a word of {0} bytes is more than the {MAX_WORD} that are read")]
    TooLong(usize),
}

/// Reads `VERB RESOURCE[.GROUP][/SUB]` or `VERB /path`. `*` asks about everything (semantics §2.6);
/// an empty namespace is none.
///
/// # Errors
///
/// [`ParseTargetError`], which says what to write.
pub fn target(verb: &str, what: &str, namespace: Option<&str>) -> Result<Target, ParseTargetError> {
    let namespace = namespace.unwrap_or_default();
    for word in [verb, what, namespace] {
        if word.len() > MAX_WORD {
            return Err(ParseTargetError::TooLong(word.len()));
        }
    }
    if verb.is_empty() {
        return Err(ParseTargetError::EmptyVerb);
    }
    if namespace.contains('/') {
        return Err(ParseTargetError::Namespace(namespace.to_owned()));
    }
    if what.starts_with('/') {
        if !namespace.is_empty() {
            return Err(ParseTargetError::NamespaceOfPath);
        }
        let (verb, path) = (verb.to_owned(), what.to_owned());
        return Ok(Target::NonResource(NonResourceRequest { verb, path }));
    }
    let wrong = || ParseTargetError::Resource(what.to_owned());
    let (kind, subresource) = split(what, '/').ok_or_else(wrong)?;
    let (resource, group) = split(kind, '.').ok_or_else(wrong)?;
    if resource.is_empty() || subresource.contains('/') {
        return Err(wrong());
    }
    Ok(Target::Resource(ResourceRequest {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        name: String::new(),
        namespace: namespace.to_owned(),
    }))
}

/// Splits at the first `at`, behind which something must follow.
fn split(text: &str, at: char) -> Option<(&str, &str)> {
    match text.split_once(at) {
        None => Some((text, "")),
        Some((_, "")) => None,
        both => both,
    }
}

/// What the asker probably meant, where the core group has no such resource and another has:
/// `deployments` is `deployments.apps`. The question is answered as it was asked all the same.
pub fn misnamed(target: &Target, operations: &KnownOperations) -> Option<String> {
    let Target::Resource(asked) = target else { return None };
    if !asked.group.is_empty() || operations.knows("", &asked.resource) {
        return None;
    }
    let mut groups: Vec<_> = operations
        .iter()
        .filter_map(|operation| {
            let mut segments = operation.split('/');
            let group = segments.next()?;
            let named = segments.next()? == asked.resource;
            (named && operations.knows(group, &asked.resource)).then_some(group)
        })
        .collect();
    groups.sort_unstable();
    groups.dedup();
    if groups.is_empty() {
        return None;
    }
    let resource = &asked.resource;
    let named: Vec<_> = groups.iter().map(|group| format!("`{resource}.{group}`")).collect();
    Some(format!(
        "`{resource}` is no known resource of the core group; for another group write {}",
        named.join(" or ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(verb: &str, group: &str, resource: &str, sub: &str, namespace: &str) -> Target {
        Target::Resource(ResourceRequest {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: sub.to_owned(),
            name: String::new(),
            namespace: namespace.to_owned(),
        })
    }

    #[test]
    fn words_become_a_question() {
        #[rustfmt::skip]
        let cases = [
            ("get", "pods",                   None,        resource("get", "", "pods", "", ""),            "a core resource"),
            ("get", "pods",                   Some("dev"), resource("get", "", "pods", "", "dev"),         "in a namespace"),
            ("get", "pods",                   Some(""),    resource("get", "", "pods", "", ""),            "an empty namespace is none"),
            ("get", "deployments.apps",       None,        resource("get", "apps", "deployments", "", ""), "with its group"),
            ("get", "pods.metrics.k8s.io",    None,        resource("get", "metrics.k8s.io", "pods", "", ""), "a group has dots"),
            ("get", "pods/log",               None,        resource("get", "", "pods", "log", ""),         "a subresource"),
            ("get", "deployments.apps/scale", None,        resource("get", "apps", "deployments", "scale", ""), "all three"),
            ("*",   "*.*",                    None,        resource("*", "*", "*", "", ""),                "everything"),
        ];
        for (verb, what, namespace, expected, why) in cases {
            assert_eq!(target(verb, what, namespace), Ok(expected), "{why}");
        }
        let path = NonResourceRequest { verb: "get".to_owned(), path: "/metrics".to_owned() };
        assert_eq!(target("get", "/metrics", None), Ok(Target::NonResource(path)));
    }

    #[test]
    fn words_that_are_no_question_are_refused_with_what_to_write() {
        let long = "a".repeat(MAX_WORD + 1);
        let cases = [
            ("", "pods", None),
            ("get", "", None),
            ("get", "pods.", None),
            ("get", ".apps", None),
            ("get", "pods/", None),
            ("get", "pods/log/x", None),
            ("get", "pods", Some("a/b")),
            ("get", "/version", Some("dev")),
            ("get", &long, None),
        ];
        let messages: String = cases
            .into_iter()
            .map(|(verb, what, namespace)| {
                format!("{}\n", target(verb, what, namespace).unwrap_err())
            })
            .collect();
        insta::assert_snapshot!(messages);
    }

    #[test]
    fn a_resource_without_its_group_gets_a_hint() {
        let table = "pods/read\napps/deployments/read\nextensions/deployments/read\n\
                     metrics.k8s.io/pods/read\napis/apps/v1/read\n";
        let table = KnownOperations::of(table.lines()).unwrap();
        #[rustfmt::skip]
        let cases = [
            ("deployments",       Some("`deployments.apps` or `deployments.extensions`"), "two groups"),
            ("pods",              None, "the core group has it"),
            ("deployments.apps",  None, "the group is given"),
            ("widgets",           None, "nobody knows it"),
            ("v1",                None, "a segment of a path is no resource"),
            ("*",                 None, "everything"),
        ];
        for (what, expected, why) in cases {
            let hint = misnamed(&target("get", what, None).unwrap(), &table);
            let ends = expected.map(|e| hint.as_deref().is_some_and(|hint| hint.ends_with(e)));
            assert!(ends.unwrap_or(hint.is_none()), "{why}: {hint:?}");
        }
    }
}
