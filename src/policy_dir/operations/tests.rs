use std::fs;

use super::*;

/// Reads a file with this content, and leaves the path of this machine out of the error.
fn read_bytes(bytes: &[u8]) -> Result<usize, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("operations.txt");
    fs::write(&path, bytes).unwrap();
    let folder = format!("{}/", dir.path().display());
    read(&path).map(|table| table.len()).map_err(|error| error.to_string().replace(&folder, ""))
}

#[test]
fn what_is_wrong_names_file_line_and_column() {
    let large = vec![b'#'; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
    #[rustfmt::skip]
    let cases = [
        // (bytes,                          the error,                                                       why)
        (b"pods/read\n b".as_slice(),       "operations.txt:2:2: `b` is no data operation",                  "no operation"),
        (b"a\nb",                           "operations.txt:1:1: `a` is no data operation; write one such as `apps/deployments/read`, without `*` (and 1 more", "two faults"),
        (b"pods/read\npods/\xff",           "operations.txt:2:6: this is not UTF-8",                         "another encoding"),
        (b"",                               "operations.txt:1:1: no data operation below a cluster type: ",  "nothing"),
        (&large,                            "operations.txt: the file is larger than 16 MiB",                "too large"),
    ];
    for (bytes, expected, why) in cases {
        let error = read_bytes(bytes).unwrap_err();
        assert!(error.starts_with(expected), "{why}: {error}");
    }
    assert_eq!(read_bytes(b"pods/read\n"), Ok(1));
}

#[test]
fn a_file_that_is_not_there_cannot_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nowhere.txt");
    for error in [read(&path).err(), fingerprint(&path).err(), content_digest(&path).err()] {
        assert!(matches!(error, Some(ReadPolicyError::Open { .. })), "{error:?}");
    }
    assert!(matches!(read(dir.path()), Err(ReadPolicyError::Open { .. })), "a folder");
}
