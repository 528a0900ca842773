/* SPDX-License-Identifier: MIT */
/* The picture at hand: as it comes, and what can be done with it. */

import * as api from "./api.js";
import * as compare from "./compare.js";
import {get, make, save, show, speak, tell} from "./dom.js";
import {number, say, time} from "./words.js";

let job = null;      /* the one that is shown */
let shown = "";      /* which picture of it */
let spoken = "";     /* what was last said of it */
let told = {};       /* what others do */
let trying = false;  /* whether what is set is shown small in place of its picture */

const trains = () => job.command === "train";
const films = () => job.command === "video";
/* What there is to see on its way, in words. */
const soFar = () => trains() ? "sample" : films() ? "frame-so-far" : "so-far";

/* ---- Its picture ----------------------------------------------------------------------------- */

async function drawPicture() {
  if (trying)
    return;
  const works = ["works", "stops"].includes(job.state);
  const wanted = works && job.preview ? `${job.id} ${job.preview}` : job.result ? `${job.id} ${job.ended}` : `${job.id}`;
  if (wanted === shown)
    return;
  shown = wanted;
  try {
    if (works && job.preview)
      await draw(await api.blob(`/api/jobs/${job.id}/preview?n=0`), wanted, say(soFar(), job));
    else if (job.result && (trains() || films()))
      await draw(await api.blob(`/api/jobs/${job.id}/thumb`), wanted, say(soFar(), job));
    else if (job.result)
      await draw(await api.blob(`/api/jobs/${job.id}/result`), wanted,
                 say(job.state === "done" ? "result-of" : "part-of", job));
    else
      await draw(await api.blob(`/api/pictures/${job.content}`), wanted, job.name);
  } catch (error) {
    if (wanted !== shown)
      return;
    if (error instanceof api.Refusal) /* rather nothing than another job's */
      show(get("image"), null);
    else
      shown = "";
  }
}

/* What came late is not for another job. */
async function draw(blob, wanted, alternative) {
  if (blob && wanted === shown)
    show(get("image"), blob, alternative);
}

/* ---- Its words ------------------------------------------------------------------------------- */

function frames() {
  const values = {iteration: number(job.iteration ?? 0, 6), iterations: number(job.iterations ?? 0, 6)};
  return job.iteration ? [say(job.iterations ? "frame" : "frame-of-many", values)] : [];
}

function words() {
  if (trying)
    return say("tried");
  if (job.state === "failed")
    return job.error?.text ?? say("state-failed");
  if (job.state !== "works")
    return say(`state-${job.state}`);
  const parts = [say(`phase-${job.phase ?? "preparing"}`)];
  if (films())
    parts.push(...frames());
  else if (job.iterations)
    parts.push(say("step", {iteration: number(job.iteration ?? 0, 6), iterations: number(job.iterations, 6)}));
  else if (job.iteration)
    parts.push(say("step-of-many", {iteration: number(job.iteration, 6)}));
  if (job.left)
    parts.push(say("left", {time: time(job.left)}));
  return parts.join(" · ");
}

/* At each phase and each tenth of the way, not at each step. */
function speakOf() {
  const tenth = Math.floor(10 * (job.share ?? 0));
  const text = job.state === "works" && ["painting", "training"].includes(job.phase) && tenth > 0 ? say("tenth", {percent: 10 * tenth})
    : job.state === "works" ? say(`phase-${job.phase ?? "preparing"}`) : say(`state-${job.state}`);
  if (text !== spoken)
    speak(text);
  spoken = text;
}

/* Of a painting its loss; of a training what the losses of content and style were, and its judge. */
function curves() {
  if (films())
    return [[null, []]];
  if (!trains())
    return [[null, (job.losses ?? []).map(row => [row[0], row[1]])]];
  return [[say("curve-content"), (job.losses ?? []).map(row => [row[0], row[2]])],
          [say("curve-style"), (job.losses ?? []).map(row => [row[0], row[3]])],
          [say("curve-judged"), job.judged ?? []]];
}

/* In logarithms: it falls by a factor, and then by a factor. Each has a range of its own. */
function points(rows, last) {
  const logs = rows.map(row => Math.log(row[1]));
  const low = Math.min(...logs), high = Math.max(...logs);
  return rows.map((row, i) =>
    `${(300 * row[0] / last).toFixed(1)},${(2 + 56 * (high - logs[i]) / (high - low || 1)).toFixed(1)}`).join(" ");
}

function drawLosses() {
  const drawn = curves().map(([name, rows]) => [name, rows.filter(row => row[1] > 0)]);
  const area = get("losses"), last = Math.max(1, ...drawn.map(([, rows]) => rows.at(-1)?.[0] ?? 0));
  const named = drawn.filter(([, rows]) => rows.length > 0).map(([name, rows]) =>
    [name, say("losses", {first: number(rows[0][1]), last: number(rows.at(-1)[1])})]);
  const hidden = drawn[0][1].length < 2;
  area.toggleAttribute("hidden", hidden);
  get("legend").hidden = hidden || !trains();
  [...area.children].forEach((line, i) => line.setAttribute("points", hidden || !drawn[i] ? "" : points(drawn[i][1], last)));
  area.setAttribute("aria-label", named.map(row => row.filter(Boolean).join(": ")).join("; "));
  get("legend").replaceChildren(...(trains() ? drawn : []).map(([name, rows]) =>
    make("li", {}, `${name} ${rows.length > 0 ? number(rows.at(-1)[1]) : ""}`)));
}

/* ---- What can be done ------------------------------------------------------------------------ */

async function act(verb) {
  try {
    await api.send(`/api/jobs/${job.id}/${verb}`);
    get("caption").classList.remove("error");
  } catch (error) {
    tell(get("caption"), error.message);
  }
  told.changed();
}

async function download() {
  if (trains() || films())
    return keep("result", trains() ? "model" : "mp4");
  const format = get("format").value;
  await keep(`result?format=${format}`, format);
}

/* Hands a file of the job to the browser. */
async function keep(path, ending) {
  const {id} = job;
  try {
    save(await api.blob(`/api/jobs/${id}/${path}`), `impasto-${id.slice(0, 8)}.${ending}`);
  } catch (error) {
    tell(get("caption"), error.message);
  }
}

/* The film itself, in the browser's own player. */
async function play() {
  const {id} = job, film = get("film");
  try {
    const blob = await api.blob(`/api/jobs/${id}/result`);
    if (job?.id !== id)
      return;
    closeFilm();
    film.src = URL.createObjectURL(blob);
    film.setAttribute("aria-label", job.name ?? "");
    film.hidden = false;
    film.focus();
    await film.play();
  } catch (error) {
    tell(get("caption"), error instanceof api.Refusal ? error.message : say("film-unplayed"));
  }
}

function closeFilm() {
  const film = get("film");
  if (film.src)
    URL.revokeObjectURL(film.src);
  film.removeAttribute("src");
  film.hidden = true;
}

async function forget() {
  if (!confirm(say("delete-sure")))
    return;
  await api.remove(`/api/jobs/${job.id}`);
  job = null;
  told.changed();
}

const ACTIONS = [
  ["stop", () => ["works", "waits"].includes(job.state), () => act("stop")],
  ["continue", () => ["stopped", "failed"].includes(job.state), () => act("continue")],
  ["first", () => job.state === "waits", () => act("first")],
  ["again", () => ["done", "failed", "stopped"].includes(job.state), () => act("again")],
  ["play", () => films() && job.result && job.state !== "works", play],
  ["download", () => job.result && !["works", "waits"].includes(job.state), download],
  ["report", () => job.report && job.state !== "works", () => keep("report", "html")],
  ["use", () => true, () => told.use(job)],
  ["delete", () => !["works", "stops"].includes(job.state), forget],
];

/* Whoever has pressed one of these finds the other in its place. */
const PARTNERS = {stop: "continue", continue: "stop"};
let awaited = null; /* the one that gets the focus once it is there */

function passFocus(area) {
  if (document.activeElement !== document.body)
    awaited = null; /* it is elsewhere by now */
  const partner = awaited && area.querySelector(`[data-action=${awaited}]:not([hidden])`);
  if (!partner)
    return;
  partner.focus();
  awaited = null;
}

/* Buttons stay while they may: who is at one keeps the focus. */
function drawActions() {
  const area = get("actions"), there = new Map([...area.children].map(button => [button.dataset.action, button]));
  for (const [name, may, run] of ACTIONS) {
    let button = there.get(name);
    if (!button) {
      button = make("button", {type: "button", "data-action": name, onclick: run});
      area.append(button);
    }
    button.textContent = say(name);
    const left = !may() && button === document.activeElement;
    button.hidden = !may();
    if (left) {
      button.blur();
      awaited = PARTNERS[name] ?? null;
    }
  }
  passFocus(area);
  get("format-field").hidden = trains() || films() || area.querySelector("[data-action=download]").hidden;
}

/* ---- The whole ------------------------------------------------------------------------------- */

export const current = () => job?.id;

/* Shows what a style network would make of what is set, until a job is looked at. */
export function tried(blob) {
  trying = job !== null && !["waits", "works", "stops"].includes(job.state);
  if (!trying)
    return;
  shown = "";
  closeFilm();
  show(get("image"), blob, say("tried"));
  tell(get("caption"), words());
}

export const settle = () => trying = false;

/* Shows a job; null: none. */
export function look(next) {
  if (job?.id !== next?.id)
    trying = false;
  if (job?.id !== next?.id || next?.state === "works")
    closeFilm();
  job = next;
  get("legend").hidden = true;
  for (const id of ["progress", "losses", "line"])
    get(id).toggleAttribute("hidden", !job || (id === "progress" && !["works", "stops"].includes(job.state)));
  compare.draw(job, told.jobs());
  if (!job) {
    shown = "";
    show(get("image"), null);
    get("format-field").hidden = true;
    get("actions").replaceChildren();
    tell(get("caption"), say("nothing-yet"));
    return;
  }
  get("progress").value = job.share ?? 0;
  get("caption").classList.toggle("error", job.state === "failed");
  tell(get("caption"), words());
  get("words").textContent = job.line ?? "";
  speakOf();
  drawLosses();
  drawActions();
  drawPicture();
}

/* formats: what a result can be saved as, by their endings. */
export function begin(others, formats) {
  told = others;
  get("format").replaceChildren(...formats.map(name => make("option", {value: name}, name.toUpperCase())));
  compare.begin();
  get("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(get("words").textContent);
    speak(say("copied"));
  });
}
