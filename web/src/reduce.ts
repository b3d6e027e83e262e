// The lightness of a photograph as a network is shown it. What tfcolor/network.py does.

import * as lab from "./lab";
import type { Photograph, Pixels } from "./photograph";
import * as taps from "./taps";

const MAX_ASPECT = 4; // a longer side than 4 short ones is squeezed
const STRIP = 262_144; // pixels that are read at a time

/** Plane l, L* / 50 - 1, with a short side of `size`. */
export function reduce(photograph: Photograph, size: number): taps.Plane {
  const scale = size / Math.min(photograph.width, photograph.height);
  const [width, height] = [photograph.width, photograph.height].map((side) =>
    Math.min(roundHalfToEven(side * scale), MAX_ASPECT * size),
  );
  // Pixels and not lightness are averaged: so are the photographs that networks are trained on.
  const halvings = countHalvings(photograph, size);
  const way = scale < 1 ? taps.area : taps.linear;
  const rgb = narrow(photograph, halvings, width, way);
  const ways = way(photograph.height / 2 ** halvings, height);
  const plane = { width, height, data: new Float32Array(width * height) };
  const pixels = new Uint8ClampedArray(width * 4);
  const [row, luminance] = [new Float32Array(width), new Float32Array(width)];
  for (let y = 0; y < height; y++) {
    for (let channel = 0; channel < 3; channel++) {
      taps.down(rgb[channel], ways, y, row);
      for (let x = 0; x < width; x++) pixels[x * 4 + channel] = Math.round(row[x]);
    }
    lab.tones(pixels, luminance, plane.data.subarray(y * width, (y + 1) * width));
  }
  plane.data.forEach((lightness, at) => (plane.data[at] = lightness / lab.L_SCALE - 1));
  return plane;
}

function countHalvings(photograph: Photograph, size: number): number {
  let { width, height } = photograph;
  let count = 0;
  for (; Math.min(width, height) >= 4 * size && !(width % 2 || height % 2); count++) {
    width /= 2;
    height /= 2;
  }
  return count;
}

/** Red, green and blue of all rows, halved and then in another width. */
function narrow(
  photograph: Photograph,
  halvings: number,
  width: number,
  way: taps.Way,
): Float32Array[] {
  const factor = 2 ** halvings;
  const [from, rows] = [photograph.width / factor, photograph.height / factor];
  const ways = way(from, width);
  const rgb = [0, 1, 2].map(() => new Float32Array(rows * width));
  const strip = Math.max(Math.floor(STRIP / photograph.width / factor), 1) * factor;
  for (let top = 0; top < photograph.height; top += strip) {
    let pixels = photograph.rows(top, Math.min(strip, photograph.height - top));
    for (let count = 0; count < halvings; count++) {
      pixels = halve(pixels, photograph.width / 2 ** count);
    }
    for (let y = 0; y < pixels.length / (from * 4); y++) {
      const at = (top / factor + y) * width;
      rgb.forEach((plane, channel) =>
        taps.across(pixels, y * from * 4 + channel, 4, ways, plane.subarray(at, at + width)),
      );
    }
  }
  return rgb;
}

/** Means of 2 x 2 pixels. */
function halve(pixels: Pixels, width: number): Pixels {
  const half = new Uint8ClampedArray(pixels.length / 4);
  const line = width * 4;
  for (let at = 0, from = 0; at < half.length; from += line) {
    for (const end = from + line; from < end; from += 8) {
      for (let channel = from; channel < from + 4; channel++, at++) {
        const [left, right] = [channel, channel + 4];
        half[at] =
          (pixels[left] + pixels[right] + pixels[left + line] + pixels[right + line] + 2) >> 2;
      }
    }
  }
  return half;
}

/** As Python rounds. */
function roundHalfToEven(value: number): number {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}
