// Keeps the page's files on this machine, so that it works without a network.
//
// All names but the page's own hold a hash of what is in them, so files of two builds never mix:
// what is kept stays right, and a build brings only what it changed.

declare const FILES: string[]; // all of this build, written in by vite.config.ts

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = "tfcolor";
const LATER = /\.(wasm|tflite)$|litert/; // large; kept when a visitor's browser asks for them

worker.addEventListener("install", (event) => {
  const first = ["./", ...FILES.filter((file) => !LATER.test(file))];
  // Past the browser's own cache, or an old page would be kept.
  const requests = first.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(requests))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(forgetOld().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const known = addresses().has(event.request.url.split(/[?#]/)[0]);
  if (event.request.method === "GET" && known) event.respondWith(answer(event));
});

async function answer(event: FetchEvent): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(event.request, { ignoreSearch: true });
  if (kept) return kept;
  const response = await fetch(event.request);
  // Not waited for: the page tells how much has come.
  if (response.ok) event.waitUntil(cache.put(event.request, response.clone()));
  return response;
}

async function forgetOld(): Promise<void> {
  const [cache, current] = [await caches.open(CACHE), addresses()];
  for (const request of await cache.keys()) {
    if (!current.has(request.url)) await cache.delete(request);
  }
}

function addresses(): Set<string> {
  return new Set(["./", ...FILES].map((file) => new URL(file, worker.registration.scope).href));
}
