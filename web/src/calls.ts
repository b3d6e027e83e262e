// Calls from the page to its worker, answered one after the other.

import type { Files } from "./network";
import type { Look } from "./paint";

/** The worker's tasks. An error there rejects the promise with its message. */
export interface Tasks {
  start(files: Files): Promise<void>;
  /** Reads and colorizes a photograph; `paint` and `save` use it from then on. */
  open(file: File, look: Look): Promise<Opened>;
  /** The photograph in another look, at screen size. */
  paint(look: Look): Promise<ImageBitmap>;
  /** The photograph in full size, encoded. */
  save(look: Look, type: string): Promise<Blob>;
}

export interface Opened {
  width: number;
  height: number;
  inColor: boolean;
  before: ImageBitmap;
  after: ImageBitmap;
}

export type Call = { id: number; task: keyof Tasks; values: unknown[] };
export type Reply =
  | { id: number; value: unknown }
  | { id: number; error: string }
  | { progress: string };

type Waiting = { resolve: (value: never) => void; reject: (error: Error) => void };

/** The worker's tasks as functions of the page. */
export function connect(worker: Worker, progress: (text: string) => void): Tasks {
  const waiting = new Map<number, Waiting>();
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    if ("progress" in data) return progress(data.progress);
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) call?.reject(new Error(data.error));
    else call?.resolve(data.value as never);
  };
  worker.onerror = () => {
    const error = new Error("Colorizing stopped unexpectedly; reload the page");
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  };
  let last = 0;
  const ask = (task: keyof Tasks) => (...values: unknown[]) => {
    const id = ++last;
    worker.postMessage({ id, task, values } satisfies Call);
    return new Promise<never>((resolve, reject) => waiting.set(id, { resolve, reject }));
  };
  return { start: ask("start"), open: ask("open"), paint: ask("paint"), save: ask("save") };
}
