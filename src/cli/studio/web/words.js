/* SPDX-License-Identifier: MIT */
/* All words of the page, by language. Markup names them by data-t, scripts by say(). */

export const words = {
en: {
"skip": "To the picture",
"language": "Language",
"compose": "A new picture",
"photograph": "Photograph",
"drop-photograph": "Drop or paste a photograph here, or choose one",
"photograph-is": "The photograph {name}, {width} by {height} pixels",
"made": "It says how it was made: use its settings",
"how": "How",
"how-paint": "Paint it like a painting (minutes)",
"how-apply": "With a style network (a moment)",
"paintings": "Paintings",
"drop-painting": "Drop or choose one or more paintings",
"painting-is": "The painting {name}",
"weight": "Share of {name}",
"remove": "Remove {name}",
"networks": "Style",
"preset": "Care",
"preset-quick": "Quick",
"preset-default": "Usual",
"preset-fine": "Fine",
"preset-classic": "Classic",
"strength": "Strength",
"style-scale": "Size of strokes",
"stroke": "Size of strokes",
"colour": "Colours",
"colour-style": "The painting's",
"colour-luma": "The photograph's",
"colour-match": "Matched",
"size": "Longer side",
"size-usual": "as the preset says",
"size-source": "as the photograph",
"pixels": "{count} pixels",
"device": "Device",
"device-usual": "the best one",
"more": "More settings",
"filter": "Look for",
"put-back": "Put {name} back",
"usual": "usual",
"yes": "yes",
"go": "Paint",
"picture": "Picture",
"nothing-yet": "Drop a photograph and a painting, and press Paint.",
"compare": "Compare with the photograph",
"line": "The same by command line",
"copy": "Copy",
"copied": "Copied",
"gallery": "Pictures so far",
"older": "Older ones",
"pause": "Pause the queue",
"go-on-queue": "Let the queue go on",
"queue-paused": "The queue is paused.",
"stop": "Stop",
"continue": "Go on",
"again": "Once more",
"first": "Next",
"download": "Download",
"use": "Use these settings",
"delete": "Delete",
"delete-sure": "Delete this picture and its job?",
"state-waits": "waits",
"state-works": "at work",
"state-stops": "stopping",
"state-stopped": "stopped",
"state-done": "done",
"state-failed": "failed",
"phase-loading": "loading the pictures",
"phase-opening": "opening the device",
"phase-preparing": "preparing",
"phase-painting": "painting",
"phase-saving": "saving",
"step": "{iteration} of {iterations} iterations",
"left": "about {time} left",
"seconds": "{count} s",
"minutes": "{count} min",
"result-of": "Result, {width} by {height} pixels",
"so-far": "The picture after {iteration} of {iterations} iterations",
"part-of": "The picture when it was stopped",
"losses": "How the loss fell, from {first} to {last}",
"tenth": "{percent} percent",
"show": "{name}, {state}",
"uploading": "Looking at {name} …",
"ready": "Ready",
"lost": "The studio does not answer. Trying again …",
"link-needed": "Open the link that the studio has printed where it runs. Press Enter there for a new one.",
"settings-taken": "Settings taken over",
"networks-none": "No style network is installed."
},
de: {
"skip": "Zum Bild",
"language": "Sprache",
"compose": "Ein neues Bild",
"photograph": "Foto",
"drop-photograph": "Ein Foto hierher ziehen, einfügen oder auswählen",
"photograph-is": "Das Foto {name}, {width} mal {height} Pixel",
"made": "Es sagt, wie es gemacht wurde: dessen Einstellungen nehmen",
"how": "Wie",
"how-paint": "Malen wie ein Gemälde (Minuten)",
"how-apply": "Mit einem Stilnetz (sofort)",
"paintings": "Gemälde",
"drop-painting": "Ein oder mehrere Gemälde hierher ziehen oder auswählen",
"painting-is": "Das Gemälde {name}",
"weight": "Anteil von {name}",
"remove": "{name} entfernen",
"networks": "Stil",
"preset": "Sorgfalt",
"preset-quick": "Schnell",
"preset-default": "Üblich",
"preset-fine": "Fein",
"preset-classic": "Klassisch",
"strength": "Stärke",
"style-scale": "Größe der Striche",
"stroke": "Größe der Striche",
"colour": "Farben",
"colour-style": "Des Gemäldes",
"colour-luma": "Des Fotos",
"colour-match": "Angeglichen",
"size": "Längere Seite",
"size-usual": "wie die Vorgabe",
"size-source": "wie das Foto",
"pixels": "{count} Pixel",
"device": "Gerät",
"device-usual": "das beste",
"more": "Weitere Einstellungen",
"filter": "Suchen",
"put-back": "{name} zurücksetzen",
"usual": "üblich",
"yes": "ja",
"go": "Malen",
"picture": "Bild",
"nothing-yet": "Ein Foto und ein Gemälde hierher ziehen und auf „Malen“ drücken.",
"compare": "Mit dem Foto vergleichen",
"line": "Dasselbe auf der Befehlszeile",
"copy": "Kopieren",
"copied": "Kopiert",
"gallery": "Bisherige Bilder",
"older": "Ältere",
"pause": "Warteschlange anhalten",
"go-on-queue": "Warteschlange fortsetzen",
"queue-paused": "Die Warteschlange ist angehalten.",
"stop": "Anhalten",
"continue": "Weiter",
"again": "Noch einmal",
"first": "Als Nächstes",
"download": "Herunterladen",
"use": "Diese Einstellungen nehmen",
"delete": "Löschen",
"delete-sure": "Dieses Bild und seinen Auftrag löschen?",
"state-waits": "wartet",
"state-works": "in Arbeit",
"state-stops": "hält an",
"state-stopped": "angehalten",
"state-done": "fertig",
"state-failed": "fehlgeschlagen",
"phase-loading": "lädt die Bilder",
"phase-opening": "öffnet das Gerät",
"phase-preparing": "bereitet vor",
"phase-painting": "malt",
"phase-saving": "speichert",
"step": "{iteration} von {iterations} Schritten",
"left": "noch etwa {time}",
"seconds": "{count} s",
"minutes": "{count} min",
"result-of": "Ergebnis, {width} mal {height} Pixel",
"so-far": "Das Bild nach {iteration} von {iterations} Schritten",
"part-of": "Das Bild, als es angehalten wurde",
"losses": "Wie der Verlust fiel, von {first} auf {last}",
"tenth": "{percent} Prozent",
"show": "{name}, {state}",
"uploading": "{name} wird angesehen …",
"ready": "Bereit",
"lost": "Das Studio antwortet nicht. Neuer Versuch …",
"link-needed": "Den Link öffnen, den das Studio ausgegeben hat. Dort bringt die Eingabetaste einen neuen.",
"settings-taken": "Einstellungen übernommen",
"networks-none": "Es ist kein Stilnetz installiert."
}
};

let language = "en";

/* The language that was chosen before, or the browser's where there are words in it. */
export function choose(name) {
  const asked = name || localStorage.getItem("language") || navigator.language.slice(0, 2);
  language = words[asked] ? asked : "en";
  if (name)
    localStorage.setItem("language", language);
  document.documentElement.lang = language;
  return language;
}

/* The words of a key, with {names} filled in. */
export function say(key, values = {}) {
  const text = words[language][key] ?? words.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export const number = (value, digits = 3) =>
  new Intl.NumberFormat(language, {maximumSignificantDigits: digits}).format(value);

export function time(seconds) {
  return seconds < 90 ? say("seconds", {count: Math.round(seconds)})
                      : say("minutes", {count: Math.round(seconds / 60)});
}

/* Puts the words into all markup that names them. */
export function translate() {
  for (const element of document.querySelectorAll("[data-t]"))
    element.textContent = say(element.dataset.t);
}
