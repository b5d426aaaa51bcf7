// What was typed into a form of a record stays in this browser, for this person, until it is saved, discarded,
// a week old, or somebody signs out. Fields of closed classes are never kept. Without script nothing is.
const PREFIX = "ostiary-draft ";
const SENT = "ostiary-draft-sent";
const WEEK = 7 * 24 * 60 * 60 * 1000;
const OWN = ["csrfmiddlewaretoken", "version", "base", "under"];

const whose = document.body.dataset.whose;
const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
const read = (key) => {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
};

// what is another person's, or too old, goes as soon as somebody is signed in
if (whose) {
  for (const key of keys()) {
    const fresh = Date.now() - (read(key)?.at ?? 0) < WEEK;
    if (!fresh || !key.startsWith(`${PREFIX}${whose} `)) localStorage.removeItem(key);
  }
}
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-forget]")) keys().forEach((key) => localStorage.removeItem(key));
});

const controls = (form) =>
  [...form.elements].filter((box) =>
    box.name && !OWN.includes(box.name) && !["submit", "button", "radio", "file"].includes(box.type)
    && !(box.type === "hidden" && !box.id) && !box.closest("[data-closed]"));
const valueOf = (box) => (box.type === "checkbox" ? (box.checked ? "yes" : "") : box.value);
const fieldsOf = (form) => Object.fromEntries(controls(form).map((box) => [box.name, valueOf(box)]));
const put = (box, value) => {
  if (box.type === "checkbox") box.checked = value === "yes";
  else if (box.tagName !== "SELECT" || [...box.options].some((each) => each.value === value)) box.value = value;
};

const watch = (form) => {
  const key = `${PREFIX}${whose} ${form.dataset.draft}`;
  const version = form.elements.version?.value ?? "";
  const start = fieldsOf(form);
  const saved = read(key);
  let kept = saved?.fields ?? {};
  const changed = () =>
    Object.fromEntries(Object.entries(fieldsOf(form)).filter(([name, value]) => value !== start[name]));
  const keep = () => {
    const fields = { ...kept, ...changed() };
    if (!Object.keys(fields).length) return localStorage.removeItem(key);
    localStorage.setItem(key, JSON.stringify({ at: Date.now(), version: saved?.version ?? version, fields }));
  };
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
  form.addEventListener("submit", () => sessionStorage.setItem(SENT, key));
  // a form that came back refused holds what was typed already
  if (saved && !("refused" in form.dataset)) offer(form, saved, version, changed, (fields) => { kept = fields; keep(); });
};

const offer = (form, saved, version, changed, settle) => {
  const note = document.querySelector("[data-draft-offer]");
  const at = note.querySelector("time");
  at.dateTime = new Date(saved.at).toISOString();
  const { lang } = document.documentElement;  // days and hours as the pages write them
  at.textContent = new Date(saved.at).toLocaleString(lang === "en" ? "en-GB" : lang, { dateStyle: "medium", timeStyle: "short" });
  note.querySelector("[data-draft-older]").hidden = saved.version === version;
  note.hidden = false;
  note.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const mine = changed();
    if ("draftContinue" in button.dataset) {
      for (const box of controls(form)) {
        if (box.name in saved.fields && !(box.name in mine)) put(box, saved.fields[box.name]);
      }
    }
    settle("draftContinue" in button.dataset ? saved.fields : {});
    note.hidden = true;
    form.querySelector(".input")?.focus();
  });
};

const form = document.querySelector("form[data-draft]");
const sent = sessionStorage.getItem(SENT);
sessionStorage.removeItem(SENT);
if (form && whose) watch(form);
else if (sent && new URLSearchParams(location.search).has("done")) localStorage.removeItem(sent);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
