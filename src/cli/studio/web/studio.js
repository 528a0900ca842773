/* SPDX-License-Identifier: MIT */
/* The page: opens the session, draws the parts, and keeps them up to date. */

import * as api from "./api.js";
import * as compose from "./compose.js";
import {get, tell} from "./dom.js";
import * as gallery from "./gallery.js";
import * as view from "./view.js";
import {choose, say, translate} from "./words.js";

let about = {};
let done = 0; /* jobs, of which the last tells how fast the device is */
let trained = ""; /* the trainings that have a network, and whether that keeps its pictures. One that goes on has none */

/* chosen: by who looks. */
function look(id, chosen = false) {
  if (chosen)
    view.settle();
  view.look(gallery.find(id) ?? gallery.newest());
  gallery.mark();
}

async function renew() {
  await gallery.renew();
  const now = gallery.all().filter(job => job.state === "done").length;
  if (now !== done)
    compose.paceChanged();
  done = now;
  const trainings = gallery.all()
    .filter(job => job.command === "train" && job.result && !["works", "stops"].includes(job.state))
    .map(job => `${job.id} ${job.pictures}`).join();
  if (trainings !== trained) {
    trained = trainings;
    const facts = await api.ask("/api/about").catch(error => {
      trained = null; /* to be asked again */
      throw error;
    });
    if (trained === trainings) /* what came late is of others */
      compose.drawNetworks(about = facts);
  }
  look(view.current());
}

/* The last one that was sent is the one to look at. */
async function sent(job) {
  await gallery.renew();
  look(job.id);
}

async function hear(event) {
  if (event.jobs) {
    gallery.merge(event.jobs);
    look(view.current());
    return;
  }
  if (!about.devices || !about.models) {
    about = await api.ask("/api/about");
    compose.draw(about);
  }
  await renew();
}

function draw() {
  translate();
  compose.draw(about);
  look(view.current());
  get("status").textContent = say("ready");
}

async function begin() {
  get("language").value = choose();
  translate();
  if (!await api.enter()) {
    tell(get("closed"), say("link-needed"));
    return;
  }
  about = await api.ask("/api/about");
  const {options} = await api.ask("/api/options");
  get("main").hidden = false;
  compose.begin(about, options, {sent, tried: view.tried});
  gallery.begin({look: id => look(id, true), current: view.current});
  view.begin({changed: renew, use: compose.use, jobs: gallery.all}, about.formats);
  get("language").addEventListener("change", async event => {
    choose(event.target.value);
    draw();
    await renew();
  });
  await renew();
  get("status").textContent = say("ready");
  await api.listen(hear, there => get("status").textContent = say(there ? "ready" : "lost"));
  tell(get("closed"), say("link-needed"));
}

begin().catch(error => tell(get("closed"), error.message));
