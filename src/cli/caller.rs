//! Whom a question is about: `--oid`, `--group`, `--mirid`.

use clap::Args;

use super::error::CommandError;
use crate::authz::{ObjectId, Principal, Scope};

/// The caller that a question is about, as its token would say.
#[derive(Clone, Debug, Args)]
pub(crate) struct CallerArgs {
    /// Object id of the user, service principal or managed identity
    #[arg(long, value_name = "GUID")]
    oid: ObjectId,
    /// Object id of a group that it is in, transitively; repeat for each
    #[arg(long = "group", value_name = "GUID")]
    groups: Vec<ObjectId>,
    /// Azure resource id of the managed identity that it is, for trusted access
    #[arg(long, value_name = "ID")]
    mirid: Option<Scope>,
}

impl CallerArgs {
    /// The caller.
    ///
    /// # Errors
    ///
    /// [`CommandError::Usage`] for the all-zero object id, which is nobody's.
    pub(crate) fn principal(self) -> Result<Principal, CommandError> {
        Principal::new(self.oid, self.groups, self.mirid).ok_or_else(|| {
            CommandError::Usage(
                "`--oid` is all zeros, which means everyone and is no caller; write the object id \
                 of one"
                    .to_owned(),
            )
        })
    }
}
