// Comforts only: every link and form of the site works without this file.

// The account menu closes on Escape and on a tap beside it.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  // "/" goes to the search box, unless somebody is writing.
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const boxes = [...document.querySelectorAll("form[role=search] input[type=search]")];
    const box = boxes.find((input) => input.offsetParent !== null);
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  }
});

// A form marked data-autosubmit is sent when a choice changes.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && form.hasAttribute("data-autosubmit") && event.target.matches("select, input[type=checkbox], input[type=radio]")) {
    form.requestSubmit();
  }
});

// A button marked data-print prints the page.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
