use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::authz::{ClusterScope, DecisionRules};
use crate::builtin;
use crate::service::policy_store::PolicyReader;

const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";

fn sync(dir: &Path) -> (PolicySync, PolicyReader) {
    let setting = PolicySetting {
        cluster: ClusterScope::new(CLUSTER.parse().unwrap(), &[], None).unwrap(),
        operations: builtin::operations().unwrap(),
        rules: DecisionRules::default(),
    };
    let (store, reader) = PolicyStore::new();
    (PolicySync::new(dir.to_owned(), setting, store), reader)
}

/// A directory with so many role assignments in one file.
fn directory(assignments: usize) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("roleAssignments")).unwrap();
    write(dir.path(), assignments);
    dir
}

fn write(dir: &Path, assignments: usize) {
    let one = |n: usize| {
        format!(
            "- {{id: /a/{n}, scope: /, principalId: b0000000-0000-4000-8000-000000000001, roleDefinitionId: 7f6c6a51-bcf8-42ba-9220-52d62157d7db}}\n"
        )
    };
    let text: String = (0..assignments).map(one).collect();
    fs::write(dir.join("roleAssignments/a.yaml"), if text.is_empty() { "[]" } else { &text })
        .unwrap();
}

fn in_force(reader: &PolicyReader) -> Option<(u64, usize)> {
    let published = reader.latest()?;
    Some((published.generation, published.policy.documents().role_assignments.len()))
}

fn error(sync: &PolicySync) -> Option<String> {
    sync.status().borrow().last_error.clone()
}

#[tokio::test]
async fn the_generation_rises_with_the_content_only() {
    let dir = directory(1);
    let (mut sync, reader) = sync(dir.path());
    let start = Now::read();
    sync.look(start).await;
    assert_eq!(in_force(&reader), Some((1, 1)));
    write(dir.path(), 1);
    let later = Now { monotonic: start.monotonic + Duration::from_secs(5), ..start };
    sync.look(later).await;
    assert_eq!(in_force(&reader), Some((1, 1)), "written again, with the same content");
    assert_eq!(reader.latest().unwrap().read_at, later.monotonic, "but as fresh as the last look");
    write(dir.path(), 2);
    sync.look(later).await;
    assert_eq!(in_force(&reader), Some((2, 2)));
}

#[tokio::test]
async fn an_unchanged_directory_never_ages_and_a_broken_one_does() {
    let dir = directory(1);
    let (mut sync, reader) = sync(dir.path());
    let start = Now::read();
    let at = |seconds| Now { monotonic: start.monotonic + Duration::from_secs(seconds), ..start };
    for seconds in 0..20 {
        sync.look(at(seconds)).await;
        assert_eq!(reader.latest().unwrap().read_at, at(seconds).monotonic, "settling or settled");
    }
    fs::write(dir.path().join("roleAssignments/b.yaml"), "- {}").unwrap();
    for seconds in 20..40 {
        sync.look(at(seconds)).await;
        assert_eq!(reader.latest().unwrap().read_at, at(19).monotonic);
        assert_eq!(in_force(&reader), Some((1, 1)), "the last good one is kept");
        let error = error(&sync).unwrap();
        assert!(
            error.contains("roleAssignments/b.yaml:1:3: this role assignment has no"),
            "{error}"
        );
    }
    fs::remove_file(dir.path().join("roleAssignments/b.yaml")).unwrap();
    sync.look(at(40)).await;
    assert_eq!(in_force(&reader), Some((1, 1)), "mended, with the same content");
    assert_eq!((reader.latest().unwrap().read_at, error(&sync)), (at(40).monotonic, None));
}

#[tokio::test]
async fn a_directory_that_is_missing_or_emptied_by_mistake_is_no_policy() {
    let dir = directory(1);
    let (mut sync, reader) = sync(&dir.path().join("policy"));
    sync.look(Now::read()).await;
    assert_eq!(in_force(&reader), None);
    assert!(error(&sync).unwrap().starts_with("cannot open `"));

    fs::create_dir_all(dir.path().join("policy/roleAssignments")).unwrap();
    write(&dir.path().join("policy"), 3);
    sync.look(Now::read()).await;
    assert_eq!((in_force(&reader), error(&sync)), (Some((1, 3)), None));

    fs::write(dir.path().join("policy/roleAssignments/a.yaml"), "").unwrap();
    sync.look(Now::read()).await;
    assert_eq!(in_force(&reader), Some((1, 3)), "a file cut to nothing is not a policy of nothing");
    fs::remove_dir_all(dir.path().join("policy")).unwrap();
    sync.look(Now::read()).await;
    assert_eq!(in_force(&reader), Some((1, 3)));
    fs::create_dir(dir.path().join("policy")).unwrap();
    sync.look(Now::read()).await;
    assert_eq!(in_force(&reader), Some((2, 0)), "an empty directory is one");
}

#[tokio::test]
async fn a_second_write_that_leaves_no_trace_is_found_while_settling() {
    let dir = directory(1);
    let (mut sync, reader) = sync(dir.path());
    sync.look(Now::read()).await;
    // As if the second write had come within one tick of the file system's clock.
    write(dir.path(), 2);
    sync.seen.as_mut().unwrap().fingerprint = sync.files.fingerprint().unwrap();
    sync.look(Now::read()).await;
    assert_eq!(in_force(&reader), Some((2, 2)));
}

/// Two versions of a policy of two files, swapped as fast as a thread can: what is published is one
/// of them and never half of each.
#[test]
fn a_directory_seen_in_the_middle_of_a_change_is_never_published() {
    let dir = tempfile::tempdir().unwrap();
    for (version, assignments) in [("..one", 1), ("..two", 2)] {
        for file in ["roleAssignments", "roleAssignmentScheduleInstances"] {
            let folder = dir.path().join(version).join(file);
            fs::create_dir_all(&folder).unwrap();
            let one = |n: usize| {
                format!(
                    "- {{id: /a/{n}, scope: /, principalId: b0000000-0000-4000-8000-000000000001, roleDefinitionId: 7f6c6a51-bcf8-42ba-9220-52d62157d7db}}\n"
                )
            };
            let text: String = (0..assignments).map(one).collect();
            fs::write(folder.join("a.yaml"), text).unwrap();
            if version == "..one" {
                let target = Path::new("..data").join(file);
                std::os::unix::fs::symlink(target, dir.path().join(file)).unwrap();
            }
        }
    }
    let swap = |version: &str| {
        std::os::unix::fs::symlink(version, dir.path().join("..new")).unwrap();
        fs::rename(dir.path().join("..new"), dir.path().join("..data")).unwrap();
    };
    swap("..one");
    let (mut sync, reader) = sync(dir.path());
    let (stop, mut seen) = (AtomicBool::new(false), BTreeSet::new());
    std::thread::scope(|threads| {
        threads.spawn(|| {
            // Some pauses are shorter than a look on this machine, and some are longer.
            for pause in [1, 2, 4, 16, 64, 256].into_iter().cycle() {
                for version in ["..two", "..one"] {
                    swap(version);
                    std::thread::sleep(Duration::from_millis(pause));
                }
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for looks in 0..5_000 {
            if looks >= 200 && seen.len() > 1 {
                break;
            }
            runtime.block_on(sync.look(Now::read()));
            if let Some(published) = reader.latest() {
                let documents = published.policy.documents();
                seen.insert((documents.role_assignments.len(), documents.schedule_instances.len()));
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(seen, BTreeSet::from([(1, 1), (2, 2)]));
}

#[tokio::test]
async fn a_settling_directory_is_not_read_again_and_again() {
    for text in ["[]", "- {}"] {
        let dir = directory(1);
        fs::write(dir.path().join("roleAssignments/b.yaml"), text).unwrap();
        let (mut sync, _reader) = sync(dir.path());
        sync.look(Now::read()).await;
        for left in (0..SETTLING_LOOKS).rev() {
            let (known, setting) = (sync.seen.clone(), Arc::clone(&sync.setting));
            let look = look(&sync.files, &setting, sync.content.as_ref(), known.as_ref(), false);
            assert!(matches!(look, Look::Same), "{text}");
            sync.look(Now::read()).await;
            assert_eq!(sync.settling, left, "{text}");
        }
    }
}

#[tokio::test]
async fn every_problem_is_logged_once_however_many_there_are() {
    let dir = directory(0);
    let write = |count: usize| {
        let one = |n: usize| {
            format!(
                "- {{id: /a/{n}, scope: /, principalId: b0000000-0000-4000-8000-000000000001, roleDefinitionId: d0000000-0000-4000-8000-{n:012}}}\n"
            )
        };
        let text: String = (0..count).map(one).collect();
        fs::write(dir.path().join("roleAssignments/a.yaml"), text).unwrap();
    };
    write(250);
    let (mut sync, _reader) = sync(dir.path());
    for logged in [100, 200, 250, 250] {
        sync.look(Now::read()).await;
        assert_eq!(sync.logged.len(), logged);
    }
    write(251);
    sync.look(Now::read()).await;
    assert_eq!((sync.logged.len(), sync.unlogged.len()), (251, 0));
    write(1);
    sync.look(Now::read()).await;
    assert_eq!(sync.logged.len(), 1, "what is gone would be logged anew");
}

#[tokio::test]
async fn a_list_of_data_operations_is_watched_as_the_directory_is() {
    let dir = directory(1);
    let list = dir.path().with_extension("operations");
    let write_list = |text: &str| fs::write(&list, text).unwrap();
    let (sync, reader) = sync(dir.path());
    let mut sync = sync.with_operations(Some(list.clone()));
    let known = |reader: &PolicyReader| -> (u64, bool) {
        let published = reader.latest().unwrap();
        (published.generation, published.policy.operations().knows("example.com", "widgets"))
    };

    sync.look(Now::read()).await;
    assert_eq!(in_force(&reader), None, "without the list there is no policy");
    write_list("pods/read\n");
    sync.look(Now::read()).await;
    assert_eq!(known(&reader), (1, false));
    write_list("# the same\npods/read\npods/read\n");
    sync.look(Now::read()).await;
    assert_eq!(known(&reader), (1, false), "written again, with the same content");
    write_list("example.com/widgets/read\n");
    sync.look(Now::read()).await;
    assert_eq!(known(&reader), (2, true), "the directory stayed the same");
    for broken in ["", "pods"] {
        write_list(broken);
        write(dir.path(), 2);
        sync.look(Now::read()).await;
        assert_eq!(
            (known(&reader), in_force(&reader)),
            ((2, true), Some((2, 1))),
            "all or nothing"
        );
        assert!(error(&sync).unwrap().contains("operations:1:1: "), "{:?}", error(&sync));
    }
    fs::remove_file(&list).unwrap();
    sync.look(Now::read()).await;
    assert_eq!(known(&reader), (2, true));
    assert!(error(&sync).unwrap().starts_with("cannot open `"));
    write_list("pods/read\n");
    sync.look(Now::read()).await;
    assert_eq!((known(&reader), in_force(&reader)), ((3, false), Some((3, 2))));
    assert_eq!(error(&sync), None);
    for _ in 0..=SETTLING_LOOKS {
        sync.look(Now::read()).await;
    }
    write_list("example.com/widgets/read\n");
    sync.look(Now::read()).await;
    assert_eq!(known(&reader), (4, true), "long after it was read");
    fs::remove_file(&list).unwrap();
}

#[tokio::test]
async fn warnings_reach_the_status() {
    let dir = directory(1);
    fs::write(dir.path().join("notes.txt"), "").unwrap();
    let (mut sync, _reader) = sync(dir.path());
    sync.look(Now::read()).await;
    assert_eq!(sync.status().borrow().warnings.len(), 1);
}

#[tokio::test]
async fn a_change_on_disk_is_in_force_within_a_second() {
    let dir = directory(0);
    let (sync, mut reader) = sync(dir.path());
    let task = tokio::spawn(sync.run());
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, reader.changed()).await.unwrap();
    for assignments in 1..=3 {
        let start = Instant::now();
        write(dir.path(), assignments);
        while in_force(&reader).map(|(_, count)| count) != Some(assignments) {
            tokio::time::timeout(limit, reader.changed()).await.unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    task.abort();
}
