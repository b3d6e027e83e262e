// The elements of the page, and what it says about its work.

export const element = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;

/** What is going on; nothing if empty. */
export function say(text: string): void {
  element("status").textContent = text;
}

/** What went wrong; nothing if empty. */
export function complain(error: unknown): void {
  element("error").textContent = messageOf(error);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
