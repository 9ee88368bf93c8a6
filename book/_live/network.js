// The page's side of worker.js: load the network once, then one clip after another.

// Resolves to {run, place, ms} when the network is ready; onProgress(loaded, total) in bytes. `folder` is this page's.
export function loadNetwork({ model, runtime, folder }, onProgress) {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" }), waiting = new Map();
  let count = 0, gone = null;

  function run(photo, gammas, wind) {
    if (gone) return Promise.reject(gone);
    return new Promise((resolve, reject) => {
      waiting.set(++count, { resolve, reject });
      worker.postMessage({ type: "run", number: count, photo, gammas: Float32Array.from(gammas), wind: Float32Array.from(wind ?? []) });
    });
  }

  return new Promise((resolve, reject) => {
    const stop = (reason) => { // no progress is reported after that, and no clip comes
      worker.terminate();
      gone = new Error(reason);
      reject(gone);
      for (const asked of waiting.values()) asked.reject(gone);
      waiting.clear();
    };
    const answers = {
      progress: ({ loaded, total }) => onProgress(loaded, total),
      ready: ({ place, ms }) => resolve({ run, place, ms }),
      clip: (message) => settle(message.number, "resolve", message),
      failed: ({ during, number, reason }) => (during === "load" ? stop(reason) : settle(number, "reject", new Error(reason))),
    };
    const settle = (number, how, value) => { waiting.get(number)[how](value); waiting.delete(number); };
    worker.onmessage = ({ data }) => answers[data.type](data);
    worker.onerror = (event) => { event.preventDefault(); stop(event.message ?? "the worker did not start"); };
    const address = `${new URL("model.onnx", folder)}?${model.sha256.slice(0, 12)}`;
    const places = runtime.local ? [folder, runtime.cdn] : [runtime.cdn];
    worker.postMessage({ type: "load", runtime, model: { address, bytes: model.bytes, sha256: model.sha256 }, places });
  });
}
