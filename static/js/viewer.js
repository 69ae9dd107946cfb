/* The viewer of a 3D model, on the one page that shows it. Nothing heavy is loaded before somebody asks for it;
   until then, and whenever something is missing, the poster stays where it is. */
(function () {
  "use strict";
  var solid = document.querySelector("[data-solid]");
  if (!solid) return;
  var model = null, STEP_DEGREES = 20, ZOOM = 2;
  var part = function (state) { return solid.querySelector("[data-when=" + state + "]"); };

  function become(state) {
    solid.dataset.state = state;
    ["loading", "ready", "failed"].forEach(function (name) { part(name).hidden = name !== state; });
    solid.querySelector("[data-turn]").hidden = true;
  }

  function load() {
    become("loading");
    // The script would compile a decoder that none of our files needs, and the page's policy compiles none.
    delete window.WebAssembly;
    import(solid.dataset.script).then(show).catch(fail);
  }

  function show() {
    model = document.createElement("model-viewer");
    var told = {
      src: solid.dataset.model, alt: solid.dataset.alt, "camera-controls": "", "camera-orbit": solid.dataset.orbit,
      "touch-action": "pan-y", "interaction-prompt": "none", "shadow-intensity": "1", "shadow-softness": "0.9",
      "tone-mapping": "neutral", "rotation-per-second": "24deg", "auto-rotate-delay": "0", loading: "eager"
    };
    Object.keys(told).forEach(function (name) { model.setAttribute(name, told[name]); });
    model.addEventListener("progress", function (event) { progress(event.detail.totalProgress); });
    model.addEventListener("load", ready);
    model.addEventListener("error", fail);
    model.addEventListener("keydown", key);
    solid.querySelector(".canvas").append(model);
  }

  // The button that was pressed is gone: its focus goes on to what stands in its place.
  function ready() {
    become("ready");
    if (document.activeElement === document.body || solid.contains(document.activeElement)) part("ready").querySelector("button").focus();
  }

  function fail() {
    if (model) model.remove();
    model = null;
    become("failed");
  }

  function progress(share) {
    var megabytes = function (bytes) { return (bytes / 1e6).toFixed(1); }, all = Number(solid.dataset.bytes);
    part("loading").querySelector("progress").value = share * 100;
    if (all > 1e6) part("loading").querySelector("span").textContent = megabytes(all * share) + " of " + megabytes(all) + " MB";
  }

  function turn(degrees) {
    var orbit = model.getCameraOrbit();
    model.cameraOrbit = (orbit.theta + degrees * Math.PI / 180) + "rad " + orbit.phi + "rad " + orbit.radius + "m";
  }

  // What the camera was told last may be where it is told to go: only what is new moves it.
  function home() {
    model.resetTurntableRotation();
    model.fieldOfView = model.getFieldOfView() + "deg";
    turn(0);
    model.updateComplete.then(function () { model.cameraOrbit = solid.dataset.orbit; model.fieldOfView = "auto"; });
  }

  var acts = {
    left: function () { turn(-STEP_DEGREES); },
    right: function () { turn(STEP_DEGREES); },
    closer: function () { model.zoom(ZOOM); },
    farther: function () { model.zoom(-ZOOM); },
    home: home,
    play: function (button) {
      model.autoRotate = !model.autoRotate;
      button.setAttribute("aria-pressed", String(model.autoRotate));
    }
  };

  // The arrow keys are the viewer's own.
  function key(event) {
    var act = { "+": acts.closer, "=": acts.closer, "-": acts.farther, Home: acts.home }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  solid.addEventListener("click", function (event) {
    var button = event.target.closest("[data-act]");
    if (event.target.closest("[data-turn]")) load();
    else if (button && model) acts[button.dataset.act](button);
  });
}());
