// Reduces a photograph to a network's input, as tfcolor/colorizing/reduction.py does.

import type { Size } from "./choice";
import constants from "./constants.json";
import * as lab from "./lab";
import type { Photograph, Pixels } from "./photograph";
import * as taps from "./taps";

const { MAX_ASPECT } = constants;
const STRIP = 262_144; // pixels read at a time

/** Plane l, L* / 50 - 1, with a short side of `size`. */
export function reduce(photograph: Photograph, size: number): taps.Plane {
  const { width, height } = reduced(photograph, size);
  // Averages RGB, not lightness, like the photographs that networks are trained on.
  const data = lab.lightness(averaged(photograph, width, height));
  data.forEach((lightness, at) => (data[at] = lightness / lab.L_SCALE - 1));
  return { width, height, data };
}

/** The sides of a photograph whose short one is reduced to `size`. */
export function reduced(photograph: Size, size: number): Size {
  const scale = size / Math.min(photograph.width, photograph.height);
  const [width, height] = [photograph.width, photograph.height].map((side) =>
    Math.min(roundHalfToEven(side * scale), MAX_ASPECT * size),
  );
  return { width, height };
}

/** A photograph in another size, row after row; not rounded to levels. */
export function averaged(photograph: Photograph, width: number, height: number): lab.Levels {
  const ways = taps.means(photograph.height, height);
  return narrow(photograph, width).map((levels) => {
    const plane = new Float32Array(width * height);
    for (let y = 0; y < height; y++) {
      taps.down(levels, ways, y, plane.subarray(y * width, (y + 1) * width));
    }
    return plane;
  }) as lab.Levels;
}

/** Red, green and blue of all rows, resized to a width; not rounded to levels. */
function narrow(photograph: Photograph, width: number): lab.Levels {
  const { count, place, weight } = taps.means(photograph.width, width);
  const rgb = [0, 1, 2].map(() => new Float32Array(photograph.height * width)) as lab.Levels;
  const [reds, greens, blues] = rgb;
  const strip = Math.max(Math.floor(STRIP / photograph.width), 1);
  let pixels: Pixels = new Uint8ClampedArray();
  for (let row = 0, to = 0; row < photograph.height; row++) {
    if (row % strip === 0) {
      pixels = photograph.rows(row, Math.min(strip, photograph.height - row));
    }
    const line = (row % strip) * photograph.width;
    for (let index = 0, tap = 0; index < width; index++, to++) {
      let [red, green, blue] = [0, 0, 0];
      for (const end = tap + count; tap < end; tap++) {
        const [at, share] = [(line + place[tap]) * 4, weight[tap]];
        red += share * pixels[at];
        green += share * pixels[at + 1];
        blue += share * pixels[at + 2];
      }
      reds[to] = red;
      greens[to] = green;
      blues[to] = blue;
    }
  }
  return rgb;
}

/** Rounds as Python's `round` does. */
function roundHalfToEven(value: number): number {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}
