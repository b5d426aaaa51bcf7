// Toasts: news is put into its region once more when the page is there, since a region is read out when it changes.
// Pointing at one or focusing it keeps it; a key (shortcuts.js) goes to the last one, even after it faded.
import { offer } from "./shortcuts.js";

const region = () => document.getElementById("toasts");

offer("toast", () => {
  const last = [...document.querySelectorAll("#toasts .toast")].at(-1);
  if (!last) return false;
  delete last.dataset.gone;
  last.dataset.held = "";
  (last.querySelector("button") ?? last).focus();
  return true;
});

document.addEventListener("keydown", (event) => {
  const toast = event.key === "Escape" && event.target.closest?.(".toast");
  if (!toast) return;
  toast.dataset.gone = "";
  document.getElementById("content")?.focus();
});

// what has faded is out of reach of Tab, and what was looked at fades anew
document.addEventListener("focusout", (event) => {
  const toast = event.target.closest?.(".toast");
  if (toast && !toast.contains(event.relatedTarget)) delete toast.dataset.held;
});

const first = region()?.firstElementChild;
if (first) {
  first.remove();
  setTimeout(() => region().append(first), 100);
}
