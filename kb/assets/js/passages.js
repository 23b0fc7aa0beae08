// Comforts of reading with a mark in mind: a selected passage can be commented on where it stands, and the
// passages that comments quote are underlined. Without this file the comment's form takes the passage as text.

(() => {
  const CONTEXT = 64; // characters of what stands before and after a passage (review/anchors.py)

  // ---------- a button beside the selection ----------

  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--primary mark-selection";
  button.hidden = true;

  function selected() {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !selection.toString().trim()) return null;
    const range = selection.getRangeAt(0);
    const inside = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement);
    const step = inside(range.startContainer).closest(".step");
    if (!step || step !== inside(range.endContainer).closest(".step")) return null;
    if (inside(range.commonAncestorContainer).closest(".step-marks, .mark-form, form")) return null;
    const link = step.querySelector(".step-actions a[data-hx-get]");
    return link && { step, range, link };
  }

  function around(step, range) {
    const before = document.createRange();
    before.setStart(step, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const after = document.createRange();
    after.setStart(range.endContainer, range.endOffset);
    after.setEnd(step, step.childNodes.length);
    return [before.toString().slice(-CONTEXT), after.toString().slice(0, CONTEXT)];
  }

  function show() {
    const found = selected();
    button.hidden = !found;
    if (!found) return;
    // Beneath the selection, where a phone's own menu does not stand.
    const box = found.range.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    button.style.setProperty("top", `${window.scrollY + box.bottom + 12}px`);
    button.style.setProperty("left", `${Math.max(8, Math.min(box.left, width - button.offsetWidth - 8))}px`);
  }

  button.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the selection
  button.addEventListener("click", () => {
    const found = selected();
    if (!found) return;
    const [before, after] = around(found.step, found.range);
    const address = new URL(found.link.href);
    const passage = found.range.toString().trim();
    for (const [name, value] of Object.entries({ quote: passage, before, after })) {
      address.searchParams.set(name, value);
    }
    button.hidden = true;
    document.getSelection().removeAllRanges();
    if (window.htmx) {
      window.htmx.ajax("GET", address.pathname + address.search, { target: found.link.dataset.hxTarget, swap: "innerHTML" });
    } else {
      window.location.assign(address);
    }
  });

  const words = document.querySelector(".step-actions a[data-passage]");
  if (words) {
    button.textContent = words.dataset.passage;
    document.body.append(button);
    document.addEventListener("selectionchange", () => window.requestAnimationFrame(show));
  }

  // ---------- passages that comments quote ----------

  // The text of the step's own text nodes, without spaces, and where each character of it stands.
  function characters(step) {
    const walker = document.createTreeWalker(step, NodeFilter.SHOW_TEXT, (node) =>
      node.parentElement.closest(".step-marks, .mark-form, .step-actions") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    const places = [];
    let text = "";
    while (walker.nextNode()) {
      const node = walker.currentNode;
      for (let index = 0; index < node.data.length; index += 1) {
        if (/\s/.test(node.data[index])) continue;
        text += node.data[index];
        places.push([node, index]);
      }
    }
    return { text, places };
  }

  const squeeze = (text) => text.replace(/\s+/g, "");

  function rangeOf(quote, { text, places }) {
    const needle = squeeze(quote.textContent);
    const context = squeeze(quote.dataset.before || "");
    let start = context ? text.indexOf(context + needle) : -1;
    start = start >= 0 ? start + context.length : text.indexOf(needle);
    if (!needle || start < 0) return null;
    const range = document.createRange();
    range.setStart(...places[start]);
    const [node, index] = places[start + needle.length - 1];
    range.setEnd(node, index + 1);
    return range;
  }

  function underline() {
    if (!window.CSS || !CSS.highlights) return;
    const ranges = [];
    for (const step of document.querySelectorAll(".step")) {
      const quotes = step.querySelectorAll(".step-marks .passage");
      if (!quotes.length) continue;
      const found = characters(step);
      for (const quote of quotes) {
        const range = rangeOf(quote, found);
        if (range) ranges.push(range);
      }
    }
    CSS.highlights.set("passages", new Highlight(...ranges));
  }
  underline();
})();
