// Does the slow work, so that the page stays responsive.

import type { Call, Name, Reply, Tasks } from "./calls";
import type { Choice } from "./choice";
import { SCREEN, THUMBNAIL } from "./engine";
import { HINTS } from "./flatbuffer";
import { type Cells, likely, variantShift } from "./guess";
import { type Hints, fill, lay, planes, spreading } from "./hints";
import { mark } from "./mark";
import { Network } from "./network";
import { type Colors, paint } from "./paint";
import { Photograph, Refused, context } from "./photograph";
import { reduce } from "./reduce";
import { load } from "./opencv";
import { prepare, spread } from "./spread";
import type { Plane } from "./taps";
import { isInColor } from "./tone";
import { type Fitting, colors as taken, fit } from "./transfer";

const JPEG_QUALITY = 0.95;
const REMEMBERED = 12; // colors and answers of the network: going back and forth takes no time

let network: Network;
let opencv: string; // its URL
const TAKES_HINTS = NETWORK.inputs.includes(HINTS);
const files = new Map<Name, File>();
let opened: Opened | undefined;

/** The photograph that was worked on last. */
class Opened {
  private readonly colors = new Map<string, Colors>();
  private readonly answers = new Map<string, Colors | Cells>();
  private fitting?: { from: string; fitting: Fitting };
  private seen?: { size: number; l: Plane };
  private constructor(
    readonly name: Name,
    readonly photograph: Photograph,
    readonly shown: Photograph,
  ) {}

  static async of(name: Name): Promise<Opened> {
    if (opened?.name === name) return opened;
    const photograph = await Photograph.open(files.get(name)!);
    const shown = await photograph.reduced(SCREEN);
    if (opened) for (const each of [opened.photograph, opened.shown]) each.image.close();
    return (opened = new Opened(name, photograph, shown));
  }

  /** The lightness that the network sees. */
  l({ size = NETWORK.size }: Choice): Plane {
    if (this.seen?.size !== size) this.seen = { size, l: reduce(this.photograph, size) };
    return this.seen.l;
  }

  /** The colors of a choice. */
  async see(choice: Choice): Promise<Colors> {
    const { marks, saturation, from } = choice;
    const own = [choice.variant, choice.seed, choice.size];
    const key = JSON.stringify([marks, own, marks.length || from ? saturation : 1, told(from)]);
    let found = this.colors.get(key);
    if (!found) {
      const about = [this.photograph, saturation] as const;
      if (from) {
        const l = this.l(choice);
        const guess = (hints?: Hints) => network.colors(l, hints?.planes);
        const fitting = await this.fitted(from);
        found = await taken(guess, TAKES_HINTS, l, fitting, spreading(marks), ...about);
      } else {
        const hints = this.hints(choice);
        found = await this.guess(choice);
        if (hints) {
          const others = TAKES_HINTS ? [await this.guess(choice, hints)] : [];
          found = spread([found, ...others], spreading(marks), ...about);
        }
      }
      found = fill(found, marks, ...about);
      remember(this.colors, key, found);
    }
    return found;
  }

  /** The network's own colors, of a variant. */
  private async guess(choice: Choice, hints?: Hints): Promise<Colors> {
    const { variant, seed = 0 } = choice;
    const found = await this.answer("colors", choice, hints);
    if (variant === 1) return found;
    return variantShift(found, await this.classes(choice, hints), variant, seed, hints);
  }

  /** The network's probabilities of color classes. */
  classes(choice: Choice, hints?: Hints): Promise<Cells> {
    return this.answer("classes", choice, hints);
  }

  /** What the network says; asked once for all variants and places of the same hints. */
  private async answer<Task extends "colors" | "classes">(
    task: Task,
    choice: Choice,
    hints?: Hints,
  ): Promise<Awaited<ReturnType<Network[Task]>>> {
    type Said = Awaited<ReturnType<Network[Task]>>;
    const key = JSON.stringify([task, choice.size, hints && [choice.marks, choice.saturation]]);
    const known = this.answers.get(key) as Said | undefined;
    if (known) return known;
    const said = (await network[task](this.l(choice), hints?.planes)) as Said;
    remember(this.answers, key, said);
    return said;
  }

  /** The picture to take colors from, brought onto the photograph. */
  private async fitted(from: File): Promise<Fitting> {
    if (this.fitting?.from !== told(from)) {
      tell("Preparing to compare pictures");
      const cv = await load(opencv);
      tell(`Comparing with ${from.name}`);
      const picture = await Photograph.open(from);
      try {
        this.fitting = { from: told(from), fitting: fit(cv, this.photograph, picture) };
      } finally {
        picture.image.close();
      }
    }
    return this.fitting.fitting;
  }

  hints(choice: Choice): Hints | undefined {
    const { marks, saturation } = choice;
    const loose = spreading(marks);
    return loose.length ? planes(lay(this.l(choice), loose, this.photograph, saturation)) : undefined;
  }
}

const tasks: Tasks = {
  async start(parts) {
    opencv = parts.opencv;
    network = await Network.load(parts, (share) =>
      tell(`Fetching the network: ${Math.round(share * 100)} %`),
    );
  },

  async take(name, file) {
    files.set(name, file);
  },

  async open(name) {
    const { photograph, shown } = await Opened.of(name);
    const { width, height } = photograph;
    const before = await shown.copy();
    return { width, height, inColor: isInColor(shown), before };
  },

  async thumbnail(name) {
    if (opened?.name === name) return (await opened.photograph.reduced(THUMBNAIL)).copy();
    const photograph = await Photograph.open(files.get(name)!);
    const small = await (await photograph.reduced(THUMBNAIL)).copy();
    photograph.image.close();
    return small;
  },

  async paint(name, choice, side) {
    const own = await Opened.of(name);
    const source = side > SCREEN ? own.photograph : await own.shown.reduced(side);
    return painted(source, await own.see(choice), choice).transferToImageBitmap();
  },

  async likely(name, choice, x, y) {
    const own = await Opened.of(name);
    const l = own.l(choice);
    return likely(await own.classes(choice, own.hints(choice)), l, own.photograph, x, y);
  },

  async prepare(name, choice) {
    const own = await Opened.of(name);
    prepare(own.l(choice), spreading(choice.marks), own.photograph);
  },

  async save(name, choice, type) {
    const own = await Opened.of(name);
    const canvas = painted(own.photograph, await own.see(choice), choice, (share) =>
      tell(`Painting: ${Math.round(share * 100)} %`),
    );
    tell("Writing the file");
    if (type === "image/jpeg") layOnWhite(canvas);
    return mark(await canvas.convertToBlob({ type, quality: JPEG_QUALITY }));
  },

  async forget(name) {
    files.delete(name);
  },
};

/** Adds to what is remembered, and forgets the oldest of too many. */
function remember<Value>(known: Map<string, Value>, key: string, value: Value): void {
  known.set(key, value);
  const [oldest] = known.keys();
  if (known.size > REMEMBERED) known.delete(oldest);
}

/** What tells a file from others: each message has a copy of it. */
function told(file?: File): string {
  return file ? `${file.name} ${file.size} ${file.lastModified}` : "";
}

function painted(
  source: Photograph,
  colors: Colors,
  look: Choice,
  progress: (share: number) => void = () => {},
): OffscreenCanvas {
  const target = context(source.width, source.height);
  refuseUnlessPaintable(target);
  paint(source, colors, look, (top, pixels) => {
    target.putImageData(new ImageData(pixels, source.width), 0, top);
    progress(top / source.height);
  });
  return target.canvas;
}

/** Throws for canvases beyond a browser's limits, which accept pixels but stay empty. */
function refuseUnlessPaintable(target: OffscreenCanvasRenderingContext2D): void {
  const [x, y] = [target.canvas.width - 1, target.canvas.height - 1];
  target.fillRect(x, y, 1, 1);
  if (target.getImageData(x, y, 1, 1).data[3] !== 255) {
    throw new Refused(`this browser cannot paint ${x + 1} x ${y + 1} pixels; choose fewer`);
  }
}

function layOnWhite(canvas: OffscreenCanvas): void {
  const target = canvas.getContext("2d")!;
  target.globalCompositeOperation = "destination-over";
  target.fillStyle = "white";
  target.fillRect(0, 0, canvas.width, canvas.height);
}

function tell(progress: string): void {
  postMessage({ progress } satisfies Reply);
}

/** The message of an error, one line, for the visitor. */
function explain(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof RangeError) {
    return "The photograph needs more memory than this browser has; choose a smaller one";
  }
  console.error(error);
  const what = error instanceof Error ? error.message : error;
  return `Something went wrong (${what}); reload the page`;
}

let before: Promise<void> = Promise.resolve();

async function answer({ id, task, values }: Call): Promise<void> {
  try {
    const value = await (tasks[task] as (...values: unknown[]) => Promise<unknown>)(...values);
    postMessage({ id, value } satisfies Reply);
  } catch (error) {
    postMessage({ id, error: explain(error) } satisfies Reply);
  }
}

onmessage = ({ data }: MessageEvent<Call>) => {
  before = before.then(() => answer(data));
};
