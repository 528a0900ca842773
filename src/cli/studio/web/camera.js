/* SPDX-License-Identifier: MIT */
/* The camera, painted by a style network as it looks: one request a frame, two on their way. */

import * as api from "./api.js";
import {get, make, show, tell} from "./dom.js";
import {number, say} from "./words.js";

const BASE = "base-16"; /* the network of several styles, which mix */
const LONGER = 480;     /* pixels of a frame's longer side */
const ON_THEIR_WAY = 2;

let styles = [];        /* {value, label, model, mix}; those of the network that mixes first */
let mixing = 0;         /* how many of them mix */
let taken = () => {};
let stream = null;
let opened = 0;         /* how often: a camera that was asked for earlier is not wanted any more */
let count = 0, seen = 0; /* the frames that were sent, and the latest that is shown */
let times = [];          /* when the last ones came, seconds */

const find = value => styles.find(row => row.value === value);
const mixes = value => styles.findIndex(row => row.value === value) < mixing;

/* What the network is asked for. */
function settings() {
  const first = get("camera-style").value, second = get("camera-second").value;
  const share = Number(get("camera-mix").value), strength = get("camera-strength").value;
  const {model, mix} = find(first) ?? {model: first};
  if (!second || !mixes(first) || second === first)
    return {model, strength, ...(mix ? {mix} : {})};
  return {model: BASE, strength, mix: `${first}:${(1 - share).toFixed(2)},${second}:${share.toFixed(2)}`};
}

/* A mix needs two styles of one network. */
function drawMix() {
  const may = mixes(get("camera-style").value);
  get("camera-second").disabled = !may;
  get("camera-mix").disabled = !may || !get("camera-second").value;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

function capture() {
  const video = get("camera-video"), canvas = document.createElement("canvas");
  const scale = Math.min(1, LONGER / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.max(16, Math.round(video.videoWidth * scale));
  canvas.height = Math.max(16, Math.round(video.videoHeight * scale));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise(made => canvas.toBlob(made, "image/jpeg", .9));
}

/* How many a second there were of late. */
function pace() {
  const now = performance.now() / 1000;
  times = [...times.filter(time => now - time < 5), now];
  return times.length > 1 ? (times.length - 1) / (now - times[0]) : 0;
}

async function paint(mine) {
  while (stream === mine) {
    const frame = ++count;
    try {
      const painted = await api.frame(settings(), await capture());
      if (stream !== mine)
        return;
      if (frame > seen) {
        seen = frame;
        show(get("camera-image"), painted, say("camera-is"));
        const now = pace();
        tell(get("camera-pace"), now > 0 ? say("camera-pace", {count: number(now, 2)}) : "");
      }
      tell(get("camera-error"), "");
    } catch (error) {
      if (stream !== mine)
        return;
      tell(get("camera-error"), error.message);
      await new Promise(later => setTimeout(later, 1000));
    }
  }
}

/* ---- The dialog ------------------------------------------------------------------------------ */

async function open() {
  const turn = ++opened;
  const chosen = document.querySelector("[name=model]:checked");
  if (chosen)
    get("camera-style").value = chosen.value;
  drawMix();
  get("camera").showModal();
  tell(get("camera-error"), "");
  try {
    const video = get("camera-video"), mine = await navigator.mediaDevices.getUserMedia({video: true});
    if (turn !== opened || !get("camera").open) {
      mine.getTracks().forEach(track => track.stop());
      return;
    }
    stream = mine;
    video.srcObject = mine;
    await video.play();
    for (let i = 0; i < ON_THEIR_WAY; i++)
      paint(mine);
  } catch {
    tell(get("camera-error"), say("camera-none"));
  }
}

function close() {
  stream?.getTracks().forEach(track => track.stop());
  stream = get("camera-video").srcObject = null;
  times = [];
}

/* The frame as the camera has it becomes the photograph. */
async function take() {
  if (!stream)
    return;
  const picture = new File([await capture()], "camera.jpg", {type: "image/jpeg"});
  get("camera").close();
  taken([picture]);
}

function fill(select, rows) {
  const now = select.value;
  select.replaceChildren(...rows.map(([value, text]) => make("option", {value}, text)));
  if (rows.some(row => row[0] === now))
    select.value = now;
}

/* rows: the styles that there are; mixed: the first so many mix. */
export function draw(rows, mixed) {
  const named = rows.map(row => [row.value, row.label]);
  styles = rows;
  mixing = mixed;
  get("camera-open").hidden = rows.length === 0 || !navigator.mediaDevices;
  fill(get("camera-style"), named);
  fill(get("camera-second"), [["", say("mix-alone")], ...named.slice(0, mixed)]);
  drawMix();
}

/* told: called with a list of the file that becomes the photograph. */
export function begin(told) {
  taken = told;
  get("camera-open").addEventListener("click", open);
  get("camera-take").addEventListener("click", take);
  get("camera-close").addEventListener("click", () => get("camera").close());
  get("camera").addEventListener("close", close);
  for (const name of ["camera-style", "camera-second"])
    get(name).addEventListener("change", drawMix);
}
