/* SPDX-License-Identifier: MIT */
/* All jobs, the newest first. The list is the studio's: every tab shows the same. */

import * as api from "./api.js";
import {get, make, show, tell} from "./dom.js";
import {say} from "./words.js";

let jobs = [];
let told = {};
const cards = new Map(); /* by id, with their pictures */

function title(job) {
  const settings = Object.entries(job.settings ?? {}).map(([name, value]) => `${name} ${value}`).join(", ");
  const network = job.command === "train" ? say("training") : job.network;
  return [network, settings].filter(Boolean).join(": ");
}

/* Results have small pictures soon after their end. */
async function drawThumb(card, job) {
  const wanted = job.result ? `${job.ended}` : "content";
  if (card.dataset.wanted === wanted)
    return;
  card.dataset.wanted = wanted;
  const path = job.result ? `/api/jobs/${job.id}/thumb` : `/api/pictures/${job.content}`;
  const blob = await api.blob(path).catch(() => null);
  if (!blob)
    delete card.dataset.wanted;
  else if (card.dataset.wanted === wanted)
    show(card.querySelector("img"), blob, "");
}

function card(job) {
  let item = cards.get(job.id);
  if (!item) {
    const button = make("button", {type: "button", onclick: () => told.look(job.id)},
                        make("img", {alt: "", hidden: true}), make("span", {class: "name"}), make("small", {class: "state"}),
                        make("small", {class: "how"}));
    item = make("li", {}, button);
    cards.set(job.id, item);
  }
  const button = item.firstElementChild, state = say(`state-${job.state}`);
  item.querySelector(".name").textContent = job.name ?? "";
  item.querySelector(".state").textContent = state;
  item.querySelector(".how").textContent = title(job);
  item.className = job.state;
  button.setAttribute("aria-label", say("show", {name: [job.name, title(job)].filter(Boolean).join(", "), state}));
  button.setAttribute("aria-current", String(job.id === told.current()));
  drawThumb(item, job);
  return item;
}

function draw(answer) {
  const area = get("jobs"), items = jobs.map(card);
  items.forEach((item, i) => {
    if (area.children[i] !== item)
      area.insertBefore(item, area.children[i] ?? null);
  });
  while (area.children.length > items.length)
    area.lastElementChild.remove();
  for (const id of cards.keys())
    if (!jobs.some(job => job.id === id))
      cards.delete(id);
  if (!answer)
    return;
  get("older").hidden = !answer.more;
  get("pause").textContent = say(answer.paused ? "go-on-queue" : "pause");
  get("pause").dataset.verb = answer.paused ? "go" : "pause";
  tell(get("warning"), answer.warning || (answer.paused ? say("queue-paused") : ""));
}

export const find = id => jobs.find(job => job.id === id);
export const all = () => jobs;
export const newest = () => jobs.find(job => ["works", "stops"].includes(job.state)) ?? jobs[0] ?? null;

let meanwhile = null; /* what came while a list was on its way; null: none is */

/* What is known of jobs at work, between two lists. That a job has ended comes by lists alone: what was
 * told before that must not undo it. */
export function merge(rows) {
  meanwhile?.push(...rows);
  for (const {state, ...row} of rows) {
    const job = find(row.id);
    if (["waits", "works", "stops"].includes(job?.state))
      Object.assign(job, row);
  }
}

/* Asks for the list anew: as much of it as is shown. */
async function read() {
  const wanted = Math.max(jobs.length, 1);
  meanwhile = [];
  let answer = await api.ask("/api/jobs"), all = answer.jobs;
  while (answer.more && all.length < wanted) {
    answer = {...await api.ask(`/api/jobs?before=${all.at(-1).id}`), paused: answer.paused};
    all = [...all, ...answer.jobs];
  }
  const before = new Map(jobs.map(job => [job.id, job]));
  jobs = all.map(job => ({preview: before.get(job.id)?.preview, ...job}));
  const rows = meanwhile;
  meanwhile = null;
  merge(rows);
  draw(answer);
}

let last = Promise.resolve(), next = null;

/* One list at a time, so that an older one does not come after a newer one. Who asks while one is on its
 * way has the next, which others may share. */
export function renew() {
  next ??= last = last.catch(() => {}).then(() => {
    next = null;
    return read();
  });
  return next;
}

export const mark = () => draw(null);

export function begin(others) {
  told = others;
  get("pause").addEventListener("click", async event => {
    await api.send(`/api/queue/${event.target.dataset.verb}`);
    await renew();
  });
  get("older").addEventListener("click", () => {
    last = last.catch(() => {}).then(async () => {
      const answer = await api.ask(`/api/jobs?before=${jobs.at(-1).id}`);
      jobs = [...jobs, ...answer.jobs];
      draw(answer);
    });
    return last;
  });
}
