// The page: takes photographs, shows them in color, lets their colors be chosen, and saves them.

import { engine } from "engine";

import example from "../../tfcolor/data/samples/gray/35d67f3f70aeef92.jpg?url";
import { Album, type Photo } from "./album";
import { type Choice, type Mark, fromJson, toJson } from "./choice";
import { Colors } from "./colors";
import { SCREEN, THUMBNAIL, stem } from "./engine";
import { type Tool, View, draw } from "./view";
import { zip } from "./zip";

const VARIANTS = 6;
const SETTLED = 400; // milliseconds without a change, after which variants are made

const element = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;
const [strength, saturation] = ["strength", "saturation"].map(element<HTMLInputElement>);
const [chooser, split, format] = ["files", "split", "format"].map(element<HTMLInputElement>);
const body = document.body.classList;

let shown: Photo | undefined; // the photograph that the visitor looks at
let editing: { mark: Mark; index: number } | undefined; // the mark whose color is being chosen
let side = SCREEN; // pixels; of the picture in color

const album = new Album(element("album"), (photo) => void show(photo), removePhoto);
const view = new View(
  element("view"),
  element("picture"),
  element<HTMLCanvasElement>("before"),
  element<HTMLCanvasElement>("after"),
  document.querySelector<SVGSVGElement>("#areas")!,
  element("marks"),
  {
    drawn: (mark) => choose(mark, -1),
    chosen: (index) => choose(now().marks[index], index),
    moved: (index, mark) => replace(index, [mark]),
    removed: (index) => {
      colors.close();
      replace(index, []);
    },
    picked: (color) => {
      setPicking(false);
      setColor(color);
    },
    zoomed: (wanted) => {
      if (wanted <= side || !shown?.size) return;
      const full = Math.max(shown.size.width, shown.size.height);
      if (side >= full) return;
      side = full;
      void repaint();
    },
  },
);
const colors = new Colors(element("colors"), element<HTMLDialogElement>("other"), {
  set: (color) => {
    setPicking(false);
    setColor(color);
  },
  remove: () => {
    const index = editing?.index ?? -1;
    colors.close();
    if (index >= 0) replace(index, []);
  },
  pick: () => setPicking(true),
  closed: () => {
    editing = undefined;
    setPicking(false);
    refresh();
    element("view").focus();
  },
});
const ready = engine.start(say);
ready.then(() => say(""), complain);

/** Takes what was chosen, dropped or pasted, and shows the first photograph of it. */
function take(files: Iterable<File>): void {
  complain("");
  const [given, hints] = [[] as File[], [] as File[]];
  for (const file of files) (/\.json$/i.test(file.name) ? hints : given).push(file);
  const added = given.map((file) => album.add(file));
  const first = added[0] ?? shown;
  if (added[0]) void show(added[0]).then(() => hints.forEach(takeHints));
  else if (first) hints.forEach(takeHints);
  else if (hints.length) complain("Give the photograph of these hints first");
  if (given.length) {
    body.add("working");
    for (const photo of added) queue(() => thumbnail(photo));
  }
}

/** Applies a file NAME.hints.json to the photograph of that name, or else to the one shown. */
async function takeHints(file: File): Promise<void> {
  const name = file.name.replace(/(\.hints)?\.json$/i, "");
  const photo = album.good.find((each) => stem(each.file) === name) ?? shown;
  if (!photo) return;
  try {
    photo.size ??= await engine.open(photo.file);
    photo.history.set(fromJson(await file.text(), file.name, photo.size));
    if (photo === shown) changed();
    else await show(photo);
  } catch (error) {
    complain(error);
  }
}

let later: Promise<void> = Promise.resolve();

/** Does what may wait, one after the other. */
function queue(work: () => Promise<void>): void {
  later = later.then(work);
}

async function thumbnail(photo: Photo): Promise<void> {
  const canvas = photo.item.querySelector("canvas");
  if (!canvas || photo.reason || !album.photos.includes(photo)) return;
  try {
    await ready;
    draw(canvas, await engine.thumbnail(photo.file));
  } catch (error) {
    fail(photo, error);
  }
}

async function show(photo: Photo): Promise<void> {
  if (photo.reason) return;
  colors.close();
  shown = photo;
  side = SCREEN;
  album.mark(photo);
  setBusy(true);
  try {
    await ready;
    say(`Reading ${photo.file.name}`);
    const opened = await engine.open(photo.file);
    photo.size = opened;
    if (shown !== photo) return opened.before.close();
    element("work").hidden = false;
    element("name").textContent = photo.file.name;
    element("size").textContent = `${opened.width} × ${opened.height} pixels`;
    view.open(opened, opened.before);
    changed();
  } catch (error) {
    fail(photo, error);
  }
}

/** Says why a photograph cannot be shown, and shows another in its place. */
function fail(photo: Photo, error: unknown): void {
  if (photo.reason || !album.photos.includes(photo)) return;
  album.fail(photo, messageOf(error));
  if (shown !== photo) return refresh();
  shown = undefined;
  refresh();
  const [other] = album.good;
  if (other) void show(other);
  else {
    element("work").hidden = true;
    setBusy(false);
  }
}

function removePhoto(photo: Photo): void {
  const next = album.beside(photo, 1);
  album.drop(photo);
  engine.forget(photo.file);
  if (photo === shown) {
    colors.close();
    shown = undefined;
    if (next && next !== photo) void show(next);
    else element("work").hidden = true;
  }
  if (!album.photos.length) body.remove("working");
  refresh();
}

/** What is chosen for the photograph that is shown. */
function now(): Choice {
  return shown!.history.now;
}

function setChoice(change: Partial<Choice>): void {
  if (!shown) return;
  shown.history.set({ ...now(), ...change });
  changed();
}

function changed(): void {
  refresh();
  void repaint();
  settle();
}

/** Replaces a mark by others, or adds them if there is none of that index. */
function replace(index: number, others: Mark[]): void {
  const marks = [...now().marks];
  if (index < 0) marks.push(...others);
  else marks.splice(index, 1, ...others);
  setChoice({ marks });
}

/** Opens the dialog of colors for a new mark, or for one that is there. */
function choose(mark: Mark, index: number): void {
  if (!shown?.size || isKept() || !engine.can.mark) return;
  if (colors.isOpen) colors.close();
  editing = { mark, index };
  refresh();
  const { marks } = now();
  const others = { ...now(), marks: index < 0 ? marks : marks.toSpliced(index, 1) };
  const asks = engine.can.guess && "x" in mark;
  const guess = asks ? engine.likely(shown.file, others, mark.x, mark.y) : undefined;
  guess?.catch(() => {}); // the dialog tells
  colors.open(view.at(mark), mark.color, guess);
}

function setColor(color: string): void {
  if (!editing) return;
  const mark = { ...editing.mark, color };
  const { index } = editing;
  editing = { mark, index: index < 0 ? now().marks.length : index };
  replace(index, [mark]);
  colors.took(color);
}

function setPicking(picks: boolean): void {
  view.picks = picks;
  body.toggle("picking", picks);
  if (picks) say("Click a color of the picture; Escape cancels");
  else say("");
}

/** Whether the shown photograph is left as it is, since it is in color already. */
function isKept(): boolean {
  return Boolean(shown?.size?.kept) && !now().recolor;
}

let stale = false; // whether the choice has changed since the picture was last painted
let painting = false;

/** Paints the shown photograph as chosen; again if the choice changes meanwhile. */
async function repaint(): Promise<void> {
  stale = true;
  if (painting) return;
  painting = true;
  setBusy(true);
  while (stale && shown) {
    stale = false;
    const [photo, choice] = [shown, isKept() ? { ...now(), strength: 0 } : now()];
    try {
      await ready;
      const painted = await engine.paint(photo.file, choice, side);
      if (photo === shown) view.show(painted);
    } catch (error) {
      complain(error);
    }
  }
  painting = false;
  setBusy(false);
}

let timer = 0;

/** Makes the thumbnails of the variants again once nothing has changed for a while. */
function settle(): void {
  clearTimeout(timer);
  const strip = element("variants");
  strip.hidden = !engine.can.guess || isKept();
  for (const [index, button] of [...strip.querySelectorAll("button")].entries()) {
    button.ariaPressed = String(shown !== undefined && now().variant === index + 1);
  }
  const [photo, choice] = [shown, shown?.history.now];
  if (strip.hidden || !photo) return;
  timer = window.setTimeout(() => {
    for (let variant = 1; variant <= VARIANTS; variant++) {
      queue(async () => {
        if (photo !== shown || choice !== now() || painting) return;
        const canvas = strip.querySelectorAll("canvas")[variant - 1];
        try {
          draw(canvas, await engine.paint(photo.file, { ...choice!, variant }, THUMBNAIL));
        } catch {
          strip.hidden = true; // this network has none
        }
      });
    }
  }, SETTLED);
}

async function save(): Promise<void> {
  await busily(async () => {
    say(`Colorizing ${shown!.file.name} in full size`);
    deliver(await engine.save(shown!.file, now(), format.value));
  });
}

async function saveAll(): Promise<void> {
  await busily(async () => {
    const [made, failed]: [File[], string[]] = [[], []];
    for (const [index, { file, history, size }] of album.good.entries()) {
      say(`Colorizing in full size: ${index + 1} of ${album.good.length}`);
      try {
        if (size?.kept && !history.now.recolor) throw new Error(`${file.name} is ${size.kept}`);
        made.push(await engine.save(file, history.now, format.value));
      } catch (error) {
        failed.push(messageOf(error));
      }
    }
    if (made.length) deliver(new File([await zip(made)], "tfcolor.zip"));
    if (failed.length) complain(`Not in the archive: ${failed.join("; ")}`);
  });
}

function saveHints(): void {
  const { file, size, history } = shown!;
  const type = "application/json";
  deliver(new File([toJson(history.now, size!)], `${stem(file)}.hints.json`, { type }));
}

async function busily(work: () => Promise<void>): Promise<void> {
  complain("");
  setBusy(true);
  try {
    await work();
  } catch (error) {
    complain(error);
  } finally {
    setBusy(false);
  }
}

function deliver(file: File): void {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement("a"), { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the download has begun by then
}

/** Brings the controls in line with what is chosen. */
function refresh(): void {
  const many = album.good.length;
  element("album").parentElement!.hidden = album.photos.length < 2 && !album.photos[0]?.reason;
  element("all").hidden = many < 2;
  element("all").textContent = `Download all ${many}`;
  for (const id of ["previous", "next"]) element(id).hidden = many < 2;
  if (!shown?.size) return;
  const { history, size } = shown;
  for (const slider of [strength, saturation]) {
    slider.value = String(Math.round(100 * history.now[slider.id as "strength" | "saturation"]));
    element(`${slider.id}-shown`).textContent = `${slider.value} %`;
  }
  element<HTMLButtonElement>("undo").disabled = !history.canUndo;
  element<HTMLButtonElement>("redo").disabled = !history.canRedo;
  element<HTMLButtonElement>("keep").disabled = history.isUsual;
  element("kept").hidden = !isKept();
  element("kept-why").textContent = `This photograph is ${size.kept}, and is left as it is.`;
  element("taken").hidden = !history.now.from;
  element("taken-name").textContent = `Colors from ${history.now.from?.name ?? ""}`;
  const pending = editing && editing.index < 0 ? editing.mark : undefined;
  view.mark(history.now.marks, pending);
}

function setBusy(busy: boolean): void {
  body.toggle("busy", busy);
  for (const id of ["save", "all"]) {
    element<HTMLButtonElement>(id).disabled = busy || !shown || (id === "save" && isKept());
  }
  if (!busy && !view.picks) say("");
}

function say(text: string): void {
  element("status").textContent = text;
}

function complain(error: unknown): void {
  element("error").textContent = messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function step(by: number): void {
  const other = album.beside(shown, by);
  if (other && other !== shown) void show(other);
}

function travel(way: "undo" | "redo"): void {
  if (!shown) return;
  colors.close();
  shown.history[way]();
  changed();
}

function compare(on: boolean): void {
  body.toggle("comparing", on);
}

for (let number = 1; number <= VARIANTS; number++) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(document.createElement("canvas"));
  button.ariaLabel = number === 1 ? "The usual colors" : `Variant ${number}`;
  button.title = button.ariaLabel;
  button.onclick = () => setChoice({ variant: number });
  element("variants").append(button);
}
for (const [suffix, name] of Object.entries(engine.formats)) format.append(new Option(name, suffix));
format.hidden = !Object.keys(engine.formats).length;
chooser.accept = engine.accept;
element("privacy").textContent = engine.privacy;
element("about").textContent = engine.about;
element("take-colors").hidden = !engine.can.take;
body.toggle("marking", engine.can.mark);

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
  body.add("dragging");
};
document.ondragleave = (event) => {
  if (!event.relatedTarget) body.remove("dragging");
};
document.ondrop = (event) => {
  event.preventDefault();
  body.remove("dragging");
  take(event.dataTransfer?.files ?? []);
};
split.oninput = () => element("picture").style.setProperty("--split", `${split.value}%`);
for (const slider of [strength, saturation]) {
  const name = slider.id as "strength" | "saturation";
  let before: Choice | undefined; // while it is dragged
  slider.oninput = () => {
    if (!shown) return;
    before ??= now();
    shown.history.now = { ...now(), [name]: Number(slider.value) / 100 };
    element(`${name}-shown`).textContent = `${slider.value} %`;
    void repaint();
  };
  slider.onchange = () => {
    if (!shown || !before) return;
    const chosen = now();
    shown.history.now = before;
    before = undefined;
    setChoice({ [name]: chosen[name] });
  };
}
for (const tool of document.querySelectorAll<HTMLInputElement>("[name=tool]")) {
  tool.onchange = () => (view.tool = tool.value as Tool);
}
element("recolor").onclick = () => setChoice({ recolor: true });
element("undo").onclick = () => travel("undo");
element("redo").onclick = () => travel("redo");
element("closer").onclick = () => view.zoomBy(1.5);
element("farther").onclick = () => view.zoomBy(1 / 1.5);
element("fit").onclick = () => view.fit();
element("previous").onclick = () => step(-1);
element("next").onclick = () => step(1);
element("save").onclick = () => void save();
element("all").onclick = () => void saveAll();
element("keep").onclick = saveHints;
element("untake").onclick = () => setChoice({ from: undefined });
element<HTMLInputElement>("colors-from").onchange = ({ target }) => {
  const [picture] = (target as HTMLInputElement).files ?? [];
  if (picture) setChoice({ from: picture });
  (target as HTMLInputElement).value = "";
};
const hold = element("hold");
hold.onpointerdown = () => compare(true);
hold.onpointerup = hold.onpointerleave = () => compare(false);
onblur = () => compare(false);
document.onkeyup = ({ key }) => {
  if (key === "b" || key === "B" || key === " " || key === "Enter") compare(false);
};
hold.onkeydown = ({ key }) => {
  if (key === " " || key === "Enter") compare(true);
};
document.onkeydown = (event) => {
  const { key, target } = event;
  if (key === "Escape" && view.picks) return setPicking(false);
  if (!shown || (target as Element).closest("input:not([type=range]):not([type=radio]), select")) return;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z") {
    travel(event.shiftKey ? "redo" : "undo");
  } else if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "y") travel("redo");
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (key === "b" || key === "B") compare(true);
  else if (key === "PageUp") step(-1);
  else if (key === "PageDown") step(1);
  else return;
  event.preventDefault();
};
onbeforeunload = (event) => {
  if (album.photos.some(({ history }) => !history.isUsual)) event.preventDefault();
};
