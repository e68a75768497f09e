//! The list as a file: out, and in again.
//!
//! Invariant: it leaves the browser sealed with a passphrase or not at all; what comes in changes
//! nothing that is there.

use super::{button, list, refresh, say};
use crate::{
    dom,
    owned::{self, OwnedLinks},
    words, worker,
};
use getrandom::SysRng;
use js_sys::{Array, Uint8Array};
use std::cell::RefCell;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use waxseal_core::passphrase::{self, Strength};
use web_sys::{Blob, HtmlDialogElement, HtmlElement, HtmlInputElement};

/// No file of links is longer, in bytes.
const LONGEST: f64 = 10e6;

thread_local! {
    /// The file that waits for its passphrase.
    static FILE: RefCell<Option<Uint8Array>> = const { RefCell::new(None) };
}

/// Listens to the buttons and to both dialogs.
pub(super) fn start() {
    dom::on_click(&button("export"), || {
        worker::warm_up();
        reflect_strength();
        error("sealing-error", "");
        dialog("sealing").show_modal().ok();
    });
    dom::on(&input("new-passphrase"), "input", |_| reflect_strength());
    dom::on_click(&button("generate"), || {
        if let Ok(generated) = passphrase::generate(&mut SysRng) {
            input("new-passphrase").set_value(&generated);
            reflect_strength();
        }
    });
    dom::on_click(&button("sealing-yes"), || spawn_local(export()));
    dom::on_click(&button("sealing-no"), || dialog("sealing").close());
    dom::on_closed(&dialog("sealing"), || input("new-passphrase").set_value(""));

    dom::on(&input("import"), "change", |_| spawn_local(choose()));
    dom::on_click(&button("opening-yes"), || spawn_local(import()));
    dom::on_click(&button("opening-no"), || dialog("opening").close());
    dom::on_closed(&dialog("opening"), || {
        input("passphrase").set_value("");
        FILE.take();
    });
}

async fn export() {
    let sealed = async {
        let passphrase = dom::typed(&input("new-passphrase"))?;
        if passphrase.is_empty() {
            return Err("Choose a passphrase first, or press Generate.".to_owned());
        }
        let links = OwnedLinks { origin: dom::origin(), links: list::all() };
        worker::seal_backup(&links.to_json(), &passphrase).await
    };
    error("sealing-error", "");
    button("sealing-yes").set_disabled(true);
    let sealed = sealed.await;
    button("sealing-yes").set_disabled(false);
    match sealed {
        Err(why) => error("sealing-error", &why),
        Ok(file) => {
            dialog("sealing").close();
            let today = words::now().to_string();
            let name = format!("waxseal-links-{}.waxseal", &today[..10]);
            if let Ok(blob) = Blob::new_with_u8_array_sequence(&Array::of1(&file)) {
                dom::save(&blob, &name);
                say(&format!("{name} was saved. It opens with its passphrase only."));
            }
        }
    }
}

/// Takes the file that was picked, if it is one.
async fn choose() {
    error("import-error", "");
    let picker = input("import");
    let Some(file) = picker.files().and_then(|files| files.get(0)) else { return };
    let bytes =
        if file.size() > LONGEST { None } else { JsFuture::from(file.array_buffer()).await.ok() };
    // The same file can be picked again.
    picker.set_value("");
    let examined = match bytes {
        Some(bytes) => {
            let bytes = Uint8Array::new(&bytes);
            worker::examine_backup(&bytes).await.map(|()| bytes)
        }
        None => Err("This is not a file of links, or it cannot be read.".to_owned()),
    };
    match examined {
        Err(why) => error("import-error", &why),
        Ok(bytes) => {
            FILE.replace(Some(bytes));
            error("opening-error", "");
            dialog("opening").show_modal().ok();
            dom::focus(&input("passphrase"));
        }
    }
}

async fn import() {
    let Some(file) = FILE.with_borrow(Clone::clone) else { return };
    error("opening-error", "");
    button("opening-yes").set_disabled(true);
    let read = async {
        let passphrase = dom::typed(&input("passphrase"))?;
        if passphrase.is_empty() {
            return Err("Type the passphrase that the file was sealed with.".to_owned());
        }
        let json = worker::open_backup(&file, &passphrase).await?;
        let links = OwnedLinks::from_json(json.as_bytes());
        let links = links.map_err(|_| "There is no list of links in this file.")?;
        let new = owned::merge(&links.links).await;
        let new = new.map_err(|_| "This browser keeps nothing for this page.")?;
        Ok((links, new))
    };
    let read = read.await;
    button("opening-yes").set_disabled(false);
    match read {
        Err(why) => {
            error("opening-error", &why);
            dom::focus(&input("passphrase"));
        }
        Ok((links, new)) => {
            dialog("opening").close();
            say(&imported(&links, new));
            refresh();
        }
    }
}

fn imported(links: &OwnedLinks, new: usize) -> String {
    let old = links.links.len() - new;
    let mut text = match (new, old) {
        (0, _) => "Nothing new: the list has all links of the file already.".to_owned(),
        (_, 0) => format!("{} imported.", words::plural(new as u64, "link")),
        _ => format!("{} imported; {old} were here already.", words::plural(new as u64, "link")),
    };
    if links.origin != dom::origin() {
        text += &format!(
            " They were made at {}: open My links there if this server does not know them.",
            links.origin
        );
    }
    text
}

fn reflect_strength() {
    let hint = match Strength::of(&input("new-passphrase").value()) {
        Strength::None => "Keep it elsewhere than the file.",
        Strength::Weak => "Weak: whoever gets the file could guess it.",
        Strength::Fair => "Fair: whoever gets the file would have to try for long.",
        Strength::Strong => "Strong.",
    };
    dom::by_id::<HtmlElement>("new-passphrase-hint").set_text_content(Some(hint));
}

fn error(id: &str, text: &str) {
    dom::by_id::<HtmlElement>(id).set_text_content(Some(text));
}

fn dialog(id: &str) -> HtmlDialogElement {
    dom::by_id(id)
}

fn input(id: &str) -> HtmlInputElement {
    dom::by_id(id)
}
