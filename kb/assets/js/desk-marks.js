// The open marks of a step, beside its fields: the editor makes its blocks after the page, so this waits for them.
(() => {
  const place = () => {
    let missing = 0;
    for (const section of document.querySelectorAll("[data-marked-step]:not([data-placed])")) {
      const id = section.dataset.markedStep;
      const content = document.getElementById(`block-${id}-content`);
      if (!content) { missing += 1; continue; }
      const copy = document.createElement("div");
      copy.className = "open-marks";
      copy.append(section.querySelector(".open-marks-list").cloneNode(true));
      content.prepend(copy);
      section.dataset.placed = "";
    }
    return missing;
  };
  document.addEventListener("DOMContentLoaded", () => {
    if (!document.getElementById("open-marks") || !place()) return;
    const watch = new MutationObserver(() => { if (!place()) watch.disconnect(); });
    watch.observe(document.body, { childList: true, subtree: true });
    setTimeout(() => watch.disconnect(), 15000);
  });
})();
