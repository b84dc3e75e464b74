//! The directory: who exists, and who is in which group. Never policy.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, io};

use serde::Deserialize;
use thiserror::Error;
use uuid::Uuid;

use self::file::File;

/// Bytes of a `directory.yaml` at most; a larger one is refused unread.
pub const MAX_DIRECTORY_BYTES: u64 = 8 << 20;
/// Users, groups, service principals and managed identities together.
pub const MAX_DIRECTORY_OBJECTS: usize = 50_000;

/// A checked directory. Every tenant and member that it names exists in it.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    tenants: Vec<Uuid>,
    identities: Vec<Identity>,
    by_id: BTreeMap<Uuid, usize>,
    by_name: BTreeMap<String, Vec<usize>>,
    by_app: BTreeMap<(Uuid, Uuid), usize>,
    /// Groups of which a user, program or group is a direct member.
    groups_of: BTreeMap<Uuid, Vec<Uuid>>,
}

/// A user or a program that tokens are made out to.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Object id.
    pub id: Uuid,
    /// Tenant in which it lives.
    pub tenant: Uuid,
    /// Name for people; never decides anything.
    pub name: Option<String>,
    /// What it is.
    pub kind: IdentityKind,
}

/// What an [`Identity`] is.
#[derive(Clone, Debug)]
pub enum IdentityKind {
    /// A person.
    User {
        /// User principal name.
        upn: String,
    },
    /// An application's object in a tenant.
    ServicePrincipal {
        /// Client id.
        app_id: Uuid,
        /// Client secret; without one it cannot ask for a token itself.
        secret: Option<Secret>,
    },
    /// A managed identity of Azure.
    ManagedIdentity {
        /// Client id.
        app_id: Uuid,
        /// ARM id of the resource to which it belongs: the `xms_mirid` of its tokens.
        resource_id: String,
    },
}

/// A client secret, which `Debug` does not print.
#[derive(Clone, Deserialize, Eq, PartialEq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Whether `offered` is this secret.
    pub fn is(&self, offered: &str) -> bool {
        self.0 == offered
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Directory {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    ///
    /// [`LoadDirectoryError`]: unreadable, too large, or what [`Directory::parse`] refuses.
    pub fn load(path: &Path) -> Result<Self, LoadDirectoryError> {
        let read = |source| LoadDirectoryError::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(read)?.len() > MAX_DIRECTORY_BYTES {
            return Err(LoadDirectoryError::TooLarge(path.to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(read)?;
        Self::parse(&text)
            .map_err(|source| LoadDirectoryError::Parse { path: path.to_owned(), source })
    }

    /// Parses the text of a `directory.yaml` (contract, programs).
    ///
    /// Every object may carry a `name`, by which control calls can name it; service principals and
    /// managed identities belong to the first tenant unless they say `tenant`. Members are ids of
    /// users, groups, service principals or managed identities; groups may nest, also in circles.
    ///
    /// # Errors
    ///
    /// [`ParseDirectoryError`], with line and column for a syntax error or an unknown key.
    pub fn parse(text: &str) -> Result<Self, ParseDirectoryError> {
        let file = serde_saphyr::from_str::<File>(text)
            .map_err(|error| ParseDirectoryError::Syntax(Box::new(error)))?;
        Self::try_from(file)
    }

    /// The tenants, in the order of the file; at least one.
    pub fn tenants(&self) -> &[Uuid] {
        &self.tenants
    }

    /// The users and programs, in the order of the file.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Finds an identity by object id, name, UPN or client id, without regard to case.
    ///
    /// # Errors
    ///
    /// [`FindIdentityError`] if there is none, or several of that name.
    pub fn find(&self, name: &str) -> Result<&Identity, FindIdentityError> {
        let by_id = name.parse().ok().and_then(|id: Uuid| self.by_id.get(&id));
        let index = match (by_id, self.by_name.get(&name.to_lowercase()).map(Vec::as_slice)) {
            (Some(index), _) | (None, Some([index])) => *index,
            (None, Some([_, _, ..])) => return Err(FindIdentityError::Ambiguous(name.to_owned())),
            (None, Some([]) | None) => return Err(FindIdentityError::Unknown(name.to_owned())),
        };
        self.identities.get(index).ok_or_else(|| FindIdentityError::Unknown(name.to_owned()))
    }

    /// The program of `tenant` whose client id is `app_id`.
    pub fn application(&self, tenant: Uuid, app_id: Uuid) -> Option<&Identity> {
        self.identities.get(*self.by_app.get(&(tenant, app_id))?)
    }

    /// All groups of which `id` is a member, directly or through groups, in ascending order; a
    /// group in a circle is its own member. Empty for an id that is not in the directory.
    pub fn groups_of(&self, id: Uuid) -> BTreeSet<Uuid> {
        let mut found = BTreeSet::new();
        let mut open = vec![id];
        while let Some(member) = open.pop() {
            let groups = self.groups_of.get(&member).into_iter().flatten();
            open.extend(groups.copied().filter(|&group| found.insert(group)));
        }
        found
    }

    fn add(&mut self, identity: Identity, names: &[&str]) -> Result<(), ParseDirectoryError> {
        if !self.tenants.contains(&identity.tenant) {
            return Err(ParseDirectoryError::UnknownTenant(identity.tenant, identity.id));
        }
        let index = self.identities.len();
        if self.by_id.insert(identity.id, index).is_some() {
            return Err(ParseDirectoryError::Duplicate(identity.id));
        }
        if let Some(app_id) = identity.kind.app_id()
            && self.by_app.insert((identity.tenant, app_id), index).is_some()
        {
            return Err(ParseDirectoryError::DuplicateApplication(app_id));
        }
        for name in names {
            let named = self.by_name.entry(name.to_lowercase()).or_default();
            if !named.contains(&index) {
                named.push(index);
            }
        }
        self.identities.push(identity);
        Ok(())
    }
}

impl IdentityKind {
    /// Client id of a program; a user has none.
    pub fn app_id(&self) -> Option<Uuid> {
        match self {
            Self::User { .. } => None,
            Self::ServicePrincipal { app_id, .. } | Self::ManagedIdentity { app_id, .. } => {
                Some(*app_id)
            }
        }
    }
}

/// Why a directory file cannot be used.
#[derive(Debug, Error)]
pub enum LoadDirectoryError {
    /// The file cannot be read.
    #[error("cannot read directory file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// Larger than [`MAX_DIRECTORY_BYTES`].
    #[error("directory file `{}` is larger than {MAX_DIRECTORY_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Read, but not a directory.
    #[error("cannot use directory file `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ParseDirectoryError,
    },
}

/// Why a text is not a [`Directory`].
#[derive(Debug, Error)]
pub enum ParseDirectoryError {
    /// Not YAML, an unknown key, or a value of the wrong type.
    #[error(transparent)]
    Syntax(Box<serde_saphyr::Error>),
    /// `tenants` is empty.
    #[error("`tenants` is empty: name at least one tenant id")]
    NoTenant,
    /// More than [`MAX_DIRECTORY_OBJECTS`].
    #[error("the directory holds more than {MAX_DIRECTORY_OBJECTS} objects")]
    TooManyObjects,
    /// The same object id twice.
    #[error("object id `{0}` is used twice: give each object its own")]
    Duplicate(Uuid),
    /// The same client id twice in a tenant.
    #[error("client id `{0}` is used twice in its tenant: give each program its own")]
    DuplicateApplication(Uuid),
    /// An identity's tenant is not listed.
    #[error("tenant `{0}` of `{1}` is not in `tenants`: add it there")]
    UnknownTenant(Uuid, Uuid),
    /// A member is not in the directory.
    #[error(
        "member `{0}` of group `{1}` is not in the directory: add it as a user, group, service principal or managed identity"
    )]
    UnknownMember(Uuid, Uuid),
}

/// Why a name stands for no identity.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum FindIdentityError {
    /// Nobody has it.
    #[error("identity `{0}` is not in the directory: name it by object id, name, UPN or client id")]
    Unknown(String),
    /// Several have it.
    #[error("identity `{0}` stands for several: name it by object id")]
    Ambiguous(String),
}
