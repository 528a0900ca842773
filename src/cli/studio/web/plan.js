/* SPDX-License-Identifier: MIT */
/* What a painting, a film or a training would need, told before it is begun. */

import * as api from "./api.js";
import {get, tell} from "./dom.js";
import {bytes, number, say, time} from "./words.js";

const PAUSE = 300; /* milliseconds after the last change */

let wanted = null; /* what is to be asked for */
let latest = null; /* whose answer is to be told: what is wanted, or a film that is measured */
let busy = false;
let timer = 0;
let measuring = new AbortController(); /* of the request that measures a film */

/* Frames have been measured. They may take more of the disk than is free. */
function filmWords(plan) {
  const parts = [say("plan-size", plan)];
  if (plan.frames)
    parts.push(say("plan-frames", {count: number(plan.frames, 6)}));
  parts.push(say("plan-each", {time: say("seconds", {count: number(plan.each, 2)})}));
  if (plan.seconds)
    parts.push(say("plan-time", {time: time(plan.seconds)}));
  parts.push(say("plan-memory", {bytes: bytes(plan.bytes)}));
  if (plan.disk)
    parts.push(say(plan.exact ? "plan-disk" : "plan-disk-about", {bytes: bytes(plan.disk)}));
  if (plan.free !== null)
    parts.push(say("plan-free", {bytes: bytes(plan.free)}));
  return parts.join(" · ");
}

function words(plan) {
  if ("each" in plan)
    return filmWords(plan);
  const parts = [say("plan-memory", {bytes: bytes(plan.bytes)})];
  if (plan.iterations)
    parts.unshift(say("plan-size", plan), say("plan-iterations", {count: number(plan.iterations, 6)}));
  if (plan.steps)
    parts.unshift(say("plan-steps", {count: number(plan.steps, 6)}));
  if (plan.seconds)
    parts.push(say("plan-time", {time: time(plan.seconds)}));
  return parts.join(" · ");
}

async function answer(asked, signal) {
  try {
    const plan = await api.send("/api/plan", await asked(), signal);
    if (asked === latest)
      draw(words(plan), typeof plan.free === "number" && plan.disk > plan.free);
  } catch (error) {
    if (asked === latest)
      draw(error.message, true);
  }
}

/* The latest one only: answers take a moment, and changes come faster. */
async function run() {
  if (busy || !wanted)
    return;
  const asked = wanted;
  busy = true;
  await answer(asked);
  busy = false;
  if (asked !== wanted)
    run();
}

function draw(text, wrong) {
  get("plan").classList.toggle("error", wrong);
  tell(get("plan"), text);
}

/* What was asked for is not wanted any more. The studio ends a measuring whose request goes. */
function letGo() {
  clearTimeout(timer);
  measuring.abort();
  measuring = new AbortController();
}

/* Now, as it takes a while: the film's first frames are painted for it. */
export function measure(asked) {
  letGo();
  wanted = null;
  latest = asked;
  draw(say("plan-measures"), false);
  answer(asked, measuring.signal);
}

/* asked: gives a job, as it would be sent; null: there is none yet. */
export function ask(asked) {
  letGo();
  wanted = latest = asked;
  if (!asked)
    draw("", false);
  else
    timer = setTimeout(run, PAUSE);
}
