// Builds the page. bin/web passes the path of its network in the environment variable NETWORK.

import { readFileSync } from "node:fs";

import { defineConfig, type Plugin } from "vite";

import { readCard } from "./card.ts";
import { sized } from "./src/flatbuffer.ts";

const path = process.env.NETWORK ?? "";
const network = readFileSync(path);
const card = readCard(network);
try {
  sized(network, card.size, card.size); // refuses what the page could not run
} catch (error) {
  console.error(`${path} ${(error as Error).message}`);
  process.exit(1);
}

const MARK = "// Part of the page that bin/web of tfcolor builds."; // bin/web looks for this line

/** Inserts the names of the page's files into the service worker. */
const listed: Plugin = {
  name: "listed",
  enforce: "post",
  generateBundle(_, bundle) {
    const worker = bundle["sw.js"];
    if (worker?.type !== "chunk") throw new Error("there is no service worker");
    const files = Object.keys(bundle).filter((file) => file !== "sw.js");
    worker.code = `${MARK}\nconst FILES = ${JSON.stringify(files.sort())};\n${worker.code}`;
  },
};

export default defineConfig({
  base: "./", // so that the page works from any folder of a server
  plugins: [listed],
  resolve: { alias: [{ find: /^network\.tflite(?=\?)/, replacement: path }] },
  assetsInclude: ["**/*.tflite"],
  define: { NETWORK: { ...card, bytes: network.length } },
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: "index.html", sw: "src/sw.ts" },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
});
