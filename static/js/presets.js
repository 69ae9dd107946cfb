/* A preset's open places: the prompt as it will be sent, while they are filled in. Without this file the studio shows it. */
(function () {
  "use strict";
  var form = document.getElementById("fill"), filled = document.getElementById("filled");
  if (!form || !filled) return;

  function show(field) {
    var value = field.value.trim() || field.dataset.default;
    filled.querySelectorAll("[data-of]").forEach(function (place) {
      if (place.dataset.of !== field.dataset.place) return;
      place.textContent = value || (field.required ? field.dataset.place : "");
      place.className = value || !field.required ? "" : "var";
    });
  }

  form.addEventListener("input", function (event) { if (event.target.dataset.place) show(event.target); });
  // A browser that comes back has kept what was typed.
  addEventListener("pageshow", function () { form.querySelectorAll("[data-place]").forEach(show); });
}());
