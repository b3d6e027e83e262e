// Does the slow work, so that the page stays responsive.

import type { Call, Opened, Reply, Tasks } from "./calls";
import { mark } from "./mark";
import { Network } from "./network";
import { type Colors, type Look, paint } from "./paint";
import { Photograph, Refused, context } from "./photograph";
import { reduce } from "./reduce";
import { isInColor } from "./tone";

const SCREEN = 1600; // pixels; the longer side of a photograph on the page, at most
const JPEG_QUALITY = 0.95;

let network: Network;
let photograph: Photograph;
let shown: Photograph;
let colors: Colors;

const tasks: Tasks = {
  async start(files) {
    network = await Network.load(files, (share) =>
      tell(`Fetching the network: ${Math.round(share * 100)} %`),
    );
  },

  async open(file, look): Promise<Opened> {
    tell("Reading the photograph");
    const opened = await Photograph.open(file);
    const l = reduce(opened, NETWORK.size);
    tell("Colorizing");
    const [found, smaller] = [await network.colors(l), await opened.reduced(SCREEN)];
    if (photograph) for (const each of [photograph, shown]) each.image.close();
    [photograph, shown, colors] = [opened, smaller, found];
    const { width, height } = photograph;
    const before = await createImageBitmap(shown.image);
    const inColor = isInColor(shown);
    return { width, height, inColor, before, after: painted(shown, look).transferToImageBitmap() };
  },

  async paint(look) {
    return painted(shown, look).transferToImageBitmap();
  },

  async save(look, type) {
    const canvas = painted(photograph, look, (share) =>
      tell(`Painting: ${Math.round(share * 100)} %`),
    );
    tell("Writing the file");
    if (type === "image/jpeg") layOnWhite(canvas);
    return mark(await canvas.convertToBlob({ type, quality: JPEG_QUALITY }));
  },
};

function painted(
  source: Photograph,
  look: Look,
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
