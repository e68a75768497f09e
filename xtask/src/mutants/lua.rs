//! The small changes that a Lua script is tested with.
//!
//! Invariant: each is in one line, in code, and leaves a script that still compiles: operators and words
//! give way to others of their kind, conditions to `true` and `false`, statements to nothing.

use std::fmt;

/// One change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Counted from 1.
    pub(super) line: usize,
    old: String,
    new: String,
}

/// Each is changed where it stands in a line, and not the other way round.
const WORDS: [(&str, &str); 18] = [
    (" == ", " ~= "),
    (" ~= ", " == "),
    (" < ", " <= "),
    (" <= ", " < "),
    (" > ", " >= "),
    (" >= ", " > "),
    (" and ", " or "),
    (" or ", " and "),
    (" + ", " - "),
    (" - ", " + "),
    ("not ", ""),
    ("true", "false"),
    ("false", "true"),
    ("math.min", "math.max"),
    ("math.max", "math.min"),
    // What spends spends no more.
    ("'GETDEL'", "'GET'"),
    ("'GET'", "'GETDEL'"),
    // Until when a claim is live.
    ("'('", "''"),
];

/// No line that starts so is a statement by itself.
const NO_STATEMENT: [&str; 8] = ["local", "return", "if", "for", "end", "else", "function", "}"];

/// All changes of a script.
pub(super) fn changes(script: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    for (at, old) in script.lines().enumerate() {
        let code = old.trim_start();
        if code.is_empty() || code.starts_with("--") {
            continue;
        }
        let indent = &old[..old.len() - code.len()];
        let mut change = |new: String| {
            changes.push(Change { line: at + 1, old: old.to_owned(), new });
        };
        for (word, other) in WORDS {
            for (start, _) in old.match_indices(word) {
                change([&old[..start], other, &old[start + word.len()..]].concat());
            }
        }
        if code.starts_with("if ") {
            change(format!("{indent}if true then"));
            change(format!("{indent}if false then"));
        }
        if is_statement(code) {
            change(indent.to_owned());
        }
    }
    changes
}

/// Whether the line can go without another.
fn is_statement(code: &str) -> bool {
    let count = |brackets: [char; 3]| code.chars().filter(|c| brackets.contains(c)).count();
    let first = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '}').next();
    !first.is_some_and(|word| NO_STATEMENT.contains(&word))
        && !code.ends_with(',')
        && count(['(', '{', '[']) == count([')', '}', ']'])
}

impl Change {
    /// The script with this change.
    pub(super) fn apply(&self, script: &str) -> String {
        let lines = script.lines().enumerate();
        let line = |(at, line)| if at + 1 == self.line { self.new.as_str() } else { line };
        lines.map(line).flat_map(|line| [line, "\n"]).collect()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let new = self.new.trim();
        write!(f, "{}: `{}` -> `{new}`", self.line, self.old.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\
-- Not and or.
local key = KEYS[1]
if not key then
  redis.call('DEL', key)
end
local table = {
  name = key,
}
kept = table.name == key
";

    #[test]
    fn operators_conditions_and_statements_change_and_nothing_else() {
        let changes: Vec<String> = changes(SCRIPT).iter().map(Change::to_string).collect();
        assert_eq!(
            changes,
            [
                "3: `if not key then` -> `if key then`",
                "3: `if not key then` -> `if true then`",
                "3: `if not key then` -> `if false then`",
                "4: `redis.call('DEL', key)` -> ``",
                "9: `kept = table.name == key` -> `kept = table.name ~= key`",
                "9: `kept = table.name == key` -> ``",
            ]
        );
    }

    #[test]
    fn a_change_is_of_its_line_only() {
        let changed = changes(SCRIPT)[3].apply(SCRIPT);
        assert_eq!(changed, SCRIPT.replace("  redis.call('DEL', key)", "  "));
    }
}
