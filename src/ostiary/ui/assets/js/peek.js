// A record in short beside the page: the button at a lookup, or Space on its link. Without script the link leads there.
let opener = null;
let asked = 0;

const panel = () => document.getElementById("peek");
const beside = () => document.querySelectorAll(".workarea > .inspector:not(#peek)");

const make = () => {
  const made = document.createElement("aside");
  Object.assign(made, { id: "peek", className: "inspector", tabIndex: -1 });
  made.setAttribute("aria-labelledby", "peek-h");
  document.querySelector(".workarea").append(made);
  return made;
};

const peek = async (link) => {
  const number = ++asked;
  const answer = await fetch(`${link.pathname}/preview`, { headers: { "HX-Request": "true" } });
  const text = await answer.text();
  if (number !== asked) return;  // another one was asked for meanwhile
  if (!answer.ok || answer.redirected) return location.assign(link.href);  // the page says why
  if (!panel()?.contains(link)) opener = link;
  const shown = panel() ?? make();
  shown.innerHTML = text;
  for (const each of beside()) each.hidden = true;
  shown.focus({ preventScroll: true });
  shown.scrollIntoView({ block: "nearest" });
};

const close = () => {
  asked++;
  panel().remove();
  for (const each of beside()) each.hidden = false;
  (opener?.isConnected ? opener : document.getElementById("content")).focus();
  opener = null;
};

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-unpeek]")) return close();
  const link = event.target.closest(".peek")?.parentElement.querySelector("a[data-peek]");
  if (link) peek(link);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
  const link = event.key === " " && event.target.closest("a[data-peek]");
  if (link) {
    event.preventDefault();
    peek(link);
  }
  if (event.key !== "Escape" || !panel() || document.querySelector(":popover-open")) return;
  if (panel().contains(event.target) || !event.target.closest("input, textarea, select")) close();
});
