// Takes the colors of another picture of the same scene, as tfcolor/colorizing/transfer.py does.
// OpenCV.js has no dense inverse search: here, optical flow is by Farneback's method (2003).

import type { Mark, Size } from "./choice";
import constants from "./constants.json";
import { type Hints, joined } from "./hints";
import * as lab from "./lab";
import { type Cv, type Mat, Room } from "./opencv";
import type { Colors } from "./paint";
import { type Photograph, Refused } from "./photograph";
import { averaged, reduce, reduced } from "./reduce";
import { propagate, spread } from "./spread";
import * as taps from "./taps";

const { COMPARED, FEATURES, CORNER, RATIO, ASTRAY, INLIERS, WINDOW, HELD } = constants;
const { CORRELATED, TEXTURE, OFF, BACK, MARGIN, LEAST, GRAY, TONES } = constants;
const OTHER = "the picture to take colors from shows something else; choose one of the same scene";
const FLOW = [0.5, 5, 15, 5, 5, 1.1, 0] as const; // scale, levels, window, rounds, polynomial, spread

/** Colors of another picture, brought onto a photograph: a* / 110, b* / 110, and where they fit. */
export interface Fitting {
  a: taps.Plane;
  b: taps.Plane;
  /** 1 where they belong to what is in the photograph, otherwise 0. */
  fits: taps.Plane;
}

/**
 * Brings another picture of the scene onto a photograph.
 *
 * @throws Refused if the picture is gray, or shows something else.
 */
export function fit(cv: Cv, photograph: Photograph, picture: Photograph): Fitting {
  const { width, height, data } = reduce(photograph, COMPARED);
  const lightness = data.map((l) => (l + 1) * lab.L_SCALE);
  const small = reduced(picture, COMPARED);
  const levels = averaged(picture, small.width, small.height);
  const [a, b] = lab.ab(levels);
  if ([a, b].every((plane) => plane.every((each) => Math.abs(each) < GRAY))) {
    throw new Refused("the picture to take colors from is gray; choose one in color");
  }
  const room = new Room(cv);
  try {
    const ours = room.bytes(lightness, { width, height });
    const theirs = [lab.lightness(levels), a, b].map((plane) => room.floats(plane, small));
    const matrix =
      affine(room, ours, room.bytes(theirs[0].data32F, small)) ??
      room.matrix([width / small.width, 0, 0, 0, height / small.height, 0]); // the same view
    const ones = room.floats(new Float32Array(small.width * small.height).fill(1), small);
    const aligned = theirs.map((plane) => room.warped(plane, matrix, { width, height }, true));
    const inside = room.warped(ones, matrix, { width, height }, false).data32F.map(near);
    if (!inside.some(Boolean)) throw new Refused(OTHER);

    const toned = room.floats(matched(aligned[0].data32F, lightness, inside), { width, height });
    const [places, missed] = flows(room, ours, room.bytes(toned.data32F, { width, height }));
    const moved = [toned, ...aligned.slice(1)].map((plane) => room.taken(plane, places, true));
    const seen = room.taken(room.floats(inside, { width, height }), places, false).data32F.map(near);
    const similar = alike(room, room.floats(lightness, { width, height }), moved[0]);
    const fits = seen.map((on, at) => Number(on > 0 && missed[at] < BACK && similar[at] > 0));
    const whole = room.cleaned(fits, { width, height }, MARGIN);
    const plane = (data: Float32Array): taps.Plane => ({ width, height, data });
    const [first, second] = moved.slice(1).map((each) =>
      plane(each.data32F.map((color) => color / lab.AB_SCALE)),
    );
    const covered = whole.map((on, at) => on * seen[at]);
    if (covered.reduce((sum, on) => sum + on, 0) < LEAST * covered.length) throw new Refused(OTHER);
    return { a: first, b: second, fits: plane(covered) };
  } finally {
    room.clear();
  }
}

const near = (share: number) => Number(share > 0.99);

/** The other picture's colors where it fits, and elsewhere the network's that agree with them. */
export async function colors(
  guess: (hints?: Hints) => Promise<Colors>,
  takesHints: boolean,
  l: taps.Plane,
  fitting: Fitting,
  marks: readonly Mark[],
  size: Size,
  saturation: number,
): Promise<Colors> {
  const here = (plane: taps.Plane) => taps.resize(plane, l.width, l.height, taps.means).data;
  const share = here(fitting.fits);
  const color = new Float32Array(2 * share.length);
  [fitting.a, fitting.b].forEach((plane, channel) => {
    const data = plane.data.map((each, at) => each * fitting.fits.data[at]);
    here({ ...plane, data }).forEach((each, at) => {
      color[2 * at + channel] = each / Math.max(share[at], 1e-3) / (saturation || 1);
    });
  });
  let found = await guess(takesHints ? joined(color, share) : undefined);
  if (!takesHints) found = propagate(found, share, color);
  const [a, b] = [found.a, found.b].map((plane, channel) => ({
    ...plane,
    data: plane.data.map((own, at) => own + share[at] * (color[2 * at + channel] - own)),
  }));
  const painted = { l, a, b };
  return marks.length ? spread([painted], marks, size, saturation, HELD) : painted;
}

/** The affine map from the other picture to the photograph, if matches agree on one. */
function affine(room: Room, ours: Mat, theirs: Mat): Mat | undefined {
  const [here, there] = [ours, theirs].map((image) => room.features(image, FEATURES, CORNER));
  if (Math.min(here.places.length, there.places.length) < 2) return undefined;
  const best = room.matches(there.described, here.described, RATIO);
  if (best.length < INLIERS) return undefined;
  const from = best.map(([query]) => there.places[query]);
  const to = best.map(([, train]) => here.places[train]);
  const { matrix, agree } = room.affine(from, to, ASTRAY);
  return agree >= INLIERS ? matrix : undefined;
}

/** The other picture's lightness with the photograph's tones, by equal ranks. */
function matched(other: Float32Array, lightness: Float32Array, inside: Float32Array): Float32Array {
  const [theirs, ours] = [other, lightness].map((plane) => {
    const sorted = plane.filter((_, at) => inside[at] > 0).sort();
    return Array.from({ length: TONES }, (_, index) => {
      const exact = (index / (TONES - 1)) * (sorted.length - 1);
      const [low, high] = [sorted[Math.floor(exact)], sorted[Math.ceil(exact)]];
      return low + (exact % 1) * (high - low);
    });
  });
  return other.map((each) => {
    if (each < theirs[0]) return ours[0];
    const next = theirs.findIndex((level) => level > each);
    if (next < 0) return ours[TONES - 1];
    const share = (each - theirs[next - 1]) / (theirs[next] - theirs[next - 1]);
    return ours[next - 1] + share * (ours[next] - ours[next - 1]);
  });
}

/** Where each pixel is in the other picture, and how far the flow there and back misses. */
function flows(room: Room, ours: Mat, theirs: Mat): [places: Mat, missed: Float32Array] {
  const [there, back] = [room.flow(ours, theirs, FLOW), room.flow(theirs, ours, FLOW)];
  const places = room.places(there);
  const found = room.taken(back, places, true).data32F;
  const missed = new Float32Array(found.length / 2);
  missed.forEach((_, at) => {
    const [x, y] = [0, 1].map((axis) => there.data32F[2 * at + axis] + found[2 * at + axis]);
    missed[at] = Math.hypot(x, y);
  });
  return [places, missed];
}

/** Where two planes of lightness look alike: in their texture, or, without any, in tone. */
function alike(room: Room, ours: Mat, theirs: Mat): Float32Array {
  const [one, other] = [ours.data32F, theirs.data32F];
  const mean = (value: (one: number, other: number) => number): Float32Array =>
    room.blurred(one.map((each, at) => value(each, other[at])), ours, WINDOW);
  const [first, second] = [mean((x) => x), mean((_, y) => y)];
  const squares = [mean((x) => x * x), mean((_, y) => y * y)];
  const [common, off] = [mean((x, y) => x * y), mean((x, y) => Math.abs(x - y))];
  return common.map((both, at) => {
    const variances = [first, second].map((average, index) =>
      Math.max(squares[index][at] - average[at] ** 2, 0),
    );
    if (Math.max(...variances) <= TEXTURE ** 2) return Number(off[at] < OFF);
    const shared = both - first[at] * second[at];
    const correlation = shared / Math.sqrt(Math.max(variances[0] * variances[1], 1e-6));
    return Number(correlation > CORRELATED);
  });
}
