// Where pages are rendered before there is a browser, importing is all that happens.
import assert from "node:assert/strict";
import { configure, openShareDialog, WaxsealShare } from "@waxseal/share";

assert.equal(typeof WaxsealShare, "function");
await assert.rejects(openShareDialog({ text: "a secret" }), {
  name: "TypeError",
  message: "Waxseal: configure({ server }) comes first",
});
assert.throws(() => configure({ server: "no address" }), TypeError);
configure({ server: "https://share.example.org" });
// It knows the server now, and is told to end before it needs a page.
await assert.rejects(openShareDialog({ text: "a secret", signal: AbortSignal.abort() }), { name: "AbortError" });
console.log("imported");
