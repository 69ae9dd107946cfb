/* When a picture's settings have filled the studio's form, the focus goes to what says so: the link that was pressed is gone. */
(function () {
  "use strict";
  document.addEventListener("htmx:afterSettle", function () {
    var place = document.getElementById("filled");
    if (!place || place.dataset.told === "") return;
    place.dataset.told = "";
    place.focus();
  });
}());
