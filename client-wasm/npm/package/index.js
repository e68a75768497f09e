// What a program calls. The work is done by WebAssembly, which is loaded at the first call: importing does nothing.
import init, * as core from "./core.js";
import { wasm } from "./wasm.js";

export class WaxsealError extends Error {
  name = "WaxsealError";
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

export const seal = (item, terms) => run(async () => {
  const sealing = new core.Sealing(item, terms);
  const contents = [...(item.files ?? [])].map((file) => file.content);
  const part = (n) => run(async () => sealing.seal(n, await gather(contents, sealing.wants(n))));
  const { id, token, owner, size, parts } = sealing;
  const request = sealing.request(parts === 1 ? await part(0) : undefined);
  return { id, token, owner, size, parts, request, part };
});

export const makeLink = (server, token) => run(() => core.makeLink(origin(server, "invalid"), token));

export const readLink = (link, passphrase) => run(() => {
  const read = core.readLink(String(link), passphrase);
  return { ...read, server: origin(link, "damaged-link") };
});

export const newClaim = () => run(() => core.newClaim());

export const open = (link, head, { size, passphrase } = {}) => run(async () => {
  const keys = typeof link === "string" || link instanceof URL ? await readLink(link, passphrase) : link;
  head = bytes(head);
  const opening = new core.Opening(keys, head, size ?? head.length);
  const item = opening.item();
  item.files.forEach((file, n) => { file.content = (fetchPart) => content(opening, n, head, fetchPart); });
  return item;
});

async function* content(opening, file, head, fetchPart) {
  const [start, end] = opening.parts(file);
  for (let n = start; n < end; n++) {
    if (n > 0 && !fetchPart) throw new WaxsealError("invalid", "fetchPart: parts behind the head have to be fetched");
    const part = n === 0 ? head : bytes(await fetchPart(n));
    // What is opened takes the place of what was sealed, which is not ours.
    yield await run(() => opening.read(file, n, new Uint8Array(part)));
  }
}

// The bytes of files that go into one part.
async function gather(contents, wanted) {
  const pieces = wanted.map(([file, start, end]) => contents[file].slice(start, end));
  try {
    return bytes(await new Blob(pieces).arrayBuffer());
  } catch (cause) {
    throw new WaxsealError("file-changed", "a file can no longer be read", { cause });
  }
}

const bytes = (given) => (given instanceof Uint8Array ? given : new Uint8Array(given));

// Scheme, host and port.
function origin(address, code) {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw new WaxsealError(code, "not an address that starts with https:// or http://");
  }
  return url.origin;
}

let loading;

async function load() {
  const packed = Uint8Array.from(atob(wasm), (byte) => byte.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  await init({ module_or_path: await new Response(unpacked).arrayBuffer() });
}

// Does `work` once the WebAssembly is there.
async function run(work) {
  loading ??= load();
  try {
    await loading;
  } catch (cause) {
    loading = undefined;
    throw new WaxsealError("unsupported", "WebAssembly cannot be used here", { cause });
  }
  try {
    return await work();
  } catch (thrown) {
    throw failure(thrown);
  }
}

function failure(thrown) {
  if (typeof thrown === "string") {
    const [code] = thrown.split(" ", 1);
    return new WaxsealError(code, thrown.slice(code.length + 1));
  }
  if (!(thrown instanceof WebAssembly.RuntimeError)) return thrown;
  return new WaxsealError("internal", "the WebAssembly stopped, for lack of memory for instance", { cause: thrown });
}
