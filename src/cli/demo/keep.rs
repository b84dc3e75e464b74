//! `kubentra demo --keep`: what is left running, and commands to try.

use std::fmt::Write as _;

use serde::Serialize;

use super::text::heading;
use crate::demo::Demo;
use crate::demo::company::{ALICE, CLUSTER};

/// What is left running.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    /// The folder that the commands are to be run in.
    directory: String,
    /// Address of the webhook.
    webhook: String,
    /// Address of health and metrics.
    admin: String,
    /// Address of the authority.
    authority: String,
    /// What to try.
    commands: Vec<Command>,
}

/// One command to try.
#[derive(Debug, Serialize)]
struct Command {
    what: &'static str,
    /// For a shell in [`Kept::directory`].
    command: String,
}

impl Kept {
    /// The commands for this demo.
    pub(super) fn new(demo: &Demo) -> Self {
        let (webhook, admin) = (demo.webhook_url(), demo.admin_url());
        let authority = demo.authority_url().to_owned();
        let kubentra = std::env::current_exe();
        let kubentra =
            kubentra.map_or_else(|_| "kubentra".into(), |p| quoted(&p.to_string_lossy()));
        let mint = format!(
            "curl -sS --cacert entra/ca.crt {authority}/_emulator/tokens -d '{{\"identity\": \"bob\"}}'"
        );
        #[rustfmt::skip]
        let commands = [
            ("ask the webhook, as the API server does", format!(
                "curl -sS --cacert pki/ca.crt --cert pki/apiserver-client.crt --key pki/apiserver-client.key \\\n  \
                 {webhook}/authorize -d @reviews/alice-list-secrets-shop.json -w '\\n'"
            )),
            ("every rule that was tried for carol and the payment secrets", format!(
                "{kubentra} explain -f reviews/carol-list-secrets-payments.json --policy policy \\\n  --cluster {CLUSTER}"
            )),
            ("the same policy without a server", format!(
                "{kubentra} can-i list pods -n shop --oid {ALICE} --policy policy \\\n  --cluster {CLUSTER}"
            )),
            ("who can delete pods in payments", format!(
                "{kubentra} who-can delete pods -n payments --config config.yaml"
            )),
            ("have a token minted, good, or bad with \"flaw\": \"expired\"", mint.clone()),
            ("look into it, check by check", format!(
                "{mint} |\n  sed 's/.*:\"//; s/\".*//' | {kubentra} token inspect --config config.yaml"
            )),
            ("what the webhook has counted", format!(
                "curl -sS {admin}/metrics | grep kubentra_decisions_total"
            )),
            ("take alice's role away, then ask the webhook again", format!(
                "rm policy/roleAssignments/alice-reader-in-shop.json; sleep 1\n\
                 curl -sS --cacert pki/ca.crt --cert pki/apiserver-client.crt --key pki/apiserver-client.key \\\n  \
                 {webhook}/authorize -d @reviews/alice-list-pods-shop.json -w '\\n'"
            )),
        ];
        let commands = commands.map(|(what, command)| Command { what, command }).into();
        let directory = demo.folder().to_string_lossy().into_owned();
        Self { directory, webhook, admin, authority, commands }
    }
}

/// The commands, ready to be copied.
pub(super) fn text(kept: &Kept) -> String {
    let mut text = heading("Try it", "in another shell; each works as it stands");
    let _ = writeln!(text, "cd {}", quoted(&kept.directory));
    for Command { what, command } in &kept.commands {
        let _ = writeln!(text, "\n# {what}\n{command}");
    }
    let _ = writeln!(
        text,
        "\nIt runs until Ctrl-C. The folder stays after that: rm -r {}",
        quoted(&kept.directory)
    );
    text
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        for (word, expected) in
            [("/tmp/a-b", "/tmp/a-b"), ("/a b", "'/a b'"), ("it's", r"'it'\''s'"), ("", "''")]
        {
            assert_eq!(quoted(word), expected);
        }
    }
}
