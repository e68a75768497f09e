self.waxsealWorker = new URL("/assets/worker.js", location.href).href;
const start = async () => {
  if (!WebAssembly.instantiateStreaming) throw new Error("too old");
  await __wbg_init({ module_or_path: "/assets/answer.wasm" });
};
start().catch(() => {
  document.documentElement.className = "too-old";
});
