// What a visitor has chosen for a photograph, and the file NAME.hints.json that keeps it, see
// docs/colorize.md.

export type Point = [x: number, y: number]; // pixels of the photograph

/** A color, "#rrggbb", of a place, of an area, or along a stroke of a brush. */
export type Mark =
  | { x: number; y: number; color: string }
  | { polygon: Point[]; color: string }
  | { stroke: Point[]; width: number; color: string };

export interface Choice {
  marks: readonly Mark[];
  /** 1 for the network's colors, 0 for the photograph's own, a mixture in between. */
  strength: number;
  /** Factor for the network's chroma. */
  saturation: number;
  /** 1 for the usual coloring, 2 and so on for others that are plausible, too. */
  variant: number;
  /** Short side that the network sees, pixels, and the seed of variants; as a file says. */
  size?: number;
  seed?: number;
  /** Whether colors that are there are replaced. */
  recolor: boolean;
  /** A color picture of the same scene to take colors from. */
  from?: File;
}

export const USUAL: Choice = { marks: [], strength: 1, saturation: 1, variant: 1, recolor: false };
const NUMBERS = ["strength", "saturation", "variant", "size", "seed"] as const;

export interface Size {
  width: number;
  height: number;
}

/** The content of NAME.hints.json. */
export function toJson({ marks, ...choice }: Choice, { width, height }: Size): string {
  const options: Partial<Choice> = {};
  for (const name of NUMBERS) if (choice[name] !== USUAL[name]) options[name] = choice[name];
  return JSON.stringify({ width, height, hints: marks, options }, undefined, 2) + "\n";
}

/**
 * The choice that a file holds, for a photograph of that size.
 *
 * @throws Error if the file is none, or is for another photograph.
 */
export function fromJson(text: string, name: string, size: Size): Choice {
  const wrong = (what: string) => new Error(`${name} ${what}`);
  let said: Size & { hints: Mark[]; options?: Partial<Choice> };
  try {
    said = JSON.parse(text);
  } catch {
    throw wrong("is no file of hints");
  }
  if (!Array.isArray(said?.hints)) throw wrong("is no file of hints");
  const [right, down] = [size.width / said.width, size.height / said.height];
  if (!(Math.abs(right / down - 1) <= 0.02)) throw wrong("is for a photograph of another shape");
  const move = ([x, y]: Point): Point => [
    Math.floor((x + 0.5) * right),
    Math.floor((y + 0.5) * down),
  ];
  const marks = said.hints.map((mark): Mark => {
    if (!/^#[0-9a-f]{6}$/i.test(mark?.color)) throw wrong("has a hint without a color");
    if ("polygon" in mark) return { ...mark, polygon: mark.polygon.map(move) };
    if ("stroke" in mark) {
      return { ...mark, stroke: mark.stroke.map(move), width: mark.width * Math.min(right, down) };
    }
    const [x, y] = move([mark.x, mark.y]);
    return { ...mark, x, y };
  });
  const inside = ([x, y]: Point) => x >= 0 && y >= 0 && x < size.width && y < size.height;
  if (!marks.flatMap(points).every(inside)) throw wrong("has a hint outside the photograph");
  return { ...USUAL, ...said.options, marks };
}

/** The points of a mark. */
export function points(mark: Mark): Point[] {
  return "x" in mark ? [[mark.x, mark.y]] : "polygon" in mark ? mark.polygon : mark.stroke;
}

/** A mark moved by some pixels, but not out of the photograph. */
export function moved(mark: Mark, right: number, down: number, { width, height }: Size): Mark {
  const all = points(mark);
  const clip = (by: number, places: number[], side: number) =>
    Math.min(Math.max(by, -Math.min(...places)), side - 1 - Math.max(...places));
  const dx = clip(Math.round(right), all.map(([x]) => x), width);
  const dy = clip(Math.round(down), all.map(([, y]) => y), height);
  const [first, ...others] = all.map(([x, y]): Point => [x + dx, y + dy]);
  if ("polygon" in mark) return { ...mark, polygon: [first, ...others] };
  if ("stroke" in mark) return { ...mark, stroke: [first, ...others] };
  return { ...mark, x: first[0], y: first[1] };
}
