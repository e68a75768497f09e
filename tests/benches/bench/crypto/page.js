const message = (worker) => new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = reject;
});

// Milliseconds from the first job's start to the last one's end, the work split among the workers.
globalThis.measure = async (name, open, mib, count) => {
  const workers = Array.from({ length: count }, () => new Worker("/worker.js", { type: "module" }));
  await Promise.all(workers.map(message));
  const run = async (worker, share) => {
    const done = message(worker);
    worker.postMessage([name, open, share]);
    return done;
  };
  // The code of the first calls is not yet compiled for speed.
  await Promise.all(workers.map((worker) => run(worker, 4)));
  const start = performance.now();
  const times = await Promise.all(workers.map((worker) => run(worker, mib / count)));
  const whole = performance.now() - start;
  for (const worker of workers) worker.terminate();
  const failed = times.find((time) => typeof time !== "number");
  return failed ?? whole;
};
document.body.dataset.ready = "";
