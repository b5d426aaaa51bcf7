// The tree of roles: opening in place, and dragging one role onto another. Without this file links open the
// tree, and the Move form moves.
const fill = async (list, address) => {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok || answer.redirected) return location.reload();
  list.insertAdjacentHTML("beforeend", await answer.text());
};

const toggle = async (link) => {
  const list = link.closest("li").querySelector(":scope > .below");
  const open = link.ariaExpanded === "true";
  if (!open && !list.children.length) await fill(list, link.dataset.below);
  list.hidden = open;
  link.ariaExpanded = String(!open);
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-below], [data-more]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (link.dataset.below) return toggle(link);
  const place = link.closest("li");
  const list = place.parentElement;
  await fill(list, link.dataset.more);
  place.remove();
});

// what looks like a button is pressed by the space bar too; arrows open, close and go up and down
document.addEventListener("keydown", (event) => {
  const tree = event.target.closest("[data-tree]");
  if (!tree || event.ctrlKey || event.metaKey || event.altKey) return;
  const link = event.target.closest("[data-below]");
  if (event.key === " " && link) {
    event.preventDefault();
    return link.click();
  }
  const here = event.target.closest(".leaf");
  if (!here) return;
  const opener = here.querySelector("[data-below]");
  const isOpen = opener?.ariaExpanded === "true";
  if ((event.key === "ArrowRight" && opener && !isOpen) || (event.key === "ArrowLeft" && isOpen)) {
    event.preventDefault();
    return opener.click();
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const shown = [...tree.querySelectorAll(".leaf")].filter((leaf) => leaf.checkVisibility());
  const next = shown[shown.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.querySelector(".leafname").focus();
});

let dragged = null;
const targetOf = (event) => {
  const leaf = event.target.closest?.("[data-tree] .leaf");
  const branch = leaf?.closest("li");
  return dragged && branch && !dragged.contains(branch) ? leaf : null;
};
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-tree] .leaf")?.closest("li") ?? null;
  if (dragged) event.dataTransfer.setData("text/plain", dragged.dataset.role);
});
document.addEventListener("dragover", (event) => {
  const leaf = targetOf(event);
  if (!leaf) return;
  event.preventDefault();
  leaf.dataset.drop = "over";
});
document.addEventListener("dragleave", (event) => {
  const leaf = event.target.closest?.("[data-tree] .leaf");
  if (leaf && !leaf.contains(event.relatedTarget)) delete leaf.dataset.drop;
});
document.addEventListener("drop", (event) => {
  const leaf = targetOf(event);
  if (!leaf) return;
  event.preventDefault();
  delete leaf.dataset.drop;
  const form = document.querySelector("form[data-move]");
  form.action = `/roles/${dragged.dataset.role}/move`;
  form.elements.parent.value = leaf.closest("li").dataset.role;
  form.requestSubmit();
});
document.addEventListener("dragend", () => {
  dragged = null;
});
