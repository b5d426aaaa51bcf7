// Boards and calendars: cards dragged into lanes or onto days, moved by keys or from a menu. Each card has a
// link that leads to the same by form.
import htmx from "htmx.org";

const LANE = "[data-lane]", DAY = "td[data-day]";
const cardOf = (target) => target.closest?.("[data-card]");
const placeOf = (target) => target.closest?.(`${LANE}, ${DAY}`);
const menu = () => document.getElementById("movemenu");
// the state of the list stands once on the page, since it may be long
const addressOf = (card) =>
  `${card.dataset.move}?${new URLSearchParams(new FormData(document.getElementById("mover")))}`;
let dragged = null;
let opener = null;  // of the menu
const sheet = new CSSStyleSheet();  // its place: the page policy allows no style attribute, not even copied
document.adoptedStyleSheets.push(sheet);
let focused = null;  // the card that is to have the focus once the list is drawn anew

const later = (day, by) => {
  const at = new Date(`${day}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() + by);
  return at.toISOString().slice(0, 10);
};

function send(card, values) {
  focused = card.dataset.card;
  const frame = card.closest("[data-csrf]");
  htmx.ajax("POST", addressOf(card), {
    source: frame, target: "#list", select: "#list", swap: "outerHTML",
    values: { csrfmiddlewaretoken: frame.dataset.csrf, version: card.dataset.version, ...values },
  });
}

function moveTo(card, place) {
  if (place.matches(DAY)) {
    // a card taken by one of its later days moves by as many days as it was carried
    const from = placeOf(card).dataset.day;
    const by = Math.round((Date.parse(place.dataset.day) - Date.parse(from)) / 86400000);
    if (by) send(card, { "to.day": later(card.dataset.first, by) });
  } else if (place !== placeOf(card)) {
    send(card, { [place.closest("[data-column]").dataset.column]: place.dataset.lane });
  }
}

const ways = (card) => fetch(`${addressOf(card)}&part=ways`, { headers: { "HX-Request": "true" } })
  .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)));

// while a card is carried each lane says whether it may go there
async function hint(card) {
  if (!document.getElementById("board")) return;
  const told = new DOMParser().parseFromString(await ways(card).catch(() => ""), "text/html");
  if (dragged !== card) return;
  for (const way of told.querySelectorAll("[data-to]")) {
    const lane = document.querySelector(`[data-lane="${CSS.escape(way.dataset.to)}"]`);
    if (!lane) continue;
    lane.dataset.drop = way.dataset.state;
    const words = lane.querySelector(".laneword");
    words.textContent = way.querySelector("[data-words]")?.textContent ?? "";
    words.hidden = !words.textContent;
  }
}

function endDrag() {
  dragged?.removeAttribute("data-dragged");
  dragged = null;
  for (const place of document.querySelectorAll("[data-drop], [data-over]")) {
    if (place.matches(LANE)) place.removeAttribute("data-drop");
    place.removeAttribute("data-over");
  }
  for (const words of document.querySelectorAll(".laneword")) words.hidden = true;
}

document.addEventListener("dragstart", (event) => {
  const card = cardOf(event.target);
  if (!card?.dataset.move) return;
  dragged = card;
  card.dataset.dragged = "";
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.dataset.card);
  hint(card);
});
document.addEventListener("dragover", (event) => {
  const place = dragged && placeOf(event.target);
  if (!place || place.dataset.drop === "no") return;
  event.preventDefault();
  for (const other of document.querySelectorAll("[data-over]")) if (other !== place) other.removeAttribute("data-over");
  place.dataset.over = "";
});
document.addEventListener("drop", (event) => {
  const place = dragged && placeOf(event.target);
  if (!place || place.dataset.drop === "no") return;
  event.preventDefault();
  const card = dragged;
  endDrag();
  moveTo(card, place);
});
document.addEventListener("dragend", endDrag);

// the menu: the same form as on the page, beside the card
async function openMenu(card, link) {
  const box = menu();
  box.innerHTML = await ways(card).catch(() => "");
  if (!box.innerHTML) {
    window.location.assign(addressOf(card));
    return;
  }
  htmx.process(box);
  opener = link;
  box.showPopover();
  const at = link.getBoundingClientRect(), size = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8));
  const top = Math.max(8, Math.min(at.bottom + 4, window.innerHeight - size.height - 8));
  sheet.replaceSync(`#movemenu { left: ${left}px; top: ${top}px; }`);
  box.querySelector("button.menu-item, .input")?.focus();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-ways]");
  if (link && menu() && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    event.stopPropagation();
    openMenu(cardOf(link), link);
  } else if (event.target.closest("[data-close]") && menu()?.matches(":popover-open")) {
    event.preventDefault();
    event.stopPropagation();
    menu().hidePopover();
    opener?.focus();
  }
}, true);
document.addEventListener("submit", (event) => {
  focused = (event.target.getAttribute("action") ?? "").match(/([0-9a-f-]{36})\/move\?/)?.[1] ?? null;
}, true);
document.addEventListener("keydown", (event) => {
  const item = event.target.closest("#movemenu button.menu-item");
  const by = item && { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const all = [...menu().querySelectorAll("button.menu-item")];
  all[(all.indexOf(item) + by + all.length) % all.length].focus();
});

function focusCard(id) {
  document.querySelector(`[data-card="${CSS.escape(id)}"] a`)?.focus();
}

const places = () => [...document.querySelectorAll(`#board ${LANE}, #calendar ${DAY}`)];
const cardsIn = (place) => [...place.querySelectorAll("[data-card]")];

function go(card, key) {
  const place = placeOf(card), own = cardsIn(place), at = own.indexOf(card);
  if (key === "ArrowDown" || key === "ArrowUp") return own[at + (key === "ArrowDown" ? 1 : -1)];
  const all = places(), way = key === "ArrowRight" ? 1 : -1;
  for (let n = all.indexOf(place) + way; all[n]; n += way) {
    const there = cardsIn(all[n]);
    if (there.length) return there[Math.min(at, there.length - 1)];
  }
  return null;
}

function carry(card, key) {
  const place = placeOf(card);
  if (place.matches(DAY)) {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7 }[key];
    send(card, { "to.day": later(card.dataset.first, by) });
    return;
  }
  const all = places(), next = all[all.indexOf(place) + ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0)];
  if (next && next !== place) moveTo(card, next);
}

document.addEventListener("keydown", (event) => {
  const card = cardOf(event.target);
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [popover]")) return;
  if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    if (!event.shiftKey) go(card, event.key)?.querySelector("a").focus();
    else if (card.dataset.move) carry(card, event.key);
  } else if (event.key.toLowerCase() === "m" && card.dataset.move) {
    event.preventDefault();
    openMenu(card, card.querySelector("[data-ways]"));
  }
});

// the card that was moved has the focus again
let more = null;
document.addEventListener("htmx:beforeRequest", (event) => {
  const item = event.target.closest?.(".kmore");
  more = item ? { list: item.parentElement, at: cardsIn(item.parentElement).length } : null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (more) cardsIn(more.list)[more.at]?.querySelector("a").focus();
  more = null;
  if (!focused || menu()?.matches(":popover-open")) return;
  const panel = document.querySelector("[data-movepanel] .input, [data-movepanel] button.menu-item");
  if (panel) panel.focus();
  else focusCard(focused);
  focused = null;
});
