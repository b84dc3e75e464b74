//! Names that depend on what they name.

use aws_lc_rs::digest::{SHA256, digest};

/// The first hexadecimal digits of a digest.
pub(crate) fn hash(of: &[u8], digits: usize) -> String {
    let digest = digest(&SHA256, of);
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    digest.chars().take(digits).collect()
}
