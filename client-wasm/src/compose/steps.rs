//! The faces of the share dialog, one shown at a time.

use crate::dom;
use web_sys::{Element, HtmlElement};

/// One face of the dialog.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Options,
    Busy,
    /// Who the owner says they are.
    Identity,
    /// The number, till it was typed where the mail's link leads.
    Waiting,
    Result,
}

/// Shows one face of the dialog and moves reading to its heading.
pub(super) fn show(step: Step) {
    for section in dom::all("#dialog > [data-step]") {
        let visible = section.dataset().get("step").as_deref() == Some(step.name());
        dom::show(&section, visible);
    }
    if let Some(heading) = heading() {
        dom::focus(&heading);
    }
    dialog().set_scroll_top(0);
    dom::set(&dialog(), "aria-labelledby", step.heading());
}

/// The heading of the face that is shown.
pub(crate) fn heading() -> Option<HtmlElement> {
    dom::all("#dialog > [data-step]:not([hidden]) [tabindex='-1']").into_iter().next()
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
pub(crate) fn current() -> Step {
    let shown = |step: &Step| {
        let selector = format!("#dialog > [data-step={}]:not([hidden])", step.name());
        !dom::all(&selector).is_empty()
    };
    let all = [Step::Busy, Step::Identity, Step::Waiting, Step::Result];
    all.into_iter().find(shown).unwrap_or(Step::Options)
}

/// What the faces are in.
fn dialog() -> Element {
    dom::by_id("dialog")
}
