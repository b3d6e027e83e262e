// The page: takes photographs, shows one of them in the editor, and saves them.

import { engine } from "engine";

import example from "../../tfcolor/data/samples/gray/35d67f3f70aeef92.jpg?url";
import { Album, type Photo } from "./album";
import { type Choice, fromJson } from "./choice";
import { Editor } from "./editor";
import { THUMBNAIL, Unreachable, stem } from "./engine";
import { save, saveAll, saveChoice } from "./saving";
import { complain, element, messageOf, say } from "./status";
import { type Tool, draw } from "./view";

const [strength, saturation] = ["strength", "saturation"].map(element<HTMLInputElement>);
const [chooser, split, format] = ["files", "split", "format"].map(element<HTMLInputElement>);
const body = document.body.classList;

const album = new Album(element("album"), (photo) => void show(photo), removePhoto);
const ready = engine.start(say);
ready.then(() => say(""), complain);
let later: Promise<void> = ready.catch(() => {}); // thumbnails, one after the other
const editor = new Editor(refresh, setBusy, () => later);

/** Takes what was chosen, dropped or pasted, and shows the first photograph of it. */
async function take(files: Iterable<File>): Promise<void> {
  complain("");
  const [given, hints] = [[] as File[], [] as File[]];
  for (const file of files) (/\.json$/i.test(file.name) ? hints : given).push(file);
  const before = editor.shown;
  const added = given.map((file) => album.add(file));
  if (album.photos.length) body.add("working");
  for (const photo of added) later = later.then(() => thumbnail(photo, before));
  if (added[0]) await show(added[0]);
  for (const file of hints) await takeHints(file);
}

/** Applies a file NAME.hints.json to the photograph of that name, or else to the one shown. */
async function takeHints(file: File): Promise<void> {
  const name = file.name.replace(/(\.hints)?\.json$/i, "");
  const photo = album.good.find((each) => stem(each.file) === name) ?? editor.shown;
  if (!photo) return complain(`Give the photograph of ${file.name} first`);
  try {
    if (photo !== editor.shown) await show(photo);
    editor.set(fromJson(await file.text(), file.name, photo.size!));
  } catch (error) {
    complain(error);
  }
}

async function thumbnail(photo: Photo, before?: Photo): Promise<void> {
  const canvas = photo.item.querySelector("canvas");
  if (!canvas || photo.reason || photo.tinted || !album.photos.includes(photo)) return;
  try {
    const small = await engine.thumbnail(photo.file);
    if (!photo.tinted) draw(canvas, small);
  } catch (error) {
    fail(photo, error, before);
  }
}

async function show(photo: Photo, before = editor.shown): Promise<void> {
  if (photo.reason) return;
  editor.turn(photo);
  album.mark(photo);
  complain("");
  setBusy(1);
  try {
    await ready;
    say(`Reading ${photo.file.name}`);
    const { before: picture, ...size } = await engine.open(photo.file);
    photo.size = size;
    if (editor.shown !== photo) return picture.close();
    element("work").hidden = false;
    element("name").textContent = element("name").title = photo.file.name;
    element("size").textContent = `${size.width} × ${size.height} pixels`;
    editor.open(picture);
  } catch (error) {
    fail(photo, error, before);
  } finally {
    setBusy(-1);
  }
}

/** Says why a photograph cannot be shown, and goes back to the one before. */
function fail(photo: Photo, error: unknown, before?: Photo): void {
  if (photo.reason || !album.photos.includes(photo)) return;
  if (error instanceof Unreachable) return complain(error);
  album.fail(photo, messageOf(error));
  if (editor.shown === photo) {
    showOther(before && album.good.includes(before) ? before : album.good[0]);
  }
  refresh();
}

function removePhoto(photo: Photo): void {
  const next = album.beside(photo, 1);
  album.drop(photo);
  for (const file of [photo.file, photo.history.now.from]) if (file) engine.forget(file);
  if (photo === editor.shown) showOther(next === photo ? undefined : next);
  (next?.item.querySelector<HTMLElement>(".thumbnail") ?? chooser).focus();
  if (!album.photos.length) body.remove("working");
  refresh();
}

function showOther(photo: Photo | undefined): void {
  if (photo) return void show(photo);
  editor.turn();
  element("work").hidden = true;
}

/** The photographs that a download of all has: not those that keep their colors. */
function downloadable(): Photo[] {
  return album.good.filter(({ size, history }) => !size?.kept || history.now.recolor);
}

async function downloadAll(): Promise<void> {
  const photos = downloadable();
  const failed = await saveAll(engine, photos, format.value, (done) =>
    say(`Colorizing in full size: ${done + 1} of ${photos.length}`),
  );
  if (failed.length) complain(`Not in the archive: ${failed.join("; ")}`);
}

async function busily(work: () => Promise<void>): Promise<void> {
  complain("");
  setBusy(1);
  try {
    await work();
  } catch (error) {
    complain(error);
  } finally {
    setBusy(-1);
  }
}

let working = 0; // how many things are being made

/** Counts what is being made: +1 at its begin, -1 at its end. */
function setBusy(change: number): void {
  working += change;
  body.toggle("busy", working > 0);
  element<HTMLButtonElement>("save").disabled = working > 0 || !editor.shown || editor.isKept;
  element<HTMLButtonElement>("all").disabled = working > 0;
  if (!working && !editor.view.picks) say("");
}

/** Brings the controls in line with what is chosen. */
function refresh(): void {
  const [many, all] = [album.good.length, downloadable().length];
  element("strip").hidden = album.photos.length < 2 && !album.photos[0]?.reason;
  element("all").hidden = all < 2;
  element("all").textContent = `Download all ${all}`;
  for (const id of ["previous", "next"]) element(id).hidden = many < 2;
  if (!editor.shown?.size) return;
  const { history, size } = editor.shown;
  for (const slider of [strength, saturation]) {
    slider.value = String(Math.round(100 * history.now[slider.id as "strength" | "saturation"]));
    element(`${slider.id}-shown`).textContent = `${slider.value} %`;
  }
  element<HTMLButtonElement>("undo").disabled = !history.canUndo;
  element<HTMLButtonElement>("redo").disabled = !history.canRedo;
  element<HTMLButtonElement>("keep").disabled = history.isUsual;
  element("kept").hidden = !editor.isKept;
  element("lead").hidden = editor.isKept;
  element("kept-why").textContent = `This photograph is ${size.kept}, and is left as it is.`;
  element("taken").hidden = !history.now.from;
  element("taken-name").textContent = `Colors from ${history.now.from?.name ?? ""}`;
}

/** Takes colors from a picture, if that can be done. */
async function takeFrom(from: File): Promise<void> {
  const photo = editor.shown!;
  const choice = { ...editor.now, from };
  (await engine.paint(photo.file, choice, THUMBNAIL)).close();
  if (photo === editor.shown) editor.set({ from });
}

function step(by: number): void {
  const other = album.beside(editor.shown, by);
  if (other && other !== editor.shown) void show(other);
}

function compare(on: boolean): void {
  body.toggle("comparing", on);
}

for (const [suffix, name] of Object.entries(engine.formats)) format.append(new Option(name, suffix));
format.hidden = !Object.keys(engine.formats).length;
chooser.accept = engine.accept;
element("privacy").textContent = engine.privacy;
element("about").textContent = engine.about;
element("take-colors").hidden = !engine.can.take;

chooser.onchange = () => {
  void take([...(chooser.files ?? [])]);
  chooser.value = ""; // so that the same one can be chosen again
};
element("example").onclick = async () => {
  const response = await fetch(example).catch(() => undefined);
  if (!response?.ok) return complain("The example cannot be fetched; reload the page");
  const image = await response.blob();
  await take([new File([image], "example.jpg", { type: image.type })]);
};
document.onpaste = ({ clipboardData }) => void take([...(clipboardData?.files ?? [])]);
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
  void take([...(event.dataTransfer?.files ?? [])]);
};
split.oninput = () => {
  editor.view.divide(Number(split.value));
  split.ariaValueText = `${split.value} % before`;
};
for (const slider of [strength, saturation]) {
  const name = slider.id as "strength" | "saturation";
  let before: Choice | undefined; // while it is dragged
  slider.oninput = () => {
    if (!editor.shown) return;
    before ??= editor.now;
    element(`${name}-shown`).textContent = `${slider.value} %`;
    editor.preview({ [name]: Number(slider.value) / 100 });
  };
  slider.onchange = () => {
    if (!editor.shown || !before) return;
    const chosen = editor.now[name];
    editor.shown.history.now = before;
    before = undefined;
    editor.set({ [name]: chosen });
  };
}
for (const tool of document.querySelectorAll<HTMLInputElement>("[name=tool]")) {
  tool.onchange = () => editor.view.use(tool.value as Tool);
}
element("recolor").onclick = () => editor.set({ recolor: true });
element("undo").onclick = () => editor.travel("undo");
element("redo").onclick = () => editor.travel("redo");
element("closer").onclick = () => editor.view.zoomBy(1.5);
element("farther").onclick = () => editor.view.zoomBy(1 / 1.5);
element("fit").onclick = () => editor.view.fit();
element("previous").onclick = () => step(-1);
element("next").onclick = () => step(1);
element("save").onclick = () => {
  void busily(() => {
    say(`Colorizing ${editor.shown!.file.name} in full size`);
    return save(engine, editor.shown!, format.value);
  });
};
element("all").onclick = () => void busily(downloadAll);
element("keep").onclick = () => saveChoice(editor.shown!);
element("untake").onclick = () => {
  engine.forget(editor.now.from!); // if the visitor goes back, it is given again
  editor.set({ from: undefined });
};
element<HTMLInputElement>("colors-from").onchange = ({ target }) => {
  const [picture] = (target as HTMLInputElement).files ?? [];
  if (picture) void busily(() => takeFrom(picture));
  (target as HTMLInputElement).value = "";
};
const hold = element("hold");
hold.onpointerdown = () => compare(true);
hold.onpointerup = hold.onpointerleave = () => compare(false);
hold.onkeydown = ({ key }) => {
  if (key === " " || key === "Enter") compare(true);
};
onblur = () => compare(false);
document.onkeyup = ({ key }) => {
  if (["b", "B", " ", "Enter"].includes(key)) compare(false);
};
document.onkeydown = (event) => {
  const { key, target } = event;
  if (key === "Escape" && editor.cancel()) return;
  const types = "input:not([type=range]):not([type=radio]), select"; // these need the keys themselves
  if (!editor.shown || (target as Element).closest(types)) return;
  const pressed = key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && pressed === "z") {
    editor.travel(event.shiftKey ? "redo" : "undo");
  } else if ((event.ctrlKey || event.metaKey) && pressed === "y") editor.travel("redo");
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (pressed === "b") compare(true);
  else if (key === "PageUp") step(-1);
  else if (key === "PageDown") step(1);
  else return;
  event.preventDefault();
};
onbeforeunload = (event) => {
  if (album.photos.some(({ history }) => !history.isUsual)) event.preventDefault();
};
