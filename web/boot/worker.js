await __wbg_init({ module_or_path: "/assets/worker.wasm" });
