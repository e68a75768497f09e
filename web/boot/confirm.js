const start = async () => {
  if (!WebAssembly.instantiateStreaming) throw new Error("too old");
  await __wbg_init({ module_or_path: "/assets/confirm.wasm" });
};
start().catch(() => {
  document.documentElement.className = "too-old";
});
