//! Who asks: two hundred users, and the groups that they are in.

use serde_json::{Value, json};

use super::documents;
use crate::company;
use crate::differential::generator::random::Random;

const USERS: usize = 200;
const GROUPS: usize = 40;
/// Makes the crowd, its policy and its questions.
pub(super) const SEED: u64 = 2026;
/// Groups that have other groups in them, from the first one on.
const NESTED: usize = 8;

/// Someone who asks.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) upn: String,
    /// Object ids of all groups, those included that others are in.
    pub(super) groups: Vec<String>,
}

/// Everybody, with what Entra and Azure know of them.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<String>,
    /// Members by group, users and groups by their ids.
    members: Vec<Vec<String>>,
}

impl Crowd {
    pub(super) fn new() -> Self {
        let mut random = Random::new(SEED, 0);
        let ids = |kind: &str, count| {
            (0..count).map(|n| format!("{kind}-0000-4000-8000-{n:012x}")).collect::<Vec<_>>()
        };
        let (people, groups) = (ids("10ad0000", USERS), ids("10ad9000", GROUPS));
        let mut members: Vec<Vec<String>> = vec![Vec::new(); GROUPS];
        let mut users = Vec::new();
        for (number, id) in people.into_iter().enumerate() {
            let mut of: Vec<usize> = (0..random.below(4)).map(|_| random.below(GROUPS)).collect();
            of.sort_unstable();
            of.dedup();
            of.iter().for_each(|group| members[*group].push(id.clone()));
            // Group n of the first few holds group n + NESTED.
            let nested = of.iter().filter(|group| (NESTED..2 * NESTED).contains(*group));
            let outer: Vec<_> = nested.map(|group| group - NESTED).collect();
            of.extend(outer);
            of.sort_unstable();
            of.dedup();
            let groups = of.iter().map(|group| groups[*group].clone()).collect();
            users.push(User { id, upn: format!("load-{number}@contoso.example"), groups });
        }
        for group in 0..NESTED {
            members[group].push(groups[group + NESTED].clone());
        }
        Self { users, groups, members }
    }

    /// `directory.yaml`: the company of the stories, and the crowd.
    pub(super) fn directory(&self) -> String {
        let mut directory: Value = serde_json::from_str(&company::directory()).unwrap();
        let users = self
            .users
            .iter()
            .map(|user| json!({ "id": user.id, "tenant": company::TENANT, "upn": user.upn }));
        let groups = self.groups.iter().zip(&self.members);
        let groups = groups.map(|(id, members)| json!({ "id": id, "members": members }));
        directory["users"].as_array_mut().unwrap().extend(users);
        directory["groups"].as_array_mut().unwrap().extend(groups);
        directory.to_string()
    }

    /// The policy directory: the company's and the crowd's.
    pub(super) fn policy(&self) -> Vec<(String, String)> {
        let mut files = company::policy();
        files.extend(documents::all(self));
        files
    }
}
