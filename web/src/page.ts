// The page: takes photographs, shows them in color, and saves them.

import example from "../../tfcolor/data/samples/gray/35d67f3f70aeef92.jpg?url";
import { connect, type Opened, type Tasks } from "./calls";
import type { Look } from "./paint";
import { files } from "./runtime";
import Worker from "./worker?worker&inline";

const element = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;
const [strength, saturation] = ["strength", "saturation"].map(element<HTMLInputElement>);
const [png, jpeg] = ["png", "jpeg"].map(element<HTMLButtonElement>);
const [before, after] = ["before", "after"].map(element<HTMLCanvasElement>);
const [chooser, split] = ["files", "split"].map(element<HTMLInputElement>);

const album = new Map<File, HTMLButtonElement>(); // every photograph taken, and its button
const recolored = new Set<File>(); // in color, but the visitor wants the network's
let wanted: File | undefined; // the photograph that the visitor chose last
let shown: File | undefined;
let keepsColor = false; // whether the shown photograph is in color and left as it is

const ready = start();
ready.then(() => say(""), complain);

async function start(): Promise<Tasks> {
  await keepOffline(); // first, or the worker's fetches may bypass the service worker
  // The worker is inline, so that it inherits the page's content security policy.
  const tasks = connect(new Worker(), say);
  await tasks.start(files);
  return tasks;
}

/** Takes what was chosen, dropped or pasted, and shows the first of it. */
function take(chosen: Iterable<File>): void {
  const [first, ...others] = chosen;
  if (!first) return;
  for (const file of [first, ...others]) album.set(file, addButton(file));
  complain("");
  void show(first);
}

async function show(file: File): Promise<void> {
  wanted = file;
  refresh();
  try {
    const tasks = await ready;
    const opened = await tasks.open(file, chosenLook());
    shown = file;
    const kept = opened.inColor && !recolored.has(file);
    const isStale = kept !== keepsColor; // It was painted in the look of the one before.
    keepsColor = kept;
    reveal(opened);
    if (isStale) await repaint();
  } catch (error) {
    complain(error);
    album.get(file)?.remove();
    album.delete(file);
    if (wanted === file) wanted = shown;
    const [other] = album.keys();
    if (!wanted && other) void show(other);
  }
  refresh();
}

function reveal(opened: Opened): void {
  element("work").hidden = false;
  element("name").textContent = shown!.name;
  element("size").textContent = `${opened.width} × ${opened.height} pixels`;
  document.body.classList.add("working");
  element("comparison").style.setProperty("--aspect", String(opened.width / opened.height));
  draw(before, opened.before);
  draw(after, opened.after);
  element("kept").hidden = !keepsColor;
}

function draw(canvas: HTMLCanvasElement, image: ImageBitmap): void {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(image);
}

function chosenLook(): Look {
  return {
    strength: keepsColor ? 0 : Number(strength.value) / 100,
    saturation: Number(saturation.value) / 100,
  };
}

let stale = false; // whether the look has changed since it was last painted
let painting = false;

/** Paints the shown photograph in the chosen look; again if the look changes meanwhile. */
async function repaint(): Promise<void> {
  stale = true;
  if (painting) return;
  painting = true;
  try {
    const tasks = await ready;
    while (stale) {
      stale = false;
      draw(after, await tasks.paint(chosenLook()));
    }
  } catch (error) {
    complain(error);
  } finally {
    painting = false;
  }
}

async function download(type: string, extension: string): Promise<void> {
  const name = `${shown!.name.replace(/\.[^.]*$/, "")}-color.${extension}`;
  complain("");
  setBusy(true);
  try {
    const tasks = await ready;
    const url = URL.createObjectURL(await tasks.save(chosenLook(), type));
    Object.assign(document.createElement("a"), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the download has begun by then
  } catch (error) {
    complain(error);
  } finally {
    setBusy(wanted !== shown);
  }
}

function addButton(file: File): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = file.name;
  button.onclick = () => {
    complain("");
    void show(file);
  };
  element("album").append(button);
  return button;
}

/** Shows which photograph is chosen, and whether it is still being worked on. */
function refresh(): void {
  element("album").hidden = album.size < 2;
  for (const [file, button] of album) button.ariaCurrent = String(file === wanted);
  setBusy(wanted !== shown);
}

function setBusy(busy: boolean): void {
  document.body.classList.toggle("busy", busy);
  png.disabled = jpeg.disabled = busy || keepsColor;
  if (!busy) say("");
}

function say(text: string): void {
  element("status").textContent = text;
}

function complain(error: unknown): void {
  element("error").textContent = error instanceof Error ? error.message : String(error);
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

chooser.onchange = () => {
  take(chooser.files ?? []);
  chooser.value = ""; // so that the same one can be chosen again
};
element("example").onclick = async () => {
  const response = await fetch(example).catch(() => undefined);
  if (!response?.ok) return complain("The example cannot be fetched; reload the page");
  const image = await response.blob();
  take([new File([image], "example.jpg", { type: image.type })]);
};
document.onpaste = ({ clipboardData }) => take(clipboardData?.files ?? []);
document.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
};
document.ondragleave = (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragging");
};
document.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  take(event.dataTransfer?.files ?? []);
};
split.oninput = () => element("comparison").style.setProperty("--split", `${split.value}%`);
for (const slider of [strength, saturation]) {
  slider.oninput = () => {
    element(`${slider.id}-shown`).textContent = `${slider.value} %`;
    void repaint();
  };
}
element("recolor").onclick = async () => {
  recolored.add(shown!);
  keepsColor = false;
  element("kept").hidden = true;
  await repaint();
  refresh();
};
png.onclick = () => void download("image/png", "png");
jpeg.onclick = () => void download("image/jpeg", "jpg");
