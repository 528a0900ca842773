/* SPDX-License-Identifier: MIT */
/* The studio's side of the wire: a token in a header, JSON, pictures as blobs, events as a stream.
 * No cookie: cookies do not know ports, so other servers on this machine would get it. */

const KEY = "impasto-token";
const HOLD = 3600e3; /* milliseconds */
const page = crypto.randomUUID().replaceAll("-", "");
let token = sessionStorage.getItem(KEY);
let held = [];

export class Refusal extends Error {
  constructor(status, body) {
    super(body.error || String(status));
    this.status = status;
    this.field = body.field;
  }
}

async function call(method, path, body, headers = {}, more = {}) {
  const answer = await fetch(path, {method, body, ...more, headers: {...headers, "X-Impasto-Token": token ?? ""},
                                    cache: "no-store", credentials: "omit", redirect: "error"});
  if (!answer.ok)
    throw new Refusal(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

export const ask = async path => (await call("GET", path)).json();
export const send = async (path, body = {}, signal = null) =>
  (await call("POST", path, JSON.stringify(body), {}, {signal})).json();
export const remove = path => call("DELETE", path);
/* null: there is none newer. */
export async function blob(path) {
  const answer = await call("GET", path);
  return answer.status === 204 ? null : answer.blob();
}
export const upload = async (file, path = "/api/pictures") =>
  (await call("POST", path, file, {"X-Impasto-Name": encodeURIComponent(file.name || "picture"),
                                              "X-Impasto-Page": page})).json();

/* A camera's frame, painted. settings: in words. */
export const frame = async (settings, picture) =>
  (await call("POST", `/api/frames?${new URLSearchParams(settings)}`, picture)).blob();

/* ---- Pictures in hand ------------------------------------------------------------------------ */

/* They stay in the studio while this page is open, whatever its quota. */
function tellHeld(pictures = held) {
  if (token)
    call("POST", "/api/pages", JSON.stringify({page, pictures}), {}, {keepalive: true}).catch(() => {});
}

/* pictures: ids. */
export function hold(pictures) {
  if (pictures.join() === held.join())
    return;
  held = pictures;
  tellHeld();
}

setInterval(tellHeld, HOLD);
addEventListener("pagehide", () => tellHeld([]));
addEventListener("pageshow", event => event.persisted && tellHeld());

/* ---- The token ------------------------------------------------------------------------------- */

const tabs = new BroadcastChannel("impasto");
tabs.onmessage = ({data}) => {
  if (data === "who" && token)
    tabs.postMessage({token});
};

/* Another tab of the same studio may have one. */
function fromOtherTab() {
  return new Promise(found => {
    const channel = new BroadcastChannel("impasto");
    const end = value => { channel.close(); found(value); };
    channel.onmessage = ({data}) => data.token && end(data.token);
    channel.postMessage("who");
    setTimeout(() => end(null), 300);
  });
}

function keep(value) {
  token = value;
  sessionStorage.setItem(KEY, value);
}

/* Spends the code in the address, if there is one. false: nobody has let us in. */
export async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", "/");
    try {
      keep((await (await call("POST", "/api/session", code)).json()).token);
      return true;
    } catch (error) {
      if (!(error instanceof Refusal))
        throw error;
    }
  }
  if (!token) {
    const other = await fromOtherTab();
    if (other)
      keep(other);
  }
  if (!token)
    return false;
  try {
    await ask("/api/about");
    return true;
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401)
      throw error;
    sessionStorage.removeItem(KEY);
    token = null;
    return false;
  }
}

/* ---- Events ---------------------------------------------------------------------------------- */

async function read(take, signal) {
  const answer = await fetch("/api/events", {headers: {"X-Impasto-Token": token}, signal, cache: "no-store"});
  if (!answer.ok)
    throw new Refusal(answer.status, {});
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done)
      return;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      const data = event.split("\n").find(line => line.startsWith("data: "));
      if (data)
        take(JSON.parse(data.slice(6)));
    }
  }
}

/* Calls take for each event, and tell with whether the studio answers. While nobody looks at the
 * tab, the stream is closed: a browser opens few connections. */
export async function listen(take, tell) {
  for (;;) {
    while (document.hidden)
      await new Promise(seen => document.addEventListener("visibilitychange", seen, {once: true}));
    const stop = new AbortController();
    const hide = () => document.hidden && stop.abort();
    document.addEventListener("visibilitychange", hide);
    try {
      tell(true);
      await read(take, stop.signal);
    } catch (error) {
      if (error instanceof Refusal && error.status === 401)
        return;
      if (!stop.signal.aborted)
        tell(false);
    }
    document.removeEventListener("visibilitychange", hide);
    if (!stop.signal.aborted)
      await new Promise(later => setTimeout(later, 1000));
  }
}
