// What is typed in a form stays on this device until the server has it, it is discarded, its person signs out,
// or 14 days are over. Without this file every form works, but a lost page loses its text.
(() => {
  const PREFIX = "redline-draft:";
  const USER = document.body.dataset.user || "anonymous";
  const MINE = `${PREFIX}${USER}:`;
  const LEFT = "redline-left:"; // when somebody signed out, for pages of theirs that are still open
  const OPENED = Date.now();
  const LIFE = 14 * 24 * 3600 * 1000;
  // Never a password, a file, or what the page itself says (hidden).
  const KEPT = "text, email, url, tel, number, date, datetime-local, time, month, checkbox, radio, textarea, select-one, select-multiple".split(", ");
  // What the page says beside what a form is about: it may change, and the text is still for this form.
  const NO_SUBJECT = "csrfmiddlewaretoken, whose, draft, edition, seen, next, before, after, image, x, y".split(", ");
  const keys = new WeakMap();
  let putting = false; // the change is ours, nobody's typing
  let store;
  try {
    store = window.localStorage;
    store.length;
  } catch {
    return; // the browser keeps nothing for anybody
  }

  // ---------- the store ----------

  const read = (key) => {
    try {
      const draft = JSON.parse(store.getItem(key));
      return draft && typeof draft.id === "string" && draft.fields ? draft : null;
    } catch {
      return null; // not ours, or cut off: no draft
    }
  };
  const write = (key, draft) => {
    try {
      if (Object.keys(draft.fields).length) store.setItem(key, JSON.stringify(draft));
      else store.removeItem(key);
    } catch {
      // Full: the form itself still holds the text.
    }
  };
  const everyKey = (prefix) => Object.keys(store).filter((key) => key.startsWith(prefix));
  const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const addressOf = (address) => {
    const url = new URL(address || location.href, location.href);
    // A form that posts to its own page is about what the page's address says.
    const search = url.search || (url.pathname === location.pathname ? location.search : "");
    return encodeURI(url.pathname + search).replaceAll(":", "%3A");
  };

  // Two tabs of one form hold two texts.
  let tab = sessionStorage.getItem("redline-tab");
  if (!tab) sessionStorage.setItem("redline-tab", (tab = newId()));

  // As the site writes times, by the clock of the device.
  const stamp = (time) => new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 16).replace("T", " ");

  // ---------- what a form holds ----------

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const controls = (form) => [...form.elements].filter((control) => control.name && KEPT.includes(control.type));

  // {name: [value, …]} as it stands now, or as the server gave it.
  function values(form, given) {
    const found = {};
    for (const control of controls(form)) {
      const list = (found[control.name] ||= []);
      if (control.type === "checkbox" || control.type === "radio") {
        if (given ? control.defaultChecked : control.checked) list.push(control.value);
      } else if (control.options) {
        const options = [...control.options];
        const chosen = options.filter((option) => (given ? option.defaultSelected : option.selected));
        if (!chosen.length && !control.multiple) chosen.push(...options.slice(0, 1));
        list.push(...chosen.map((option) => option.value));
      } else {
        list.push(given ? control.defaultValue : control.value);
      }
    }
    return found;
  }

  // A text as it was typed; of a choice the words that the page has for it.
  function wordsOf(form, name, value) {
    const named = controls(form).filter((one) => one.name === name);
    const option = named.flatMap((one) => [...(one.options || [])]).find((one) => one.value === value);
    if (option) return option.textContent.trim();
    const box = named.find((one) => /^(checkbox|radio)$/.test(one.type) && one.value === value);
    return box ? (box.labels[0]?.textContent || "").trim() : value;
  }

  function put(form, name, wanted) {
    const left = [...wanted];
    for (const control of controls(form).filter((one) => one.name === name)) {
      if (control.type === "checkbox" || control.type === "radio") control.checked = wanted.includes(control.value);
      else if (control.options) for (const option of control.options) option.selected = wanted.includes(option.value);
      else control.value = left.shift() ?? "";
      for (let box = control.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
      putting = true;
      control.dispatchEvent(new Event("change", { bubbles: true })); // what depends on it on the page follows
      putting = false;
    }
  }

  // Whose, where, which form there and what it is about, as its hidden fields say; then the tab.
  function formKey(form) {
    const names = [...new Set(controls(form).map((control) => control.name))];
    const hidden = [...form.elements].filter((one) => one.type === "hidden" && one.value && !NO_SUBJECT.includes(one.name.split("-").pop()));
    const subject = hidden.map((one) => `${one.name}=${one.value}`);
    return `${MINE}${addressOf(form.getAttribute("action"))}:${[...subject, ...names].join(",")}@`;
  }
  const keyOf = (form) => formKey(form) + tab;

  // A text that the form does not take by itself: of another tab, or typed on what the page said before.
  function setAside(form, draft, names) {
    const fields = Object.fromEntries(names.map((name) => [name, draft.fields[name]]));
    for (const name of names) delete draft.fields[name];
    write(keys.get(form), draft);
    write(`${keys.get(form)}~${draft.id}`, { id: newId(), saved: draft.saved, fields });
  }
  const newestAside = (form) => everyKey(formKey(form)).filter((key) => key !== keys.get(form))
    .sort((one, other) => read(other)?.saved - read(one)?.saved)[0];

  // ---------- keeping, showing again, dropping ----------

  function save(form, name) {
    if (Number(store.getItem(LEFT + USER)) > OPENED) return; // signed out elsewhere since
    const given = values(form, true)[name];
    const now = values(form, false)[name];
    const key = keys.get(form);
    const fields = { ...read(key)?.fields };
    const before = fields[name];
    // A refused form comes back with what was typed: what the server had before that is what counts.
    const was = before && (same(given, before.was) || same(given, before.is)) ? before.was : given;
    if (same(now, was)) delete fields[name];
    else fields[name] = { was, is: now };
    write(key, { id: form.elements.draft.value, saved: Date.now(), fields });
  }

  function show(form) {
    const given = values(form, true);
    const now = values(form, false);
    const untouched = (name, is) => given[name] && !same(now[name], is) && same(now[name], given[name]);
    const key = keys.get(form);
    const draft = read(key);
    const back = [];
    if (draft) {
      form.elements.draft.value = draft.id;
      const waiting = Object.entries(draft.fields).filter(([name, { is }]) => untouched(name, is));
      const overtaken = waiting.filter(([name, { was }]) => !same(given[name], was)).map(([name]) => name);
      back.push(...waiting.map(([name]) => name).filter((name) => !overtaken.includes(name)));
      if (overtaken.length) setAside(form, draft, overtaken);
    }
    for (const name of back) put(form, name, draft.fields[name].is);
    const asideKey = newestAside(form);
    const aside = asideKey && read(asideKey);
    const offered = aside ? Object.keys(aside.fields).filter((name) => untouched(name, aside.fields[name].is)) : [];
    if (!back.length && !offered.length) return;
    const note = document.getElementById("draft-note").content.cloneNode(true).firstElementChild;
    const use = note.querySelector("[data-draft-use]");
    if (!back.length) note.querySelector("[data-draft-back]").remove();
    if (!offered.length) {
      note.querySelectorAll("[data-draft-overtaken]").forEach((one) => one.remove());
      use.remove();
    }
    const saved = (which, time) => note.querySelectorAll(`${which} [data-draft-time]`).forEach((one) => (one.textContent = stamp(time)));
    saved("[data-draft-back]", draft?.saved);
    saved("[data-draft-overtaken]", aside?.saved);
    const texts = note.querySelector("[data-draft-text]");
    if (texts) texts.textContent = offered.flatMap((name) => aside.fields[name].is.map((value) => wordsOf(form, name, value))).filter(Boolean).join("\n");
    use.addEventListener("click", () => {
      for (const name of offered) {
        put(form, name, aside.fields[name].is);
        save(form, name);
      }
      store.removeItem(asideKey);
      note.remove();
    });
    note.querySelector("[data-draft-discard]").addEventListener("click", () => {
      for (const name of back) put(form, name, given[name]);
      if (back.length) store.removeItem(key);
      if (offered.length) store.removeItem(asideKey);
      form.elements.draft.value = newId();
      note.remove();
      controls(form)[0].focus();
    });
    const first = controls(form).find((control) => [...back, ...offered].includes(control.name));
    const row = first.closest(".form-row");
    if (row) row.before(note);
    else form.prepend(note);
  }

  function attach(form) {
    if (keys.has(form) || form.elements.draft || !controls(form).length) return;
    keys.set(form, keyOf(form));
    const id = Object.assign(document.createElement("input"), { type: "hidden", name: "draft", value: newId() });
    form.append(id);
    show(form);
    const keep = (event) => {
      if (!putting && KEPT.includes(event.target.type) && event.target.name) save(form, event.target.name);
    };
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
  }

  const attachAll = () => document.querySelectorAll("main form[method=post]:not([data-no-draft])").forEach(attach);

  // What the server left for this script, once.
  function told(name, shape) {
    const value = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
    if (value === undefined) return null;
    document.cookie = `${name}=; path=/; max-age=0; samesite=lax`;
    return shape.test(value) ? value : null;
  }

  // Telephones are shared in the workshop: nothing of a person stays after signing out, here or in the desk.
  function dropSignedOut() {
    const user = told("signed-out", /^\d+$/);
    if (!user) return;
    everyKey(`${PREFIX}${user}:`).forEach((key) => store.removeItem(key));
    store.setItem(LEFT + user, Date.now());
  }

  // The server names the draft that it carried out. A form of two halves gives the other half back: that stays.
  function dropKept() {
    const id = told("draft-kept", /^[a-z0-9]{8,40}$/);
    if (!id) return;
    const halves = new Map([...document.querySelectorAll("form[data-draft-carried]")].map((form) => [keyOf(form), form]));
    for (const key of everyKey(PREFIX)) {
      const draft = read(key);
      if (draft?.id !== id) continue;
      const given = halves.has(key) ? values(halves.get(key), true) : {};
      const left = Object.entries(draft.fields).filter(([name, { is }]) => same(given[name], is));
      write(key, { id: newId(), saved: draft.saved, fields: Object.fromEntries(left) });
    }
  }

  for (const key of everyKey(PREFIX)) {
    if (!(Date.now() - read(key)?.saved < LIFE)) store.removeItem(key);
  }
  dropSignedOut();
  dropKept();
  attachAll();
  window.addEventListener("pageshow", (event) => event.persisted && dropKept());

  // A form that opens inside its page opens again where something was typed in it.
  let opened = false;
  document.addEventListener("htmx:load", () => {
    attachAll();
    if (opened) return;
    opened = true;
    const begun = new Set(everyKey(MINE).map((key) => key.slice(MINE.length).split(":")[0]));
    for (const link of document.querySelectorAll("main a[data-hx-get]")) {
      if (begun.has(addressOf(link.dataset.hxGet))) link.click();
    }
  });
})();
