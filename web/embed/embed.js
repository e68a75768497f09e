// The share dialog of Waxseal in the pages of other web applications.
//
// What is shared goes to a frame of the Waxseal server and nowhere else; nothing but the link comes back.

const own = new URL(import.meta.url);
let server = /^\/embed(-[0-9a-f]{12})?\.js$/.test(own.pathname) ? own.origin : null;

/** How long the server's frame may take to begin. */
const PATIENCE = 15_000;

const STYLE = `
:host { all: initial; }
dialog { position: fixed; inset: 0; box-sizing: border-box; width: min(34rem, 100vw - 2rem); max-width: none;
  height: fit-content; max-height: calc(100dvh - 2rem); margin: auto; padding: 0; overflow: hidden; border: 0;
  border-radius: var(--radius, 14px); background: Canvas; color: CanvasText; box-shadow: 0 1rem 3rem rgb(0 0 0 / 30%); }
dialog::backdrop { background: rgb(20 14 8 / 55%); }
iframe { display: block; width: 100%; height: 12rem; max-height: calc(100dvh - 2rem); border: 0; }
dialog:has(p:not([hidden])) iframe { position: absolute; inset: 0; opacity: 0; pointer-events: none; }
p { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin: 0; padding: 1.75rem;
  font: 1rem/1.5 system-ui, sans-serif; }
[hidden] { display: none; }
button { min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid; border-radius: 8px; background: none; color: inherit;
  font: inherit; font-weight: 550; cursor: pointer; }
button:focus-visible { outline: 3px solid; outline-offset: 2px; }
@media (max-width: 36rem) {
  dialog { width: 100vw; height: 100dvh; max-height: none; border-radius: 0; }
  iframe { height: 100dvh !important; max-height: none; }
}`;

/** Names the server; needed only where this script does not come from it. */
export function configure(options) {
  server = new URL(options.server).origin;
}

/** Opens the dialog; resolves when it is closed: to what was shared, or to null. */
export async function openShareDialog(options = {}) {
  const { title, text, fields, files, grant, ownerToken = false, theme, signal, onshared } = options;
  const origin = options.server ? new URL(options.server).origin : server;
  if (!origin) throw new TypeError("Waxseal: configure({ server }) comes first");
  signal?.throwIfAborted();
  const look = appearance(document.documentElement, theme);
  const message = { waxseal: "open", item: { title, text, fields, files }, ownerToken, look };
  return new Promise((resolve, reject) => {
    const holder = document.createElement("div");
    const root = holder.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet(STYLE)];
    const dialog = make("dialog", { ariaLabel: "Share via public link" });
    const opening = make("p", { textContent: "Opening…" });
    const cancel = make("button", { type: "button", textContent: "Cancel" });
    const frame = make("iframe", { title: "Share via public link, by Waxseal", src: `${origin}/embed` });
    frame.allow = "share" in navigator ? "clipboard-write; web-share" : "clipboard-write";
    frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-downloads allow-popups allow-popups-to-escape-sandbox";
    if (/^(1?\d|2[0-4])px$/.test(look.radius)) holder.style.setProperty("--radius", look.radius);
    dialog.style.colorScheme = look.scheme === "auto" ? "light dark" : look.scheme;

    let port = null;
    let shared = null;
    let loads = 0;
    let ended = false;
    const end = (settle) => {
      if (ended) return;
      ended = true;
      clearTimeout(patience);
      removeEventListener("message", greet);
      signal?.removeEventListener("abort", abort);
      port?.close();
      dialog.close();
      holder.remove();
      settle();
    };
    const done = () => end(() => resolve(shared));
    const fail = (why) => end(() => (shared ? resolve(shared) : reject(why)));
    const abort = () => fail(signal.reason);
    const leave = (event) => {
      event.preventDefault();
      if (port) port.postMessage({ type: "escape" });
      else done();
    };
    const permit = async () => {
      let answer = null;
      try {
        answer = typeof grant === "function" ? await grant() : grant;
      } finally {
        // One that failed is told as none.
        if (!ended) port.postMessage({ type: "grant", grant: typeof answer === "string" ? answer : null });
      }
    };
    const hear = ({ data }) => {
      if (data.type === "opened") {
        opening.hidden = true;
        frame.focus();
      } else if (data.type === "shared") {
        shared = data.shared;
        onshared?.(shared);
      } else if (data.type === "height") frame.style.height = `${Number(data.height)}px`;
      else if (data.type === "grant") permit();
      else if (data.type === "revoked") shared = null;
      else if (data.type === "refused") fail(new TypeError(`Waxseal: ${data.why}`));
      else if (data.type === "closed") done();
    };
    const greet = ({ source, origin: from, data }) => {
      if (source !== frame.contentWindow || from !== origin || data?.waxseal !== "ready") return;
      removeEventListener("message", greet);
      clearTimeout(patience);
      const channel = new MessageChannel();
      port = channel.port1;
      port.onmessage = hear;
      try {
        source.postMessage(message, origin, [channel.port2]);
      } catch (why) {
        fail(why);
      }
    };
    const late = `Waxseal: ${origin} did not answer. Is it there, and is ${location.origin} one of its embedding origins?`;
    const patience = setTimeout(() => fail(new Error(late)), PATIENCE);
    addEventListener("message", greet);
    signal?.addEventListener("abort", abort);
    frame.addEventListener("load", () => ++loads > 1 && fail(new Error("Waxseal: the frame went elsewhere")));
    dialog.addEventListener("cancel", leave);
    dialog.addEventListener("keydown", (event) => event.key === "Escape" && leave(event));
    dialog.addEventListener("close", done);
    cancel.addEventListener("click", done);
    opening.append(cancel);
    dialog.append(opening, frame);
    root.append(dialog);
    document.body.append(holder);
    dialog.showModal();
  });
}

/** `<waxseal-share>`: a button that opens the dialog. */
export class WaxsealShare extends (globalThis.HTMLElement ?? class {}) {
  static observedAttributes = ["label"];
  #button = make("button", { type: "button", part: "button", textContent: "Share via public link" });

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [sheet("button { font: inherit; color: inherit; }")];
    root.append(this.#button);
    this.#button.addEventListener("click", () => this.open());
  }

  attributeChangedCallback(_, __, label) {
    this.#button.textContent = label ?? "Share via public link";
  }

  /** Opens the dialog, as the button does. */
  async open() {
    const tell = (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
    try {
      // Only what is shared: whoever fills in a secret does not choose the server, nor who gets a grant.
      const { title, text, fields, files } = (typeof this.secret === "function" ? await this.secret() : this.secret) ?? {};
      const { grant, ownerToken } = this;
      const onshared = (shared) => tell("waxseal-shared", shared);
      const options = { title, text, fields, files, grant, ownerToken, theme: appearance(this), onshared };
      if (!(await openShareDialog(options))) tell("waxseal-cancel");
    } catch (error) {
      tell("waxseal-error", error);
    }
  }
}

function appearance(element, theme = {}) {
  const style = getComputedStyle(element);
  const of = (name) => theme[name] ?? style.getPropertyValue(`--waxseal-${name}`).trim();
  const scheme = style.colorScheme.includes("dark") ? (style.colorScheme.includes("light") ? "auto" : "dark") : "light";
  return { accent: of("accent"), radius: of("radius"), font: of("font"), scheme: theme.scheme ?? scheme };
}

function make(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

function sheet(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

if (globalThis.customElements && !customElements.get("waxseal-share")) customElements.define("waxseal-share", WaxsealShare);
