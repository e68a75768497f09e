// Types of embed.js, which the server serves and the package @waxseal/share holds.

/** One labelled value. A `totp` is a base32 secret or an `otpauth://` address. */
export interface Field {
  label?: string;
  value: string;
  /** `text` unless it is said. */
  kind?: "text" | "multiline" | "concealed" | "url" | "totp";
}

/** What is to be shared: at least a text, a field or a file. */
export interface Secret {
  title?: string;
  /** A note; the same as a field of the kind `multiline`. */
  text?: string;
  fields?: readonly Field[];
  files?: readonly File[];
}

/** What was shared. */
export interface Shared {
  /** The link, with the key: whoever has it can open what was shared. */
  link: string;
  /** When it expires, in RFC 3339. */
  expiresAt: string;
  /** Whether it can be viewed only once. */
  oneTime: boolean;
  /** What the share is called in calls of the server. */
  id: string;
  /** Sees the state of the share and revokes it, but opens nothing; only if `ownerToken` was set. */
  owner?: string;
}

/** How the dialog looks; what is left out is read from `--waxseal-…` and `color-scheme` of the page. */
export interface Theme {
  /** A colour of sRGB without transparency. Where it could not be read, the nearest shade that can. */
  accent?: string;
  /** Of buttons and fields: `0px` to `24px`. */
  radius?: string;
  /** Names of fonts that the person's system has. */
  font?: string;
  scheme?: "light" | "dark" | "auto";
}

/** A signed grant, or what gets one: asked each time the person wants a link, where the server wants it. */
export type Grant = string | (() => string | Promise<string>);

export interface ShareOptions extends Secret {
  grant?: Grant;
  /** Whether `owner` is wanted. */
  ownerToken?: boolean;
  theme?: Theme;
  /** Closes the dialog. Nothing is shared then, unless the link was there already. */
  signal?: AbortSignal;
  /** Called as soon as there is a link; the dialog is still open. */
  onshared?: (shared: Shared) => void;
  /** The server, where it is not the one that `configure` or the script's own address names. */
  server?: string | URL;
}

/** Names the server; needed only where the script does not come from it. */
export function configure(options: { server: string | URL }): void;

/**
 * Opens the dialog. Resolves when it is closed: to what was shared, or to null if the person cancelled or
 * revoked it. Rejects if the server does not answer or does not allow this page, and if there is nothing
 * that can be shared.
 */
export function openShareDialog(options?: ShareOptions): Promise<Shared | null>;

/** `<waxseal-share>`: a button that opens the dialog. Its attribute `label` is what it says. */
export class WaxsealShare extends HTMLElement {
  /** What is to be shared, or what gives it when the button is pressed. */
  secret?: Secret | (() => Secret | Promise<Secret>);
  grant?: Grant;
  ownerToken?: boolean;
  /** Opens the dialog, as the button does. */
  open(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    "waxseal-share": WaxsealShare;
  }
  interface HTMLElementEventMap {
    /** There is a link; the dialog is still open. */
    "waxseal-shared": CustomEvent<Shared>;
    /** The person closed the dialog, and nothing is shared; after `waxseal-shared`: the link was revoked. */
    "waxseal-cancel": CustomEvent<null>;
    "waxseal-error": CustomEvent<unknown>;
  }
}
