//! Telling the stories: each on the kind of control plane that it needs, which is started by the first
//! story that needs it and ends with the last.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kubentra::clock::Now;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::plane::{Layout, Plane};
use crate::programs::Programs;
use crate::{say, stories};

/// Stories told at once: each is mostly waiting for the API server, which needs the cores.
const TOGETHER: usize = 3;

/// What happens on a control plane.
pub(crate) struct Story {
    /// A sentence.
    pub(crate) name: &'static str,
    pub(crate) tell: fn(&Plane),
}

/// Stories that share a control plane.
pub(crate) struct Book {
    pub(crate) layout: Layout,
    /// Whether only one of them is told at a time, since they stop and start things.
    pub(crate) one_by_one: bool,
    /// Whether no story of another book is told meanwhile, since something is measured.
    pub(crate) alone: bool,
    pub(crate) stories: Vec<Story>,
}

impl Book {
    /// Stories that do not disturb each other.
    pub(crate) fn shared(layout: Layout, stories: Vec<Story>) -> Self {
        Self { layout, one_by_one: false, alone: false, stories }
    }

    /// Stories that do.
    pub(crate) fn one_by_one(layout: Layout, stories: Vec<Story>) -> Self {
        Self { one_by_one: true, ..Self::shared(layout, stories) }
    }
}

/// A control plane that is there from the first story on.
struct Stage {
    layout: Layout,
    programs: Programs,
    one_by_one: bool,
    alone: bool,
    plane: Mutex<State>,
    turn: Mutex<()>,
    /// Read by every story, written by one that is told alone.
    quiet: Arc<RwLock<()>>,
}

enum State {
    NotStarted,
    Running(Arc<Plane>),
    Failed,
}

impl Stage {
    fn plane(&self) -> Result<Arc<Plane>, Failed> {
        let mut state = self.plane.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Running(plane) => Ok(Arc::clone(plane)),
            State::Failed => Err("its control plane did not start: see the story before".into()),
            State::NotStarted => {
                // Holds if starting panics.
                *state = State::Failed;
                let plane = Arc::new(Plane::start(self.layout.clone(), &self.programs));
                *state = State::Running(Arc::clone(&plane));
                Ok(plane)
            }
        }
    }

    fn tell(&self, story: fn(&Plane)) -> Result<(), Failed> {
        let _alone = self.alone.then(|| self.quiet.write().unwrap_or_else(PoisonError::into_inner));
        let _among =
            (!self.alone).then(|| self.quiet.read().unwrap_or_else(PoisonError::into_inner));
        let plane = self.plane()?;
        let turn =
            self.one_by_one.then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        if self.one_by_one {
            plane.restore();
        }
        story(&plane);
        drop(turn);
        Ok(())
    }
}

/// Tells all stories of these books, and ends the process.
pub(crate) fn tell(mut arguments: Arguments, books: Vec<Book>, programs: &Programs) {
    let began = Now::read().monotonic;
    // What a story missed is in the report of the failures; a backtrace of ours helps nobody.
    std::panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            say(&format!("cluster: a story ends at {}:{}", place.file(), place.line()));
        }
    }));
    say(&format!("cluster: {}, on loopback", programs.version));
    arguments.test_threads = arguments.test_threads.or(Some(TOGETHER));
    let quiet = Arc::new(RwLock::new(()));
    let trials = books.into_iter().map(|Book { layout, one_by_one, alone, stories }| {
        let stage = Arc::new(Stage {
            layout,
            programs: programs.clone(),
            one_by_one,
            alone,
            plane: Mutex::new(State::NotStarted),
            turn: Mutex::new(()),
            quiet: Arc::clone(&quiet),
        });
        let trial = |Story { name, tell }| {
            let stage = Arc::clone(&stage);
            Trial::test(name, move || stage.tell(tell))
        };
        stories.into_iter().map(trial).collect()
    });
    let conclusion = libtest_mimic::run(&arguments, interleaved(trials.collect()));
    say(&format!("cluster: {}, {:.0} s", programs.version, began.elapsed().as_secs_f64()));
    conclusion.exit();
}

/// Two books at a time, so that stories that wait for their turn do not hold every thread: one of each in
/// turn, and the next book when one is at its end.
fn interleaved(books: Vec<Vec<Trial>>) -> Vec<Trial> {
    let mut waiting = books.into_iter().map(Vec::into_iter);
    let mut open: Vec<_> = waiting.by_ref().take(2).collect();
    let mut trials = Vec::new();
    while !open.is_empty() {
        let mut still = Vec::new();
        for mut book in open {
            match book.next() {
                Some(trial) => {
                    trials.push(trial);
                    still.push(book);
                }
                None => still.extend(waiting.next()),
            }
        }
        open = still;
    }
    trials
}

/// Names the stories.
pub(crate) fn list(arguments: &Arguments) {
    let stories = stories::books().into_iter().flat_map(|book| book.stories);
    let trials = stories.map(|story| Trial::test(story.name, || Ok(()))).collect();
    libtest_mimic::run(arguments, trials).exit();
}
