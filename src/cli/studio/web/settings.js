/* SPDX-License-Identifier: MIT */
/* The settings: a few in sight, and all others made of the studio's own list of options. */

import {get, make} from "./dom.js";
import {number, say} from "./words.js";

const SIZES = [256, 384, 512, 768, 1024, 1536, 2048];
/* What is set in sight: not again below. */
const IN_SIGHT = ["preset", "strength", "style-scale", "stroke", "size", "colour", "device", "mix", "refine", "minutes"];
/* from, to, step and the usual value; `log`: by octaves. */
const SLIDERS = {
  paint: [["strength", 0, 1, 0.01, 0.5], ["style-scale", -2, 2, 0.05, 0, "log"]],
  apply: [["strength", 0, 2, 0.05, 1], ["stroke", -2, 2, 0.05, 0, "log"],
          ["refine", 0, 100, 5, 0]],
  "film-paint": [["strength", 0, 1, 0.01, 0.5], ["style-scale", -2, 2, 0.05, 0, "log"]],
  "film-apply": [["strength", 0, 2, 0.05, 1], ["stroke", -2, 2, 0.05, 0, "log"]],
  train: [["minutes", 1, 120, 1, null]],
};
const TITLES = {minutes: "train-minutes"}; /* words whose key is not the setting's name */
const MINUTES = 5; /* of a training, unless it is told otherwise */

let options = [];
let changed = () => {};
/* Of a film, what a painting and what a network has is kept apart: strength is not the same there. */
const values = {paint: {}, apply: {}, train: {minutes: MINUTES}, "film-paint": {}, "film-apply": {}};
let film = false;

export const command = () => document.querySelector("[name=command]:checked").value;
const kind = () => film && command() !== "train" ? `film-${command()}` : command();
const mine = () => values[kind()];
/* Whose options there are. */
const table = () => kind().startsWith("film-") ? "video" : command();

export function put(name, value) {
  if (value === null || value === undefined || value === "")
    delete mine()[name];
  else
    mine()[name] = value;
  changed(name);
}

/* ---- In sight -------------------------------------------------------------------------------- */

function slider([name, low, high, step, usual, log]) {
  const shown = make("span", {class: "value"});
  const real = value => log ? Number((2 ** value).toPrecision(3)) : value;
  const now = mine()[name];
  const input = make("input", {type: "range", min: low, max: high, step,
                               value: now === undefined ? usual ?? low : log ? Math.log2(now) : now});
  const update = () => {
    const value = real(Number(input.value));
    shown.textContent = number(value);
    input.setAttribute("aria-valuetext", shown.textContent);
    return value;
  };
  input.addEventListener("input", () => {
    const value = update();
    put(name, Number(input.value) === usual ? null : value);
  });
  update();
  return make("label", {class: "field", "data-field": name}, make("span", {}, say(TITLES[name] ?? name), " ", shown), input);
}

function fill(select, rows, value) {
  select.replaceChildren(...rows.map(([key, text]) => make("option", {value: key}, text)));
  select.value = value ?? "";
}

function drawSight(about) {
  const size = mine().size;
  get("size-field").hidden = get("colours").hidden = command() === "train";
  get("sliders").replaceChildren(...SLIDERS[kind()].map(slider));
  fill(get("size"), [["", command() === "paint" ? say("size-usual") : say("size-source")],
                     ...[...new Set([...SIZES, ...(Number(size) ? [Number(size)] : [])])].sort((a, b) => a - b)
                         .map(pixels => [pixels, say("pixels", {count: number(pixels, 5)})]),
                     ...(command() === "paint" ? [["source", say("size-source")]] : [])], size);
  fill(get("device"), [["", say("device-usual")],
                       ...(about.devices || []).filter(row => row.index !== null).map(row => [String(row.index), row.name])],
       mine().device);
  for (const radio of document.querySelectorAll("[name=preset], [name=colour]"))
    radio.checked = radio.value === (mine()[radio.name] ?? (radio.name === "preset" ? "default" : "style"));
}

/* ---- All others ------------------------------------------------------------------------------ */

function control(option) {
  const now = mine()[option.name];
  if (option.kind === "flag" || (option.kind === "choice" && option.words.length > 0)) {
    const rows = option.kind === "flag" ? [["true", say("yes")]] : option.words.map(word => [word, word]);
    const select = make("select");
    fill(select, [["", say("usual")], ...rows], now === undefined ? "" : String(now));
    return select;
  }
  return make("input", {type: "text", autocomplete: "off", spellcheck: "false", value: now ?? "",
                        placeholder: option.standard ?? say("usual"), inputmode: option.kind === "text" ? null : "decimal"});
}

function value(option, text) {
  text = text.trim();
  if (option.kind === "flag")
    return text === "true" ? true : null;
  const plain = ["integer", "number"].includes(option.kind) && /^[-+]?[0-9.]+(e[-+]?\d+)?$/i.test(text);
  return text === "" ? null : plain && Number.isFinite(Number(text)) ? Number(text) : text;
}

function row(option) {
  const input = control(option), help = make("small", {id: `help-${option.name}`}, option.help);
  const back = make("button", {type: "button", class: "back", "aria-label": say("put-back", {name: option.name})}, "↺");
  const words = option.words.length > 0 && input.type === "text"
    ? make("datalist", {id: `words-${option.name}`}, ...option.words.map(word => make("option", {value: word}))) : null;
  if (words)
    input.setAttribute("list", words.id);
  const field = make("div", {class: "option", "data-field": option.name},
                     make("label", {class: "field"}, make("span", {}, option.name), input), back, help, words);
  const update = () => {
    const there = mine()[option.name] !== undefined;
    field.classList.toggle("changed", there);
    back.hidden = !there;
  };
  input.setAttribute("aria-describedby", help.id);
  input.addEventListener("change", () => {
    put(option.name, value(option, input.value));
    update();
  });
  back.addEventListener("click", () => {
    input.value = "";
    put(option.name, null);
    update();
    input.focus();
  });
  update();
  return field;
}

function drawOptions() {
  const groups = new Map();
  for (const option of options)
    if (option.command === table() && !IN_SIGHT.includes(option.name))
      groups.set(option.group ?? "", [...(groups.get(option.group ?? "") ?? []), option]);
  get("options").replaceChildren(...[...groups].map(([name, rows]) =>
    make("fieldset", {}, name ? make("legend", {}, name) : null, ...rows.map(row))));
  filter();
}

function filter() {
  const word = get("filter").value.trim().toLowerCase();
  for (const field of document.querySelectorAll("#options .option"))
    field.hidden = !field.textContent.toLowerCase().includes(word);
  for (const group of document.querySelectorAll("#options fieldset"))
    group.hidden = ![...group.querySelectorAll(".option")].some(field => !field.hidden);
}

/* ---- For the others -------------------------------------------------------------------------- */

/* Layers and sizes are objects and lists in a picture's record, and texts here. null: neither. */
function plain(value) {
  if (Array.isArray(value))
    return value.every(Number.isFinite) ? value.join(",") : null;
  if (value !== null && typeof value === "object")
    return Object.entries(value).map(([name, weight]) => `${name}:${weight}`).join(",");
  return value;
}

/* Whether a film is painted, and no photograph. */
export const takeFilm = yes => film = yes;

/* Whether paintings are asked for: to paint, to train, or to refine what a network has painted. */
export const paints = () => command() !== "apply" || mine().refine !== undefined;

/* Of photographs and of films: what is chosen is chosen for both. */
export function forget(name) {
  for (const each of [values[command()], values[`film-${command()}`]])
    delete each?.[name];
}

/* What a job is sent with: only what is not as usual. */
export function current() {
  const {minutes, ...others} = mine();
  /* A training's length is in one of them. */
  return minutes === undefined || others.steps !== undefined ? others : {...others, minutes};
}

export function use(settings) {
  for (const name of Object.keys(mine()))
    delete mine()[name];
  const known = new Set(options.filter(option => option.command === table()).map(option => option.name));
  for (const [name, value] of Object.entries(settings)) {
    const text = plain(value);
    if (known.has(name) && text !== null)
      mine()[name] = text;
  }
  if (command() === "train" && mine().minutes === undefined && mine().steps === undefined)
    mine().minutes = MINUTES;
}

export function draw(about) {
  drawSight(about);
  drawOptions();
}

/* rows: the studio's options. told: called with the name of what changes. */
export function begin(rows, told) {
  options = rows;
  changed = told;
  get("filter").addEventListener("input", filter);
  get("size").addEventListener("change", event => put("size", Number(event.target.value) || event.target.value));
  get("device").addEventListener("change", event => put("device", event.target.value));
  for (const radio of document.querySelectorAll("[name=preset], [name=colour]"))
    radio.addEventListener("change", () =>
      put(radio.name, ["default", "style"].includes(radio.value) ? null : radio.value));
}
