//! The stories, by the control plane that they are told on.

mod access;
mod failures;
mod impersonation;
mod modes;
mod roles;
mod setup;
mod teardown;
mod time;

use crate::plane::{Layout, Plane};
use crate::tale::{Book, Story};

/// Every book; the load is the last, since it is told alone.
pub(crate) fn books() -> Vec<Book> {
    let default = [
        roles::stories(),
        time::stories(),
        access::stories(),
        impersonation::stories(),
        setup::stories(),
        teardown::stories(),
        failures::page::stories(),
    ];
    let stories = default.into_iter().flatten().collect();
    let mut books = vec![Book::shared(Layout::new("default"), stories)];
    books.extend(failures::books());
    books.extend(modes::books());
    books.push(crate::load::book());
    books
}

/// What `CLUSTER=fail` tells: a story that fails, to see what is left of it.
pub(crate) fn failing() -> Vec<Book> {
    let layout = Layout { keeps_logs: false, ..Layout::new("fails") };
    vec![Book::shared(layout, stories![fails: "a story that fails on purpose"])]
}

fn fails(_: &Plane) {
    panic!("on purpose");
}

/// `stories![function: "sentence", …]`
macro_rules! stories {
    ($($tell:ident: $name:literal),* $(,)?) => {
        vec![$(crate::tale::Story { name: $name, tell: $tell }),*]
    };
}
pub(crate) use stories;
