// Spreads the visitor's marks over the colors of a network, as
// tfcolor/colorizing/local_hints.py does: neighbors of similar lightness share a correction (Levin,
// Lischinski and Weiss, "Colorization using Optimization", SIGGRAPH 2004).

import type { Mark, Size } from "./choice";
import constants from "./constants.json";
import { lay } from "./hints";
import type { Colors } from "./paint";
import * as taps from "./taps";

const { SIGMA, FLOOR, PRIOR, HINT, MAX_SIDE } = constants;
const OFFSETS = [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => [y, x] as const));
const CENTER = 4; // index of the pixel itself among `OFFSETS`

/**
 * The mean of several guesses of the colors, each corrected by marks.
 *
 * @param held - weight of the colors that are there where there is no mark.
 */
export function spread(
  guesses: readonly Colors[],
  marks: readonly Mark[],
  size: Size,
  saturation: number,
  held = 0,
): Colors {
  const { l } = guesses[0];
  const smallL = small(l);
  const { mask, color } = lay(smallL, marks, size, saturation);
  const weight = Float64Array.from(mask, (on) => (on ? HINT : held));
  const planes = guesses.flatMap(({ a, b }) => [a, b]);
  const targets = planes.map((plane, index) => {
    const { data } = small(plane);
    return Float64Array.from(mask, (on, at) => (on ? color[2 * at + (index % 2)] - data[at] : 0));
  });
  const solved = enlarged(smallL, weight, targets, l);
  const mean = (channel: number): taps.Plane => {
    const data = new Float32Array(l.data.length);
    for (let index = channel; index < planes.length; index += 2) {
      for (let at = 0; at < data.length; at++) {
        data[at] += (planes[index].data[at] + solved[index].data[at]) / guesses.length;
      }
    }
    return { ...l, data };
  };
  return { l, a: mean(0), b: mean(1) };
}

/** A network's colors, corrected where others are known to a share, and around there. */
export function propagate(guess: Colors, share: Float32Array, known: Float32Array): Colors {
  const { l } = guess;
  const [smallL, shares] = [small(l), small({ ...l, data: share }).data];
  const planes = [guess.a, guess.b];
  const targets = planes.map(({ data }, channel) => {
    const off = data.map((own, at) => share[at] * (known[2 * at + channel] - own));
    return Float64Array.from(small({ ...l, data: off }).data, (each, at) =>
      each / Math.max(shares[at], 1e-3),
    );
  });
  const weight = Float64Array.from(shares, (each) => HINT * each);
  const solved = enlarged(smallL, weight, targets, l);
  const [a, b] = planes.map((plane, channel) => ({
    ...plane,
    data: plane.data.map((own, at) => own + solved[channel].data[at]),
  }));
  return { l, a, b };
}

/** `solve` at a small size, within the range of the targets, and enlarged. */
function enlarged(
  smallL: taps.Plane,
  weight: Float64Array,
  targets: Float64Array[],
  { width, height }: Size,
): taps.Plane[] {
  return solve(smallL, weight, targets).map((found, index) => {
    let [low, high] = [0, 0];
    targets[index].forEach((wanted, at) => {
      if (weight[at]) [low, high] = [Math.min(low, wanted), Math.max(high, wanted)];
    });
    const data = Float32Array.from(found, (each) => Math.min(Math.max(each, low), high));
    return taps.resize({ ...smallL, data }, width, height, taps.means);
  });
}

/** A plane at the size at which corrections are solved for. */
function small(plane: taps.Plane): taps.Plane {
  const factor = Math.min(1, MAX_SIDE / Math.min(plane.width, plane.height));
  if (factor === 1) return plane;
  const [width, height] = [plane.width, plane.height].map((side) =>
    Math.max(Math.round(side * factor), 1),
  );
  return taps.resize(plane, width, height, taps.means);
}

/** `local_hints.solve`, of several targets. */
export function solve(l: taps.Plane, weight: Float64Array, targets: Float64Array[]): Float64Array[] {
  if (l.height < l.width) {
    // The band is as wide as two rows are long.
    const turned = { ...transposed(l), width: l.height, height: l.width };
    const flip = (data: Float64Array) => flipped(data, l.width, l.height);
    const found = solve(turned, flip(weight), targets.map(flip));
    return found.map((data) => flipped(data, l.height, l.width));
  }
  const { width } = l;
  const count = l.data.length;
  const rows = neighbors(l); // I - w
  const reach = 2 * width + 3;
  // band[column * reach + apart] is the entry at row `column + apart` of the lower triangle.
  const band = new Float64Array(count * reach);
  const steps = OFFSETS.map(([y, x]) => y * width + x);
  for (let pixel = 0; pixel < count; pixel++) {
    for (let first = 0; first < 9; first++) {
      const one = rows[first * count + pixel];
      if (!one) continue;
      const column = pixel + steps[first];
      for (let second = 0; second < 9; second++) {
        const apart = steps[second] - steps[first];
        if (apart >= 0) band[column * reach + apart] += one * rows[second * count + pixel];
      }
    }
    band[pixel * reach] += PRIOR + weight[pixel];
  }
  factorize(band, count, reach);
  return targets.map((target) => {
    const x = target.map((each, at) => each * weight[at]);
    for (let at = 0; at < count; at++) {
      x[at] /= band[at * reach];
      const end = Math.min(reach, count - at);
      for (let apart = 1; apart < end; apart++) x[at + apart] -= band[at * reach + apart] * x[at];
    }
    for (let at = count - 1; at >= 0; at--) {
      const end = Math.min(reach, count - at);
      let sum = x[at];
      for (let apart = 1; apart < end; apart++) sum -= band[at * reach + apart] * x[at + apart];
      x[at] = sum / band[at * reach];
    }
    return x;
  });
}

/** Cholesky's factor of a banded matrix, in its place. */
function factorize(band: Float64Array, count: number, reach: number): void {
  for (let at = 0; at < count; at++) {
    const start = at * reach;
    const root = Math.sqrt(band[start]);
    const end = Math.min(reach, count - at);
    for (let apart = 0; apart < end; apart++) band[start + apart] /= root;
    for (let first = 1; first < end; first++) {
      const factor = band[start + first];
      if (!factor) continue;
      const to = (at + first) * reach - first;
      for (let second = first; second < end; second++) {
        band[to + second] -= factor * band[start + second];
      }
    }
  }
}

/** Of each neighbor, plane after plane, minus its weight by similarity of lightness; 1 for itself. */
function neighbors({ width, height, data }: taps.Plane): Float64Array {
  const count = data.length;
  const weights = new Float64Array(9 * count);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      let sum = 0;
      OFFSETS.forEach(([down, right], index) => {
        const [row, column] = [y + down, x + right];
        const outside = row < 0 || row >= height || column < 0 || column >= width;
        if (index === CENTER || outside) return;
        const apart = data[row * width + column] - data[at];
        const weight = Math.max(Math.exp(-(apart ** 2) / (2 * SIGMA ** 2)), FLOOR);
        weights[index * count + at] = weight;
        sum += weight;
      });
      for (let index = 0; index < 9; index++) weights[index * count + at] /= -sum;
      weights[CENTER * count + at] = 1;
    }
  }
  return weights;
}

function transposed({ width, height, data }: taps.Plane): { data: Float32Array } {
  return { data: Float32Array.from(flipped(Float64Array.from(data), width, height)) };
}

function flipped(data: Float64Array, width: number, height: number): Float64Array {
  return data.map((_, at) => data[(at % height) * width + Math.floor(at / height)]);
}
