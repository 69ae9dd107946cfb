/* What a page does beyond plain HTML and htmx. Every part only improves: without this file all forms, links and menus still work.
   No dependency, no eval. Elements ask for a behaviour by attribute; styles are set through the CSSOM, which a strict CSP allows. */
(function () {
  "use strict";
  var calm = matchMedia("(prefers-reduced-motion: reduce)");
  var on = function (name, act) { document.addEventListener(name, act); };
  var all = function (selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); };
  var tell = function (name, place) { (place || document.body).dispatchEvent(new CustomEvent(name, { bubbles: true })); };

  /* --- The studio's form: locked from the click on, before anything is answered ------------------------------------- */

  var studio = function () { return document.getElementById("studio-form"); };
  var sending = false;

  // htmx names the element that is still on the page; the form that asked may have been replaced by its answer.
  function asker(event) {
    return (event.detail.requestConfig ? event.detail.requestConfig.elt : event.detail.elt).id;
  }

  // Read-only and inert, never disabled: what is disabled would be missing from the POST.
  function lock(form, state) {
    all("textarea, input:not([type]), input[type=number]", form).forEach(function (field) { field.readOnly = true; });
    all("[data-fields]", form).forEach(function (part) { part.inert = true; });
    all("#generate", form).forEach(function (button) { button.setAttribute("aria-disabled", "true"); button.dataset.state = state; });
  }

  function unlock(form) {
    all("textarea, input:not([type]), input[type=number]", form).forEach(function (field) { field.readOnly = false; });
    all("[data-fields]", form).forEach(function (part) { part.inert = false; });
    all("#generate", form).forEach(function (button) { button.removeAttribute("aria-disabled"); delete button.dataset.state; });
  }

  // A guest has one job at a time: the form comes back when the one on the stage has ended.
  function settleForm() {
    var form = studio();
    if (!form || sending) return;
    if (form.hasAttribute("data-guest") && document.querySelector("#stage [data-open]")) lock(form, "waiting");
    else unlock(form);
  }

  document.addEventListener("submit", function (event) {
    if (event.target !== studio()) return;
    var form = event.target, isHeld = held;
    held = false;
    if (!isHeld) {
      if (form.querySelector("[aria-disabled=true]")) { stop(event); return; }
      lock(form, "submitting");
      if (window.htmx && !asksForWords(form)) frame(form);
    }
    sending = true;
    if (window.htmx && !isHeld && (quoted !== changes || uploading)) hold(event);
  }, true);

  // Enter in a field means Generate, whichever button of the form stands first.
  on("keydown", function (event) {
    var field = event.target, generate = document.getElementById("generate");
    if (event.key !== "Enter" || event.isComposing || !generate || field.form !== studio()) return;
    if (field.tagName !== "INPUT" || field.type === "file") return;
    event.preventDefault();
    field.form.requestSubmit(generate);
  });

  /* Pressed before the price of the last change had arrived: the submit waits for it, because the server takes no other price. */
  var changes = 0, asked = 0, quoted = 0, held = false, HELD_MS = 3000;
  function hold(event) {
    stop(event);
    held = true;
    setTimeout(release, HELD_MS);
  }
  function release() { if (held && !uploading && studio()) studio().requestSubmit(); }
  // What was waited for did not come: nothing is sent without it.
  function letGo() {
    if (!held) return;
    held = sending = false;
    unframe();
    settleForm();
  }
  // A change that fell between question and answer went to an element that the answer has replaced: ask again.
  function priced() {
    if (asked === changes) { quoted = changes; release(); }
    else tell("again", document.getElementById("quote"));
  }
  function stop(event) { event.preventDefault(); event.stopImmediatePropagation(); }
  on("change", function (event) { if (event.target.closest("#priced")) changes += 1; });
  on("htmx:beforeRequest", function (event) { if (asker(event) === "quote") asked = changes; });

  on("htmx:afterRequest", function (event) {
    if (asker(event) === "quote" && event.detail.xhr.status) priced();
    if (asker(event) !== "studio-form") return;
    sending = false;
    unframe();
    settleForm();
  });

  /* The frame of the result stands on the stage at once, so that nothing moves when the card arrives. What was there is
     hidden, not taken away: an open job's card goes on polling, and comes back when the request is refused. */
  function frame(form) {
    var stage = document.getElementById("stage"), model = document.getElementById("skeleton");
    if (!stage || !model) return;
    var data = new FormData(form), ratio = data.get("aspect_ratio") || "1:1", many = Number(data.get("count")) || 1;
    var skeleton = model.content.firstElementChild.cloneNode(true), place = skeleton.querySelector(".card__wall"), wall = place;
    if (many > 1) {
      wall = document.createElement("div");
      wall.className = "quad quad--fit";
      wall.dataset.ar = ratio;
      wall.dataset.count = many;
      place.append(wall);
    }
    for (var n = 0; n < many; n += 1) {
      var canvas = document.createElement("div");
      canvas.className = "canvas canvas--wait" + (many > 1 ? "" : " canvas__fit");
      canvas.dataset.ar = ratio;
      wall.append(canvas);
    }
    Array.from(stage.children).forEach(function (child) { child.hidden = true; });
    stage.append(skeleton);
    showStage();
  }

  function unframe() {
    var stage = document.getElementById("stage"), skeleton = stage && stage.querySelector("[data-state=submitting]");
    if (!skeleton) return;
    skeleton.remove();
    Array.from(stage.children).forEach(function (child) { child.hidden = false; });
  }

  function showStage() {
    var stage = document.getElementById("stage"), top = stage ? stage.getBoundingClientRect().top : 0;
    if (stage && (top < 0 || top > innerHeight * 0.6)) stage.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
  }

  // Chosen by a pointer, the model stands alone again. By keys one walks through all of them, and the list stays.
  on("click", function (event) {
    var fold = document.querySelector(".models__all[open]");
    if (!fold || event.target.name !== "model" || !event.detail) return;
    fold.open = false;
    document.getElementById("models").scrollIntoView({ block: "nearest" });
  });

  /* --- A reference picture: dropped or pasted anywhere in the studio, sent at once ----------------------------------- */

  var uploading = false, FILE_BYTES_MAX = 10 * 1024 * 1024;
  function fileField() { return document.getElementById("reference-file"); }
  function drop() { return document.querySelector("[data-drop]"); }

  function offer(files) {
    var field = fileField(), picture = Array.from(files).find(function (file) { return file.type.indexOf("image/") === 0; }) || files[0];
    if (!field || !picture || uploading || field.closest("[inert]")) return;
    var one = new DataTransfer();
    one.items.add(picture);
    field.files = one.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("change", function (event) {
    var field = event.target;
    if (field !== fileField() || !field.files.length || field.files[0].size <= FILE_BYTES_MAX) return;
    event.stopImmediatePropagation();   // the door would refuse it, after all of it had been sent
    field.value = "";
    toast("That file is larger than 10 MB.", "warning");
  }, true);
  on("paste", function (event) {
    var files = event.clipboardData ? event.clipboardData.files : [];
    if (!files.length || !fileField()) return;
    event.preventDefault();
    offer(files);
  });
  function carriesFiles(event) { return fileField() && event.dataTransfer && Array.from(event.dataTransfer.types).indexOf("Files") >= 0; }
  on("dragover", function (event) {
    if (!carriesFiles(event)) return;
    event.preventDefault();   // else the browser would leave the page for the file
    if (drop()) drop().dataset.over = "";
  });
  on("dragleave", function (event) { if (!event.relatedTarget && drop()) delete drop().dataset.over; });
  on("drop", function (event) {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (drop()) delete drop().dataset.over;
    offer(event.dataTransfer.files);
  });

  function uploads(event) { return asker(event) === "reference-file"; }
  function meter() { return document.querySelector(".reference__progress"); }
  on("htmx:beforeSend", function (event) {
    if (!uploads(event)) return;
    uploading = true;
    document.getElementById("reference").dataset.busy = "";
    meter().hidden = false;
    fileField().value = "";   // it is on its way: no other request takes it along
  });
  on("htmx:xhr:progress", function (event) {
    if (event.target === fileField() && event.detail.lengthComputable) meter().value = 100 * event.detail.loaded / event.detail.total;
  });
  on("htmx:afterRequest", function (event) {
    if (!uploads(event)) return;
    uploading = false;
    var place = document.getElementById("reference");
    delete place.dataset.busy;   // where it failed it is still the same one
    if (meter()) { meter().hidden = true; meter().removeAttribute("value"); }
    if (event.detail.xhr.status === 413 && event.detail.xhr.getResponseHeader("HX-Reswap")) toast("That file is larger than 10 MB.", "warning");
    if (!event.detail.xhr.status) toast("No connection. The picture was not sent.", "warning");
    if (!event.detail.successful) letGo();
  });

  /* --- Words enhanced, seen as a difference, edited, undone ----------------------------------------------------------- */

  function enhancement() { return document.getElementById("enhancement"); }
  // With the switch on and nothing enhanced in sight, Generate asks for that first: no picture is on its way.
  function asksForWords(form) {
    var wanted = form.elements.enhance, place = enhancement();
    return Boolean(wanted && wanted.checked && !(place && place.dataset.state === "done"));
  }
  on("htmx:afterSettle", function (event) {
    var place = enhancement();
    if (place && place.dataset.state && event.detail.target && event.detail.target.id === "enhancement") place.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "nearest" });
  });
  function compare(prompt) {
    var place = enhancement();
    if (!place || !/^(done|stale)$/.test(place.dataset.state)) return;
    place.dataset.state = prompt.value.trim() === place.dataset.written ? "done" : "stale";
  }
  on("input", function (event) {
    if (event.target.id === "prompt") compare(event.target);
    if (event.target.dataset.mirror) document.getElementById(event.target.dataset.mirror).textContent = event.target.value;
  });
  on("click", function (event) {
    var undo = event.target.closest("[data-undo]"), form = studio();
    if (!undo || !form) return;
    event.preventDefault();   // without this file the server does it
    enhancement().replaceChildren();
    delete enhancement().dataset.state;
    form.elements.enhance.checked = false;
    document.getElementById("prompt").focus();
  });

  /* --- Counting what is typed, as the server counts it -------------------------------------------------------------- */

  function count(field) {
    var output = document.querySelector("output[for=" + field.id + "][data-max]");
    if (!output) return;
    var length = Array.from(field.value.trim().replace(/\r\n/g, "\n")).length, most = Number(output.dataset.max);
    output.value = length.toLocaleString("en") + " of " + most.toLocaleString("en");
    output.dataset.level = length > most ? "full" : "";
  }
  on("input", function (event) { if (event.target.id) count(event.target); });

  /* --- Seconds that run down: data-countdown="42" ------------------------------------------------------------------- */

  var ends = new WeakMap();
  function clock(left) {
    if (left < 3600) return Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
    var minutes = Math.ceil(left / 60);
    return Math.floor(minutes / 60) + " h " + minutes % 60 + " min";
  }
  setInterval(function () {
    all("[data-countdown]").forEach(function (place) {
      if (!ends.has(place)) ends.set(place, Date.now() + Number(place.dataset.countdown) * 1000);
      var left = Math.max(0, Math.ceil((ends.get(place) - Date.now()) / 1000));
      place.textContent = clock(left);
      if (left > 0) return;
      all("[data-when-over]", place.closest("[data-waits]") || place.parentElement).forEach(function (part) { part.hidden = !part.hidden; });
      place.removeAttribute("data-countdown");
    });
  }, 500);

  /* --- Toasts ------------------------------------------------------------------------------------------------------- */

  var TOAST_MS = 8000;
  function age(toast) {
    if (toast.dataset.toast === "error" || toast.dataset.aging) return;
    toast.dataset.aging = "";
    setTimeout(function leave() {
      if (toast.matches(":hover, :focus-within")) setTimeout(leave, TOAST_MS / 2);
      else toast.remove();
    }, TOAST_MS);
  }

  function toast(text, level) {
    var place = document.getElementById("toasts"), note = document.createElement("div"), words = document.createElement("span");
    if (!place) return;
    note.className = "toast";
    note.dataset.toast = level;
    words.className = "toast__text";
    words.textContent = text;
    note.append(words);
    place.append(note);
    setTimeout(function () { note.remove(); }, TOAST_MS);
  }

  /* --- Pictures: the tiny placeholder shows until the picture is there ------------------------------------------------ */

  // One rule a picture in a sheet of our own: no element ever gets a style attribute.
  var blurs = new CSSStyleSheet(), blurred = 0;
  document.adoptedStyleSheets = document.adoptedStyleSheets.concat(blurs);
  function settlePicture(image) {
    var tiny = image.dataset.placeholder;
    image.removeAttribute("data-placeholder");
    if (!/^[A-Za-z0-9+/=]+$/.test(tiny) || (image.complete && image.naturalWidth)) return;
    image.dataset.blur = blurred += 1;
    blurs.insertRule("img[data-blur='" + blurred + "'] { background-image: url(data:image/webp;base64," + tiny + "); }", blurs.cssRules.length);
    image.addEventListener("load", function () { image.removeAttribute("data-blur"); }, { once: true });
  }

  /* --- Menus: one click elsewhere or Escape closes them --------------------------------------------------------------- */

  on("click", function (event) {
    all("details.pop[open]").forEach(function (menu) { if (!menu.contains(event.target)) menu.open = false; });
    var closer = event.target.closest("[data-close-toast]"), copier = event.target.closest("[data-copy]");
    if (closer) closer.closest(".toast").remove();
    if (copier) copy(copier);
    if (event.target.closest("[data-print]")) print();
  });
  on("keydown", function (event) {
    if (event.key !== "Escape") return;
    all("details.pop[open]").forEach(function (menu) {
      var inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside) menu.querySelector("summary").focus();
    });
  });

  // A button that has just come with an answer is htmx's a moment later. A click in between waits for that, once.
  on("submit", function (event) {
    var button = event.submitter;
    if (event.target.id !== "act" || !window.htmx || !button || !button.hasAttribute("hx-post") || button.dataset.waited) return;
    event.preventDefault();
    button.dataset.waited = "";
    setTimeout(function () { if (button.isConnected) button.click(); }, 60);
  });
  // The second click of a double click would take back what the first has done: the button has turned meanwhile.
  document.addEventListener("click", function (event) {
    if (event.detail > 1 && event.target.closest("button[form=act]")) stop(event);
  }, true);

  /* data-copy="#id" copies that element's text, any other value is copied as it stands. */
  function copy(button) {
    var what = button.dataset.copy, source = what.charAt(0) === "#" ? document.querySelector(what) : null;
    if (!navigator.clipboard) return;
    navigator.clipboard.writeText(source ? source.textContent.trim() : what).then(
      function () { toast("Copied", "success"); },
      function () { toast("The browser did not let us copy", "warning"); });
  }

  /* --- Around htmx's swaps -------------------------------------------------------------------------------------------- */

  var opened = [], wasOpen = null;
  on("htmx:beforeSwap", function (event) {
    var target = event.detail.target;
    opened = all("details[open][id]", target).map(function (menu) { return menu.id; });
    wasOpen = target.id && target.hasAttribute("data-open") ? target.id : null;
  });
  on("htmx:afterSwap", function (event) {
    opened.forEach(function (id) { var menu = document.getElementById(id); if (menu) menu.open = true; });
    opened = [];
    if (asker(event) === "studio-form") {
      var wrong = document.querySelector("#studio-form [aria-invalid=true]");
      if (wrong) wrong.focus();
    }
  });
  on("htmx:afterSettle", function (event) {
    if (event.detail.target && /^(controls|reference)$/.test(event.detail.target.id)) tell("change", document.getElementById("priced"));   // another model or picture, another price
    var id = wasOpen, card = id && document.getElementById(id);
    wasOpen = null;
    settle(document);
    if (id && !(card && card.hasAttribute("data-open"))) tell("jobs-changed");   // it ended: the balance, the tray and the price follow
  });
  on("htmx:sendError", function (event) {
    if (asker(event) === "studio-form") toast("No connection. What you wrote is kept; sending again makes no second job.", "warning");
  });
  on("htmx:responseError", function (event) {
    if (event.detail.requestConfig.verb !== "get") toast("That did not work on our side. What you wrote is kept.", "warning");
  });

  function settle(root) {
    all("img[data-placeholder]", root).forEach(settlePicture);
    all(".toast[data-toast]", root).forEach(age);
    all("output[data-max]", root).forEach(function (output) { var field = document.getElementById(output.htmlFor.value); if (field) count(field); });
    settleForm();
  }

  // A page that comes back from the browser's back-forward cache was locked when it was left.
  addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    join();
    sending = false;
    settleForm();
    tell("jobs-changed");
  });

  /* --- Credits move in one tab and show in all ------------------------------------------------------------------------ */

  // A tab without an open job does not poll. The one where a job was sent or ended tells the others of this browser.
  var tabs = null, heard = false;
  function join() {
    if (!window.BroadcastChannel) return;
    tabs = new BroadcastChannel("jobs");
    tabs.onmessage = listen;
  }
  function listen() {
    heard = true;   // said on in this tab alone
    tell("jobs-changed");
    heard = false;
  }
  join();
  addEventListener("pagehide", function () { if (tabs) tabs.close(); tabs = null; });   // else some browsers keep no copy to go back to
  on("jobs-changed", function () { if (tabs && !heard) tabs.postMessage(""); });
  // What moved on another device, or while this tab slept. Who never asked for a picture has no balance to be told of.
  on("visibilitychange", function () { if (!document.hidden && document.getElementById("balance")) listen(); });

  // The tray brings the balance; what a price would leave of it follows.
  var balance = null;
  on("htmx:afterSettle", function () {
    var place = document.querySelector("#balance .balance__num"), now = place && place.textContent;
    if (now && balance && now !== balance) tell("balance-changed");
    balance = now || balance;
  });

  settle(document);
}());
