/* SPDX-License-Identifier: MIT */
/* Areas of the photograph, painted over it: which painting goes where, and what stays as it is. A
 * mouse, a pen, fingers and keys all press, move and release the same tools. */

import * as api from "./api.js";
import {get, make, save, show, speak, tell} from "./dom.js";
import {AreaMap, COLOURS, FIRST, KEEP, PAINTINGS_MOST} from "./map.js";
import {number, say} from "./words.js";

const LONGER = 1024;   /* pixels of a map's longer side, at the most */
const ZOOM_MOST = 8;

let map = null;
let sent = null;       /* the map as the studio has it; null: it has changed */
let version = 0;       /* of the map: what was sent of an earlier one is not this one */
let paintings = [];    /* {name, blob}, or {name, mix} of a network's styles; none: what is painted has no name */
let more = [];         /* names of styles that may join them */
let joined = () => {};
let value = KEEP;      /* what is painted with */
let zoom = 1;
let cursor = {x: 0, y: 0};
let held = null;       /* the tool at work: {tool, from, last, value} */
const fingers = new Map();
let pinch = null;

const tool = () => document.querySelector("[name=tool]:checked").value;
const canvas = () => get("area-canvas");
const names = () => paintings.length > 0 ? paintings.map(row => row.name) : [say("area-painted")];
const label = at => at === KEEP ? say("area-keep") : names()[at - 1];

/* ---- The map --------------------------------------------------------------------------------- */

function changed() {
  sent = null;
  version++;
  drawShares();
}

/* How much is painted with what, for those who do not see it, and for all. */
function sentence() {
  const shares = map.shares();
  return [...names().map((name, i) => [name, shares[i + 1]]), [say("area-keep"), shares[KEEP]]]
    .filter(row => row[1] > 0)
    .map(([name, share]) => say("area-share", {name, percent: number(100 * share, 2)})).join(" · ");
}

function drawShares() {
  tell(get("area-shares"), map ? sentence() : "");
  tell(get("areas-now"), map?.isPainted() ? sentence() : "");
  get("areas-drop").hidden = !map?.isPainted();
  get("area-undo").disabled = !map || map.done.length === 0;
  get("area-redo").disabled = !map || map.undone.length === 0;
}

function drawMap(box) {
  map.draw(canvas(), box);
}

/* ---- Tools ----------------------------------------------------------------------------------- */

const radius = pressure => Math.max(.75, Number(get("area-size").value) / 2 * pressure);

function press(point, pressure = 1) {
  const name = tool();
  held = {name, from: point, last: point, value: name === "eraser" ? FIRST : value};
  map.begin();
  if (name === "fill")
    drawMap(map.fill(point, held.value));
  else
    move(point, pressure);
}

function move(point, pressure = 1) {
  if (!held || held.name === "fill")
    return;
  if (held.name === "line") {
    map.restore();
    map.line(held.from, point, radius(pressure), held.value);
    drawMap();
  } else {
    drawMap(map.line(held.last, point, radius(pressure), held.value));
  }
  held.last = point;
}

function release() {
  if (!held)
    return;
  held = null;
  map.end();
  changed();
}

function cancel() {
  if (!held)
    return;
  map.restore();
  map.end();
  held = null;
  drawMap();
}

function step(back) {
  cancel();
  if (!(back ? map.undo() : map.redo()))
    return;
  drawMap();
  changed();
}

/* ---- What is seen ---------------------------------------------------------------------------- */

/* A mouse may leave the canvas when its map has gone. */
function drawCursor(there) {
  const ring = get("area-cursor");
  ring.hidden = !there || !map;
  if (!map)
    return;
  const scale = canvas().getBoundingClientRect().width / map.width, side = 2 * radius(1) * scale;
  ring.style.width = ring.style.height = `${side}px`;
  ring.style.insetInlineStart = `${cursor.x * scale - side / 2}px`;
  ring.style.insetBlockStart = `${cursor.y * scale - side / 2}px`;
}

/* At a zoom of 1, all of it fits. */
function drawBoard() {
  const frame = get("area-frame"), board = get("area-board");
  const most = Math.min(frame.clientWidth, Math.max(160, innerHeight * .7) * map.width / map.height);
  board.style.width = `${Math.floor(most * zoom)}px`;
  canvas().style.opacity = get("area-opacity").value;
  drawCursor(!get("area-cursor").hidden);
}

/* around: of the window, what stays where it is. */
function setZoom(next, around) {
  const frame = get("area-frame"), before = canvas().getBoundingClientRect();
  const at = around ?? {x: before.x + before.width / 2, y: before.y + before.height / 2};
  const share = {x: (at.x - before.x) / before.width, y: (at.y - before.y) / before.height};
  zoom = Math.min(ZOOM_MOST, Math.max(1, next));
  get("area-zoom").value = zoom;
  drawBoard();
  const after = canvas().getBoundingClientRect();
  frame.scrollLeft += after.x + share.x * after.width - at.x;
  frame.scrollTop += after.y + share.y * after.height - at.y;
}

/* Styles that the network has besides. */
function drawMore() {
  const left = paintings.length < PAINTINGS_MOST ? more : [];
  get("area-add-field").hidden = left.length === 0;
  get("area-add").replaceChildren(make("option", {value: ""}, say("area-add-none")),
                                  ...left.map(name => make("option", {value: name}, name)));
}

function drawColours() {
  drawMore();
  const area = get("area-colours");
  value = Math.min(value, names().length);
  area.replaceChildren(area.firstElementChild, ...[...names().keys()].map(i => i + 1).concat(KEEP).map(at => {
    const radio = make("input", {type: "radio", name: "area", value: at}), swatch = make("span", {class: "swatch"});
    const image = paintings[at - 1]?.blob ? make("img", {class: "swatch"}) : null;
    swatch.style.background = `#${COLOURS[at]}`;
    radio.checked = at === value;
    radio.addEventListener("change", () => value = at);
    if (image)
      show(image, paintings[at - 1].blob, "");
    return make("label", {}, radio, swatch, image, make("span", {class: "name"}, label(at)));
  }));
}

/* ---- Mouse, pen, fingers --------------------------------------------------------------------- */

function pointOf(event) {
  const box = canvas().getBoundingClientRect();
  return {x: (event.clientX - box.x) * map.width / box.width, y: (event.clientY - box.y) * map.height / box.height};
}

const pressureOf = event => event.pointerType === "pen" && event.pressure > 0 ? event.pressure : 1;

/* Where two fingers are, and how far apart. */
function spread() {
  const [a, b] = [...fingers.values()];
  return {x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, far: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y))};
}

function onDown(event) {
  if (event.button > 0 || !map)
    return;
  event.preventDefault();
  canvas().focus({preventScroll: true});
  canvas().setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
  if (fingers.size === 1) {
    press(pointOf(event), pressureOf(event));
  } else if (fingers.size === 2) {
    cancel();
    pinch = {...spread(), zoom};
  }
}

function onMove(event) {
  if (!map)
    return;
  cursor = pointOf(event);
  drawCursor(true);
  if (!fingers.has(event.pointerId))
    return;
  fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
  if (fingers.size === 1 && !pinch)
    move(cursor, pressureOf(event));
  else if (fingers.size === 2 && pinch) {
    const now = spread(), frame = get("area-frame");
    frame.scrollLeft -= now.x - pinch.x;
    frame.scrollTop -= now.y - pinch.y;
    setZoom(pinch.zoom * now.far / pinch.far, now);
    pinch = {...now, zoom};
  }
}

function onUp(event) {
  if (!fingers.delete(event.pointerId))
    return;
  if (!pinch && event.type === "pointerup")
    release();
  else
    cancel();
  if (fingers.size === 0)
    pinch = null;
}

function onWheel(event) {
  event.preventDefault();
  if (event.ctrlKey)
    setZoom(zoom * (event.deltaY < 0 ? 1.25 : .8), {x: event.clientX, y: event.clientY});
  else
    setSize(event.deltaY < 0 ? 1.15 : 1 / 1.15);
}

/* ---- Keys ------------------------------------------------------------------------------------ */

function setSize(factor) {
  const slider = get("area-size"), now = Number(slider.value);
  slider.value = factor > 1 ? Math.max(now + 1, Math.round(now * factor)) : Math.min(now - 1, Math.round(now * factor));
  drawCursor(true);
}

function travel(event, x, y) {
  const pace = event.shiftKey ? 1 : Math.max(1, radius(1));
  cursor = {x: Math.min(map.width, Math.max(0, cursor.x + pace * x)),
            y: Math.min(map.height, Math.max(0, cursor.y + pace * y))};
  move(cursor);
  drawCursor(true);
  get("area-cursor").scrollIntoView({block: "nearest", inline: "nearest"});
}

/* Puts the tool down, or lifts it. */
function toggle() {
  if (held)
    release();
  else
    press(cursor);
  if (held?.name === "fill")
    release();
  speak(held ? say("tool-down", {name: say(`tool-${held.name}`)}) : sentence());
}

function pick(group, wanted) {
  const radio = document.querySelector(`[name=${group}][value="${wanted}"]`);
  radio?.click();
  if (radio)
    speak(radio.parentElement.textContent);
}

const KEYS = {
  ArrowLeft: event => travel(event, -1, 0), ArrowRight: event => travel(event, 1, 0),
  ArrowUp: event => travel(event, 0, -1), ArrowDown: event => travel(event, 0, 1),
  " ": toggle, "[": () => setSize(.87), "]": () => setSize(1.15),
  "+": () => setZoom(zoom * 1.25), "-": () => setZoom(zoom * .8),
  b: () => pick("tool", "brush"), e: () => pick("tool", "eraser"), f: () => pick("tool", "fill"),
  l: () => pick("tool", "line"), z: event => step(!event.shiftKey), y: () => step(false),
};

function onKey(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const run = /^[0-6]$/.test(key) ? () => pick("area", key) : KEYS[key];
  if (!run || event.altKey || ((event.ctrlKey || event.metaKey) && !"zy".includes(key)))
    return;
  event.preventDefault();
  run(event);
}

/* ---- The dialog ------------------------------------------------------------------------------ */

function start(width, height) {
  map = new AreaMap(width, height);
  get("area-size").max = Math.ceil(Math.max(width, height) / 3);
  get("area-size").value = Math.ceil(Math.max(width, height) / 16);
  cursor = {x: width / 2, y: height / 2};
  value = paintings.length > 1 ? 2 : KEEP;
}

function open() {
  const image = get("content-image");
  if (!map) {
    const longer = Math.max(image.naturalWidth, image.naturalHeight), scale = longer >= LONGER / 2 ? LONGER / longer : 1;
    start(Math.max(1, Math.round(image.naturalWidth * scale)), Math.max(1, Math.round(image.naturalHeight * scale)));
  }
  canvas().width = map.width;
  canvas().height = map.height;
  get("area-photo").src = image.src;
  tell(get("area-error"), "");
  drawColours();
  get("areas").showModal();
  zoom = Number(get("area-zoom").value = 1);
  drawMap();
  drawBoard();
  drawShares();
}

async function read(files) {
  try {
    await map.read(files[0], COLOURS.slice(0, names().length + 1));
    tell(get("area-error"), "");
  } catch {
    tell(get("area-error"), say("area-unread"));
  }
  drawMap();
  changed();
}

function clear() {
  map.begin();
  map.cells.fill(FIRST);
  map.box = map.whole;
  map.end();
  drawMap();
  changed();
}

/* ---- For the others -------------------------------------------------------------------------- */

/* The photograph has gone, and its areas with it. */
export function forget() {
  map = sent = null;
  version++;
  drawShares();
}

/* Takes over the areas of an earlier job, which has them in one picture if this page has made it. */
export async function use(job) {
  const rows = [job.keep, ...(job.masks ?? job.regions ?? [])].filter(Boolean);
  forget();
  if (rows.length === 0 || rows.some(row => row.picture !== rows[0].picture || !row.colour))
    return;
  const blob = await api.blob(`/api/pictures/${rows[0].picture}/map`), picture = await createImageBitmap(blob);
  const colours = [job.keep?.colour ?? COLOURS[KEEP], ...(job.masks ? [] : [COLOURS[FIRST]]),
                   ...(job.masks ?? job.regions ?? []).map(row => row.colour)];
  start(picture.width, picture.height);
  await map.read(blob, colours);
  map.done = [];
  drawShares();
}

/* rows: the paintings as they are now, or a network's styles. may: there is one photograph. others:
 * styles that may join them. */
export function draw(rows, may, others = []) {
  paintings = rows;
  more = others;
  if (get("areas").open)
    drawColours();
  get("areas-part").hidden = !may || rows.length > PAINTINGS_MOST;
  drawShares();
}

export function removePainting(index) {
  map?.remove(index + 1);
  sent = null;
  version++;
}

/* What a job is asked with: nothing where nothing was painted. Throws where a painting has no area. */
export async function asked() {
  const shares = map?.isPainted() && !get("areas-part").hidden ? map.shares() : null;
  if (!shares)
    return {};
  const network = paintings.some(row => row.mix);
  const empty = network ? -1 : names().findIndex((_, i) => shares[i + 1] === 0);
  if (empty >= 0)
    throw Object.assign(new Error(say("area-none", {name: names()[empty]})), {field: "masks"});
  const began = version, mine = sent ?? await api.upload(new File([await map.png()], "map.png"));
  if (version === began)
    sent = mine;
  const mask = at => ({picture: mine.id, colour: COLOURS[at]});
  return {...(shares[KEEP] > 0 ? {keep: mask(KEEP)} : {}),
          ...(network ? {regions: paintings.map((row, i) => ({...mask(i + 1), mix: row.mix}))
                                           .filter((_, i) => i > 0 && shares[i + 1] > 0)}
                      : paintings.length > 1 ? {masks: paintings.map((_, i) => mask(i + 1))} : {})};
}

/* The map, where the studio has it. */
export const inHand = () => sent ? [sent] : [];

/* told: called when the areas have changed, and nobody is at them any more. joins: called with the
 * name of a style that is to join. */
export function begin(told, joins) {
  joined = joins;
  get("area-add").addEventListener("change", event => {
    if (!event.target.value)
      return;
    joined(event.target.value);
    value = names().length;
    drawColours();
    document.querySelector(`[name=area][value="${value}"]`)?.focus();
  });
  const area = canvas();
  get("areas-open").addEventListener("click", open);
  get("areas-drop").addEventListener("click", () => {
    forget();
    told();
    get("areas-open").focus();
  });
  get("area-done").addEventListener("click", () => get("areas").close());
  get("areas").addEventListener("close", () => {
    cancel();
    told();
  });
  get("area-undo").addEventListener("click", () => step(true));
  get("area-redo").addEventListener("click", () => step(false));
  get("area-clear").addEventListener("click", clear);
  get("area-export").addEventListener("click", async () => save(await map.png(), "map.png"));
  get("area-import").addEventListener("change", async event => {
    await read(event.target.files);
    event.target.value = "";
  });
  get("area-opacity").addEventListener("input", drawBoard);
  get("area-zoom").addEventListener("input", event => setZoom(Number(event.target.value)));
  area.addEventListener("pointerdown", onDown);
  area.addEventListener("pointermove", onMove);
  area.addEventListener("pointerup", onUp);
  area.addEventListener("pointercancel", onUp);
  area.addEventListener("pointerleave", () => drawCursor(document.activeElement === area));
  area.addEventListener("wheel", onWheel, {passive: false});
  area.addEventListener("keydown", onKey);
  area.addEventListener("focus", () => drawCursor(true));
  area.addEventListener("blur", () => drawCursor(false));
  addEventListener("resize", () => get("areas").open && drawBoard());
}
