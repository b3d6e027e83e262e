// Builds the page. bin/web passes the path of its network in the environment variable NETWORK; if
// there is none, the page is that of the app, which leaves the work to its server.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type Plugin, type UserConfig, defineConfig } from "vite";

import { readCard } from "./card.ts";
import { sized } from "./src/flatbuffer.ts";

const path = process.env.NETWORK ?? "";

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

/** Lets OpenCV.js make functions from text; what the page may contact stays the same. */
const evaluating: Plugin = {
  name: "evaluating",
  transformIndexHtml: (html) => html.replace("'wasm-unsafe-eval'", "$& 'unsafe-eval'"),
};

const source = (name: string) => fileURLToPath(new URL(`src/${name}.ts`, import.meta.url));

function withNetwork(): UserConfig {
  const network = readFileSync(path);
  const card = readCard(network);
  const { inputs, outputs } = checked(network, card.size);
  return {
    plugins: [listed, evaluating],
    resolve: {
      alias: [
        { find: /^network\.tflite(?=\?)/, replacement: path },
        { find: /^engine$/, replacement: source("local") },
      ],
    },
    assetsInclude: ["**/*.tflite"],
    define: { NETWORK: { ...card, inputs, outputs, bytes: network.length } },
    build: {
      rolldownOptions: {
        input: { index: "index.html", sw: "src/sw.ts" },
        output: {
          entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        },
      },
    },
  };
}

/** Ends with a line that names the file if the page could not run it. */
function checked(network: Uint8Array, size: number): ReturnType<typeof sized> {
  try {
    return sized(network, size, size);
  } catch (error) {
    console.error(`${path} ${(error as Error).message}`);
    return process.exit(1);
  }
}

/** Its files are in the repository: their names stay the same. */
function ofApp(): UserConfig {
  const names = "assets/[name].[ext]";
  return {
    resolve: { alias: [{ find: /^engine$/, replacement: source("remote") }] },
    build: {
      rolldownOptions: {
        output: { entryFileNames: "assets/page.js", assetFileNames: names },
      },
    },
  };
}

const own = path ? withNetwork() : ofApp();
export default defineConfig({
  ...own,
  base: "./", // so that the page works from any folder of a server
  build: { ...own.build, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
