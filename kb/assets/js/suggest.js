// What is suggested while somebody types in a search box, by keyboard: the combobox of the ARIA Authoring Practices,
// with a list that the box's aria-activedescendant walks. htmx brings the list; without this file it is plain links.

(() => {
  const listOf = (input) => document.getElementById(input.dataset.suggest);
  const inputOf = (list) => document.querySelector(`input[data-suggest="${list.id}"]`);
  const optionsOf = (input) => [...listOf(input).querySelectorAll("[role=option]")];

  function activate(input, option) {
    for (const other of optionsOf(input)) other.setAttribute("aria-selected", String(other === option));
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function close(input) {
    listOf(input).replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  for (const input of document.querySelectorAll("input[data-suggest]")) {
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
  }

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
    if (!input.matches || !input.matches("input[data-suggest]") || event.isComposing) return;
    const options = optionsOf(input);
    if (!options.length) return;
    const at = options.findIndex((option) => option.id === input.getAttribute("aria-activedescendant"));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      // Past either end stands the box itself, with nothing chosen.
      const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? options.length - 1 : at - 1;
      activate(input, options[next] || null);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      options[at].click();
    } else if (event.key === "Enter") {
      close(input);
    } else if (event.key === "Escape") {
      event.preventDefault(); // the browser would empty the box
      close(input);
    }
  });

  document.addEventListener("focusout", (event) => {
    const input = event.target;
    if (!input.matches("input[data-suggest]")) return;
    if (!listOf(input).contains(event.relatedTarget)) close(input);
  });
  // A press on a suggestion keeps the focus in the box, so that the list is still there when it is let go.
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest("[data-suggestions] [role=option]")) event.preventDefault();
  });
})();
