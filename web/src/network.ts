// Runs the network with LiteRT.js on the CPU.

import * as litert from "@litertjs/core";

import { AB, CELL, CLASSES, HINTS, sized } from "./flatbuffer";
import type { Cells } from "./guess";
import type { Colors } from "./paint";
import type { Plane } from "./taps";

const STRIDE = NETWORK.stride; // the sides of inputs must be multiples of this

/** Absolute URLs of the network, by file name of LiteRT's files, and of OpenCV. */
export interface Files {
  network: string;
  runtime: Record<string, string>;
  opencv: string;
}

export class Network {
  private constructor(private readonly bytes: Uint8Array) {}

  /** Fetches the network and LiteRT; `progress` gets the share of the network fetched so far. */
  static async load(files: Files, progress: (share: number) => void): Promise<Network> {
    const [bytes] = await Promise.all([fetchBytes(files.network, progress), start(files.runtime)]);
    return new Network(bytes);
  }

  /**
   * The colors for lightness of any size, which is padded by mirroring to multiples of the stride.
   *
   * @param hints - for a network that takes them: a* / 110, b* / 110 and a certainty in [0, 1] for
   *   each pixel of l; 0 where there is no hint. The padding gets none.
   */
  async colors(l: Plane, hints?: Float32Array): Promise<Colors> {
    const { top, left, width, output } = await this.run(l, hints, AB, 1);
    const cut = (channel: number): Plane => {
      const data = new Float32Array(l.data.length);
      for (let y = 0, at = 0; y < l.height; y++) {
        const row = (y + top) * width + left;
        for (let x = 0; x < l.width; x++, at++) data[at] = output[(row + x) * AB + channel];
      }
      return { ...l, data };
    };
    if (!output.every(Number.isFinite)) throw new Error("the network's colors are not numbers");
    return { l, a: cut(0), b: cut(1) };
  }

  /** The probabilities of the color classes in each cell of the lightness; see `colors`. */
  async classes(l: Plane, hints?: Float32Array): Promise<Cells> {
    const { top, left, width, output } = await this.run(l, hints, CLASSES, CELL);
    const [rows, columns] = [l.height, l.width].map((side) => Math.ceil(side / CELL));
    const data = new Float32Array(rows * columns * CLASSES);
    for (let row = 0; row < rows; row++) {
      const from = ((row + top / CELL) * (width / CELL) + left / CELL) * CLASSES;
      const line = output.subarray(from, from + columns * CLASSES);
      data.set(line, row * columns * CLASSES);
    }
    return { width: columns, height: rows, data };
  }

  /** The output of so many channels, and where in it the lightness is. */
  private async run(
    l: Plane,
    hints: Float32Array | undefined,
    channels: number,
    cell: number,
  ): Promise<{ top: number; left: number; width: number; output: Float32Array }> {
    const [top, height] = room(l.height, cell);
    const [left, width] = room(l.width, cell);
    const shown = new Float32Array(height * width);
    for (let y = 0, at = 0; y < height; y++) {
      const row = mirrored(y - top, l.height) * l.width;
      for (let x = 0; x < width; x++, at++) shown[at] = l.data[row + mirrored(x - left, l.width)];
    }
    const told = new Float32Array(height * width * HINTS);
    for (let y = 0; hints && y < l.height; y++) {
      const row = hints.subarray(y * l.width * HINTS, (y + 1) * l.width * HINTS);
      told.set(row, ((y + top) * width + left) * HINTS);
    }
    // Not WebGPU: it refuses networks whose sizes are only known at run time, see docs/web.md.
    const { bytes } = sized(this.bytes, height, width);
    const model = await litert.loadAndCompile(bytes, { accelerator: "wasm" });
    // The number of channels identifies an input: their order differs between files.
    const inputs = model.getInputDetails().map(({ shape }) => {
      const plane = shape[3] === HINTS ? told : shown;
      return new litert.Tensor(plane, [1, height, width, shape[3]]);
    });
    try {
      const outputs = await model.run(inputs);
      const place = model.getOutputDetails().findIndex(({ shape }) => shape[3] === channels);
      const output = outputs[place].toTypedArray() as Float32Array;
      for (const each of outputs) each.delete();
      return { top, left, width, output };
    } finally {
      for (const each of inputs) each.delete();
      model.delete();
    }
  }
}

/** Loads the fastest of LiteRT's builds that this browser can run. */
async function start(runtime: Record<string, string>): Promise<void> {
  const quick = await litert.supportsFeature("relaxedSimd");
  const build = !quick ? "compat_" : self.crossOriginIsolated ? "threaded_" : "";
  const script = runtime[`litert_wasm_${build}internal.js`];
  // LiteRT's script reads `Module`: it could not find its files beside an inline worker.
  const locateFile = (name: string) => runtime[name];
  const printErr = () => {}; // gets only messages about loading; errors are thrown
  Object.assign(self, { Module: { locateFile, mainScriptUrlOrBlob: script, printErr } });
  await litert.loadLiteRt(script);
}

async function fetchBytes(url: string, progress: (share: number) => void): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
    progress(Math.min(length / NETWORK.bytes, 1));
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** Padding at the start of a side, in whole cells, and the padded length, a multiple of the stride. */
function room(side: number, cell: number): [number, number] {
  const missing = (STRIDE - (side % STRIDE)) % STRIDE;
  return [Math.floor(missing / 2 / cell) * cell, side + missing];
}

/** The index in [0, side) for a place beyond the ends, mirrored at the first and last sample. */
function mirrored(place: number, side: number): number {
  const period = 2 * side - 2;
  const within = ((place % period) + period) % period;
  return Math.min(within, period - within);
}
