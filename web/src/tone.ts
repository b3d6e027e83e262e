// Tells photographs in color from gray and toned ones, as tfcolor/colorizing/tone.py does.

import constants from "./constants.json";
import * as lab from "./lab";
import type { Photograph } from "./photograph";
import { averaged } from "./reduce";

const { SIDE, GROUPS, SHARE, DIFFERENCE, ALONG } = constants;

/** Whether a photograph has colors, and not just one tone. */
export function isInColor(photograph: Photograph): boolean {
  const levels = averaged(photograph, SIDE, SIDE);
  const lightness = lab.lightness(levels);
  const [a, b] = lab.ab(levels);
  const order = lightness.map((_, at) => at).sort((one, other) => lightness[one] - lightness[other]);
  const each = order.length / GROUPS;
  const groups = Array.from({ length: GROUPS }, (_, group) =>
    order.subarray(group * each, (group + 1) * each),
  );
  const middles = groups.map((group) => mean(pick(lightness, group)));
  const off = [a, b].map((plane) => {
    const usual = groups.map((group) => percentile(pick(plane, group), 50));
    return plane.map((value, at) => value - interpolated(lightness[at], middles, usual));
  });
  const size = Math.max(Math.hypot(mean(a), mean(b)), 1e-6);
  const tone = [mean(a) / size, mean(b) / size];
  const differences = off[0].map((x, at) => {
    const y = off[1][at];
    return Math.hypot(y * tone[0] - x * tone[1], (x * tone[0] + y * tone[1]) / ALONG);
  });
  return percentile(differences, 100 - SHARE) > DIFFERENCE;
}

function pick(values: Float32Array, places: Float32Array): Float32Array {
  return places.map((place) => values[place]);
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of sorted values, with linear interpolation between them. */
function percentile(values: Float32Array, percent: number): number {
  const sorted = values.slice().sort();
  const place = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** The value at `x` of a line through points, which goes on level beyond the first and last. */
function interpolated(x: number, xs: number[], ys: number[]): number {
  const right = xs.findIndex((each) => each > x);
  if (right === 0) return ys[0];
  if (right < 0) return ys[ys.length - 1];
  const share = (x - xs[right - 1]) / (xs[right] - xs[right - 1]);
  return ys[right - 1] + share * (ys[right] - ys[right - 1]);
}
