// Resizes planes, one side at a time, by weighted sums of samples.

/** A plane of numbers, row after row. */
export interface Plane {
  width: number;
  height: number;
  data: Float32Array;
}

/** For each new sample, the places and weights of `count` old ones; the weights add up to 1. */
export interface Taps {
  count: number;
  place: Int32Array;
  weight: Float32Array;
}

export type Way = (from: number, to: number) => Taps;

/** Area means if `to` is smaller, otherwise linear, as in tfcolor/images/resizing/arrays.py. */
export function means(from: number, to: number): Taps {
  return to < from ? area(from, to) : linear(from, to);
}

function area(from: number, to: number): Taps {
  const scale = from / to;
  const taps = empty(to, Math.ceil(scale) + 1);
  for (let index = 0; index < to; index++) {
    const start = index * scale;
    const end = Math.min(start + scale, from);
    for (let tap = 0; tap < taps.count; tap++) {
      const place = Math.floor(start) + tap;
      const covered = Math.min(place + 1, end) - Math.max(place, start);
      set(taps, index, tap, place, from, Math.max(covered, 0) / (end - start));
    }
  }
  return taps;
}

/** Linear interpolation between the two nearest samples. */
function linear(from: number, to: number): Taps {
  const taps = empty(to, 2);
  for (let index = 0; index < to; index++) {
    const exact = ((index + 0.5) * from) / to - 0.5;
    const first = Math.floor(exact);
    set(taps, index, 0, first, from, 1 - (exact - first));
    set(taps, index, 1, first + 1, from, exact - first);
  }
  return taps;
}

/** Bicubic (a = -1/2) enlargement. */
export function cubic(from: number, to: number): Taps {
  const taps = empty(to, 4);
  for (let index = 0; index < to; index++) {
    const exact = ((index + 0.5) * from) / to - 0.5;
    const first = Math.floor(exact) - 1;
    for (let tap = 0; tap < 4; tap++) {
      const d = Math.abs(exact - first - tap);
      const near = 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
      const far = -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2;
      set(taps, index, tap, first + tap, from, d <= 1 ? near : far);
    }
  }
  return taps;
}

function empty(length: number, count: number): Taps {
  const places = length * count;
  return { count, place: new Int32Array(places), weight: new Float32Array(places) };
}

/** Sets a tap; a place beyond the ends takes the nearest sample. */
function set(taps: Taps, index: number, tap: number, place: number, from: number, weight: number) {
  taps.place[index * taps.count + tap] = Math.min(Math.max(place, 0), from - 1);
  taps.weight[index * taps.count + tap] = weight;
}

/** Resizes one row: every `step`-th number of `source` from `start` on. */
export function across(
  source: ArrayLike<number>,
  start: number,
  step: number,
  taps: Taps,
  target: Float32Array,
): void {
  const { count, place, weight } = taps;
  for (let index = 0, tap = 0; index < target.length; index++) {
    let sum = 0;
    for (const end = tap + count; tap < end; tap++) {
      sum += weight[tap] * source[start + place[tap] * step];
    }
    target[index] = sum;
  }
}

/** Computes row `index` of a plane resized to another height; `target` is as wide as `rows`. */
export function down(rows: Float32Array, taps: Taps, index: number, target: Float32Array): void {
  target.fill(0);
  for (let tap = index * taps.count; tap < (index + 1) * taps.count; tap++) {
    const weight = taps.weight[tap];
    if (weight === 0) continue;
    const start = taps.place[tap] * target.length;
    for (let x = 0; x < target.length; x++) target[x] += weight * rows[start + x];
  }
}

/** Resizes a plane. */
export function resize(plane: Plane, width: number, height: number, way: Way): Plane {
  const wide = widen(plane, width, way);
  const data = new Float32Array(width * height);
  const taps = way(plane.height, height);
  for (let y = 0; y < height; y++) down(wide, taps, y, data.subarray(y * width, (y + 1) * width));
  return { width, height, data };
}

/** Resizes all rows of a plane to a width. */
export function widen(plane: Plane, width: number, way: Way): Float32Array {
  const wide = new Float32Array(width * plane.height);
  const taps = way(plane.width, width);
  for (let y = 0; y < plane.height; y++) {
    across(plane.data, y * plane.width, 1, taps, wide.subarray(y * width, (y + 1) * width));
  }
  return wide;
}
