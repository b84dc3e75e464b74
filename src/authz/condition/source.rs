//! The four places where Azure's grammar looks for attributes.

/// Where an attribute is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Source {
    Request,
    Resource,
    Principal,
    Environment,
}

impl Source {
    pub(super) const ALL: [Self; 4] =
        [Self::Request, Self::Resource, Self::Principal, Self::Environment];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Resource => "Resource",
            Self::Principal => "Principal",
            Self::Environment => "Environment",
        }
    }
}
