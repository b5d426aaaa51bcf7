// Improvements only: every form and link works without this file.
import htmx from "htmx.org";

// strict CSP: no evaluated expressions, no injected style; no page is kept in the browser's storage
Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollIntoViewOnBoost: false,
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
  field?.form.querySelector(`button[value="${field.dataset.refresh}"]`).click();
});

// "/" goes to the search box
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
});
