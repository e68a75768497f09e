// `send ORIGIN FILE…` shares and prints the link; `open LINK` opens and prints what was in it. With a passphrase.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { openAsBlob, readFileSync } from "node:fs";
import { basename } from "node:path";
import { makeLink, newClaim, open, readLink, seal } from "@waxseal/core";

const [what, where, ...files] = process.argv.slice(2);
const passphrase = process.env.WAXSEAL_PASSPHRASE;

async function call(method, path, token, body) {
  const isJson = body !== undefined && !(body instanceof Uint8Array);
  const headers = { authorization: `Bearer ${token}`, "content-type": isJson ? "application/json" : "application/octet-stream" };
  return fetch(new URL(path, where), { method, headers, body: isJson ? JSON.stringify(body) : body });
}

async function send() {
  const policy = await (await call("GET", "/api/policy")).json();
  const [small, ...large] = files;
  const sealed = await seal({
    title: "Papers",
    from: "Dana",
    text: "Zwei Anhänge.\nUnd zwei Zeilen.",
    fields: [
      { label: "Password", value: "correct horse", kind: "concealed" },
      { label: "Code", value: "jbsw y3dp ehpk 3pxp", kind: "totp" },
    ],
    files: [
      { name: basename(small), type: "text/plain", content: readFileSync(small) },
      ...await Promise.all(large.map(async (file) => ({ name: basename(file), content: await openAsBlob(file) }))),
    ],
  }, { expiresIn: policy.expiries[0], views: 1, passphrase });
  assert.equal(sealed.request.head, undefined);
  const share = `/api/shares/${sealed.id}`;
  const created = await call("POST", "/api/shares", "", sealed.request);
  assert.deepEqual([created.status, (await created.json()).parts], [201, sealed.parts]);
  let size = 0;
  for (let n = 0; n < sealed.parts; n++) {
    const part = await sealed.part(n);
    size += part.length;
    assert.equal((await call("PUT", `${share}/parts/${n}`, sealed.owner, part)).status, 204);
  }
  assert.equal(size, sealed.size);
  const published = await call("POST", `${share}/publish`, sealed.owner);
  assert.equal((await published.json()).state, "live");
  console.log(await makeLink(where, sealed.token));
}

async function receive() {
  const wrong = await readLink(where, "not this");
  const share = `/api/shares/${wrong.id}`;
  const landing = await (await call("GET", share, wrong.access)).json();
  assert.deepEqual([landing.passphrase, landing.views_left], [true, 1]);
  const claim = await newClaim();
  const refused = await call("POST", `${share}/claims`, wrong.access, { claim, proof: wrong.proof });
  const problem = await refused.json();
  assert.deepEqual([problem.type, problem.tries_left], ["urn:waxseal:problem:wrong-passphrase", 9]);

  const link = await readLink(new URL(where), passphrase);
  assert.deepEqual({ ...link, proof: "", key: "" }, { ...wrong, proof: "", key: "" });
  const answer = await call("POST", `${share}/claims`, link.access, { claim, proof: link.proof });
  const size = Number(answer.headers.get("waxseal-size"));
  const head = await answer.arrayBuffer();
  await assert.rejects(open(wrong, head, { size }), { code: "damaged" });
  const item = await open(link, head, { size });
  for (const file of item.files) {
    const hash = createHash("sha256");
    for await (const bytes of file.content(async (n) => (await call("GET", `${share}/parts/${n}`, claim)).arrayBuffer())) {
      hash.update(bytes);
    }
    file.sha256 = hash.digest("hex");
  }
  assert.equal((await call("POST", `${share}/ack`, claim)).status, 204);
  console.log(JSON.stringify(item));
}

await { send, open: receive }[what]();
