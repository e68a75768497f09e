// Types of the package @waxseal/core. Nothing in it asks a server for anything.

/** `Uint8Array`, of an `ArrayBuffer` for compilers that tell. */
type Bytes = ReturnType<typeof Uint8Array.of>;

/**
 * What went wrong, for ever by this name:
 * - `invalid`: what was handed in is not what the types say, or is beyond the format's limits
 * - `file-changed`: a file is not as long as it was, or can no longer be read
 * - `damaged-link`: the link is incomplete or damaged; nothing has to be asked for that
 * - `newer-link`: the link is of a later version of the format
 * - `damaged`: the ciphertext is not what was sealed, is cut, or is not for this link and passphrase
 * - `unsupported`: there is no WebAssembly here, or a content security policy forbids it (`'wasm-unsafe-eval'`)
 * - `internal`: a fault, or no memory
 */
export type ErrorCode =
  | "invalid"
  | "file-changed"
  | "damaged-link"
  | "newer-link"
  | "damaged"
  | "unsupported"
  | "internal";

/** What every function here rejects with. The message repeats nothing that is secret. */
export class WaxsealError extends Error {
  readonly name: "WaxsealError";
  readonly code: ErrorCode;
}

export type FieldKind = "text" | "multiline" | "concealed" | "url" | "totp";

/** What is to be sealed: at least a text, a field or a file. */
export interface Secret {
  title?: string;
  /** Who says they sent it: a claim, which a link cannot prove. */
  from?: string;
  /** A note; the same as a field of the kind `multiline` in front of the others. */
  text?: string;
  /** At most 200. A `totp` is a base32 secret or an `otpauth://` address. */
  fields?: readonly { label?: string; value: string; /** `text` unless it is said. */ kind?: FieldKind }[];
  /** At most 1000. Of a `Blob` no more than a part is read at a time, however large it is. */
  files?: readonly { name: string; type?: string; content: Uint8Array | Blob }[];
}

/** On what terms. Servers have a policy, `GET /api/policy`, which says what they take. */
export interface Terms {
  /** Seconds, 60 to 2,592,000 (30 days), from when it can be opened. */
  expiresIn: number;
  /** How often it can be opened, 1 to 100; null is any number of times. */
  views: number | null;
  /** Stretched on the spot, which takes 64 MiB and some tenths of a second. An empty one is none. */
  passphrase?: string;
}

/** The JSON that `POST /api/shares` takes, as it is. */
export interface CreateRequest {
  id: string;
  access_hash: string;
  owner_hash: string;
  passphrase_hash?: string;
  size: number;
  expires_in: number;
  views: number | null;
  /** The whole ciphertext, exactly when it is one part; then this request publishes. */
  head?: string;
}

/** Ciphertext, and what is to be kept of it. */
export interface Sealed {
  /** What the share is called in calls of the server. */
  id: string;
  /** What the link is made of: whoever has it, and the passphrase if there is one, can open the share. */
  token: string;
  /** Bearer token of the calls of the owner: uploads, state, revocation. It opens nothing. */
  owner: string;
  /** Bytes of ciphertext. */
  size: number;
  /** How many parts that is. If there is more than one, each is put to `/api/shares/{id}/parts/{n}`. */
  parts: number;
  request: CreateRequest;
  /** Part `n`, from 0 on, sealed. Asked again, it gives the same. */
  part(n: number): Promise<Bytes>;
}

/** What a link gives. It can be kept as JSON, and is as secret as the link. */
export interface Link {
  /** Scheme, host and port. */
  server: string;
  id: string;
  /** Bearer token of the calls of whoever has the link. */
  access: string;
  /** Goes into the claim, if there is a passphrase. */
  proof?: string;
  /** What opens the ciphertext. */
  key: string;
  /** The `#` of the link was rewritten to `%23`, so that whoever served the page has seen the key. */
  exposed: boolean;
}

export interface ItemFile {
  /** As the sender gave it: not to be used on a disk. */
  name: string;
  /** Fit for any disk, in no folder, and unlike those of the other files. */
  safeName: string;
  /** Whether opening a file of this name may run what is in it. */
  risky: boolean;
  /** As the sender gave it: not to be trusted. */
  type: string;
  size: number;
  /**
   * What is in it, verified, piece by piece. `fetchPart` gets parts from `/api/shares/{id}/parts/{n}`; it is not
   * needed where the head is all there is.
   */
  content(
    fetchPart?: (n: number) => Promise<Uint8Array | ArrayBuffer>,
  ): AsyncGenerator<Bytes, void, void>;
}

export interface Item {
  title: string;
  from: string;
  fields: { label: string; value: string; kind: FieldKind }[];
  files: ItemFile[];
  /** What the sender chose. If the server says something else, somebody changed it. */
  policy?: { views: number | null; expires_in: number };
}

/** Seals, with secrets and tokens drawn for this share alone. */
export function seal(secret: Secret, terms: Terms): Promise<Sealed>;

/** The link to hand out, once the server has the share. */
export function makeLink(server: string | URL, token: string): Promise<string>;

/** Reads a link, and stretches the passphrase if there is one. */
export function readLink(link: string | URL, passphrase?: string): Promise<Link>;

/** Draws the token of one opening. Keep it until everything has come: the same claim may ask again. */
export function newClaim(): Promise<string>;

/**
 * Opens what the server answers a claim with. `size` is the answer's header `waxseal-size`; without it the head
 * is taken to be all. A passphrase is for links that are a string: `readLink` has stretched it already.
 */
export function open(
  link: string | URL | Link,
  head: Uint8Array | ArrayBuffer,
  options?: { size?: number; passphrase?: string },
): Promise<Item>;
