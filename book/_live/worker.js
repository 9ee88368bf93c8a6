// The network, in a worker: the page stays smooth while it runs. One thread, so that no special headers are needed.
//
//   in   {type: "load", runtime, model, places}       out  {type: "progress", loaded, total}, then {type: "ready", from, ms}
//   in   {type: "run", number, photo, gammas, wind}   out  {type: "clip", number, clip, attention, way, change, ms}
//   any of them may be answered by {type: "failed", during, reason}
const INTERFACE = "ort.wasm.min.mjs", GLUE = "ort-wasm-simd-threaded.mjs", ENGINE = "ort-wasm-simd-threaded.wasm";
let ort, session;

self.onmessage = async ({ data }) => {
  try {
    await (data.type === "load" ? load(data) : run(data));
  } catch (error) {
    self.postMessage({ type: "failed", during: data.type, number: data.number, reason: String(error?.message ?? error) });
  }
};

// `places` are the addresses of folders that may hold the runtime, the best first.
async function load({ runtime, model, places }) {
  const begun = performance.now();
  const total = model.bytes + Object.values(runtime.files).reduce((sum, file) => sum + file.bytes, 0);
  let loaded = 0;
  const onBytes = (count) => self.postMessage({ type: "progress", loaded: (loaded += count), total });
  const network = fetchBytes(model.address, model, onBytes);
  network.catch(() => {}); // it is awaited below, after the runtime
  const { parts, place } = await firstThatWorks(places, async (place) => {
    const before = loaded;
    try {
      return { place, parts: await fetchRuntime(place, runtime.files, onBytes) };
    } catch (error) {
      onBytes(before - loaded);
      throw error;
    }
  });
  await start(parts);
  session = await ort.InferenceSession.create(await network, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  self.postMessage({ type: "ready", place, ms: performance.now() - begun });
}

async function firstThatWorks(places, attempt) {
  const reasons = [];
  for (const place of places) {
    try {
      return await attempt(place);
    } catch (error) {
      reasons.push(error.message);
    }
  }
  throw new Error(reasons.join("; "));
}

async function fetchRuntime(place, files, onBytes) {
  const names = [INTERFACE, GLUE, ENGINE];
  const parts = await Promise.all(names.map((name) => fetchBytes(place + name, files[name], onBytes)));
  return Object.fromEntries(names.map((name, i) => [name, parts[i]]));
}

// A file as bytes. One that is not the file that was pinned is refused, wherever it came from.
async function fetchBytes(address, { bytes, sha256 }, onBytes) {
  const answer = await fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  const data = await readAll(answer.body, bytes, onBytes);
  // Browsers offer the hash on https and on this machine only; elsewhere the length has to do.
  const hash = self.crypto?.subtle ? await hexHash(data) : sha256;
  if (data.length !== bytes || hash !== sha256) throw new Error(`${address} is not the file that this page was built with`);
  return data;
}

async function readAll(stream, bytes, onBytes) {
  const data = new Uint8Array(bytes), reader = stream.getReader();
  for (let length = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return data.subarray(0, length);
    if (length + value.length > bytes) throw new Error("a file is longer than it should be");
    data.set(value, length);
    length += value.length;
    onBytes(value.length);
  }
}

async function hexHash(data) {
  const hash = new Uint8Array(await self.crypto.subtle.digest("SHA-256", data));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The engine asks for shared memory of up to 4 GiB, and iOS sets all of a shared memory aside at once, or refuses. The
// model needs less than a fifth of what is asked for in place of it: 512 MiB, in pages of 64 KiB.
const MEMORY = "maximum:65536", ENOUGH = "maximum:8192";

// Scripts run from the bytes at hand: static servers disagree about the type of .mjs and .wasm files.
async function start(parts) {
  const script = (bytes) => URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  ort = await import(script(parts[INTERFACE]));
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: script(new TextDecoder().decode(parts[GLUE]).replace(MEMORY, ENOUGH)) };
  ort.env.wasm.wasmBinary = parts[ENGINE];
}

// `photo`: Float32Array (3, S, S) in [-1, 1]; `gammas`: Float32Array, one a gated layer; `wind`: Float32Array (2,), right and down in
// parts of the picture. A model takes what it has an input for.
async function run({ number, photo, gammas, wind }) {
  const begun = performance.now();
  const side = Math.round(Math.sqrt(photo.length / 3));
  const feeds = { photo: new ort.Tensor("float32", photo, [1, 3, side, side]) };
  if (session.inputNames.includes("gammas")) feeds.gammas = new ort.Tensor("float32", gammas, [gammas.length]);
  if (session.inputNames.includes("wind")) feeds.wind = new ort.Tensor("float32", wind, [1, 2]);
  const made = await session.run(feeds);
  const [clip, attention, way, change] = ["clip", "attention", "way", "change"].map((name) => made[name]?.data ?? null);
  const ms = performance.now() - begun, moved = [clip, attention, way, change].filter(Boolean).map((array) => array.buffer);
  self.postMessage({ type: "clip", number, clip, attention, way, change, ms }, moved);
}
