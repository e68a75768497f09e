//! The faces of the share dialog, one shown at a time.

use crate::dom;
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

/// One face of the dialog.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Options,
    Busy,
    /// Who the owner says they are.
    Identity,
    /// The number, till it was typed where the mail's link leads.
    Waiting,
    Result,
}

/// Whether the dialog is open.
pub(super) fn is_open() -> bool {
    dialog().open()
}

/// Closes the dialog; what was chosen stays chosen.
pub(super) fn close() {
    dialog().close();
}

/// Shows one face of the dialog and moves reading to its heading.
pub(super) fn show(step: Step) {
    for section in dom::all("#dialog > [data-step]") {
        let visible = section.dataset().get("step").as_deref() == Some(step.name());
        dom::show(&section, visible);
        if let Some(heading) =
            section.query_selector("[tabindex='-1']").ok().flatten().filter(|_| visible)
        {
            dom::focus(&heading.unchecked_into());
        }
    }
    dialog().set_scroll_top(0);
    dom::set(&dialog(), "aria-labelledby", step.heading());
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Options => "options",
            Self::Busy => "busy",
            Self::Identity => "identity",
            Self::Waiting => "waiting",
            Self::Result => "result",
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Options => "dialog-title",
            Self::Busy => "busy-text",
            Self::Identity => "identity-title",
            Self::Waiting => "waiting-title",
            Self::Result => "result-title",
        }
    }
}

/// The face that is shown.
pub(super) fn current() -> Step {
    let shown = |step: &Step| {
        let selector = format!("#dialog > [data-step={}]:not([hidden])", step.name());
        !dom::all(&selector).is_empty()
    };
    let all = [Step::Busy, Step::Identity, Step::Waiting, Step::Result];
    all.into_iter().find(shown).unwrap_or(Step::Options)
}

/// The dialog.
pub(super) fn dialog() -> HtmlDialogElement {
    dom::by_id("dialog")
}
