// What the types allow. After `@ts-expect-error` the compiler complains if there is no error.
import { type ErrorCode, type Item, type Link, makeLink, newClaim, open, readLink, seal, type Sealed, WaxsealError } from "@waxseal/core";

const sealed: Sealed = await seal(
  {
    title: "Staging database",
    from: "Dana",
    text: "a note",
    fields: [{ label: "Password", value: "correct horse", kind: "concealed" }, { value: "alone" }],
    files: [
      { name: "notes.txt", type: "text/plain", content: new File(["what is in it"], "notes.txt") },
      { name: "bytes", content: new Uint8Array(3) },
    ],
  },
  { expiresIn: 3600, views: null, passphrase: "lusab-babad-gutih-tugad" },
);
await fetch("/api/shares", { method: "POST", body: JSON.stringify(sealed.request) });
for (let n = 0; n < sealed.parts; n++) await fetch("/", { method: "PUT", body: await sealed.part(n) });
const address: string = await makeLink(new URL("https://share.example.org"), sealed.token);

const link: Link = await readLink(address, "lusab-babad-gutih-tugad");
const claim: string = await newClaim();
const head = await (await fetch(link.server, { body: JSON.stringify({ claim, proof: link.proof }) })).arrayBuffer();
const item: Item = await open(link, head, { size: 4096 });
await open(address, new Uint8Array(head), { passphrase: "lusab-babad-gutih-tugad" });
const pieces: BlobPart[] = [];
for (const file of item.files) {
  for await (const piece of file.content(async (n) => (await fetch(`/parts/${n}`)).arrayBuffer())) pieces.push(piece);
}
new Blob(pieces, { type: item.files[0]?.type ?? "" });

function told(error: unknown): ErrorCode | undefined {
  return error instanceof WaxsealError ? error.code : undefined;
}
export { told };

// @ts-expect-error How often it can be opened is always said.
await seal({ text: "a note" }, { expiresIn: 3600 });
// @ts-expect-error A kind is one of five.
await seal({ fields: [{ value: "x", kind: "password" }] }, { expiresIn: 3600, views: 1 });
// @ts-expect-error There is no such property.
await seal({ titel: "misspelt" }, { expiresIn: 3600, views: 1 });
// @ts-expect-error A content is bytes or a Blob.
await seal({ files: [{ name: "a", content: "text" }] }, { expiresIn: 3600, views: 1 });
// @ts-expect-error It is a promise.
sealed.part(0).length;
// @ts-expect-error There is no such code.
told(null) === "wrong-passphrase";
// @ts-expect-error What is in a file is asked for.
item.files[0].content.length satisfies never;
