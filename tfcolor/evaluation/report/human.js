// Asks pair by pair, keeps the answers in the browser and saves them as a file.
"use strict";

const asked = JSON.parse(document.getElementById("asked").textContent);
const buttons = [...document.querySelectorAll("#pair button")];
const answers = recall();
let since = performance.now();

function recall() {
  try {
    return JSON.parse(localStorage.getItem(asked.key)) || [];
  } catch {
    return []; // not kept, or not allowed to be
  }
}

function keep() {
  try {
    localStorage.setItem(asked.key, JSON.stringify(answers));
  } catch {
    document.getElementById("count").title = "not kept by this browser";
  }
}

function ask() {
  const done = answers.length, total = asked.pairs.length;
  document.querySelector("progress").max = total;
  document.querySelector("progress").value = done;
  document.getElementById("count").textContent = `${done} of ${total}`;
  if (done === total) return finish();
  asked.pairs[done].pictures.forEach((picture, side) => {
    buttons[side].firstChild.src = picture;
  });
  since = performance.now();
}

function answer(side) {
  if (answers.length === asked.pairs.length) return;
  const what = JSON.parse(atob(asked.pairs[answers.length].what));
  answers.push({
    row: what.row,
    photograph: what.photograph,
    taken_for_real: side !== what.real,
    seconds: Math.round(performance.now() - since) / 1000,
  });
  keep();
  document.activeElement.blur(); // no side stays marked for the next pair
  ask();
}

function rate(given) {
  const taken = given.filter((each) => each.taken_for_real).length;
  return `${taken} of ${given.length} (${((100 * taken) / given.length).toFixed(0)} %)`;
}

function finish() {
  document.getElementById("pair").hidden = true;
  document.getElementById("task").hidden = true;
  const result = document.getElementById("result");
  result.hidden = false;
  result.textContent = `Colorizations that you took for real: ${rate(answers)}. ` +
    "At 50 % nobody could tell them from the photographs.";
  const rows = [...new Set(answers.map((each) => each.row))];
  if (rows.length < 2) return;
  const list = document.createElement("ul");
  for (const row of rows) {
    const item = document.createElement("li");
    item.textContent = `${row}: ${rate(answers.filter((each) => each.row === row))}`;
    list.append(item);
  }
  result.after(list);
}

function save() {
  const content = {
    tfcolor_human: asked.version,
    photographs_sha256: asked.photographs_sha256,
    answers,
  };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)]));
  link.download = "human-answers.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

buttons.forEach((button, side) => button.addEventListener("click", () => answer(side)));
document.getElementById("save").addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  const side = { ArrowLeft: 0, ArrowRight: 1 }[event.key];
  if (side === undefined || event.repeat) return;
  event.preventDefault();
  answer(side);
});
ask();
