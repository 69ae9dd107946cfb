/* Choosing many of one's own pictures, and a filter that sends itself. Without this file boxes, buttons and links do the same. */
(function () {
  "use strict";
  var on = function (name, act) { document.addEventListener(name, act); };
  var all = function (selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); };
  var FIELDS_MAX = 900, last = null;

  function bulk() { return document.querySelector("form[data-bulk]"); }
  function boxes(form) { return all("input[name=codes]", form); }
  function every(form) { return form.querySelector("[data-every]"); }

  // What is said of the choice. The bar itself shows by a rule of the stylesheet.
  function count() {
    var form = bulk();
    if (!form) return;
    var chosen = boxes(form).filter(function (box) { return box.checked; }).length, place = form.querySelector("[data-chosen]");
    var isAll = every(form) && every(form).checked;
    var text = isAll ? "All chosen" : chosen.toLocaleString("en") + " chosen";
    if (place.textContent !== text) place.textContent = text;
  }

  // With Shift held, all tiles between the last one that was clicked and this one follow it.
  on("click", function (event) {
    var box = event.target;
    if (!box.matches || !box.matches("form[data-bulk] input[name=codes]")) return;
    var list = boxes(bulk()), here = list.indexOf(box), there = list.indexOf(last);
    if (event.shiftKey && there >= 0) list.slice(Math.min(here, there), Math.max(here, there) + 1).forEach(function (one) { one.checked = box.checked; });
    last = box;
    if (!box.checked && every(bulk())) every(bulk()).checked = false;
    count();
  });
  // A click on a label with Shift would mark text instead.
  on("mousedown", function (event) {
    if (event.shiftKey && event.target.closest(".work__pick, label.work__frame")) event.preventDefault();
  });
  on("change", function (event) {
    if (!event.target.matches("[data-every]")) return;
    boxes(bulk()).forEach(function (box) { box.checked = event.target.checked; });
    count();
  });
  on("reset", function (event) {
    if (event.target === bulk()) setTimeout(count);
  });
  on("click", function (event) {
    if (!event.target.closest("[data-choose-shown]")) return;
    boxes(bulk()).forEach(function (box) { box.checked = true; });
    count();
  });
  on("keydown", function (event) {
    if (event.key !== "Escape" || !bulk() || document.querySelector("details.pop[open], :popover-open")) return;
    if (!boxes(bulk()).some(function (box) { return box.checked; })) return;
    bulk().reset();
  });

  // More boxes than a form may have fields travel in one.
  on("htmx:configRequest", function (event) {
    var form = event.detail.elt, told = event.detail.formData;
    if (form.id === "filter") {
      Array.from(new Set(told.keys())).forEach(function (name) {
        var kept = told.getAll(name).filter(Boolean);
        told.delete(name);
        kept.forEach(function (value) { told.append(name, value); });
      });
    } else if (form.matches("form[data-bulk]") && told.has("codes")) {
      var isAll = told.get("all") === "1", codes = told.getAll("codes");
      if (isAll) told.delete("codes");
      else if (codes.length > FIELDS_MAX) told.set("codes", codes.join(","));
    }
  });

  on("htmx:beforeRequest", function (event) {
    if (!event.detail.elt.matches("form[data-bulk]")) return;
    all("details.pop[open]", event.detail.elt).forEach(function (menu) { menu.open = false; });
    all(":popover-open", event.detail.elt).forEach(function (dialog) { dialog.hidePopover(); });
  });

  // Tiles left, or more came. A wall without any is drawn anew by the server, which knows what to say instead.
  on("htmx:afterSettle", settle);
  on("htmx:oobAfterSwap", function () { setTimeout(settle); });
  function settle() {
    var form = bulk(), wall = document.getElementById("wall");
    if (!form || !wall) return;
    if (!wall.querySelector("li")) { location.reload(); return; }
    if (every(form) && every(form).checked) boxes(form).forEach(function (box) { box.checked = true; });
    count();
  }
  addEventListener("pageshow", count);
  count();
}());
