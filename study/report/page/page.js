"use strict";
// The meaning of a column is written at its first heading; later ones of the same metric get it from there.
const meanings = new Map();
for (const head of document.querySelectorAll("th[data-metric]")) {
  if (head.title) meanings.set(head.dataset.metric, head.title);
  else head.title = meanings.get(head.dataset.metric) ?? "";
}

// Sorting: every heading is a button. Rows are sorted within each tbody, so that reference rows stay apart.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      for (const body of table.tBodies) {
        const rows = [...body.rows];
        rows.sort((a, b) => compare(a.cells[column], b.cells[column]) * (down ? -1 : 1));
        body.append(...rows);
      }
    });
  });
}

function value(cell) {
  const shown = cell.tagName === "TH" ? cell.firstChild : cell;
  const text = shown.textContent.trim().replace(/−/g, "-");
  const power = text.match(/×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/);
  const scale = power ? 10 ** Number([...power[1]].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)).map((i) => (i ? i - 1 : "-")).join("")) : 1;
  return parseFloat(text) * scale;
}

function compare(a, b) {
  const x = value(a), y = value(b);
  if (Number.isNaN(x) && Number.isNaN(y)) return a.textContent.localeCompare(b.textContent);
  if (Number.isNaN(x)) return 1;
  if (Number.isNaN(y)) return -1;
  return x - y;
}

// Opening: a link to something that is folded opens what it lies in; on paper everything is open.
function unfold() {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!wanted) return;
  for (let node = wanted; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  wanted.scrollIntoView();
}
addEventListener("hashchange", unfold);
unfold();
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:not([hidden])")) fold.open = true;
});

// Choosing: α and β select one setting's table and sample grid, a strategy is highlighted, a metric is shown alone.
const form = document.querySelector(".controls");
if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", show);
  for (const fold of document.querySelectorAll("details.setting")) fold.hidden = true;
}

function show() {
  const { alpha, beta, strategy, metric } = Object.fromEntries(new FormData(form));
  const one = Boolean(alpha && beta);
  const matches = (node) => (!alpha || node.dataset.alpha === alpha) && (!beta || node.dataset.beta === beta);
  const tables = [...document.querySelectorAll("details.setting")];
  for (const fold of tables) {
    fold.hidden = !((alpha || beta) && matches(fold));
    fold.open = one || fold.open;
  }
  document.querySelector(".whole").hidden = one && tables.some((fold) => !fold.hidden);
  const grids = [...document.querySelectorAll("figure[data-alpha]")];
  const some = grids.some(matches);
  for (const grid of grids) grid.hidden = some && !matches(grid);
  for (const row of document.querySelectorAll(".scores tbody tr")) {
    row.classList.toggle("chosen", row.cells[0].textContent.trim() === strategy);
  }
  for (const table of document.querySelectorAll("table.scores")) {
    const other = [...table.tHead.rows[0].cells].map((head) => Boolean(metric && head.dataset.metric) && head.dataset.metric !== metric);
    for (const row of table.rows) for (const [i, cell] of [...row.cells].entries()) cell.hidden = other[i];
  }
  const notes = [];
  if ((alpha || beta) && !one) notes.push("Choose both α and β for one table; matching settings are listed below.");
  if (one && grids.length && !some) notes.push("No sample grid was stored for this setting: all are shown.");
  form.querySelector(".note").textContent = notes.join(" ");
}
