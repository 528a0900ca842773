/* SPDX-License-Identifier: MIT */
/* Elements, made without HTML: what comes from elsewhere is only ever text. */

export const get = id => document.getElementById(id);

/* make("button", {class: "chief", onclick: f}, "Text", child, ...) */
export function make(name, values = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(values)) {
    if (key.startsWith("on"))
      element.addEventListener(key.slice(2), value);
    else if (value === true)
      element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(key, value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

/* Shows a text in an element that is hidden without one. */
export function tell(element, text) {
  element.textContent = text || "";
  element.hidden = !text;
}

/* Shows a blob in a picture, and lets the last one go. */
export function show(image, blob, alternative) {
  const old = image.dataset.url;
  image.alt = alternative || "";
  if (blob) {
    image.dataset.url = URL.createObjectURL(blob);
    image.src = image.dataset.url;
  } else {
    delete image.dataset.url;
    image.removeAttribute("src");
  }
  image.hidden = !blob;
  if (old)
    URL.revokeObjectURL(old);
}

/* Hands a blob to the browser, to be kept as a file. */
export function save(blob, name) {
  const link = make("a", {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/* What a reader of the page hears, and nobody sees. */
export function speak(text) {
  get("spoken").textContent = text;
}
