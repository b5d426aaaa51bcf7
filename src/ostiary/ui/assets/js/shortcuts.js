// Shortcuts. The table is the sheet itself (ui/shortcuts.html): its rows say which keys do what.
const offered = new Map();

// what a part of the script can do; it says whether it did it
export const offer = (name, act) => offered.set(name, act);

const WAIT = 1500; // ms for the second key of two
const seen = (selector) => [...document.querySelectorAll(selector)].find((part) => part.checkVisibility());
const ways = {
  go: (address) => { location.assign(address); return true; },
  click: (selector) => { const part = seen(selector); part?.click(); return Boolean(part); },
  toggle: (selector) => { const part = document.querySelector(selector); part?.togglePopover(); return Boolean(part); },
};

function act(does, event) {
  const [, way, about] = /^(go|click|toggle):(.*)$/.exec(does) ?? [];
  return way ? ways[way](about) : Boolean(offered.get(does)?.(event));
}

// The character, whatever key it lies on. Where letters are not Latin, the key that has the letter on others.
function keyOf(event) {
  const graph = event.getModifierState("AltGraph");
  if (event.altKey && !graph) return "";
  const key = /^[!-~]$/.test(event.key) ? event.key : /^(?:Key|Digit)(.)$/.exec(event.code)?.[1] ?? "";
  if (event.shiftKey && /^[a-z]$/i.test(key)) return "";
  const held = (event.ctrlKey || event.metaKey) && !graph ? "mod+" : "";
  return key && held + key.toLowerCase();
}

const typing = (target) =>
  target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const opened = () => document.querySelector("dialog[open], [popover]:popover-open:not(#side)");

// what single keys may do now: nothing while somebody types or has turned them off, and in an open sheet only close it
function allowed(row, event) {
  if (row.dataset.keys.startsWith("mod+")) return true;
  if (document.documentElement.dataset.keys === "off" || typing(event.target)) return false;
  const above = opened();
  return !above || row.dataset.does === `toggle:#${above.id}`;
}

let before = "";
let since = 0;
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const key = keyOf(event);
  if (!key) return;
  const pressed = before && event.timeStamp - since < WAIT ? `${before} ${key}` : key;
  before = "";
  const rows = [...document.querySelectorAll("#shortcuts [data-keys]")].filter((row) => allowed(row, event));
  const row = rows.find((each) => each.dataset.keys === pressed);
  if (row) {
    if (act(row.dataset.does, event)) event.preventDefault();
  } else if (rows.some((each) => each.dataset.keys.startsWith(`${key} `))) {
    before = key;
    since = event.timeStamp;
  }
});

// buttons that open the sheet close what they stand in
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-opens]");
  if (!button) return;
  button.closest("[popover]")?.hidePopover();
  document.getElementById(button.dataset.opens).showPopover();
});
