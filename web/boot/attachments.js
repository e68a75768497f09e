const style = document.createElement("link");
style.rel = "stylesheet";
style.href = "/assets/attachments.css";
const styled = new Promise((done) => {
  style.onload = style.onerror = done;
});
document.head.append(style);
await Promise.all([__wbg_init({ module_or_path: "/assets/attachments.wasm" }), styled]);
