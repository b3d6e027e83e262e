// The service worker: caches the page's files, so that the page works offline.
//
// All file names except the page's own contain a hash of the content. So files of two builds never
// mix, cached files stay valid, and after a new build only changed files are fetched.

declare const FILES: string[]; // all files of this build, inserted by vite.config.ts

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = "tfcolor";
const LATER = /\.(wasm|tflite)$|litert|opencv/; // large; cached when the page first fetches them

worker.addEventListener("install", (event) => {
  const first = ["./", ...FILES.filter((file) => !LATER.test(file))];
  // Bypasses the browser's HTTP cache, which may hold an old page.
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
  // Caching is not awaited, so that the page can show the progress of the fetch.
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
