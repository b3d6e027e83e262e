// Writes a zip archive without compression: photographs do not become smaller.

import { checkSum } from "./mark";

const UTF8 = 1 << 11; // flag: names are in UTF-8

/** An archive of files; where names repeat, the later ones get a number. */
export async function zip(files: readonly File[]): Promise<Blob> {
  const parts: BlobPart[] = [];
  const index: Uint8Array<ArrayBuffer>[] = [];
  const taken = new Set<string>();
  let at = 0;
  for (const file of files) {
    const name = new TextEncoder().encode(free(file.name, taken));
    const sum = checkSum(new Uint8Array(await file.arrayBuffer()));
    const common = [
      ...[short(20), short(UTF8), short(0), ...time(new Date(file.lastModified))],
      ...[long(sum), long(file.size), long(file.size), short(name.length), short(0)],
    ].flat();
    const head = Uint8Array.from([...long(0x04034b50), ...common, ...name]);
    index.push(
      Uint8Array.from([
        ...[...long(0x02014b50), ...short(20), ...common],
        ...[...short(0), ...short(0), ...short(0), ...long(0), ...long(at), ...name],
      ]),
    );
    parts.push(head, file);
    at += head.length + file.size;
  }
  const size = index.reduce((sum, entry) => sum + entry.length, 0);
  if (at + size > 0xffffffff) throw new Error("All together have over 4 GB; download some at a time");
  const count = short(files.length);
  const end = [
    ...[long(0x06054b50), short(0), short(0), count, count, long(size), long(at), short(0)],
  ].flat();
  return new Blob([...parts, ...index, Uint8Array.from(end)], { type: "application/zip" });
}

/** The name, or with a number if it is taken, in any case: some systems do not tell A from a. */
function free(name: string, taken: Set<string>): string {
  const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/.exec(name)!;
  let found = name;
  for (let count = 2; taken.has(found.toLowerCase()); count++) {
    found = `${stem}-${count}${suffix ?? ""}`;
  }
  taken.add(found.toLowerCase());
  return found;
}

/** Time and date as MS-DOS wrote them. */
function time(when: Date): number[][] {
  const [hours, minutes, seconds] = [when.getHours(), when.getMinutes(), when.getSeconds()];
  const date = ((when.getFullYear() - 1980) << 9) | ((when.getMonth() + 1) << 5) | when.getDate();
  return [short((hours << 11) | (minutes << 5) | (seconds >> 1)), short(date)];
}

const short = (value: number) => [value & 255, (value >> 8) & 255];
const long = (value: number) => [...short(value & 0xffff), ...short(value >>> 16)];
