self.waxsealExtras = () => import("/assets/extras.js");
self.waxsealWorker = new URL("/assets/worker.js", location.href).href;
__wbg_init({ module_or_path: "/assets/compose.wasm" }).catch(() => {
  document.documentElement.className = "too-old";
});
