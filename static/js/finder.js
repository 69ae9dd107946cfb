/* Walls that grow: which pages were loaded onto one, where a reader was on it, and what the search says while one types.
   Without this file the form and all links still work; only going back leads to the first page alone. */
(function () {
  "use strict";
  var KEY = "walls", WALLS_MAX = 20, PAGES_MAX = 30, SCROLL_MS = 150;
  var on = function (name, act) { document.addEventListener(name, act); };
  var wall = function () { return document.getElementById("wall"); };
  var here = function () { return location.pathname + location.search; };

  /* --- What is remembered of a wall: the further pages on it, and how far down one was. By address, in this tab alone. --- */

  function remembered() {
    try { return JSON.parse(sessionStorage.getItem(KEY)) || []; } catch (_) { return []; }
  }
  function keep(record) {
    var others = remembered().filter(function (one) { return one.at !== record.at; });
    try { sessionStorage.setItem(KEY, JSON.stringify(others.concat(record).slice(-WALLS_MAX))); } catch (_) { /* no room: the first page it is */ }
  }
  function recall() {
    return remembered().find(function (one) { return one.at === here(); });
  }

  var now = { at: here(), pages: [], y: 0 }, isRestoring = false;
  function save() {
    if (isRestoring || now.at !== here()) return;
    now.y = scrollY;
    keep(now);
  }
  var timer = 0;
  addEventListener("scroll", function () { clearTimeout(timer); timer = setTimeout(save, SCROLL_MS); }, { passive: true });
  addEventListener("pagehide", save);
  document.addEventListener("click", function (event) { if (event.target.closest("a[href]")) save(); }, true);

  /* --- Coming back: the same pages again, as the browser still has them, then the same place ----------------------------- */

  function cameBack() {
    var entry = performance.getEntriesByType("navigation")[0];
    return Boolean(entry) && entry.type !== "navigate";
  }

  function fetched(address) {
    return fetch(address, { cache: "force-cache", credentials: "same-origin", headers: { "HX-Request": "true", "HX-Target": "wall" } })
      .then(function (answer) { return answer.ok ? answer.text() : null; })
      .catch(function () { return null; });
  }

  function restore() {
    var record = cameBack() && recall();
    if (!record) return;
    now = record;
    if (!record.pages.length || !wall() || !window.htmx) return;
    isRestoring = true;
    history.scrollRestoration = "manual";
    Promise.all(record.pages.map(fetched)).then(function (parts) {
      var missing = parts.indexOf(null), whole = missing < 0 ? parts : parts.slice(0, missing);
      whole.forEach(append);
      now.pages = record.pages.slice(0, whole.length);
      scrollTo(0, record.y);
      history.scrollRestoration = "auto";
      isRestoring = false;
      document.documentElement.dataset.wall = "restored";
    });
  }

  function append(html) {
    var part = document.createElement("template"), more = document.getElementById("more");
    part.innerHTML = html;
    var next = part.content.getElementById("more");
    wall().append.apply(wall(), part.content.querySelectorAll("li[data-ar]"));
    if (next && more) {
      next.removeAttribute("hx-swap-oob");
      more.replaceWith(next);
      window.htmx.process(next);
    }
    window.htmx.process(wall());
    once();
  }

  /* A picture that was liked or published meanwhile may come again on a further page: it hangs once. */
  function once() {
    var seen = new Set();
    Array.from(wall().children).forEach(function (tile) {
      var link = tile.querySelector(".work__frame"), address = link && link.getAttribute("href");
      if (address && seen.has(address)) tile.remove();
      seen.add(address);
    });
  }

  /* --- Around htmx's swaps ------------------------------------------------------------------------------------------------ */

  var grownFrom = -1;
  function place(event) { return event.detail.target ? event.detail.target.id : ""; }

  on("htmx:beforeSwap", function (event) {
    grownFrom = place(event) === "wall" ? wall().children.length : -1;
    // A filter that is none: the answer says which, and stands where the pictures would.
    if (event.detail.xhr.status === 400 && /^(results|explore)$/.test(place(event))) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  on("htmx:afterSwap", function (event) {
    var id = place(event);
    if (id === "wall") {
      once();
      if (now.at !== here()) now = { at: here(), pages: [], y: 0 };
      if (now.pages.length < PAGES_MAX) now.pages.push(event.detail.pathInfo.finalRequestPath);
      save();
    } else if (/^(results|explore)$/.test(id)) {
      grownFrom = -1;
    }
  });

  on("htmx:afterSettle", function (event) {
    var id = place(event), tile = grownFrom >= 0 && wall() && wall().children[grownFrom];
    if (id === "wall" && tile) {
      var lost = !document.activeElement || document.activeElement === document.body;
      if (lost) tile.querySelector("a").focus({ preventScroll: true });   // the link that was pressed is gone: read on from there
      say((wall().children.length - grownFrom) + " more pictures.");
    } else if (/^(results|explore)$/.test(id)) {
      var results = document.getElementById("results");
      now = { at: here(), pages: [], y: 0 };
      if (results && (!document.activeElement || document.activeElement === document.body)) results.focus({ preventScroll: true });
      if (results) say(results.dataset.found);
    }
  });

  function say(words) {
    var status = document.getElementById("found");
    if (status && words) status.textContent = words;
  }

  restore();
}());
