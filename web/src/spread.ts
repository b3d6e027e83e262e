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
const TOGETHER = 4; // rows that `factorize` works on at a time: it is written out for as many

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
  const weight = weights(mask, held);
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

/** Does what takes the time of `spread` and does not depend on the colors of the marks. */
export function prepare(l: taps.Plane, marks: readonly Mark[], size: Size): void {
  const smallL = small(l);
  factorOf(smallL, weights(lay(smallL, marks, size, 1).mask, 0));
}

function weights(mask: Uint8Array, held: number): Float64Array {
  return Float64Array.from(mask, (on) => (on ? HINT : held));
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
  const isWide = l.height < l.width;
  const turned = (data: Float64Array) => (isWide ? flipped(data, l.width, l.height) : data);
  const { factor, far } = factorOf(l, weight);
  return targets.map((target) => {
    const x = turned(target.map((each, at) => each * weight[at]));
    for (let row = 0; row < x.length; row++) {
      const start = (row + 1) * far;
      let sum = x[row];
      for (let column = Math.max(row - far, 0); column < row; column++) {
        sum -= factor[start + column] * x[column];
      }
      x[row] = sum / factor[start + row];
    }
    for (let row = x.length - 1; row >= 0; row--) {
      const start = (row + 1) * far;
      x[row] /= factor[start + row];
      for (let column = Math.max(row - far, 0); column < row; column++) {
        x[column] -= factor[start + column] * x[row];
      }
    }
    return isWide ? flipped(x, l.height, l.width) : x;
  });
}

/** A lower triangle in a band; the entry of a row and a column is at `(row + 1) * far + column`. */
interface Triangle {
  factor: Float64Array;
  /** The most that a column is apart from its row. */
  far: number;
}

let last: { l: taps.Plane; weight: Float64Array; triangle: Triangle } | undefined;

/** Cholesky's factor of the equations; of the same as the last time it takes no time. */
function factorOf(l: taps.Plane, weight: Float64Array): Triangle {
  const isSame = (one: ArrayLike<number>, other: ArrayLike<number>) =>
    one.length === other.length && Array.prototype.every.call(one, (each, at) => each === other[at]);
  const isLast = last && last.l.width === l.width && isSame(last.l.data, l.data);
  if (isLast && isSame(last!.weight, weight)) return last!.triangle;
  const isWide = l.height < l.width; // the band is as wide as two rows are long
  const triangle = isWide
    ? equations(transposed(l), flipped(weight, l.width, l.height))
    : equations(l, weight);
  factorize(triangle, l.data.length);
  last = { l, weight, triangle };
  return triangle;
}

function equations(l: taps.Plane, weight: Float64Array): Triangle {
  const { width } = l;
  const count = l.data.length;
  const rows = neighbors(l); // I - w
  const far = 2 * width + 2 + (TOGETHER - 1);
  const factor = new Float64Array((count + TOGETHER) * (far + 1));
  const steps = OFFSETS.map(([y, x]) => y * width + x);
  for (let pixel = 0; pixel < count; pixel++) {
    for (let first = 0; first < 9; first++) {
      const one = rows[first * count + pixel];
      if (!one) continue;
      const column = pixel + steps[first];
      for (let second = 0; second < 9; second++) {
        const row = pixel + steps[second];
        if (row >= column) factor[(row + 1) * far + column] += one * rows[second * count + pixel];
      }
    }
    factor[(pixel + 1) * far + pixel] += PRIOR + weight[pixel];
  }
  return { factor, far };
}

/** Cholesky's factor of a matrix of `count` rows, in its place; some rows at a time. */
function factorize({ factor, far }: Triangle, count: number): void {
  for (let top = 0; top < count; top += TOGETHER) {
    const from = Math.max(top + TOGETHER - 1 - far, 0);
    const one = (top + 1) * far;
    const [two, three, four] = [one + far, one + 2 * far, one + 3 * far];
    for (let column = from; column < top; column++) {
      const other = (column + 1) * far;
      let [first, second] = [factor[one + column], factor[two + column]];
      let [third, fourth] = [factor[three + column], factor[four + column]];
      for (let at = from; at < column; at++) {
        const each = factor[other + at];
        first -= each * factor[one + at];
        second -= each * factor[two + at];
        third -= each * factor[three + at];
        fourth -= each * factor[four + at];
      }
      const root = factor[other + column];
      factor[one + column] = first / root;
      factor[two + column] = second / root;
      factor[three + column] = third / root;
      factor[four + column] = fourth / root;
    }
    for (let row = top; row < Math.min(top + TOGETHER, count); row++) {
      const start = (row + 1) * far;
      for (let column = top; column <= row; column++) {
        const other = (column + 1) * far;
        let sum = factor[start + column];
        for (let at = from; at < column; at++) sum -= factor[start + at] * factor[other + at];
        factor[start + column] = column < row ? sum / factor[other + column] : Math.sqrt(sum);
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

function transposed({ width, height, data }: taps.Plane): taps.Plane {
  const turned = Float32Array.from(flipped(Float64Array.from(data), width, height));
  return { width: height, height: width, data: turned };
}

function flipped(data: Float64Array, width: number, height: number): Float64Array {
  return data.map((_, at) => data[(at % height) * width + Math.floor(at / height)]);
}
