//! `kubentra init`: writes what a cluster needs to use the webhook.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use url::Url;

use super::error::CommandError;
use super::output::{self, Format, OutputArgs};
use super::policy;
use crate::authz::{ClusterScope, TenantId};
use crate::clock::Now;
use crate::setup::pki::Host;
use crate::setup::write::{self, Entry, Fate, Outcome};
use crate::setup::{Authority, InstalledPath, Plan, names};

/// Shown below `kubentra init --help`.
const FILES: &str = "\
Files: config.yaml, pki/{ca,server,apiserver-client}.{crt,key}, authn.kubeconfig, authz.kubeconfig, \
authorization-config.yaml, legacy-flags.txt, kubeadm-v1beta3.yaml, kubeadm-v1beta4.yaml, policy/.
A file that is there is kept, never overwritten. To renew a certificate, remove its .crt and run \
the same command again: the key is kept. Certificates of the server and the API server are valid \
for one year, the authority's for ten.";

/// Most that is read of `--authority-ca`, in bytes: a bundle of a hundred authorities has a fifth of it.
const MAX_AUTHORITY_CA: u64 = 1 << 20;

/// Write configuration, certificates and the API server's files for one cluster
#[derive(Debug, Args)]
#[command(after_help = FILES)]
pub(crate) struct InitArgs {
    /// Directory to write into; made if it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Azure resource id of the cluster: /subscriptions/…/managedClusters/NAME, connectedClusters or
    /// fleets
    #[arg(long, value_name = "ID", value_parser = policy::parse_cluster)]
    cluster_id: ClusterScope,
    /// Entra tenant whose tokens are accepted, as a GUID
    #[arg(long, value_name = "GUID")]
    tenant_id: TenantId,
    /// Address on which the webhook listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443", value_parser = parse_listen)]
    listen: SocketAddr,
    /// Address on which probes and metrics are served, without TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = parse_listen)]
    admin_listen: SocketAddr,
    /// Name or address at which the API server reaches the webhook, if it is not the one of --listen
    #[arg(long, value_name = "HOST")]
    host: Option<Host>,
    /// Ask the webhook before native RBAC, so that deny assignments also beat native bindings
    #[arg(long)]
    webhook_first: bool,
    /// Directory on the control-plane node where the files will lie, if it is not DIR
    #[arg(long, value_name = "PATH", value_parser = parse_installed)]
    install_path: Option<InstalledPath>,
    /// Sign-in endpoint of a custom cloud, for instance of kubentra-emulator
    #[arg(long, value_name = "URL", value_parser = parse_authority)]
    authority_url: Option<Url>,
    /// Certificates that the custom cloud's endpoints are trusted by; copied to
    /// pki/authority-ca.crt
    #[arg(long, value_name = "FILE", requires = "authority_url")]
    authority_ca: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Writes the files and says what to do next.
pub(crate) fn run(args: InitArgs) -> Result<ExitCode, CommandError> {
    let format = args.output.output;
    let (directory, plan) = plan(args)?;
    let outcome =
        write::write(&directory, &plan, Now::read().wall).map_err(CommandError::unreadable)?;
    match format {
        Format::Text => output::print(&text(&directory, &plan, &outcome))?,
        Format::Json => {
            let items: Vec<_> = outcome.entries.iter().map(entry_json).collect();
            output::print_json(&json!({ "items": items }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes the directory, so that it has an absolute name, and turns the arguments into a plan.
fn plan(args: InitArgs) -> Result<(PathBuf, Plan), CommandError> {
    let authority =
        args.authority_url.map(|url| authority(url, args.authority_ca.as_deref())).transpose()?;
    let directory = make_absolute(&args.out)?;
    let installed = match args.install_path {
        Some(path) => path,
        None => InstalledPath::try_from(directory.clone())
            .map_err(|error| CommandError::Usage(format!("--out: {error}")))?,
    };
    let plan = Plan {
        cluster: args.cluster_id,
        tenant: args.tenant_id,
        listen: args.listen,
        admin_listen: args.admin_listen,
        host: args.host.unwrap_or_else(|| reachable(args.listen.ip()).into()),
        webhook_first: args.webhook_first,
        authority,
        installed,
    };
    Ok((directory, plan))
}

/// A server that listens everywhere is reached through the loopback address.
fn reachable(listen: IpAddr) -> IpAddr {
    match listen {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => listen,
    }
}

/// A relative directory is resolved by the file system, since `..` may follow a symbolic link.
fn make_absolute(directory: &Path) -> Result<PathBuf, CommandError> {
    let wrong =
        |error| CommandError::unreadable(format!("cannot make `{}`: {error}", directory.display()));
    std::fs::create_dir_all(directory).map_err(wrong)?;
    if InstalledPath::try_from(directory.to_owned()).is_ok() {
        return Ok(directory.to_owned());
    }
    directory.canonicalize().map_err(wrong)
}

fn authority(url: Url, ca: Option<&Path>) -> Result<Authority, CommandError> {
    Ok(Authority { url, ca: ca.map(certificates).transpose()? })
}

/// The certificates in a PEM file. A key that lies beside them is left out: the copy is for everyone
/// to read.
fn certificates(file: &Path) -> Result<String, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| {
        CommandError::unreadable(format!("`{}` (--authority-ca): {error}", file.display()))
    };
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(|error| wrong(&error))?;
    opened.take(MAX_AUTHORITY_CA).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
    let (mut kept, mut inside) = (String::new(), false);
    for line in String::from_utf8_lossy(&bytes).lines().map(str::trim) {
        inside |= line == "-----BEGIN CERTIFICATE-----";
        if inside {
            kept.push_str(line);
            kept.push('\n');
        }
        inside &= line != "-----END CERTIFICATE-----";
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(kept.as_bytes()).collect();
    if !found.is_ok_and(|found| !found.is_empty()) {
        return Err(wrong(&"it holds no PEM certificate, or a damaged one"));
    }
    Ok(kept)
}

fn parse_installed(text: &str) -> Result<InstalledPath, String> {
    InstalledPath::try_from(PathBuf::from(text)).map_err(|error| error.to_string())
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "write an IP address and a port, for example `127.0.0.1:8443`".to_owned())?;
    if address.port() == 0 {
        return Err("port 0 is any port; write the one that is to be used".to_owned());
    }
    Ok(address)
}

fn parse_authority(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if url.scheme() != "https" || !url.has_host() || !bare {
        return Err("write `https://<host>[:<port>][/<path>]`".to_owned());
    }
    Ok(url)
}

fn entry_json(entry: &Entry) -> serde_json::Value {
    let (action, differs) = match entry.fate {
        Fate::Written => ("written", false),
        Fate::Kept => ("kept", false),
        Fate::KeptDifferent => ("kept", true),
    };
    json!({ "path": entry.path.to_string_lossy(), "action": action, "differs": differs })
}

fn text(directory: &Path, plan: &Plan, outcome: &Outcome) -> String {
    let mut text = String::new();
    for Entry { path, fate } in &outcome.entries {
        let path = path.display();
        let _ = match fate {
            Fate::Written => writeln!(text, "wrote  {path}"),
            Fate::Kept => writeln!(text, "kept   {path}"),
            Fate::KeptDifferent => writeln!(
                text,
                "kept   {path} (differs from what this command would write; remove it to have it anew)"
            ),
        };
    }
    let _ = write!(
        text,
        "
next:
1. put Azure's documents into {policy}, for example the output of
   `az role assignment list --all -o json` into {policy}/roleAssignments/all.json{copy}
2. kubentra check --config {config}
3. kubentra serve --config {config}
4. start kube-apiserver with {kubeadm} (or {kubeadm_old}),
   or before 1.32 with the flags of {legacy}
the certificates are good until {end}; {ca_key} is needed only to renew them: keep it elsewhere
",
        policy = directory.join(names::POLICY).display(),
        copy = if plan.installed.as_str() == directory.to_string_lossy() {
            String::new()
        } else {
            format!(
                "\n   and copy {} to {} on the control-plane node",
                directory.display(),
                plan.installed.as_str()
            )
        },
        config = plan.installed.file(names::CONFIG),
        kubeadm = plan.installed.file(names::KUBEADM_V1BETA4),
        kubeadm_old = names::KUBEADM_V1BETA3,
        legacy = names::LEGACY_FLAGS,
        end = outcome.pki.not_after.date(),
        ca_key = names::CA_KEY,
    );
    text
}
