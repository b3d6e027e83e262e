// Shows the pictures, which the page holds once each, and draws the charts.
"use strict";

const pictures = read("pictures");
const hover = read("hover");
const WIDTH = 460, HEIGHT = 320, LEFT = 48, RIGHT = 10, TOP = 10, BOTTOM = 42;
const REACH = 24; // pixels of the drawing from the pointer to a point

function read(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function show(image, key) {
  image.hidden = !(key in pictures);
  if (!image.hidden) image.src = pictures[key];
}

// Round numbers between two others, about five.
function ticks(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 5));
  const step = power * [1, 2, 5, 10].find((factor) => (high - low) / (factor * power) <= 6);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(n * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return found.map((value) => [value, value.toFixed(digits)]);
}

// From values to places in the drawing, with a little room at both ends.
function scale(values, start, end) {
  let low = Math.min(...values), high = Math.max(...values);
  const room = 0.03 * (high - low) || 0.5;
  [low, high] = [low - room, high + room];
  const place = (value) => start + ((value - low) / (high - low)) * (end - start);
  return { place, ticks: ticks(low, high) };
}

// {row, index, x, y} of every photograph that has both values.
function pointsOf(x, y) {
  const points = [];
  hover.rows.forEach((row, number) => {
    (row.values[x] || []).forEach((value, index) => {
      const other = (row.values[y] || [])[index];
      if (value !== null && typeof other === "number") {
        points.push({ row: number, index, x: value, y: other });
      }
    });
  });
  return points;
}

function draw(chart) {
  const { x: across, y: up } = chart.dataset;
  const points = pointsOf(across, up);
  if (!points.length) return;
  const x = scale(points.map((point) => point.x), LEFT, WIDTH - RIGHT);
  const y = scale(points.map((point) => point.y), HEIGHT - BOTTOM, TOP);
  const bottom = HEIGHT - BOTTOM;
  const parts = [];
  for (const [value, text] of x.ticks) {
    const at = x.place(value);
    parts.push(`<line x1="${at}" x2="${at}" y1="${TOP}" y2="${bottom}"/>`);
    parts.push(`<text x="${at}" y="${bottom + 16}" text-anchor="middle">${text}</text>`);
  }
  for (const [value, text] of y.ticks) {
    const at = y.place(value);
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`);
    parts.push(`<text x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${text}</text>`);
  }
  const middle = (TOP + bottom) / 2;
  parts.push(`<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">` +
    `${hover.labels[across]}</text>`);
  parts.push(`<text x="12" y="${middle}" text-anchor="middle" ` +
    `transform="rotate(-90 12 ${middle})">${hover.labels[up]}</text>`);
  for (const point of points) {
    [point.cx, point.cy] = [x.place(point.x), y.place(point.y)];
    parts.push(`<circle cx="${point.cx}" cy="${point.cy}" r="3" data-row="${point.row}" ` +
      `fill="${hover.rows[point.row].color}"/>`);
  }
  chart.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    `aria-label="${hover.labels[up]} against ${hover.labels[across]}">${parts.join("")}</svg>`;
  const svg = chart.firstChild;
  svg.querySelectorAll("circle").forEach((circle, index) => { points[index].circle = circle; });
  for (const event of ["pointermove", "pointerdown"]) {
    svg.addEventListener(event, (pointer) => look(svg, points, pointer, across, up));
  }
  svg.addEventListener("pointerleave", leave);
}

function look(svg, points, pointer, across, up) {
  const box = svg.getBoundingClientRect();
  const at = [pointer.clientX - box.left, pointer.clientY - box.top];
  const [px, py] = at.map((value) => (value * WIDTH) / box.width);
  const away = (point) => Math.hypot(point.cx - px, point.cy - py);
  const visible = points.filter((point) => !hover.rows[point.row].hidden);
  leave();
  if (!visible.length) return;
  const nearest = visible.reduce((best, point) => (away(point) < away(best) ? point : best));
  if (away(nearest) > REACH) return;
  const row = hover.rows[nearest.row];
  const [ours, theirs] = panel.querySelectorAll("img");
  show(ours, row.pictures[nearest.index]);
  show(theirs, hover.truth[nearest.index]);
  const values = [[across, nearest.x], [up, nearest.y]].map(
    ([metric, value]) => `${hover.labels[metric]} ${value.toPrecision(3)}`);
  panel.querySelector("div").textContent =
    `${hover.names[nearest.index]}, ${row.name} and truth: ${values.join(", ")}`;
  nearest.circle.classList.add("marked");
  panel.hidden = false;
  const { offsetWidth: width, offsetHeight: height } = panel;
  const left = pointer.clientX + 16, top = pointer.clientY + 16;
  panel.style.left = `${left + width > innerWidth ? Math.max(0, left - width - 32) : left}px`;
  panel.style.top = `${top + height > innerHeight ? Math.max(0, top - height - 32) : top}px`;
}

function leave() {
  panel.hidden = true;
  for (const circle of document.querySelectorAll(".marked")) circle.classList.remove("marked");
}

// A box for every row, which hides its points.
function legend(element) {
  hover.rows.forEach((row, number) => {
    const label = document.createElement("label"), box = document.createElement("input");
    const mark = document.createElement("span");
    Object.assign(box, { type: "checkbox", checked: true });
    mark.textContent = " ● ";
    mark.style.color = row.color;
    label.append(box, mark, row.name);
    element.append(label);
    box.addEventListener("change", () => {
      row.hidden = !box.checked;
      for (const circle of document.querySelectorAll(`circle[data-row="${number}"]`)) {
        circle.style.display = row.hidden ? "none" : "";
      }
    });
  });
}

const panel = document.createElement("div");
panel.id = "under-pointer";
panel.hidden = true;
panel.append(document.createElement("img"), document.createElement("img"),
  document.createElement("div"));
document.body.append(panel);
for (const image of document.querySelectorAll("img[data-picture]")) {
  show(image, image.dataset.picture);
}
document.querySelectorAll(".legend").forEach(legend);
document.querySelectorAll(".chart").forEach(draw);
