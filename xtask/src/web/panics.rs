//! A module without what nobody sees: the words of a panic.
//!
//! A browser's module that panics stops there: Rust has nowhere to write to, so the message is put together
//! for nothing, and what puts it together is a tenth of the module. Here the first step towards a panic
//! becomes the last, a trap, which is what a panic ends in anyway.
//!
//! Invariant: what does not panic does what it did; what panics stops a little earlier.

use std::collections::BTreeSet;
use walrus::{
    ConstExpr, Data, DataKind, FunctionBuilder, FunctionId, FunctionKind, LocalFunction, Module,
    ir::{Instr, InstrLocId, InstrSeqId, Unreachable, Value, Visitor, dfs_in_order},
    passes::gc,
};

/// Functions that end in a panic, whatever they are given: the beginnings of their paths.
const ENDS: [&str; 21] = [
    "core::panicking::",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::result::unwrap_failed",
    "core::cell::panic_already",
    "core::slice::index::slice_index_fail",
    "core::slice::index::slice_start_index",
    "core::slice::index::slice_end_index",
    "core::slice::copy_from_slice_impl::len_mismatch_fail",
    "core::str::slice_error_fail",
    "core::slice::<impl [T]>::copy_from_slice::len_mismatch_fail",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "std::panicking::begin_panic",
    "std::panicking::panic_handler",
    "std::panicking::panic_with_hook",
    "std::panicking::rust_panic",
    "std::alloc::rust_oom",
    "std::thread::local::panic_access_error",
    "__rustc::rust_begin_unwind",
];

/// Debug formatting, which only panics use: clippy's `use_debug` holds the client to that.
const DEBUG: [&str; 2] = [" as core::fmt::Debug>::fmt", "core::fmt::builders::"];

/// Texts of panics that the standard library and wasm-bindgen bring, and nothing ever shows.
const TEXTS: [&str; 39] = [
    " but ends at ",
    " but the index is ",
    " out of range for slice of length ",
    " right` failed\n  left: ",
    "64 bytes are as long as the hash",
    "AccessError",
    "Attempted to initialize thread-local while it is being dropped",
    "FromUtf8Error",
    "InvalidPrkLength",
    "LazyCell instance has previously been poisoned",
    "MapAccess::next_value called before next_key",
    "Once instance has previously been poisoned",
    "PRK size is correct",
    "RefCell already borrowed",
    "RefCell already mutably borrowed",
    "StreamCipherError",
    "TryFromIntError",
    "Utf8Error",
    "Vec is sized conservatively",
    "\n right: ",
    "`async fn` resumed after completion",
    "a formatting trait implementation returned an error when the underlying stream did not",
    "assertion `left ",
    "attempt to calculate the remainder with a divisor of zero",
    "called `Option::unwrap()` on a `None` value",
    "called `Option::unwrap_throw()` on a `None` value",
    "cannot access a Thread Local Storage value during or after destruction: ",
    "capacity overflow",
    "failed to generate unique thread ID: bitspace exhausted",
    "finish: callbacks should be Some",
    "finish: result should be None",
    "index out of bounds: the len is ",
    "internal error: entered unreachable code",
    "number of remaining blocks insufficient",
    "one-time initialization may not be performed recursively",
    "range end index ",
    "range start index ",
    "should convert",
    "slice index starts at ",
];

/// Takes the words of all panics out of `module`.
pub(super) fn silence(module: &mut Module) {
    let mut ends: BTreeSet<FunctionId> = BTreeSet::new();
    let mut found: Vec<_> = module
        .funcs
        .iter_local()
        .map(|(id, _)| id)
        .filter(|id| module.funcs.get(*id).name.as_deref().is_some_and(is_silenced))
        .collect();
    while !found.is_empty() {
        for id in found.drain(..) {
            trap(module, id);
            ends.insert(id);
        }
        for (id, function) in module.funcs.iter_local_mut() {
            cut(function, &ends);
            // What does nothing but call what only traps.
            if !ends.contains(&id) && traps(function, function.entry_block()) {
                found.push(id);
            }
        }
    }
    gc::run(module);
    forget_words(module);
}

fn is_silenced(name: &str) -> bool {
    let path = without_hashes(name);
    ENDS.iter().any(|end| path.starts_with(end)) || DEBUG.iter().any(|debug| path.contains(debug))
}

/// `core[0123456789abcdef]::fmt` as `core::fmt`.
fn without_hashes(name: &str) -> String {
    let mut path = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        let hash = after.bytes().take_while(u8::is_ascii_hexdigit).count();
        let is_hash = hash >= 8 && after[hash..].starts_with(']');
        path += before;
        rest = if is_hash {
            &after[hash + 1..]
        } else {
            path.push('[');
            after
        };
    }
    path + rest
}

/// Makes a function one that stops at once.
fn trap(module: &mut Module, id: FunctionId) {
    let ty = module.types.get(module.funcs.get(id).ty());
    let (params, results) = (ty.params().to_vec(), ty.results().to_vec());
    let mut body = FunctionBuilder::new(&mut module.types, &params, &results);
    body.func_body().unreachable();
    let args = params.iter().map(|param| module.locals.add(*param)).collect();
    module.funcs.get_mut(id).kind = FunctionKind::Local(body.local_func(args));
}

/// Puts a stop where one of `ends` would be called, and takes away what was made ready for it.
fn cut(function: &mut LocalFunction, ends: &BTreeSet<FunctionId>) {
    let mut blocks = Blocks::default();
    dfs_in_order(&mut blocks, function, function.entry_block());
    for id in blocks.0 {
        let instructions = &mut function.block_mut(id).instrs;
        let call = instructions
            .iter()
            .position(|(i, _)| matches!(i, Instr::Call(call) if ends.contains(&call.func)));
        let stop = instructions.iter().position(|(i, _)| matches!(i, Instr::Unreachable(_)));
        let Some(end) = call.into_iter().chain(stop).min() else { continue };
        let ready = instructions[..end].iter().rev().take_while(|(i, _)| is_unseen(i)).count();
        instructions.truncate(end - ready);
        instructions.push((Unreachable {}.into(), InstrLocId::default()));
    }
}

/// Every block of a function.
#[derive(Default)]
struct Blocks(Vec<InstrSeqId>);

impl<'a> Visitor<'a> for Blocks {
    fn start_instr_seq(&mut self, seq: &'a walrus::ir::InstrSeq) {
        self.0.push(seq.id());
    }
}

/// Whether nobody can tell, right before a stop, that this was done. What is written to memory is only there
/// for whoever goes on, and nobody does.
fn is_unseen(instruction: &Instr) -> bool {
    matches!(
        instruction,
        Instr::Const(_)
            | Instr::LocalGet(_)
            | Instr::LocalSet(_)
            | Instr::LocalTee(_)
            | Instr::GlobalGet(_)
            | Instr::Binop(_)
            | Instr::Unop(_)
            | Instr::Select(_)
            | Instr::Drop(_)
            | Instr::Load(_)
            | Instr::Store(_)
    )
}

/// Whether a block does nothing but stop.
fn traps(function: &LocalFunction, block: InstrSeqId) -> bool {
    matches!(function.block(block).instrs.as_slice(), [(Instr::Unreachable(_), _)])
}

/// Blanks [`TEXTS`], and the places in the sources that panics would tell: pointer, length, line and column
/// in 16 bytes each, and the paths that these point to.
fn forget_words(module: &mut Module) {
    const PLACE: usize = 16;
    for id in module.data.iter().map(Data::id).collect::<Vec<_>>() {
        let data = module.data.get_mut(id);
        let DataKind::Active { offset: ConstExpr::Value(Value::I32(base)), .. } = data.kind else {
            continue;
        };
        let (base, bytes) = (base as usize, &mut data.value);
        let word = |bytes: &[u8], at: usize| {
            let word = bytes[at..at + 4].first_chunk().expect("they are four");
            u32::from_le_bytes(*word) as usize
        };
        let mut blank = Vec::new();
        let aligned = (4 - base % 4) % 4;
        let mut at = aligned;
        while at + PLACE <= bytes.len() {
            let (pointer, len) = (word(bytes, at), word(bytes, at + 4));
            let (line, column) = (word(bytes, at + 8), word(bytes, at + 12));
            let path = pointer.checked_sub(base).and_then(|start| bytes.get(start..start + len));
            let is_place = path.is_some_and(|path| path.ends_with(b".rs") && len > 6)
                && (1..1 << 16).contains(&line)
                && (1..1 << 10).contains(&column);
            if is_place {
                blank.push(at..at + PLACE);
                blank.push(pointer - base..pointer - base + len);
                at += PLACE;
            } else {
                at += 4;
            }
        }
        for text in TEXTS {
            let found = bytes.windows(text.len()).enumerate();
            let found = found.filter(|(_, part)| *part == text.as_bytes());
            blank.extend(found.map(|(at, _)| at..at + text.len()));
        }
        for range in blank {
            bytes[range].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_without_hashes() {
        for (name, path) in [
            ("core[d2a8fd8ddb9a64d9]::panicking::panic_fmt", "core::panicking::panic_fmt"),
            ("<[T] as core[d2a8fd8ddb9a64d9]::fmt::Debug>::fmt", "<[T] as core::fmt::Debug>::fmt"),
            ("a::b[1]", "a::b[1]"),
        ] {
            assert_eq!(without_hashes(name), path);
        }
    }
}
