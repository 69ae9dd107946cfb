/* A link with data-dialog opens over the page: what it leads to, a form, is fetched and shown in a dialog. Its answer to htmx is that
   form alone. A button says where in data-dialog itself, and in data-form the form whose fields it sends along. data-close-dialog leaves
   it, and so does the event "dialog-done". Without this file the links lead to pages. */
(function () {
  "use strict";
  var box = null;

  function dialog() {
    if (box) return box;
    box = document.createElement("dialog");
    box.className = "dialog";
    box.id = "dialog";
    box.append(document.createElement("div"));
    box.firstChild.id = "dialog-content";
    box.addEventListener("click", function (event) { if (pressed && outside(event)) box.close(); });
    document.body.append(box);
    return box;
  }

  // Beside it, on the ground that it darkens. A press that began inside, as one that marks words, closes nothing.
  var pressed = false;
  document.addEventListener("pointerdown", function (event) { pressed = Boolean(box) && event.target === box && outside(event); });
  function outside(event) {
    var room = box.getBoundingClientRect();
    return event.clientX < room.left || event.clientX > room.right || event.clientY < room.top || event.clientY > room.bottom;
  }

  function show() {
    var title = box.querySelector("[id$='-h']");
    if (!box.firstChild.children.length) return;
    if (title) box.setAttribute("aria-labelledby", title.id);
    if (!box.open) box.showModal();
  }

  // Files stay behind: a form that asks for a name has no use for them.
  function fields(form) {
    var told = {};
    new FormData(form).forEach(function (value, name) { if (typeof value === "string" && (value || !(name in told))) told[name] = value; });
    return told;
  }

  function open(opener) {
    var form = document.getElementById(opener.dataset.form), how = { target: "#dialog-content", swap: "innerHTML" };
    var menu = opener.closest("details[open]");
    dialog().firstChild.replaceChildren();
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }   // where the focus comes back to
    if (form) how.values = Object.assign(fields(form), { back: "studio" });
    htmx.ajax(form ? "POST" : "GET", opener.href || opener.dataset.dialog, how).then(show, function () { if (opener.href) location.href = opener.href; });
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-dialog]"), closer = event.target.closest("[data-close-dialog]");
    var isPlain = !event.button && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (closer && box && box.open && box.contains(closer)) { event.preventDefault(); box.close(); }
    if (!link || !isPlain || !window.htmx) return;
    event.preventDefault();
    open(link);
  });
  document.addEventListener("dialog-done", function () { if (box) box.close(); });
  // What was refused comes back with the field that is wrong.
  document.addEventListener("htmx:afterSettle", function () {
    var wrong = box && box.open && box.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus();
  });
}());
