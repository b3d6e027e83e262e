// The URLs of the network, of LiteRT's builds, from which `network.ts` chooses, and of OpenCV.

import compat from "@litertjs/core/wasm/litert_wasm_compat_internal.js?url";
import compatWasm from "@litertjs/core/wasm/litert_wasm_compat_internal.wasm?url";
import plain from "@litertjs/core/wasm/litert_wasm_internal.js?url";
import plainWasm from "@litertjs/core/wasm/litert_wasm_internal.wasm?url";
import threaded from "@litertjs/core/wasm/litert_wasm_threaded_internal.js?url";
import threadedWasm from "@litertjs/core/wasm/litert_wasm_threaded_internal.wasm?url";
import opencv from "@techstark/opencv-js/dist/opencv.js?url";
import network from "network.tflite?url";

import type { Files } from "./network";

const absolute = (url: string) => new URL(url, document.baseURI).href;

export const files: Files = {
  network: absolute(network),
  runtime: {
    "litert_wasm_compat_internal.js": absolute(compat),
    "litert_wasm_compat_internal.wasm": absolute(compatWasm),
    "litert_wasm_internal.js": absolute(plain),
    "litert_wasm_internal.wasm": absolute(plainWasm),
    "litert_wasm_threaded_internal.js": absolute(threaded),
    "litert_wasm_threaded_internal.wasm": absolute(threadedWasm),
  },
  opencv: absolute(opencv),
};
