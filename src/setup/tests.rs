use super::*;

#[test]
fn a_path_can_be_written_into_every_file() {
    #[rustfmt::skip]
    let cases = [
        ("/etc/kubernetes/kubentra",    Some("/etc/kubernetes/kubentra"), "as it is"),
        ("/etc//kubernetes/./kubentra/", Some("/etc/kubernetes/kubentra"), "cleaned"),
        ("/a b/é",                      Some("/a b/é"),                   "quoted where needed"),
        ("etc/kubernetes",              None,                             "relative"),
        ("/etc/../kubernetes",          None,                             "`..` may follow a link"),
        ("/etc/a\nb",                   None,                             "a line feed"),
        ("",                            None,                             "nothing"),
    ];
    for (path, expected, why) in cases {
        let path = InstalledPath::try_from(PathBuf::from(path)).ok();
        assert_eq!(path.as_ref().map(InstalledPath::as_str), expected, "{why}");
    }
    let root = InstalledPath::try_from(PathBuf::from("/")).unwrap();
    assert_eq!(root.file("config.yaml"), "/config.yaml");
}
