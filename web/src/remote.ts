// The engine of the app: tfcolor/app/server.py does the work.

import { type Choice, type Size, toJson } from "./choice";
import { type Engine, type Opened, THUMBNAIL, Unreachable } from "./engine";

type Given = Size & { id: string; kept: string | null };

const GONE = 404;
class Gone extends Error {} // the server has the photograph no more

const given = new Map<File, Promise<Given>>(); // what the server has, and as what

/** Gives a photograph to the server, once. */
function give(file: File): Promise<Given> {
  const before = given.get(file);
  if (before) return before;
  const query = new URLSearchParams({ name: file.name });
  const answer = ask(`photographs?${query}`, { method: "POST", body: file }).then(
    (response) => response.json() as Promise<Given>,
  );
  given.set(file, answer);
  answer.catch(() => given.delete(file));
  return answer;
}

async function ask(path: string, request?: RequestInit): Promise<Response> {
  const response = await fetch(path, request).catch(() => {
    throw new Unreachable("The app does not answer; see where it was started, and start it again");
  });
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({ error: response.statusText }));
  throw response.status === GONE ? new Gone(error) : new Error(error);
}

/** Does something with photographs, which are given again if the server has one no more. */
async function kept<Result>(files: File[], work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    for (const file of files) given.delete(file);
    return work();
  }
}

/** The photograph as it was given. */
function gray(file: File): Promise<Response> {
  return kept([file], async () => ask(`photographs/${(await give(file)).id}/gray`));
}

/** Asks for something about a photograph in the visitor's choice. */
async function about(
  file: File,
  choice: Choice,
  task: string,
  query: Record<string, number> = {},
): Promise<Response> {
  const { recolor, from } = choice;
  return kept(from ? [file, from] : [file], async () => {
    const own = await give(file);
    const more = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [name, String(value)]),
    );
    if (recolor) more.set("recolor", "1");
    if (from) more.set("colors_from", (await give(from)).id);
    const request = { method: "POST", body: toJson(choice, own) };
    return ask(`photographs/${own.id}/${task}?${more}`, request);
  });
}

async function picture(response: Response, side?: number): Promise<ImageBitmap> {
  const blob = await response.blob();
  if (!side) return createImageBitmap(blob);
  return createImageBitmap(blob, { resizeHeight: side, resizeQuality: "high" });
}

export const engine: Engine = {
  privacy:
    "Photographs stay on the computer that runs this app, which deletes them when it stops; what " +
    "you chose is kept in this tab alone, until you close or reload it.",
  about:
    "Downloads have the photograph's size, file type and metadata, and say in their metadata that " +
    "the color is synthetic.",
  accept: "image/*,.tif,.tiff,.heic,.heif,.jxl,.jp2,.json",
  formats: {},
  can: { guess: true, take: true },

  async start() {},

  async open(file): Promise<Opened> {
    const before = await picture(await gray(file));
    const { width, height, kept } = await give(file);
    return { width, height, kept, before };
  },

  async thumbnail(file) {
    return picture(await gray(file), THUMBNAIL / 2);
  },

  async paint(file, choice, side) {
    return picture(await about(file, choice, "color", { side }));
  },

  async likely(file, choice, x, y) {
    return (await about(file, choice, "likely", { x, y })).json();
  },

  async save(file, choice) {
    const response = await about(file, choice, "file");
    const name = /filename\*?=(?:utf-8'')?"?([^";]*)/i.exec(
      response.headers.get("content-disposition") ?? "",
    );
    const blob = await response.blob();
    return new File([blob], decodeURIComponent(name?.[1] ?? file.name), { type: blob.type });
  },

  forget(file) {
    void given
      .get(file)
      ?.then(({ id }) => ask(`photographs/${id}`, { method: "DELETE" }))
      .catch(() => {}); // the app may have stopped
    given.delete(file);
  },
};
