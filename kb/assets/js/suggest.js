// What is suggested while somebody types in a search box, by keyboard: the combobox of the ARIA Authoring Practices,
// with a list that the box's aria-activedescendant walks. htmx brings the list; without this file it is plain links.

(() => {
  const BOX = "input[data-suggest]";
  const listOf = (input) => document.getElementById(input.dataset.suggest);
  const inputOf = (list) => document.querySelector(`input[data-suggest="${list.id}"]`);
  const optionsOf = (input) => [...listOf(input).querySelectorAll("[role=option]")];
  const isBox = (element) => Boolean(element?.matches?.(BOX));
  const wanted = new WeakSet(); // boxes in which somebody types, and waits for suggestions

  function activate(input, option) {
    for (const other of optionsOf(input)) other.setAttribute("aria-selected", String(other === option));
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  // What is shown goes, and what is asked for, or about to be, does not come any more. (A request under way is let
  // run out: htmx calls one that is aborted an error.)
  function close(input) {
    wanted.delete(input);
    listOf(input).replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-controls");
    input.removeAttribute("aria-activedescendant");
  }

  for (const input of document.querySelectorAll(BOX)) {
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
  }

  document.addEventListener("input", (event) => {
    if (isBox(event.target)) wanted.add(event.target);
  }, true);
  // htmx asks some moments after the last letter: too late for whoever sent the form meanwhile.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isBox(event.detail.elt) && !wanted.has(event.detail.elt)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const input = event.detail.requestConfig.elt;
    if (isBox(input) && !wanted.has(input)) event.detail.shouldSwap = false;
  });
  document.addEventListener("submit", (event) => event.target.querySelectorAll(BOX).forEach(close), true);

  document.addEventListener("htmx:afterSwap", (event) => {
    const list = event.detail.target;
    if (!list || !list.matches || !list.matches("[data-suggestions]")) return;
    const input = inputOf(list);
    if (!input) return;
    if (document.activeElement !== input || !input.value.trim()) return close(input); // it came too late
    const box = list.querySelector("ul");
    const options = box ? [...box.querySelectorAll("a")] : [];
    if (box) {
      box.id = `${list.id}-list`;
      box.setAttribute("role", "listbox");
      input.setAttribute("aria-controls", box.id);
    }
    options.forEach((option, index) => {
      option.parentElement.setAttribute("role", "presentation");
      option.id = `${list.id}-${index}`;
      option.setAttribute("role", "option");
      option.tabIndex = -1;
    });
    input.setAttribute("aria-expanded", String(options.length > 0));
    activate(input, null);
  });

  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!isBox(input) || event.isComposing) return;
    const options = optionsOf(input);
    const at = options.findIndex((option) => option.id === input.getAttribute("aria-activedescendant"));
    const isArrow = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (isArrow && options.length) {
      event.preventDefault();
      // Past either end stands the box itself, with nothing chosen.
      const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? options.length - 1 : at - 1;
      activate(input, options[next] || null);
    } else if (isArrow && input.value.trim() && window.htmx) {
      event.preventDefault();
      wanted.add(input);
      window.htmx.trigger(input, "suggest");
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      options[at].click();
    } else if (event.key === "Escape" && (options.length || wanted.has(input))) {
      event.preventDefault(); // the browser would empty the box
      close(input);
    }
  });

  document.addEventListener("focusout", (event) => {
    const input = event.target;
    if (isBox(input) && !listOf(input).contains(event.relatedTarget)) close(input);
  });
  // A press on a suggestion keeps the focus in the box, so that the list is still there when it is let go.
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest("[data-suggestions] [role=option]")) event.preventDefault();
  });
})();
