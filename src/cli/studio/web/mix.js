/* SPDX-License-Identifier: MIT */
/* Style networks while they are set: two styles of one mix, and a small picture follows the sliders. */

import * as api from "./api.js";
import {get, make} from "./dom.js";
import * as settings from "./settings.js";
import {say} from "./words.js";

/* What a small picture is asked for with; its size is its own. */
const FOLLOWED = ["strength", "stroke", "mix", "colour", "device"];

let row = null;    /* the style that is chosen, as compose.js has it; null: none that mixes */
let wanted = null; /* the latest that is to be painted small */
let busy = false;
let turn = 0;      /* rises when what is on its way is not wanted any more */

/* ---- Two styles ------------------------------------------------------------------------------ */

function put() {
  const second = get("mix-second").value, share = Number(get("mix-share").value);
  get("mix-share").disabled = !second;
  settings.put("mix", second ? `${row.label}:${(1 - share).toFixed(2)},${second}:${share.toFixed(2)}` : null);
}

/* {second, share} of what is set; null: another mix than this part makes. */
function read() {
  const found = /^(.*):([\d.]+),(.*):([\d.]+)$/.exec(settings.current().mix ?? "");
  const [first, second] = found ? [Number(found[2]), Number(found[4])] : [];
  return first + second > 0 && found[1] === row.label ? {second: found[3], share: second / (first + second)} : null;
}

/* next: the style that is chosen; null: none, or its areas have styles of their own. */
export function draw(next) {
  row = next?.mates.length > 1 ? next : null;
  get("mix-part").hidden = !row;
  if (!row)
    return;
  const now = read(), names = row.mates.filter(name => name !== row.label);
  get("mix-second").replaceChildren(make("option", {value: ""}, say("mix-alone")),
                                    ...names.map(name => make("option", {value: name}, name)));
  get("mix-second").value = names.includes(now?.second) ? now.second : "";
  if (now)
    get("mix-share").value = now.share;
  get("mix-share").disabled = !get("mix-second").value;
}

/* ---- A small picture ------------------------------------------------------------------------- */

/* The latest one only: one is on its way at a time. */
async function paint(shown) {
  if (busy)
    return;
  busy = true;
  while (wanted) {
    const {asked, blob} = wanted, mine = turn;
    wanted = null;
    try {
      const set = Object.entries(asked.settings).filter(([name]) => FOLLOWED.includes(name));
      const painted = await api.frame({model: asked.model, ...Object.fromEntries(set)}, blob);
      if (!wanted && mine === turn)
        shown(painted);
    } catch {
      /* What is wrong is told where it is painted in full. */
    }
  }
  busy = false;
}

/* No small picture of what was set until now. */
export function forget() {
  wanted = null;
  turn++;
}

/* Whether a setting is one that the small picture follows. */
export const follows = name => FOLLOWED.includes(name);

/* asked: a job of a style network; blob: its photograph, small. shown: called with the picture. */
export function follow(asked, blob, shown) {
  wanted = {asked, blob};
  paint(shown);
}

export function begin() {
  for (const name of ["mix-second", "mix-share"])
    get(name).addEventListener("input", put);
}
