// Each way to fail, and its code. Nothing of it asks for anything, and importing does nothing at all.
import assert from "node:assert/strict";
import { openAsBlob, truncateSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";

const forbidden = (what) => () => assert.fail(`it called ${what}`);
globalThis.fetch = forbidden("fetch");
Socket.prototype.connect = forbidden("connect");
const { instantiate } = WebAssembly;
WebAssembly.instantiate = forbidden("WebAssembly.instantiate");
const { makeLink, newClaim, open, readLink, seal, WaxsealError } = await import("@waxseal/core");

const SECRET = "correct horse";
const terms = { expiresIn: 3600, views: 1 };

async function fails(code, work) {
  const error = await work().then(() => assert.fail(`no ${code}: ${work}`), (error) => error);
  assert.ok(error instanceof WaxsealError && error instanceof Error, `${work}: ${error}`);
  assert.equal(error.code, code, `${work}: ${error.message}`);
  assert.ok(error.message.length > 0 && !error.message.includes(SECRET), error.message);
  assert.equal(String(error), `WaxsealError: ${error.message}`);
}

WebAssembly.instantiate = instantiate;
const { DecompressionStream } = globalThis;
delete globalThis.DecompressionStream;
await fails("unsupported", () => newClaim());
globalThis.DecompressionStream = DecompressionStream;
assert.match(await newClaim(), /^[\w-]{43}$/);
if (process.argv[2] === "little-memory") {
  await fails("internal", () => seal({ text: SECRET }, { ...terms, passphrase: SECRET }));
  process.exit();
}

const sealed = await seal({ text: SECRET }, terms);
const link = await makeLink("https://share.example.org/", sealed.token);
assert.equal(link, `https://share.example.org/s#${sealed.token}`);
const head = await sealed.part(0);
assert.equal(sealed.request.head, Buffer.from(head).toString("base64url"));
const flipped = (bytes, at) => bytes.map((byte, n) => (n === (at + bytes.length) % bytes.length ? byte ^ 1 : byte));

const newer = flipped(Buffer.from(sealed.token, "base64url"), 0);
newer[0] = 2;
await fails("newer-link", () => readLink(`https://share.example.org/s#${newer.toString("base64url")}`));
for (const damaged of [
  "https://share.example.org/s",
  "https://share.example.org/s#",
  `/s#${sealed.token}`,
  `file:///s#${sealed.token}`,
  link.slice(0, -1),
  `${link}a`,
  link.replace(sealed.token, flipped(Buffer.from(sealed.token, "base64url"), 9).toString("base64url")),
]) {
  await fails("damaged-link", () => readLink(damaged));
  await fails("damaged-link", () => open(damaged, head));
}
await fails("damaged-link", () => makeLink("https://share.example.org", sealed.token.slice(1)));
await fails("invalid", () => makeLink("share.example.org", sealed.token));
assert.equal((await readLink(`${link}.`)).exposed, false);
assert.equal((await readLink(link.replace("#", "%23"))).exposed, true);

for (const damaged of [head.slice(0, -1), head.slice(0, 56), new Uint8Array(), flipped(head, 0), flipped(head, 60), flipped(head, -1)]) {
  await fails("damaged", () => open(link, damaged));
  await fails("damaged", () => open(link, damaged, { size: sealed.size }));
}
await fails("damaged", () => open(link, head, { size: sealed.size + 16 }));
const other = await seal({ text: SECRET }, { ...terms, passphrase: "ﬁve e\u0301tudes" });
const otherLink = await makeLink("https://share.example.org", other.token);
await fails("damaged", () => open(otherLink, head));
await fails("damaged", async () => open(otherLink, await other.part(0)));
// Composed or not, it is the same passphrase.
const opened = await open(otherLink, await other.part(0), { passphrase: "ﬁve \u00e9tudes" });
assert.deepEqual(opened.fields, [{ label: "Text", value: SECRET, kind: "multiline" }]);
assert.deepEqual(opened.policy, { views: 1, expires_in: 3600 });

for (const unfit of [{}, null, undefined, { fields: [] }, { title: "a title alone" }]) await fails("invalid", () => seal(unfit, terms));
for (const unfit of [
  { text: 42 },
  { text: "\ud800" },
  { fields: SECRET },
  { fields: [{ label: SECRET }] },
  { fields: [{ value: SECRET, kind: "password" }] },
  { fields: [{ value: SECRET, kind: "totp" }] },
  { fields: Array(201).fill({ value: "" }) },
  { text: "a".repeat(512 * 1024) },
  { files: [{ name: SECRET }] },
  { files: [{ name: SECRET, content: SECRET }] },
  { files: [{ name: SECRET, content: new Uint16Array(2) }] },
  { files: Array(1001).fill({ name: "", content: new Uint8Array() }) },
]) await fails("invalid", () => seal({ title: SECRET, text: SECRET, ...unfit }, terms));
for (const unfit of [
  { expiresIn: 59 },
  { expiresIn: 2_592_001 },
  { expiresIn: 60.5 },
  { expiresIn: "3600" },
  { views: 0 },
  { views: 101 },
  { views: undefined },
  { passphrase: 42 },
  { passphrase: "\ud800" },
  { passphrase: "a".repeat(1025) },
]) await fails("invalid", () => seal({ text: SECRET }, { ...terms, ...unfit }));
for (const n of [-1, 1, 0.5, "0", undefined]) await fails("invalid", () => sealed.part(n));
await fails("invalid", () => open({}, head));
await fails("invalid", () => open(link, head, { size: "1" }));

writeFileSync("large", new Uint8Array(3_000_000).fill(7));
const files = [{ name: "../../large", content: await openAsBlob("large") }, { name: "empty", content: new Uint8Array() }];
const large = await seal({ files }, { expiresIn: 60, views: null });
const parts = await Promise.all([0, 1, 2].map(large.part));
assert.deepEqual(parts, await Promise.all([0, 1, 2].map(large.part)));
const item = await open(await makeLink("http://127.0.0.1:1", large.token), parts[0], { size: large.size });
const content = (fetchPart, file = 0) => Array.fromAsync?.(item.files[file].content(fetchPart)) ?? all(item.files[file].content(fetchPart));
async function all(pieces) {
  const list = [];
  for await (const piece of pieces) list.push(piece);
  return list;
}
assert.ok(Buffer.concat(await content(async (n) => parts[n])).equals(Buffer.alloc(3_000_000, 7)));
assert.deepEqual(await content(undefined, 1), []);
assert.deepEqual(item.files.map(({ safeName, risky }) => [safeName, risky]), [["large", false], ["empty", false]]);
await fails("invalid", () => content());
await fails("damaged", () => content(async (n) => flipped(parts[n], -1)));
await fails("damaged", () => content(async (n) => parts[n].slice(0, -1)));
await fails("damaged", () => content(async (n) => parts[3 - n]));
await assert.rejects(content(async () => { throw new RangeError("the program's own"); }), RangeError);
truncateSync("large", 10);
await fails("file-changed", () => large.part(1));
console.log("as it should be");
