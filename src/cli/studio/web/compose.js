/* SPDX-License-Identifier: MIT */
/* What is to be painted: pictures that are dropped, pasted or chosen, and the form that sends them. */

import * as api from "./api.js";
import * as areas from "./areas.js";
import * as camera from "./camera.js";
import {get, make, show, speak, tell} from "./dom.js";
import * as mix from "./mix.js";
import * as plan from "./plan.js";
import * as settings from "./settings.js";
import {say} from "./words.js";

let about = {};
let told = {};
let passed = 0;
/* model: of the rows that styles() has, the value of one. more: names of its mates that areas have.
 * lessons: photographs to learn from. */
const chosen = {contents: [], styles: [], model: null, more: [], lessons: []};

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

const isFilm = () => chosen.contents[0]?.film === true;
const FILMS = /\.(mp4|m4v|mov|mkv|webm|avi|ts|y4m)$/i;
const send = (file, kind) =>
  kind === "content" && (file.type.startsWith("video/") || FILMS.test(file.name)) ? api.upload(file, "/api/films") : api.upload(file);

/* The photographs that come together replace those before. */
async function take(files, kind) {
  let first = true;
  for (const file of files) {
    get("status").textContent = say("uploading", {name: file.name || say(kind === "content" ? "photograph" : "paintings")});
    try {
      await add(await send(file, kind), kind, first);
      first = false;
      tellError(null);
    } catch (error) {
      tellError(error);
    }
    get("status").textContent = say("ready");
  }
  if (kind === "content" && !first && settings.command() === "apply" && chosen.model && !isFilm())
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
  if (kind === "lesson") {
    if (!chosen.lessons.includes(picture.id))
      chosen.lessons.push(picture.id);
    drawLessons();
    return;
  }
  const filmed = isFilm();
  chosen.contents = first || picture.film || filmed ? [{...picture, blob}] : [...chosen.contents, {...picture, blob}];
  settings.takeFilm(isFilm());
  areas.forget();
  show(get("content-image"), blob, say(picture.film ? "film-is" : "photograph-is", picture));
  tell(get("content-count"), chosen.contents.length > 1 ? say("photographs", {count: chosen.contents.length}) : "");
  get("made").hidden = !picture.settings?.settings;
  if (filmed !== isFilm())
    draw();
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

function drawLessons() {
  const count = chosen.lessons.length;
  get("lessons-count").textContent = count > 0 ? say("lessons-are", {count}) : say("lessons-drawn");
  get("lessons-none").hidden = count === 0;
  planAgain();
}

/* What areas may be painted with: paintings, or the network's styles. */
function drawAreas() {
  const command = settings.command(), one = chosen.contents.length === 1 && !isFilm(), row = network();
  planAgain();
  get("paintings-own").hidden = command !== "apply" || !row?.pictures;
  mix.draw(command === "apply" && chosen.more.length === 0 ? row : null);
  if (command === "paint") {
    areas.draw(chosen.styles, one && chosen.styles.length > 0);
  } else {
    const own = row && chosen.more.length > 0 ? [row.label, ...chosen.more].map(name => ({name, mix: name})) : [];
    const mates = row && settings.current().refine === undefined ? row.mates : [];
    areas.draw(own, one && command === "apply", mates.filter(name => name !== row.label && !chosen.more.includes(name)));
  }
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

const several = names => names.length > 1 ? names : [];

/* {value, label, model, mix, mates, pictures}: each style, which others its network has, and whether
 * that keeps the pictures of its styles. Those of the network of several styles come first, and those
 * that were trained here last. */
function styles() {
  const rows = about.models ?? [], base = rows.find(row => row.model === "base-16");
  const mixed = (base?.styles ?? []).filter(name => name !== "identity");
  const others = rows.filter(row => !row.own && !row.model.startsWith("base-"));
  return {mixed: mixed.length, rows: [
    ...mixed.map(name => ({value: name, label: name, model: name, mates: mixed, pictures: base.pictures})),
    ...others.map(({model, pictures}) => ({value: model, label: model, model, mates: [], pictures})),
    ...rows.filter(row => row.own).flatMap(({model, styles: names, pictures}) => names.map(name => (
      {value: `${model}:${name}`, label: name, model, mix: name, mates: several(names), pictures})))]};
}

const network = () => styles().rows.find(row => row.value === chosen.model);

function choose(row) {
  if (network()?.mates.join() !== row.mates.join()) {
    chosen.more.forEach((_, i) => areas.removePainting(chosen.more.length + 1 - i));
    chosen.more = [];
  }
  chosen.model = row.value;
  settings.forget("mix"); /* it was another network's */
  drawAreas();
}

const PASSING = 300; /* milliseconds; arrow keys pass styles that nobody wants */

/* A network's picture is there in a moment, so it is asked for at once. */
export function drawNetworks(facts = about) {
  about = facts;
  const {rows: all, mixed} = styles();
  camera.draw(all, mixed);
  get("camera-open").hidden ||= settings.command() !== "apply";
  const rows = all.map(row => {
    const radio = make("input", {type: "radio", name: "model", value: row.value});
    radio.checked = row.value === chosen.model;
    radio.addEventListener("change", () => {
      choose(row);
      clearTimeout(passed);
      if (chosen.contents.length > 0 && !isFilm())
        passed = setTimeout(() => settings.command() === "apply" && !isFilm() && submit(true), PASSING);
    });
    return make("label", {}, radio, make("span", {}, row.label));
  });
  const area = get("networks"), at = area.contains(document.activeElement) ? document.activeElement.value : null;
  area.replaceChildren(area.firstElementChild, ...(rows.length > 0 ? rows : [make("p", {}, say("networks-none"))]));
  const radios = [...area.querySelectorAll("input")];
  if (at !== null) /* where it was, or the first one where that has gone */
    (radios.find(radio => radio.value === at) ?? radios[0])?.focus({preventScroll: true});
}

/* Whether there is a film, and what paints it. */
const mayMeasure = () => isFilm() && (settings.command() === "paint" ? chosen.styles.length > 0
  : settings.command() === "apply" && !!network());

/* Asked anew after each change, where there is something to plan. Areas cost memory, so they are
 * sent for it. A film's plan takes a while, and waits until it is asked for. */
function planAgain() {
  const plans = settings.command() !== "apply" && chosen.contents.length > 0 && !isFilm() && chosen.styles.length > 0;
  const hold = () => api.hold([...[...chosen.contents, ...chosen.styles, ...areas.inHand()].map(row => row.id),
                               ...chosen.lessons]);
  hold();
  get("measure").hidden = !mayMeasure();
  plan.ask(plans ? async () => {
    const painted = await areas.asked();
    hold();
    return {...job(chosen.contents.at(settings.command() === "train" ? -1 : 0)), ...painted};
  } : null);
}

/* The device has a pace that a painting's plan goes by; a film's was measured. */
export function paceChanged() {
  if (!isFilm())
    planAgain();
}

/* ---- The form -------------------------------------------------------------------------------- */

/* unrefined: a network's picture as it is, whatever the form says. */
function job(content, unrefined = false) {
  const {refine, ...others} = settings.current();
  const command = isFilm() && settings.command() !== "train" ? "video" : settings.command();
  const asked = {command, settings: unrefined || refine === undefined ? others : {...others, refine}};
  if (content)
    asked.content = content.id;
  /* A network's own pictures are what it is refined towards, unless there are others. */
  if (settings.paints() && !unrefined && (command !== "apply" || chosen.styles.length > 0))
    asked.styles = chosen.styles.map(row => ({picture: row.id, weight: Number(row.weight.toPrecision(4))}));
  const row = network();
  if (settings.command() === "apply" && row) {
    asked.model = row.model;
    if (row.mix && !others.mix)
      asked.settings.mix = row.mix;
  }
  if (asked.command === "train" && chosen.lessons.length > 0)
    asked.photos = chosen.lessons;
  return asked;
}

/* What was to be painted or looked at meanwhile is not wanted any more. */
function forgetPassed() {
  clearTimeout(passed);
  mix.forget();
}

async function submit(unrefined = false) {
  forgetPassed();
  try {
    const painted = await areas.asked(), trains = settings.command() === "train";
    for (const content of trains ? [chosen.contents.at(-1)] : chosen.contents.length > 0 ? chosen.contents : [null])
      told.sent(await api.send("/api/jobs", {...job(content, unrefined), ...painted}));
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
  get("networks").hidden = settings.command() !== "apply";
  get("lessons-part").hidden = settings.command() !== "train";
  get("go").textContent = say(settings.command() === "train" ? "go-train" : "go");
  drawNetworks();
  drawLessons();
  drawStyles();
  settings.draw(about);
}

/* What a picture of Impasto's own says of itself. Its pictures are not here. */
function useMade() {
  const {settings: record} = chosen.contents.at(-1);
  document.querySelector(`[name=command][value=${record.command === "apply" ? "apply" : "paint"}]`).checked = true;
  settings.takeFilm(false);
  settings.use(record.settings);
  draw();
  speak(say("settings-taken"));
}

/* Takes over how an earlier job was made, as far as its pictures are here. */
export async function use(earlier) {
  forgetPassed();
  const film = earlier.command === "video", command = film ? earlier.model ? "apply" : "paint" : earlier.command;
  document.querySelector(`[name=command][value=${command}]`).checked = true;
  settings.takeFilm(film);
  const known = styles().rows.filter(row => row.model === earlier.model), {mix, ...others} = earlier.settings ?? {};
  const row = known.find(row => row.mix && row.mix === mix) ?? known[0];
  settings.use(row?.mix === mix ? others : earlier.settings ?? {});
  chosen.model = row?.value ?? chosen.model;
  chosen.more = (earlier.regions ?? []).map(row => row.mix);
  chosen.lessons = [...(earlier.photos ?? [])];
  chosen.styles = [];
  try {
    for (const row of earlier.styles ?? [])
      chosen.styles.push({id: row.picture, name: row.name ?? say("paintings"), weight: row.weight ?? 1,
                          blob: await api.blob(`/api/pictures/${row.picture}`)});
    const blob = await api.blob(`/api/pictures/${earlier.content}`);
    show(get("content-image"), blob, earlier.name);
    chosen.contents = [{id: earlier.content, name: earlier.name, film, blob}];
    await areas.use(earlier);
    get("content-count").hidden = get("made").hidden = true;
  } catch (error) {
    tellError(error);
  }
  draw();
  speak(say("settings-taken"));
  get("compose").scrollIntoView();
}

/* A network's picture takes a moment, so a small one follows what is set. */
function follow(name) {
  const content = chosen.contents.at(-1);
  if (settings.command() === "apply" && content && !isFilm() && network() && chosen.more.length === 0 && mix.follows(name))
    mix.follow(job(content, true), content.blob, told.tried);
}

/* others: sent is called with each job that was sent, and tried with what one would look like. */
export function begin(facts, options, others) {
  told = others;
  settings.begin(options, name => {
    const came = get("paintings").hidden && settings.paints();
    get("paintings").hidden = !settings.paints();
    if (came)
      speak(say(network()?.pictures ? "paintings-own" : "paintings-wanted"));
    drawAreas();
    follow(name);
  });
  mix.begin();
  areas.begin(planAgain, name => {
    chosen.more.push(name);
    settings.forget("mix"); /* areas have styles of their own */
    drawAreas();
  });
  camera.begin(files => take(files, "content"));
  watch(get("content-drop"), get("content-file"), "content");
  watch(get("style-drop"), get("style-file"), "style");
  watch(get("lessons-drop"), get("lessons-file"), "lesson");
  get("lessons-none").addEventListener("click", () => {
    chosen.lessons = [];
    drawLessons();
    get("lessons-file").focus();
  });
  get("made").addEventListener("click", useMade);
  get("measure").addEventListener("click", () => plan.measure(() => job(chosen.contents[0])));
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
