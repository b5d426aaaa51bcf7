// Editors of rights: rows are dragged or moved with Alt and arrow keys; each posts what a button would.
const rowOf = (event) => event.target.closest?.("table[data-rows] tr[data-unit]");
let dragged = null;

function ask(form, words) {
  const button = document.createElement("button");
  Object.assign(button, { type: "submit", name: "do", value: words, hidden: true });
  form.append(button);
  button.click();
  button.remove();
}

document.addEventListener("dragstart", (event) => {
  if (!event.target.closest?.(".grip")) return;
  dragged = rowOf(event);
  dragged.classList.add("dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.unit);
  event.dataTransfer.setDragImage(dragged, 0, 0);
});
document.addEventListener("dragover", (event) => {
  const row = rowOf(event);
  if (!dragged || !row || row.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  for (const other of row.parentElement.children) other.classList.toggle("target", other === row);
});
document.addEventListener("drop", (event) => {
  const row = rowOf(event);
  if (!dragged || !row || row.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  const place = [...row.parentElement.querySelectorAll("tr[data-unit]")].indexOf(row);
  const { rows } = row.closest("table").dataset;
  ask(row.closest("form"), `place ${rows} ${dragged.dataset.unit} ${place}`);
});
document.addEventListener("dragend", () => {
  for (const row of document.querySelectorAll("tr.dragged, tr.target")) row.classList.remove("dragged", "target");
  dragged = null;
});

document.addEventListener("keydown", (event) => {
  const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const row = event.altKey && way ? rowOf(event) : null;
  if (!row) return;
  event.preventDefault();
  row.querySelector(`[data-move="${way}"]:not([disabled])`)?.click();
});

// an edit replaces the form: where it was scrolled to stays
let scrolled = [];
document.addEventListener("htmx:beforeSwap", () => {
  scrolled = [...document.querySelectorAll(".withside > *")].map((part) => part.scrollTop);
});
document.addEventListener("htmx:afterSettle", () => {
  document.querySelectorAll(".withside > *").forEach((part, at) => { part.scrollTop = scrolled[at] ?? 0; });
});

// leaving a page with unsaved changes asks first, but saving them does not
let sending = false;
document.addEventListener("submit", () => { sending = true; });
document.addEventListener("htmx:afterSwap", () => { sending = false; });
window.addEventListener("beforeunload", (event) => {
  if (!sending && document.querySelector("[data-unsaved]")) event.preventDefault();
});
