//! Values that are written down in a condition.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::error::quoted;
use super::operators::Test;
use super::syntax::Literal;

/// Length of a GUID in its one form, 8-4-4-4-12.
const GUID_LENGTH: usize = 36;

/// Length of a date up to its seconds: `yyyy-mm-ddThh:mm:ss`.
const SECONDS_LENGTH: usize = 19;

/// Most digits of a second's fraction that a date can have.
const MAX_FRACTION: usize = 7;

/// The literal that a word is, or what is wrong with one that is nearly one.
pub(super) fn of_word(word: &str) -> Option<Result<Literal, String>> {
    match word {
        "true" => return Some(Ok(Literal::Bool(true))),
        "false" => return Some(Ok(Literal::Bool(false))),
        _ => {}
    }
    if let Some(guid) = guid(word) {
        return Some(Ok(Literal::Guid(guid)));
    }
    let digits = word.strip_prefix('-').unwrap_or(word);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let number = word.parse().map(Literal::Number);
        return Some(number.map_err(|_| {
            format!("{} is out of range; write a number of at most 64 bits", quoted(word))
        }));
    }
    let numeric =
        word.trim_start_matches(['-', '+', '.']).starts_with(|c: char| c.is_ascii_digit());
    let message = if word.contains('T') && time(word).is_some() {
        "a date stands in quotes"
    } else if word.len() > 18 && word.contains('-') {
        "a GUID has the form 8-4-4-4-12"
    } else {
        "numbers are whole, in digits only"
    };
    numeric.then(|| Err(format!("{} is no value; {message}", quoted(word))))
}

/// `literal` as an operator takes it: a text that is a date or a GUID becomes one beside an
/// operator that compares those. What does not fit stays, and makes the comparison unknown
/// (semantics §5.3).
pub(super) fn beside(literal: Literal, test: Test) -> Literal {
    match (&literal, test) {
        (Literal::Text(text), Test::Time(_)) => {
            time(text).map(|at| Literal::Time { text: text.clone(), at }).unwrap_or(literal)
        }
        (Literal::Text(text), Test::Guid) => guid(text).map(Literal::Guid).unwrap_or(literal),
        _ => literal,
    }
}

fn guid(text: &str) -> Option<Uuid> {
    // The parser of the crate knows other forms too; this length leaves one.
    (text.len() == GUID_LENGTH).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// The instant that `yyyy-mm-ddThh:mm:ss[.f]Z` names, with up to seven digits of a fraction.
///
/// The last days of the year 9999, which are written for "never", are past what an instant can be
/// and become the last instant there is.
fn time(text: &str) -> Option<Timestamp> {
    let (civil, rest) = text.split_at_checked(SECONDS_LENGTH)?;
    let fraction = rest.strip_suffix('Z')?;
    let digits = match fraction.strip_prefix('.') {
        Some(digits) => (1..=MAX_FRACTION).contains(&digits.len()).then_some(digits)?,
        None => fraction.is_empty().then_some("0")?,
    };
    let shaped = civil.bytes().zip(*b"dddd-dd-ddTdd:dd:dd").all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        literal => byte == literal,
    });
    // No leap second: the clock that it is held against has none.
    if !shaped || civil.ends_with(":60") || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = format!("{digits:0<9}").parse().ok()?;
    let civil: DateTime = civil.parse().ok()?;
    let civil = civil.with().subsec_nanosecond(nanoseconds).build().ok()?;
    Some(TimeZone::UTC.to_timestamp(civil).unwrap_or(Timestamp::MAX))
}
