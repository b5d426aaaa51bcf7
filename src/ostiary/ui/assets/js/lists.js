// Lists: keys to move by, shift-click to sort by one column more, columns dragged into order, what is kept
// while a panel is drawn anew. Links, buttons and forms do the same without this file.
import htmx from "htmx.org";
import { offer } from "./shortcuts.js";

const rows = () => [...document.querySelectorAll("#list tr[data-row]")].filter((row) => row.checkVisibility());
const rowOf = (event) => event.target.closest("#list tr[data-row]");

function move(event, by) {
  const all = rows();
  const at = all.indexOf(rowOf(event));
  const next = all[at < 0 ? 0 : at + by];
  next?.querySelector("th a").focus();
  next?.scrollIntoView({ block: "nearest" });
  return Boolean(next);
}

offer("row-next", (event) => move(event, 1));
offer("row-before", (event) => move(event, -1));
offer("row-open", (event) => {
  rowOf(event)?.querySelector("th a").click();
  return Boolean(rowOf(event));
});

// arrows do the same where they have nothing to scroll
document.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select") || !(rowOf(event) || event.target.matches(".tablewrap"))) return;
  if (move(event, by)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const link = event.shiftKey && event.target.closest("a[data-also]");
  if (!link) return;
  event.preventDefault();
  event.stopPropagation();
  htmx.ajax("GET", link.dataset.also, { source: link, target: "#list", select: "#list", swap: "outerHTML" });
}, true);

// the numbers of the rows that are there, when more have come
document.addEventListener("htmx:afterSettle", () => {
  const last = document.querySelector("#list [data-last]");
  if (!last) return;
  const first = Number(document.querySelector("#list [data-first]").dataset.first);
  const many = document.querySelectorAll("#list tr[data-row]").length;
  last.textContent = (first + many - 1).toLocaleString("en");
});

// a panel that is drawn anew stays scrolled and unfolded as it was
let kept = { scrolled: new Map(), open: new Set() };
document.addEventListener("htmx:beforeSwap", () => {
  kept = {
    scrolled: new Map([...document.querySelectorAll("[data-keep]")].map((part) => [part.id, part.scrollTop])),
    open: new Set([...document.querySelectorAll("[data-keep] details[open]")].map((part) => part.id)),
  };
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, top] of kept.scrolled) document.getElementById(id)?.scrollTo(0, top);
});

let dragged = null;
const columnOf = (event) => event.target.closest?.("[data-picker] [data-column]");
document.addEventListener("dragstart", (event) => {
  dragged = columnOf(event);
  if (!dragged) return;
  dragged.classList.add("dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector("input").value);
});
document.addEventListener("dragover", (event) => {
  const over = dragged && columnOf(event);
  if (!over) return;
  event.preventDefault();
  for (const other of over.parentElement.children) other.classList.toggle("target", other === over);
});
document.addEventListener("drop", (event) => {
  const over = dragged && columnOf(event);
  if (!over || over === dragged) return;
  event.preventDefault();
  const all = [...over.parentElement.children];
  over[all.indexOf(dragged) < all.indexOf(over) ? "after" : "before"](dragged);
  dragged.querySelector("input").dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("dragend", () => {
  for (const part of document.querySelectorAll(".picked .dragged, .picked .target")) part.classList.remove("dragged", "target");
  dragged = null;
});
document.addEventListener("keydown", (event) => {
  const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const column = event.altKey && way ? columnOf(event) : null;
  if (!column) return;
  event.preventDefault();
  column.querySelector(`[data-move="${way}"]:not([disabled])`)?.click();
});
