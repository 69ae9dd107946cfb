/* Light or dark, before the first paint: loaded in <head> without defer. It also says that scripts run (data-js on <html>). */
(function () {
  "use strict";
  var root = document.documentElement, key = "atelier-theme";
  root.dataset.js = "";
  try { var saved = localStorage.getItem(key); if (saved === "light" || saved === "dark") root.dataset.theme = saved; } catch (error) { /* storage blocked: the system's choice */ }
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-theme-toggle]")) return;
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem(key, root.dataset.theme); } catch (error) { /* it lasts for this page */ }
  });
}());
