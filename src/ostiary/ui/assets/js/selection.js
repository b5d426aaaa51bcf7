// Selecting rows of a list: the whole page, a range by shift, the row with the focus by x, how many there are.
// The boxes are fields of the form over the foot, which works without this file.
import { offer } from "./shortcuts.js";

const boxes = () => [...document.querySelectorAll('#list input[name=".row"]')];
let last = null;

function count() {
  const shown = document.querySelector("[data-picked]");
  if (!shown) return;
  const all = boxes();
  const picked = all.filter((box) => box.checked).length;
  const every = document.querySelector('#bulk [name=".all"]');
  shown.textContent = every.checked && every.dataset.total ? every.dataset.total : picked.toLocaleString(document.documentElement.lang);
  for (const box of all) box.closest("tr").ariaSelected = box.checked || every.checked ? "true" : null;
  const page = document.querySelector("[data-pickall]");
  page.checked = picked > 0 && picked === all.length;
  page.indeterminate = picked > 0 && picked < all.length;
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.('#list input[name=".row"]');
  if (!box) return;
  const all = boxes();
  if (event.shiftKey && last?.isConnected) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const between of all.slice(from, to + 1)) between.checked = box.checked;
  }
  last = box;
  count();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pickall]")) for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.matches('[data-pickall], #bulk [name=".all"], #list input[name=".row"]')) count();
});

document.addEventListener("reset", (event) => {
  if (event.target.id === "bulk") queueMicrotask(count);
});

offer("row-pick", (event) => {
  const box = event.target.closest("#list tr[data-row]")?.querySelector('input[name=".row"]');
  if (!box) return false;
  box.checked = !box.checked;
  last = box;
  count();
  return true;
});

// many boxes are one field, since a form has no more than so many
document.addEventListener("formdata", (event) => {
  if (event.target.id !== "bulk") return;
  event.formData.set(".rows", event.formData.getAll(".row").join(" "));
  event.formData.delete(".row");
});

document.addEventListener("htmx:afterSettle", () => {
  for (const part of document.querySelectorAll("#bulk [data-scripted]")) part.hidden = false;
  count();
});
window.addEventListener("pageshow", count);  // the browser may have kept what was ticked

// a field of the page before a change: touching it means that it is to be set
document.addEventListener("input", (event) => {
  const box = event.target.closest(".setfield")?.querySelector(".setfield > input");
  if (box && event.target !== box) box.checked = true;
});
