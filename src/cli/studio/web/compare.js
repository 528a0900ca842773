/* SPDX-License-Identifier: MIT */
/* The picture at hand beside its photograph or another result, and what was set otherwise there. */

import * as api from "./api.js";
import {get, make, show} from "./dom.js";
import {number, say} from "./words.js";

let job = null;
let others = [];  /* jobs with a result */
let shown = "";   /* what lies over the picture */

const other = () => others.find(row => row.id === get("against").value);

function slide() {
  get("before").style.clipPath = `inset(0 ${100 - Number(get("compare").value)}% 0 0)`;
}

/* All that a job was asked with, by name. */
function facts(row) {
  const styles = (row.styles ?? []).map(style => (row.styles.length > 1 ? `${style.name} ${number(style.weight ?? 1)}`
                                                                        : style.name));
  return {[say("photograph")]: row.name, [say("paintings")]: styles.join(", "), [say("networks")]: row.network ?? "",
          [say("areas")]: row.masks || row.regions || row.keep ? say("yes") : "", ...row.settings};
}

function drawDifferences() {
  const than = other(), area = get("differences");
  area.hidden = !than;
  if (!than)
    return;
  const here = facts(job), there = facts(than);
  const value = found => found === undefined || found === "" ? say("usual") : String(found);
  const rows = [...new Set([...Object.keys(here), ...Object.keys(there)])]
    .filter(name => value(here[name]) !== value(there[name]))
    .map(name => make("tr", {}, make("th", {scope: "row"}, name), make("td", {}, value(here[name])),
                      make("td", {}, value(there[name]))));
  area.replaceChildren(make("caption", {}, say(rows.length > 0 ? "differences" : "differences-none")));
  if (rows.length > 0)
    area.append(make("thead", {}, make("tr", {}, make("td"), make("th", {scope: "col"}, say("this-one")),
                                       make("th", {scope: "col"}, say("other-one")))),
                make("tbody", {}, ...rows));
}

async function drawOther() {
  const than = other(), path = than ? `/api/jobs/${than.id}/result` : `/api/pictures/${job.content}`;
  const wanted = than ? `${path} ${than.ended}` : path;
  drawDifferences();
  if (shown === wanted)
    return;
  shown = wanted;
  get("compare").value = 0;
  slide();
  const blob = await api.blob(path).catch(() => null);
  if (shown === wanted)
    show(get("before"), blob, "");
}

/* The list stays as it is while it says the same: who is at it keeps the place. */
function drawList() {
  const select = get("against"), now = select.value;
  const rows = [["", say("photograph")], ...others.map(row => [row.id, `${row.name}, ${row.id.slice(0, 4)}`])];
  const same = rows.length === select.options.length &&
    rows.every(([id, text], i) => select.options[i].value === id && select.options[i].text === text);
  if (!same)
    select.replaceChildren(...rows.map(([value, text]) => make("option", {value}, text)));
  select.value = others.some(row => row.id === now) ? now : "";
}

/* next: null: none. jobs: all that are listed. */
export function draw(next, jobs) {
  job = next;
  others = jobs.filter(row => row.result && row.id !== job?.id && !["train", "video"].includes(row.command));
  const none = !job || ["train", "video"].includes(job.command);
  get("compare-part").hidden = none || (!job.result && !job.preview);
  if (none) {
    shown = "";
    show(get("before"), null);
    return;
  }
  drawList();
  drawOther();
}

export function begin() {
  get("compare").addEventListener("input", slide);
  get("against").addEventListener("change", drawOther);
}
