// Gives files to the visitor.

import type { Photo } from "./album";
import { toJson } from "./choice";
import { type Engine, stem } from "./engine";
import { messageOf, say } from "./status";
import { zip } from "./zip";

/** Downloads a photograph in color and in full size. */
export async function save(engine: Engine, { file, history }: Photo, format: string): Promise<void> {
  deliver(await engine.save(file, history.now, format));
}

/**
 * Downloads an archive of photographs.
 *
 * @returns why some of them are not in it.
 */
export async function saveAll(
  engine: Engine,
  photos: readonly Photo[],
  format: string,
  progress: (done: number) => void,
): Promise<string[]> {
  const [made, failed]: [File[], string[]] = [[], []];
  for (const [index, { file, history, size }] of photos.entries()) {
    progress(index);
    try {
      if (size?.kept && !history.now.recolor) throw new Error(`${file.name} is ${size.kept}`);
      made.push(await engine.save(file, history.now, format));
    } catch (error) {
      failed.push(messageOf(error));
    }
  }
  if (made.length) deliver(new File([await zip(made)], "tfcolor.zip"));
  return failed;
}

/** Downloads what is chosen for a photograph. */
export function saveChoice({ file, history, size }: Photo): void {
  const { from, recolor } = history.now;
  const apart = [from && `take colors from ${from.name}`, recolor && "replace its colors"];
  const again = apart.filter(Boolean).join(" and ");
  if (again) say(`The file holds all but this: to go on with it, ${again} again`);
  const type = "application/json";
  deliver(new File([toJson(history.now, size!)], `${stem(file)}.hints.json`, { type }));
}

function deliver(file: File): void {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement("a"), { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the download has begun by then
}
