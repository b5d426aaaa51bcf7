// Improvements only: every form and link works without this file.
import htmx from "htmx.org";
import "./roles.js";
import "./rights.js";
import "./search.js";
import "./lists.js";
import "./toasts.js";
import "./peek.js";
import "./drafts.js";
import "./selection.js";
import "./cells.js";
import "./boards.js";

// strict CSP: no evaluated expressions, no injected style; no page is kept in the browser's storage
Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollIntoViewOnBoost: false,
  defaultSettleDelay: 0,  // a field that has come already sends by script when somebody is quick
  // a refused form comes back with its errors, or with what somebody else changed
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "409|422", swap: true },
    { code: "[45]..", swap: true, select: "unset", error: true },  // its page says why
  ],
});

// a lookup field: when the text is one of the offered records, remember which one
document.addEventListener("change", (event) => {
  const box = event.target.closest("input[data-lookup]");
  if (!box) return;
  const key = document.getElementById(box.dataset.lookup);
  const offered = [...(box.list?.options ?? [])].filter((option) => option.value === box.value);
  key.value = offered.length === 1 ? offered[0].dataset.id : "";
});

// fields whose change needs another form (the operators of a filter follow its column)
document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-refresh]");
  // an operator whose value is given in the same way needs no other form, and what is being typed stays
  if (field?.dataset.control && field.selectedOptions[0].dataset.control === field.dataset.control) return;
  field?.form.querySelector(`button[value="${field.dataset.refresh}"]`).click();
});

// files: what is too large is said before it is sent, and dropping some on their list sends them
document.addEventListener("change", (event) => {
  const box = event.target.closest("input[type=file][data-most]");
  if (!box) return;
  const fits = [...box.files].every((file) => file.size <= Number(box.dataset.most));
  box.setCustomValidity(fits ? "" : box.dataset.tooLarge);
  box.reportValidity();
});
const dropTarget = (event) =>
  event.dataTransfer?.types.includes("Files") ? event.target.closest("[data-drop]") : null;
document.addEventListener("dragover", (event) => {
  const zone = dropTarget(event);
  if (!zone) return;
  event.preventDefault();
  zone.dataset.drop = "over";
});
document.addEventListener("dragleave", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (zone && !zone.contains(event.relatedTarget)) zone.dataset.drop = "";
});
document.addEventListener("drop", (event) => {
  const zone = dropTarget(event);
  if (!zone) return;
  event.preventDefault();
  zone.dataset.drop = "";
  const box = zone.querySelector("input[type=file]");
  box.files = event.dataTransfer.files;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  if (box.checkValidity()) box.form.requestSubmit();
});
document.addEventListener("submit", (event) => {
  const { busy } = event.target.dataset;
  if (!busy) return;
  event.target.querySelector("button[type=submit]").ariaDisabled = "true";
  event.target.querySelector("[role=status]").textContent = busy;
  event.target.querySelector("button[type=submit] span").textContent = busy;
});

// a row of tabs that is wider than the window shows the one that is open
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.clientWidth) / 2;
}

// charts bring a library of their own, so only pages that have one load it
const charts = document.querySelectorAll("[data-chart]");
if (charts.length) {
  const { source } = document.getElementById("charts").dataset;
  import(source).then(({ draw }) => charts.forEach(draw));
}

document.documentElement.dataset.scripted = "";
for (const hint of document.querySelectorAll("[data-scripted]")) hint.hidden = false;
