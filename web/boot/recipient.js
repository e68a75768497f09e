__wbg_init({ module_or_path: "/assets/recipient.wasm" }).catch(() => {
  if (self.document) document.documentElement.className = "too-old";
});
self.waxsealQr = () => import("/assets/qr.js");
