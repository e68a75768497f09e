await __wbg_init({ module_or_path: "/assets/extras.wasm" });
