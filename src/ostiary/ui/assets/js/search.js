// The palette: arrows go through what was found, Enter opens it. Its key is in the table of shortcuts.
import htmx from "htmx.org";
import { offer } from "./shortcuts.js";

const palette = () => document.getElementById("palette");

// to the search box of the page, or where there is none, to that over everything
offer("search", () => {
  const box = [...document.querySelectorAll("input[type=search]")].find((each) => each.checkVisibility());
  if (box) box.focus();
  else palette()?.showPopover();
  return true;
});

// opened: what was open lately
document.addEventListener("toggle", (event) => {
  if (event.target !== palette() || event.newState !== "open") return;
  const box = palette().querySelector("input");
  box.select();
  htmx.trigger(box, "palette");
}, true);

document.addEventListener("keydown", (event) => {
  const list = event.target.closest("#palette, .found-page, .search-page");
  if (!list || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const root = palette()?.contains(list) ? palette() : document;
  const stops = [root.querySelector("input[type=search][name=q]"), ...root.querySelectorAll("[data-found]")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  const next = stops[stops.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

// Enter in the box opens the first that was found for these words; while it is not there yet, the page
document.addEventListener("submit", (event) => {
  if (!palette()?.contains(event.target)) return;
  const first = palette().querySelector("[data-found]");
  const box = palette().querySelector("input");
  const answered = palette().querySelector("[data-typed]")?.dataset.typed;
  if (!first || !answered || answered !== box.value.trim()) return;
  event.preventDefault();
  first.click();
});
