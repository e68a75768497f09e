//! Text to tree.
//!
//! Invariant: what is no JSON is refused: what would be beyond a double's range, a lone surrogate, and 128
//! levels too.

use super::{Unfit, tree::Tree};

/// As many levels are one too many.
const DEPTH: u32 = 128;

/// The one value that `json` is.
pub(super) fn read(json: &str) -> Result<Tree, Unfit> {
    let mut reader = Reader { json, at: 0 };
    let tree = reader.value(DEPTH)?;
    if reader.peek().is_none() { Ok(tree) } else { Err(Unfit) }
}

struct Reader<'a> {
    json: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// The next byte, whatever it is.
    fn byte(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Whether `byte` comes next, behind white space; then it is passed.
    fn pass(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unfit> {
        if self.pass(byte) { Ok(()) } else { Err(Unfit) }
    }

    fn value(&mut self, depth: u32) -> Result<Tree, Unfit> {
        match self.peek().ok_or(Unfit)? {
            b'n' => self.word("null", Tree::Null),
            b't' => self.word("true", Tree::Bool(true)),
            b'f' => self.word("false", Tree::Bool(false)),
            b'"' => self.text().map(Tree::Text),
            b'[' => {
                let mut list = Vec::new();
                self.row(b']', depth, |reader, depth| {
                    list.push(reader.value(depth)?);
                    Ok(())
                })?;
                Ok(Tree::List(list))
            }
            b'{' => {
                let mut object = Vec::new();
                self.row(b'}', depth, |reader, depth| {
                    if reader.peek() != Some(b'"') {
                        return Err(Unfit);
                    }
                    let key = reader.text()?;
                    reader.expect(b':')?;
                    object.push((key, reader.value(depth)?));
                    Ok(())
                })?;
                Ok(Tree::Object(object))
            }
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, tree: Tree) -> Result<Tree, Unfit> {
        let bytes = self.json.as_bytes().get(self.at..self.at + word.len());
        if bytes != Some(word.as_bytes()) {
            return Err(Unfit);
        }
        self.at += word.len();
        Ok(tree)
    }

    /// What is between two brackets, with commas between.
    fn row(
        &mut self,
        end: u8,
        depth: u32,
        mut item: impl FnMut(&mut Self, u32) -> Result<(), Unfit>,
    ) -> Result<(), Unfit> {
        self.at += 1;
        let depth = depth - 1;
        if depth == 0 {
            return Err(Unfit);
        }
        if self.pass(end) {
            return Ok(());
        }
        loop {
            item(self, depth)?;
            if self.pass(end) {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    /// A text, whose quotation mark comes next.
    fn text(&mut self) -> Result<String, Unfit> {
        self.at += 1;
        let start = self.at;
        // Room for all of it at once: no copy is left behind in memory.
        let mut end = start;
        loop {
            match self.json.as_bytes().get(end).ok_or(Unfit)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let mut text = String::with_capacity(end - start);
        loop {
            let from = self.at;
            while !matches!(self.byte().ok_or(Unfit)?, b'"' | b'\\' | 0..0x20) {
                self.at += 1;
            }
            text.push_str(self.json.get(from..self.at).ok_or(Unfit)?);
            let found = self.byte();
            self.at += 1;
            match found {
                Some(b'"') => return Ok(text),
                Some(b'\\') => text.push(self.escaped()?),
                _ => return Err(Unfit),
            }
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Result<char, Unfit> {
        let found = self.byte().ok_or(Unfit)?;
        self.at += 1;
        Ok(match found {
            b'"' | b'\\' | b'/' => found.into(),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.unit()?;
                if let 0xd800..0xdc00 = code {
                    let other = self.json.as_bytes().get(self.at..self.at + 2);
                    if other != Some(b"\\u") {
                        return Err(Unfit);
                    }
                    self.at += 2;
                    let low = self.unit()?;
                    if !(0xdc00..0xe000).contains(&low) {
                        return Err(Unfit);
                    }
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                }
                char::from_u32(code).ok_or(Unfit)?
            }
            _ => return Err(Unfit),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Unfit> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte().ok_or(Unfit)?).to_digit(16);
            unit = unit << 4 | digit.ok_or(Unfit)?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Tree, Unfit> {
        let mut is_whole = self.byte() != Some(b'-');
        self.at += usize::from(!is_whole);
        let mut number = Number::default();
        let start = self.at;
        self.digits(|digit| number.push(digit))?;
        if self.json.as_bytes()[start] == b'0' && self.at > start + 1 {
            return Err(Unfit);
        }
        is_whole &= number.exponent == 0;
        if self.byte() == Some(b'.') {
            self.at += 1;
            is_whole = false;
            self.digits(|digit| {
                number.push(digit);
                number.exponent -= 1;
            })?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            is_whole = false;
            let sign = self.byte();
            self.at += usize::from(matches!(sign, Some(b'+' | b'-')));
            let mut exponent = 0_i32;
            self.digits(|digit| {
                exponent = exponent.saturating_mul(10).saturating_add(digit as i32);
            })?;
            let exponent = if sign == Some(b'-') { -exponent } else { exponent };
            number.exponent = number.exponent.saturating_add(exponent);
        }
        match (is_whole, number.is_a_double()) {
            (true, _) => Ok(Tree::Whole(number.digits)),
            (false, true) => Ok(Tree::Other),
            (false, false) => Err(Unfit),
        }
    }

    /// One digit or more.
    fn digits(&mut self, mut each: impl FnMut(u64)) -> Result<(), Unfit> {
        let start = self.at;
        while let Some(digit @ b'0'..=b'9') = self.byte() {
            each(u64::from(digit - b'0'));
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Unfit) }
    }
}

/// `digits` · 10 ^ `exponent`; what does not fit into `digits` is in the exponent.
#[derive(Default)]
struct Number {
    digits: u64,
    exponent: i32,
}

impl Number {
    fn push(&mut self, digit: u64) {
        match self.digits.checked_mul(10).and_then(|digits| digits.checked_add(digit)) {
            Some(digits) if self.exponent <= 0 => self.digits = digits,
            // As long as a text may be, this cannot overflow.
            _ => self.exponent += 1,
        }
    }

    fn is_a_double(&self) -> bool {
        // No number of digits reaches that far by itself.
        let mut double = self.digits as f64;
        for _ in 0..self.exponent.min(400) {
            double *= 10.0;
        }
        double.is_finite()
    }
}
