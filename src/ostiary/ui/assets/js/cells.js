// Changing a cell of a list in its place: a pencil, a double click, Enter or F2 open its field, Escape closes it.
// Which cells can be changed is known with the page: the column by its head, the record by its row.
import htmx from "htmx.org";

const pencil = document.createElement("button");
Object.assign(pencil, { type: "button", className: "pencil" });
const kept = new WeakMap();  // what a cell showed before its field was opened

const heads = (cell) => cell.closest("table").tHead.rows[0].cells;
const editable = (cell) => {
  const row = cell?.closest("tr[data-row]");
  const code = row?.dataset.row && heads(cell)[cell.cellIndex]?.dataset.edit;
  return code ? `${row.dataset.row}/cell/${code}` : "";
};
const cellOf = (event) => event.target.closest?.("#list tr[data-row] > :is(td, th)");
const place = (cell) => cell.matches("th") ? cell.querySelector(":scope > span") : cell;

function open(cell) {
  const url = editable(cell);
  const inside = place(cell);
  if (!url || inside.querySelector("[data-celledit]")) return;
  pencil.remove();
  const [, , , id, , code] = url.split("/");
  inside.id = `cell-${id}-${code}`;
  kept.set(inside, inside.innerHTML);
  cell.classList.add("editing");
  htmx.ajax("GET", url, { target: inside, swap: "innerHTML" });  // of the body: the list would put its address there
}

function close(inside) {
  const cell = inside.closest("td, th");
  if (kept.has(inside)) inside.innerHTML = kept.get(inside);
  kept.delete(inside);
  htmx.process(inside);
  shut(cell);
}

function shut(cell) {
  cell.classList.remove("editing");
  focusOn(cell);
}

function focusOn(cell) {
  if (cell.matches("th")) return cell.querySelector("a")?.focus();
  cell.tabIndex = -1;
  cell.focus();
}

// a pencil comes to the cell under the pointer or with the focus; there is one for all of them
function show(event) {
  const cell = cellOf(event);
  if (!cell || cell.classList.contains("editing") || pencil.parentElement === cell || !editable(cell)) return;
  const head = heads(cell)[cell.cellIndex];
  pencil.ariaLabel = `${document.getElementById("list").dataset.pencil} ${head.innerText.trim()}`;
  pencil.innerHTML = document.querySelector("#pencil").innerHTML;
  cell.append(pencil);
}
document.addEventListener("pointerover", show);
document.addEventListener("focusin", show);

pencil.addEventListener("click", (event) => {
  event.preventDefault();
  open(pencil.closest("td, th"));
});
document.addEventListener("dblclick", (event) => {
  const cell = cellOf(event);
  if (!cell || event.target.closest("a, button, input, select, textarea")) return;
  open(cell);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-cellcancel]");
  if (button) close(button.closest("[id^='cell-']"));
});

document.addEventListener("keydown", (event) => {
  const cell = cellOf(event);
  if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
  if (cell.classList.contains("editing")) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close(place(cell));
    return;
  }
  if (event.key === "F2" || (event.key === "Enter" && event.target === cell)) {
    if (!editable(cell)) return;
    event.preventDefault();
    open(cell);
    return;
  }
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by || event.target.matches("input")) return;
  const row = [...cell.parentElement.cells].filter((each) => each.checkVisibility());
  const next = row[row.indexOf(cell) + by];
  if (!next) return;
  event.preventDefault();
  focusOn(next);
});

// the field has come: into it; or what was saved has: back to the cell
document.addEventListener("htmx:afterSwap", (event) => {
  const inside = event.detail.target;
  const cell = inside.closest?.("td, th");
  if (!cell || !inside.id?.startsWith("cell-")) return;
  const field = inside.querySelector(".celledit :is(input:not([type=hidden]), select, textarea, button)");
  if (!field) return shut(cell);
  cell.classList.add("editing");
  field.focus();
  field.select?.();
});
