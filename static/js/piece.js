/* The keys of a picture's page, and where the focus goes when a part of it has changed. Links and buttons do the work:
   a key presses the one that it stands for. No dependency, no eval; without this file everything is there but the keys. */
(function () {
  "use strict";
  var STORED = "keys-off";
  var KEYS = {
    ArrowLeft: "#previous",
    ArrowRight: "#next",
    l: ".piece__like .like",
    d: "#original",
    r: "#remix"
  };

  function remembered() {
    try { return localStorage.getItem(STORED) === "1"; } catch (error) { return false; }   // storage may be forbidden
  }
  function remember(off) {
    try { if (off) localStorage.setItem(STORED, "1"); else localStorage.removeItem(STORED); } catch (error) { /* for this page only */ }
  }
  var off = remembered();

  // Where keys mean something else: text, radios, sliders, a menu, the 3D view, a dialog that is open.
  function isBusy(place) {
    if (document.querySelector("[popover]:popover-open, dialog[open]")) return true;
    return Boolean(place.closest && place.closest("input, textarea, select, [contenteditable], [role=toolbar], model-viewer, details[open]"));
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isBusy(event.target)) return;
    var help = document.getElementById("keys");
    if (event.key === "?" && help) {   // also while the others are off: the switch is in there
      event.preventDefault();
      help.showPopover();
      return;
    }
    var named = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    var place = off || event.shiftKey || !Object.hasOwn(KEYS, named) ? null : document.querySelector(KEYS[named]);
    if (!place) return;
    event.preventDefault();
    place.click();
  });

  var keysOn = document.getElementById("keys-on");
  if (keysOn) {
    keysOn.checked = !off;
    keysOn.addEventListener("change", function () {
      off = !keysOn.checked;
      remember(off);
    });
  }

  /* What had the focus is gone with an older page's link or a deleted comment: it goes to what stands there now. */
  document.addEventListener("htmx:afterSwap", function (event) {
    var asked = event.detail.requestConfig && event.detail.requestConfig.path || "";
    if (/\/comments\?before=/.test(asked)) focus(document.querySelector(".talk > li:not(.talk__older)"));
    if (/\/rate$/.test(asked) && document.activeElement === document.body) focus(document.getElementById("stars-1"));
    if (/^\/comments\/.+\/delete$/.test(asked)) focus(document.getElementById("co"));
  });
  function focus(place) { if (place) place.focus({ preventScroll: true }); }
}());
