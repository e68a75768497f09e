import load, { alone, parts } from "/bench.js";
await load({ module_or_path: "/bench.wasm" });

// SubtleCrypto from JavaScript, 256 KiB at a time.
async function plain(open, mib) {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(32), "AES-GCM", false, ["encrypt", "decrypt"]);
  const algorithm = { name: "AES-GCM", iv: new Uint8Array(12) };
  const text = new Uint8Array(256 * 1024);
  const sealed = await crypto.subtle.encrypt(algorithm, key, text);
  const start = performance.now();
  for (let n = 0; n < mib * 4; n++) {
    if (open) await crypto.subtle.decrypt(algorithm, key, sealed);
    else await crypto.subtle.encrypt(algorithm, key, text);
  }
  return performance.now() - start;
}

const jobs = {
  plain,
  alone,
  platform: (open, mib) => parts(true, open, mib),
  portable: (open, mib) => parts(false, open, mib),
};
onmessage = async ({ data: [name, open, mib] }) => {
  try {
    postMessage(await jobs[name](open, mib));
  } catch (error) {
    postMessage(String(error));
  }
};
postMessage("ready");
