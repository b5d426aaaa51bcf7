// The palette: Ctrl K opens it, arrows go through what was found, Enter opens it.
import htmx from "htmx.org";

const palette = () => document.getElementById("palette");

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
  if (!palette()) return;
  event.preventDefault();
  palette().togglePopover();
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
