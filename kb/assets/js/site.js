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
    const boxes = [...document.querySelectorAll("form[role=search] input[name=q]")];
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

// Signing in, in another tab too, changes the token that the forms of open pages carry. Whose page it is they say
// beside it: the server takes no form of another person than the one who is signed in (kb.middleware).
document.addEventListener("submit", (event) => {
  const field = event.target.querySelector("input[name=csrfmiddlewaretoken]");
  const token = document.cookie.split("; ").find((cookie) => cookie.startsWith("csrftoken="));
  if (field && token) field.value = token.slice("csrftoken=".length);
}, true);

// A form that is on its way is not sent a second time, until it is back or ten seconds are over.
const underWay = new WeakSet();
function release(form) {
  underWay.delete(form);
  for (const button of form.querySelectorAll("button[aria-disabled=true]")) button.removeAttribute("aria-disabled");
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (underWay.has(form)) {
    event.preventDefault();
    return;
  }
  underWay.add(form);
  if (event.submitter) event.submitter.setAttribute("aria-disabled", "true"); // disabled, it would not be sent along
  setTimeout(() => release(form), 10_000);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) release(form);
});

// A refusal that asks to be the whole page is shown as that: it holds what was typed.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400 && event.detail.xhr.getResponseHeader("HX-Retarget") === "body") {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// A request that htmx made and that brought nothing says so, once, where the page's messages are.
function requestFailed() {
  clearFailure();
  const note = document.getElementById("request-failed");
  const messages = document.getElementById("messages");
  if (!note || !messages) return;
  messages.append(note.content.cloneNode(true));
  messages.scrollIntoView({ block: "nearest" });
}
function clearFailure() {
  for (const note of document.querySelectorAll("#messages [data-request-failed]")) note.remove();
}
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, requestFailed);
}
document.addEventListener("htmx:afterSwap", clearFailure);

// Whoever was among the results when others came is put at their head, where how many there are is said; htmx keeps
// the place itself where what was pressed is there again.
let wasAmongResults = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  wasAmongResults = event.detail.target.id === "results" && event.detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (!wasAmongResults || event.detail.target.id !== "results" || document.activeElement !== document.body) return;
  wasAmongResults = false;
  document.getElementById("result-count")?.focus({ preventScroll: true });
});
