//! Makes adversarial policies and reviews from a seed.
//!
//! The alphabets are small so that things meet: few principals, few names, scopes and patterns made
//! from the requests that will be asked, then bent a little.

mod condition;
mod documents;
mod random;
mod request;
mod review;
mod scene;
mod trusted_access;

use serde_json::Value;

use crate::case::Case;
use random::Random;
use scene::Scene;

/// One policy, and as many reviews of it as are wanted.
#[derive(Debug)]
pub(crate) struct Policy {
    scene: Scene,
    random: Random,
    /// The policy with a review that is replaced by [`Self::ask`].
    pub(crate) case: Case,
}

impl Policy {
    /// The policy of a number in the run of a seed.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut random = Random::new(seed, number);
        let scene = Scene::new(&mut random);
        let setting = scene.setting(&mut random);
        let documents = documents::all(&scene, &mut random);
        let case = Case { setting, documents, review: Value::Null, now: 0 };
        Self { scene, random, case }
    }

    /// Puts the next review into the case.
    pub(crate) fn ask(&mut self) {
        self.case.review = review::review(&self.case.setting, &self.scene, &mut self.random);
        self.case.now = review::now(&mut self.random);
    }
}
