/* Keys of the moderation queue. They act on the case that has the focus and never while somebody writes; without this
   file every form works by itself. */
(function () {
  "use strict";
  var calm = matchMedia("(prefers-reduced-motion: reduce)");
  function all() { return Array.from(document.querySelectorAll("[data-case]")); }
  function current() { var at = document.activeElement; return at && at.closest("[data-case]"); }

  function go(to) {
    if (!to) return;
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
  }

  function step(by) {
    var cases = all(), at = cases.indexOf(current());
    go(cases[at < 0 ? 0 : Math.min(cases.length - 1, Math.max(0, at + by))]);
  }

  function writes(field) {
    return field.closest("select, textarea, input:not([type=radio]):not([type=checkbox]), [contenteditable]");
  }

  function press(key) {
    var here = current(), wanted = here && here.querySelector("[data-key='" + key + "']");
    if (!wanted) return false;
    wanted.click();
    return true;
  }

  document.addEventListener("keydown", function (event) {
    var key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || writes(event.target)) return;
    if (document.querySelector(".dialog:popover-open") && key !== "?") return;
    if (key === "j" || key === "n") step(1);
    else if (key === "p") step(-1);
    else if (key === "?") document.getElementById("keys").togglePopover();
    else if (key === "b" && current()) { var veil = current().querySelector("[data-veil]"); if (veil) veil.click(); }
    else if (!/^[kwx1-5]$/.test(key) || !press(key)) return;
    event.preventDefault();
  });

  // What was decided stands where the case was: the next one gets the focus, or the way to the next page.
  document.addEventListener("htmx:afterSettle", function (event) {
    var done = event.detail.elt;
    if (!done || !done.id || done.id.indexOf("case-") !== 0) return;
    done = document.getElementById(done.id);
    if (!done.hasAttribute("data-done")) { go(done); return; }
    var following = all().find(function (one) { return done.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING; });
    go(following || document.getElementById("next") || all()[0] || done);
  });
})();
