// OpenCV.js: what the page calls of it, and the memory of a calculation, which must be freed by hand.

import type { Size } from "./choice";
import { Refused } from "./photograph";

/** An array of OpenCV, row after row. */
export interface Mat {
  rows: number;
  cols: number;
  data: Uint8Array;
  data32F: Float32Array;
  delete(): void;
}

type Point = { x: number; y: number };
type Vector<Item> = { size(): number; get(index: number): Item; delete(): void };
type Match = { queryIdx: number; trainIdx: number; distance: number };
interface Finder {
  detectAndCompute(image: Mat, mask: Mat, places: Vector<{ pt: Point }>, described: Mat): void;
  delete(): void;
}
interface Matcher {
  knnMatch(query: Mat, train: Mat, found: Vector<Vector<Match>>, count: number): void;
  delete(): void;
}

export interface Cv {
  Mat: new () => Mat;
  matFromArray(rows: number, cols: number, type: number, values: ArrayLike<number>): Mat;
  Size: new (width: number, height: number) => object;
  Point: new (x: number, y: number) => object;
  Scalar: new (value?: number) => object;
  ORB: new (...options: number[]) => Finder;
  BFMatcher: new (norm: number, crossCheck: boolean) => Matcher;
  KeyPointVector: new () => Vector<{ pt: Point }>;
  DMatchVectorVector: new () => Vector<Vector<Match>>;
  estimateAffine2D(
    from: Mat,
    to: Mat,
    agree: Mat,
    ...options: [method: number, pixels: number, rounds: number, sure: number, refined: number]
  ): Mat;
  warpAffine(from: Mat, to: Mat, map: Mat, size: object, way: number, edge: number, fill: object): void;
  remap(from: Mat, to: Mat, x: Mat, y: Mat, way: number, edge: number, fill: object): void;
  calcOpticalFlowFarneback(from: Mat, to: Mat, flow: Mat, ...options: FlowOptions): void;
  blur(from: Mat, to: Mat, size: object): void;
  morphologyEx(from: Mat, to: Mat, how: number, kernel: Mat): void;
  erode(
    from: Mat,
    to: Mat,
    kernel: Mat,
    anchor: object,
    rounds: number,
    edge: number,
    fill: object,
  ): void;
  getStructuringElement(shape: number, size: object): Mat;
  CV_8UC1: number;
  CV_32FC1: number;
  CV_32FC2: number;
  CV_64FC1: number;
  NORM_HAMMING: number;
  ORB_HARRIS_SCORE?: number;
  RANSAC: number;
  INTER_LINEAR: number;
  BORDER_CONSTANT: number;
  BORDER_REPLICATE: number;
  MORPH_ELLIPSE: number;
  MORPH_CLOSE: number;
}

type FlowOptions = readonly [number, number, number, number, number, number, number];

let loading: Promise<Cv> | undefined;

/** Fetches OpenCV.js, when it is first needed. */
export function load(url: string): Promise<Cv> {
  return (loading ??= fetched(url).catch((error) => {
    loading = undefined; // so that it is tried again
    throw error;
  }));
}

async function fetched(url: string): Promise<Cv> {
  try {
    importScripts(url); // sets `cv`, which is ready later
    return await (self as unknown as { cv: Promise<Cv> }).cv;
  } catch (error) {
    console.error(error);
    throw new Refused("OpenCV, which compares pictures, cannot be fetched; try again once you are online");
  }
}

/** The arrays of a calculation, which `clear` frees. */
export class Room {
  private readonly kept: { delete(): void }[] = [];

  constructor(private readonly cv: Cv) {}

  clear(): void {
    for (const each of this.kept.splice(0)) each.delete();
  }

  private keep<Kept extends { delete(): void }>(each: Kept): Kept {
    this.kept.push(each);
    return each;
  }

  private make(fill: (made: Mat) => void): Mat {
    const made = this.keep(new this.cv.Mat());
    fill(made);
    return made;
  }

  floats(plane: Float32Array, { width, height }: Size): Mat {
    return this.keep(this.cv.matFromArray(height, width, this.cv.CV_32FC1, plane));
  }

  /** L* as levels. */
  bytes(lightness: Float32Array, { width, height }: Size): Mat {
    const levels = Uint8ClampedArray.from(lightness, (l) => l * 2.55); // rounds, too
    return this.keep(this.cv.matFromArray(height, width, this.cv.CV_8UC1, levels));
  }

  /** A map of two rows. */
  matrix(values: number[]): Mat {
    return this.keep(this.cv.matFromArray(2, 3, this.cv.CV_64FC1, values));
  }

  warped(plane: Mat, matrix: Mat, { width, height }: Size, repeats: boolean): Mat {
    const { Size: Shape, Scalar, INTER_LINEAR, BORDER_REPLICATE, BORDER_CONSTANT } = this.cv;
    const edge = repeats ? BORDER_REPLICATE : BORDER_CONSTANT;
    return this.make((made) =>
      this.cv.warpAffine(plane, made, matrix, new Shape(width, height), INTER_LINEAR, edge, new Scalar()),
    );
  }

  /** A plane's values at places (x, y). */
  taken(plane: Mat, places: Mat, repeats: boolean): Mat {
    const { Scalar, INTER_LINEAR, BORDER_REPLICATE, BORDER_CONSTANT } = this.cv;
    const [none, edge] = [this.make(() => {}), repeats ? BORDER_REPLICATE : BORDER_CONSTANT];
    return this.make((made) =>
      this.cv.remap(plane, made, places, none, INTER_LINEAR, edge, new Scalar()),
    );
  }

  /** What is distinctive: its places, and a row of numbers for each. */
  features(image: Mat, count: number, corner: number): { places: Point[]; described: Mat } {
    const score = this.cv.ORB_HARRIS_SCORE ?? 0; // some builds lack its name
    const finder = this.keep(new this.cv.ORB(count, 1.2, 8, 31, 0, 2, score, 31, corner));
    const found = this.keep(new this.cv.KeyPointVector());
    const none = this.make(() => {});
    const described = this.make((made) => finder.detectAndCompute(image, none, found, made));
    const places = Array.from({ length: found.size() }, (_, index) => found.get(index).pt);
    return { places, described };
  }

  /** Pairs of rows that match far better than with any other (Lowe 2004, 7.1). */
  matches(query: Mat, train: Mat, ratio: number): [query: number, train: number][] {
    const matcher = this.keep(new this.cv.BFMatcher(this.cv.NORM_HAMMING, false));
    const found = this.keep(new this.cv.DMatchVectorVector());
    matcher.knnMatch(query, train, found, 2);
    const good: [number, number][] = [];
    for (let index = 0; index < found.size(); index++) {
      const pair = this.keep(found.get(index));
      const [first, second] = [pair.get(0), pair.get(1)];
      if (first.distance < ratio * second.distance) good.push([first.queryIdx, first.trainIdx]);
    }
    return good;
  }

  /** The affine map that most pairs of points agree on, and how many do. */
  affine(from: Point[], to: Point[], pixels: number): { matrix: Mat; agree: number } {
    const [source, target] = [from, to].map((points) => {
      const places = points.flatMap(({ x, y }) => [x, y]);
      return this.keep(this.cv.matFromArray(points.length, 1, this.cv.CV_32FC2, places));
    });
    const agree = this.make(() => {});
    const options = [this.cv.RANSAC, pixels, 2000, 0.99, 10] as const; // OpenCV's own
    const matrix = this.keep(this.cv.estimateAffine2D(source, target, agree, ...options));
    return { matrix, agree: matrix.rows ? agree.data.reduce((sum, each) => sum + each, 0) : 0 };
  }

  flow(from: Mat, to: Mat, options: FlowOptions): Mat {
    return this.make((made) => this.cv.calcOpticalFlowFarneback(from, to, made, ...options));
  }

  /** The place (x, y) that each pixel's flow leads to. */
  places(flow: Mat): Mat {
    const { rows, cols, data32F } = flow;
    const places = data32F.map((by, at) => {
      const pixel = at >> 1;
      return by + (at % 2 ? Math.floor(pixel / cols) : pixel % cols);
    });
    return this.keep(this.cv.matFromArray(rows, cols, this.cv.CV_32FC2, places));
  }

  /** The mean of a plane in a square around each pixel. */
  blurred(plane: Float32Array, { rows, cols }: Mat, window: number): Float32Array {
    const from = this.floats(plane, { width: cols, height: rows });
    const to = this.make((made) => this.cv.blur(from, made, new this.cv.Size(window, window)));
    return to.data32F.slice();
  }

  /** Closes small holes of a mask, and leaves out a margin around what is left. */
  cleaned(mask: Float32Array, { width, height }: Size, margin: number): Float32Array {
    const { cv } = this;
    const [kernel, small] = [2 * margin + 1, margin].map((side) =>
      this.keep(cv.getStructuringElement(cv.MORPH_ELLIPSE, new cv.Size(side, side))),
    );
    const from = this.keep(cv.matFromArray(height, width, cv.CV_8UC1, mask));
    const filled = this.make((made) => cv.morphologyEx(from, made, cv.MORPH_CLOSE, small));
    const [center, one] = [new cv.Point(-1, -1), new cv.Scalar(1)];
    const left = this.make((made) =>
      cv.erode(filled, made, kernel, center, 1, cv.BORDER_CONSTANT, one),
    );
    return Float32Array.from(left.data);
  }
}
