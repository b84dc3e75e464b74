use super::*;

fn list(text: &str) -> Vec<String> {
    read(text)
        .unwrap_or_else(|faults| panic!("{faults:?}: {text}"))
        .iter()
        .map(String::from)
        .collect()
}

/// What `az provider operation show` prints, much shortened.
const AZ: &str = r#"{
  "displayName": "Microsoft Container Service",
  "id": "/providers/Microsoft.Authorization/providerOperations/Microsoft.ContainerService",
  "name": "Microsoft.ContainerService",
  "operations": [
    {"name": "Microsoft.ContainerService/register/action", "isDataAction": false, "origin": "user,system"}
  ],
  "resourceTypes": [
    {"name": "managedClusters", "operations": [
      {"name": "Microsoft.ContainerService/managedClusters/read", "isDataAction": false},
      {"name": "Microsoft.ContainerService/managedclusters/widgets.io/widgets/read", "isDataAction": true, "properties": null}
    ]},
    {"name": "fleets/members", "operations": [
      {"name": "Microsoft.ContainerService/fleets/members/read", "isDataAction": false},
      {"name": "Microsoft.ContainerService/fleets/members/pods/exec/action", "isDataAction": true}
    ]},
    {"name": "openShiftClusters", "operations": [
      {"name": "Microsoft.ContainerService/openShiftClusters/pods/write", "isDataAction": true}
    ]},
    {"name": "locations", "operations": null}
  ],
  "type": "Microsoft.Authorization/providerOperations"
}"#;

#[test]
fn a_list_is_read_in_every_notation() {
    let of_az = ["pods/exec/action", "widgets.io/widgets/read"].as_slice();
    let listed = format!("[{AZ}]");
    let plain = r#"[
        {"name": "Microsoft.Kubernetes/connectedClusters/pods/exec/action", "isDataAction": true},
        {"name": "Microsoft.Kubernetes/connectedClusters/read"},
        "widgets.io/widgets/read"
    ]"#;
    #[rustfmt::skip]
    let cases = [
        // (text,                                            operations,       why)
        ("pods/read",                                        ["pods/read"].as_slice(), "no line end"),
        ("# ours\n\n  pods/read \r\n\tpods/read\n",          &["pods/read"],   "remarks, blank lines, space, and twice the same"),
        ("\u{feff}pods/read\n",                              &["pods/read"],   "a byte-order mark"),
        ("Microsoft.ContainerService/managedClusters/a/b/read\nMicrosoft.Kubernetes/connectedClusters/a/b/read\nMicrosoft.ContainerService/fleets/a/b/read\nMicrosoft.ContainerService/fleets/members/a/b/read",
                                                             &["a/b/read"],    "every cluster type, and the members of a fleet"),
        ("MICROSOFT.containerservice/MANAGEDclusters/Apps/x/read", &["Apps/x/read"], "letter case of the type does not matter; that of the rest stays"),
        (AZ,                                                 of_az,            "what az prints"),
        (&listed,                                            of_az,            "a list of it"),
        (plain,                                              of_az,            "a list of operations and strings"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(list(text), expected, "{why}");
    }
}

#[test]
fn what_is_no_list_of_operations_is_named_with_its_place() {
    #[rustfmt::skip]
    let cases = [
        // (what,                        text)
        ("nothing",                      ""),
        ("nothing but a remark",         "# pods/read\n"),
        ("an empty list",                " []"),
        ("only control-plane actions",   r#"{"operations": [{"name": "Microsoft.ContainerService/managedClusters/read", "isDataAction": false}]}"#),
        ("operations of no cluster",     r#"[{"name": "Microsoft.Storage/blobs/read", "isDataAction": true}]"#),
        ("another object",               r#"{"value": ["pods/read"]}"#),
        ("no operation",                 "pods/read\n  pods\n"),
        ("two faults",                   "pods\npods/read\n*/read\n"),
        ("the name of a type alone",     "Microsoft.ContainerService/managedClusters/read"),
        ("a type glued to a name",       "Microsoft.ContainerService/managedClustersX/pods/read"),
        ("another provider",             "microsoft.compute/virtualMachines/read"),
        ("a YAML list",                  "- pods/read"),
        ("a remark behind an operation", "pods/read # ours"),
        ("no JSON",                      "[\n  \"pods/read\",\n]"),
        ("a number",                     "[\"pods/read\", 1]"),
        ("a string for a truth value",   "[{\"name\": \"pods/read\", \"isDataAction\": \"true\"}]"),
        ("a data action without name",   "[{\"isDataAction\": true}]"),
        ("a data action without suffix", "[{\"name\": \"Microsoft.Kubernetes/connectedClusters/pods\", \"isDataAction\": true}]"),
        ("types that are no list",       r#"{"resourceTypes": {}}"#),
        ("a control character",          "pods\u{7}/read"),
    ];
    let mut table = String::new();
    for (what, text) in cases {
        let faults = read(text).expect_err(what);
        table.push_str(&format!("{what}:\n"));
        for fault in faults {
            table.push_str(&format!("  {fault}\n"));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_list_that_is_too_long_is_one_fault() {
    let many: String = (0..20_001).map(|n| format!("r{n}/read\n")).collect();
    let faults = read(&format!("{many}pods/read\n")).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].to_string(), "20001:1: more than 20000 data operations");
}

#[test]
fn the_built_in_list_reads_the_same_below_a_cluster_type() {
    let text = include_str!("../../../policies/data-actions.txt");
    let short = read(text).unwrap();
    assert_eq!(short.len(), text.lines().count(), "each line of it once");
    let long: String =
        text.lines().map(|l| format!("Microsoft.ContainerService/fleets/members/{l}\n")).collect();
    assert_eq!(read(&long).unwrap(), short, "below a cluster type");
}

proptest::proptest! {
    /// Whatever is in the file, reading answers.
    #[test]
    fn reading_never_panics(text in proptest::prelude::any::<String>()) {
        let _ = read(&text);
        let _ = read(&format!("[{{\"name\": {text:?}, \"isDataAction\": true}}]"));
    }
}
