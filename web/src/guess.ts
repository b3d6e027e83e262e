// The likely colors of a place and variants of a whole photograph, from the probabilities of color
// classes, as tfcolor/colorizing/likelihood.py and variants.py do.

import constants from "./constants.json";
import { difference } from "./ciede2000";
import type { Size } from "./choice";
import type { Likely } from "./engine";
import { CELL } from "./flatbuffer";
import { type Hints, placeOf } from "./hints";
import * as lab from "./lab";
import type { Colors } from "./paint";
import * as taps from "./taps";

const { BINS, ALIKE, TILT, DIRECTIONS, FIRST_ANGLE, SEED_ANGLE } = constants;
const COUNT = 6;

/** Probabilities of the classes `BINS`, cell after cell. */
export interface Cells extends Size {
  data: Float32Array;
}

/** The likely colors of a place, in pixels of a photograph of `size`. */
export function likely(told: Cells, l: taps.Plane, size: Size, x: number, y: number): Likely[] {
  const [column, row] = placeOf([x, y], l, size);
  const cell = Math.floor(row / CELL) * told.width + Math.floor(column / CELL);
  const own = told.data.slice(cell * BINS.length, (cell + 1) * BINS.length);
  return modes(own, (l.data[row * l.width + column] + 1) * lab.L_SCALE);
}

/** The colors around which a distribution gathers, at a lightness. */
export function modes(probabilities: Float32Array, lightness: number): Likely[] {
  const colors = BINS.map(([a, b]) => lab.inGamut(lightness, a, b));
  const alike = colors.map((one) => colors.map((other) => difference(one, other) < ALIKE));
  const left = Float64Array.from(probabilities);
  const found: { mean: [number, number, number]; total: number }[] = [];
  while (left.some((share) => share > 0)) {
    const sums = alike.map((row) => row.reduce((sum, near, at) => (near ? sum + left[at] : sum), 0));
    const group = alike[sums.indexOf(Math.max(...sums))];
    let total = 0;
    const mean: [number, number, number] = [0, 0, 0];
    group.forEach((near, at) => {
      if (!near) return;
      total += left[at];
      for (const axis of [0, 1, 2]) mean[axis] += left[at] * colors[at][axis];
      left[at] = 0;
    });
    for (const axis of [0, 1, 2]) mean[axis] /= total;
    const nearest = found
      .map((each) => ({ each, apart: difference(mean, each.mean) }))
      .sort((one, other) => one.apart - other.apart)[0];
    if (nearest && nearest.apart < ALIKE) nearest.each.total += total; // what is left at an edge
    else if (found.length < COUNT) found.push({ mean, total });
    else break;
  }
  return found
    .map(({ mean, total }) => ({ color: lab.toHex(...mean), probability: total }))
    .sort((one, other) => other.probability - one.probability);
}

/** Colors of a variant, from those of the usual one. */
export function variantShift(
  { l, a, b }: Colors,
  told: Cells,
  variant: number,
  seed: number,
  hints?: Hints,
): Colors {
  const [ring, number] = [Math.floor((variant - 2) / DIRECTIONS), (variant - 2) % DIRECTIONS];
  const turn = number / 3 + Math.floor(number / 3) / DIRECTIONS;
  const angle = FIRST_ANGLE + seed * SEED_ANGLE + 2 * Math.PI * turn;
  const strength = TILT * (1 + ring / 2);
  const [x, y] = [Math.cos(angle) * strength, Math.sin(angle) * strength];
  const weights = BINS.map(([first, second]) => Math.exp(first * x + second * y));
  const planes = [0, 1].map(() => new Float32Array(told.width * told.height));
  for (let cell = 0; cell < planes[0].length; cell++) {
    const own = told.data.subarray(cell * BINS.length, (cell + 1) * BINS.length);
    let sum = 0;
    for (let at = 0; at < own.length; at++) sum += own[at] * weights[at];
    for (let at = 0; at < own.length; at++) {
      const change = ((own[at] * weights[at]) / sum - own[at]) / lab.AB_SCALE;
      planes[0][cell] += change * BINS[at][0];
      planes[1][cell] += change * BINS[at][1];
    }
  }
  const [first, second] = planes.map((data, channel) => {
    const [width, height] = [told.width * CELL, told.height * CELL];
    const whole = taps.resize({ ...told, data }, width, height, taps.means);
    const before = channel ? b : a;
    return {
      ...before,
      data: before.data.map((value, at) => {
        const place = Math.floor(at / l.width) * width + (at % l.width);
        return value + whole.data[place] * (1 - (hints?.planes[3 * at + 2] ?? 0));
      }),
    };
  });
  return { l, a: first, b: second };
}
