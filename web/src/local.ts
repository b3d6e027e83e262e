// The engine of the page without a server: a worker of the visitor's browser does the work.

import { type Name, type Tasks, connect } from "./calls";
import { type Engine, nameOf } from "./engine";
import { CLASSES } from "./flatbuffer";
import { files } from "./runtime";
import Worker from "./worker?worker&inline";

const GRAY = "#808080";
const TYPES: Readonly<Record<string, string>> = { png: "image/png", jpg: "image/jpeg" };

let tasks: Tasks;
const names = new Map<File, Name>();
let last = 0;

async function name(file: File): Promise<Name> {
  let known = names.get(file);
  if (known === undefined) {
    known = ++last;
    names.set(file, known);
    await tasks.take(known, file);
  }
  return known;
}

/** Lets a service worker cache all later fetches; the page also works without one. */
async function keepOffline(): Promise<void> {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  const controlled = new Promise((done) => (workers.oncontrollerchange = done));
  try {
    await workers.register("sw.js");
    // After a forced reload no service worker ever controls the page: wait 5 seconds at most.
    const enough = new Promise((done) => setTimeout(done, 5000));
    if (!workers.controller) await Promise.race([controlled, enough]);
  } catch (error) {
    console.warn("The page will not work offline:", error);
  }
}

export const engine: Engine = {
  privacy:
    "Photographs and what you choose stay in this tab, until you close or reload it: a network colorizes " +
    "them here, in your browser. They never leave this machine.",
  about:
    "Downloads have the size of the original, and say in their metadata that the color is " +
    "synthetic. Once loaded, the page works offline. It can contact only the site that it came " +
    "from, and it does so only to load itself: your browser blocks everything else.",
  accept: "image/*,.json",
  formats: { png: "PNG", jpg: "JPEG" },
  can: {
    guess: NETWORK.outputs.includes(CLASSES),
    take: true,
  },

  async start(progress) {
    await keepOffline(); // first, or the worker's fetches may bypass the service worker
    // The worker is inline, so that it inherits the page's content security policy.
    tasks = connect(new Worker(), progress);
    await tasks.start(files);
  },

  async open(file) {
    const { inColor, ...opened } = await tasks.open(await name(file));
    return { ...opened, kept: inColor ? "in color already" : null };
  },

  async thumbnail(file) {
    return tasks.thumbnail(await name(file));
  },

  async paint(file, choice, side) {
    return tasks.paint(await name(file), choice, side);
  },

  async likely(file, choice, x, y) {
    const known = await name(file);
    const found = tasks.likely(known, choice, x, y);
    const marks = [...choice.marks, { x, y, color: GRAY }]; // while the visitor chooses its color
    if (!choice.from) tasks.prepare(known, { ...choice, marks }).catch(() => {}); // `paint` will tell
    return found;
  },

  async save(file, choice, format) {
    const type = TYPES[format];
    const blob = await tasks.save(await name(file), choice, type);
    return new File([blob], nameOf(file, format), { type });
  },

  forget(file) {
    const known = names.get(file); // none of a picture that only colors were taken from
    if (known !== undefined) void tasks.forget(known);
    names.delete(file);
  },
};
