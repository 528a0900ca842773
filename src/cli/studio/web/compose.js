/* SPDX-License-Identifier: MIT */
/* What is to be painted: pictures that are dropped, pasted or chosen, and the form that sends them. */

import * as api from "./api.js";
import * as areas from "./areas.js";
import * as camera from "./camera.js";
import {get, make, show, speak, tell} from "./dom.js";
import * as plan from "./plan.js";
import * as settings from "./settings.js";
import {say} from "./words.js";

let about = {};
let sent = () => {};
const chosen = {contents: [], styles: [], model: null};

/* ---- Errors ---------------------------------------------------------------------------------- */

/* Beside the field that is wrong, where the page has one. */
function tellError(error) {
  for (const old of document.querySelectorAll(".wrong")) {
    old.classList.remove("wrong");
    old.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  }
  tell(get("error"), error ? error.message : "");
  const field = error?.field && document.querySelector(`[data-field="${CSS.escape(error.field)}"]`);
  if (!field)
    return;
  field.closest("details")?.setAttribute("open", "");
  field.classList.add("wrong");
  const input = field.querySelector("input, select");
  input?.setAttribute("aria-invalid", "true");
  input?.focus();
}

/* ---- Pictures -------------------------------------------------------------------------------- */

/* The photographs that come together replace those before. */
async function take(files, kind) {
  let first = true;
  for (const file of files) {
    get("status").textContent = say("uploading", {name: file.name || say(kind === "content" ? "photograph" : "paintings")});
    try {
      await add(await api.upload(file), kind, first);
      first = false;
      tellError(null);
    } catch (error) {
      tellError(error);
    }
    get("status").textContent = say("ready");
  }
  if (kind === "content" && !first && settings.command() === "apply" && chosen.model)
    submit(true);
}

/* Several photographs become that many jobs. A picture of Impasto's own brings its settings. */
async function add(picture, kind, first) {
  const blob = await api.blob(`/api/pictures/${picture.id}`);
  if (kind === "style") {
    if (!chosen.styles.some(style => style.id === picture.id))
      chosen.styles.push({...picture, blob, weight: 1});
    drawStyles();
    return;
  }
  chosen.contents = first ? [picture] : [...chosen.contents, picture];
  areas.forget();
  show(get("content-image"), blob, say("photograph-is", picture));
  tell(get("content-count"), chosen.contents.length > 1 ? say("photographs", {count: chosen.contents.length}) : "");
  get("made").hidden = !picture.settings?.settings;
  drawAreas();
}

function style(row, index) {
  const image = make("img"), weight = make("input", {type: "range", min: -3, max: 3, step: 0.25,
                                                     value: Math.log2(row.weight), "aria-label": say("weight", row)});
  show(image, row.blob, say("painting-is", row));
  weight.addEventListener("input", () => row.weight = 2 ** Number(weight.value));
  const remove = make("button", {type: "button", "aria-label": say("remove", row), onclick: () => {
    chosen.styles.splice(index, 1);
    areas.removePainting(index);
    drawStyles();
    get("style-file").focus();
  }}, "✕");
  return make("li", {}, image, make("span", {class: "name"}, row.name), chosen.styles.length > 1 ? weight : null, remove);
}

function drawStyles() {
  get("styles").replaceChildren(...chosen.styles.map(style));
  drawAreas();
}

/* A map is of one photograph. */
function drawAreas() {
  const paints = settings.command() === "paint";
  planAgain();
  areas.draw(paints ? chosen.styles : [], chosen.contents.length === 1 && (!paints || chosen.styles.length > 0));
}

function watch(area, input, kind) {
  const over = yes => event => {
    event.preventDefault();
    area.classList.toggle("over", yes);
  };
  area.addEventListener("dragover", over(true));
  area.addEventListener("dragleave", over(false));
  area.addEventListener("drop", event => {
    over(false)(event);
    take(event.dataTransfer.files, kind);
  });
  input.addEventListener("change", async () => {
    await take([...input.files], kind);
    input.value = "";
  });
}

/* The first one pasted is the photograph, the next ones are paintings. */
function paste(event) {
  const files = [...event.clipboardData.files].filter(file => file.type.startsWith("image/"));
  if (files.length === 0)
    return;
  event.preventDefault();
  take(files, chosen.contents.length === 0 || settings.command() === "apply" ? "content" : "style");
}

/* ---- Style networks -------------------------------------------------------------------------- */

/* Their names; those of the network of several styles come first. */
function networks() {
  const rows = about.models ?? [], base = rows.find(row => row.model === "base-16");
  const mixed = (base?.styles ?? []).filter(name => name !== "identity");
  return {names: [...mixed, ...rows.map(row => row.model).filter(name => !name.startsWith("base-"))], mixed: mixed.length};
}

/* A network's picture is there in a moment, so it is asked for at once. */
function drawNetworks() {
  const {names, mixed} = networks();
  camera.draw(names, mixed);
  const rows = names.map(name => {
    const radio = make("input", {type: "radio", name: "model", value: name});
    radio.checked = name === chosen.model;
    radio.addEventListener("change", () => {
      chosen.model = name;
      if (chosen.contents.length > 0)
        submit(true);
    });
    return make("label", {}, radio, make("span", {}, name));
  });
  const area = get("networks");
  area.replaceChildren(area.firstElementChild, ...(rows.length > 0 ? rows : [make("p", {}, say("networks-none"))]));
}

/* Asked anew after each change, where there is something to plan. Areas cost memory, so they are
 * sent for it. */
export function planAgain() {
  const paints = settings.command() === "paint" && chosen.contents.length > 0 && chosen.styles.length > 0;
  const hold = () => api.hold([...chosen.contents, ...chosen.styles, ...areas.held()].map(row => row.id));
  hold();
  plan.ask(paints ? async () => {
    const painted = await areas.asked();
    hold();
    return {...job(chosen.contents[0]), ...painted};
  } : null);
}

/* ---- The form -------------------------------------------------------------------------------- */

/* unrefined: a network's picture as it is, whatever the form says. */
function job(content, unrefined = false) {
  const {refine, ...others} = settings.current();
  const asked = {command: settings.command(), settings: unrefined || refine === undefined ? others : {...others, refine}};
  if (content)
    asked.content = content.id;
  if (settings.paints() && !unrefined)
    asked.styles = chosen.styles.map(row => ({picture: row.id, weight: Number(row.weight.toPrecision(4))}));
  if (asked.command === "apply" && chosen.model)
    asked.model = chosen.model;
  return asked;
}

async function submit(unrefined = false) {
  try {
    const painted = await areas.asked();
    for (const content of chosen.contents.length > 0 ? chosen.contents : [null])
      sent(await api.send("/api/jobs", {...job(content, unrefined), ...painted}));
    tellError(null);
  } catch (error) {
    tellError(error);
  }
}

export function draw(facts = about) {
  about = facts;
  const paints = settings.command() === "paint";
  get("paintings").hidden = !settings.paints();
  get("presets").hidden = !paints;
  get("networks").hidden = paints;
  drawNetworks();
  get("camera-open").hidden ||= paints;
  drawStyles();
  settings.draw(about);
}

/* What a picture of Impasto's own says of itself. Its pictures are not here. */
function useMade() {
  const {settings: record} = chosen.contents.at(-1);
  document.querySelector(`[name=command][value=${record.command === "apply" ? "apply" : "paint"}]`).checked = true;
  settings.use(record.settings);
  draw();
  speak(say("settings-taken"));
}

/* Takes over how an earlier job was made, as far as its pictures are here. */
export async function use(earlier) {
  document.querySelector(`[name=command][value=${earlier.command}]`).checked = true;
  settings.use(earlier.settings ?? {});
  chosen.model = earlier.model ?? chosen.model;
  chosen.styles = [];
  try {
    for (const row of earlier.styles ?? [])
      chosen.styles.push({id: row.picture, name: row.name ?? say("paintings"), weight: row.weight ?? 1,
                          blob: await api.blob(`/api/pictures/${row.picture}`)});
    show(get("content-image"), await api.blob(`/api/pictures/${earlier.content}`), earlier.name);
    chosen.contents = [{id: earlier.content, name: earlier.name}];
    await areas.use(earlier);
    get("content-count").hidden = get("made").hidden = true;
  } catch (error) {
    tellError(error);
  }
  draw();
  speak(say("settings-taken"));
  get("compose").scrollIntoView();
}

/* told: called with each job that was sent. */
export function begin(facts, options, told) {
  sent = told;
  settings.begin(options, () => {
    get("paintings").hidden = !settings.paints();
    planAgain();
  });
  areas.begin(planAgain);
  camera.begin(files => take(files, "content"));
  watch(get("content-drop"), get("content-file"), "content");
  watch(get("style-drop"), get("style-file"), "style");
  get("made").addEventListener("click", useMade);
  document.addEventListener("paste", paste);
  /* A picture that misses its place must not replace the page. */
  for (const name of ["dragover", "drop"])
    document.addEventListener(name, event => event.preventDefault());
  for (const radio of document.querySelectorAll("[name=command]"))
    radio.addEventListener("change", () => draw());
  get("compose").addEventListener("submit", event => {
    event.preventDefault();
    submit();
  });
  draw(facts);
}
