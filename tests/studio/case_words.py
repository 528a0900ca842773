# SPDX-License-Identifier: MIT
"""The page's words, markup and colours, as they are in its files."""

import html.parser
import pathlib
import re
import shutil
import subprocess
import unittest

WEB = pathlib.Path(__file__).resolve().parents[2] / "src/cli/studio/web"


class Markup(html.parser.HTMLParser):
    """All elements in their order: (name, attributes, those that they are in)."""

    EMPTY = {"meta", "link", "input", "img", "path", "polyline"}

    def __init__(self):
        super().__init__()
        self.open, self.elements = [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {key: value or "" for key, value in attrs}, list(self.open)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {key: value or "" for key, value in attrs}, list(self.open)))

    def handle_endtag(self, tag):
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag):]


class Words(unittest.TestCase):
    def words(self):
        """{language: {key: text}}"""
        text = (WEB / "words.js").read_text(encoding="utf-8")
        found = {}
        for name, body in re.findall(r"^(\w\w): \{\n(.*?)\n\}", text, re.M | re.S):
            pairs = re.findall(r'^"([a-z-]+)": "(.*)",?$', body, re.M)
            self.assertEqual(len(pairs), body.count("\n") + 1, name)
            self.assertEqual(len(dict(pairs)), len(pairs), "a key twice")
            found[name] = dict(pairs)
        return found

    def test_all_languages_say_all(self):
        words = self.words()
        self.assertEqual(set(words), {"en", "de"})
        self.assertEqual(set(words["en"]), set(words["de"]))
        for key, text in words["en"].items():
            self.assertEqual(set(re.findall(r"\{\w+\}", text)), set(re.findall(r"\{\w+\}", words["de"][key])), key)

    @unittest.skipUnless(shutil.which("node"), "Node.js is not installed")
    def test_scripts_are_sound(self):
        for path in WEB.glob("*.js"):
            run = subprocess.run(["node", "--input-type=module", "--check"], input=path.read_bytes(),
                                 stderr=subprocess.PIPE, check=False)
            self.assertEqual(run.returncode, 0, f"{path.name}: {run.stderr.decode()}")

    def test_no_word_stands_elsewhere(self):
        markup = (WEB / "index.html").read_text(encoding="utf-8")
        body = re.sub(r"<(svg|option|h1)\b.*?</\1>", "", markup[markup.index("<body>"):], flags=re.S)
        self.assertEqual(re.sub(r"<[^>]*>", "", body).split(), [])
        self.assertFalse(re.search(r'\b(title|placeholder|aria-label)="', body))

    def test_rules_for_everybody(self):
        """What markup alone can keep or break: names for fields, one heading after another, ids that are there once."""
        markup = Markup()
        markup.feed((WEB / "index.html").read_text(encoding="utf-8"))
        ids = [values["id"] for _, values, _ in markup.elements if "id" in values]
        self.assertEqual(len(ids), len(set(ids)))
        for name, values, inside in markup.elements:
            for key in ("aria-labelledby", "aria-describedby"):
                self.assertLessEqual(set(values.get(key, "").split()), set(ids), values)
            if name in ("input", "select"):
                self.assertIn("label", inside, values)
            if name in ("section", "dialog", "form"):
                self.assertIn("aria-labelledby", values, values)
            if name == "img":
                self.assertIn("alt", values)
            if name == "button":
                self.assertIn("type", values, values)  # else it would send the form
            if name == "svg":
                self.assertTrue("aria-hidden" in values or values.get("role") == "img", values)
            self.assertNotIn("tabindex", {key for key, value in values.items() if value not in ("0", "-1")}, values)
            self.assertFalse({"onclick", "onload", "style", "autofocus", "accesskey"} & set(values), values)
        # A fieldset begins with what it is about; headings go down one level at a time.
        for (name, _, inside), (after, _, _) in zip(markup.elements, markup.elements[1:]):
            if name == "fieldset":
                self.assertEqual(after, "legend")
        levels = [int(name[1]) for name, _, _ in markup.elements if re.fullmatch("h[1-6]", name)]
        self.assertEqual(levels[0], 1)
        for before, after in zip(levels, levels[1:]):
            self.assertLessEqual(after, before + 1)
        found = {name for name, _, _ in markup.elements}
        self.assertLessEqual({"main", "header", "h1"}, found)

    def test_colours_are_told_apart(self):
        """4.5:1 of texts and 3:1 of controls' edges, in both schemes, by the style sheet's own colours."""
        text = (WEB / "studio.css").read_text(encoding="utf-8")
        schemes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
                   for block in re.findall(r":root \{(.*?)\}", text, re.S)]
        self.assertEqual(len(schemes), 2)

        def light(colour):
            parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
            parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
            return sum(part * share for part, share in zip(parts, (0.2126, 0.7152, 0.0722)))

        def contrast(a, b):
            low, high = sorted((light(a), light(b)))
            return (high + 0.05) / (low + 0.05)

        for scheme in schemes:
            for ground in ("ground", "raised"):
                for ink in ("ink", "soft", "wrong", "good"):
                    self.assertGreaterEqual(contrast(scheme[ink], scheme[ground]), 4.5, (ink, ground))
                for edge in ("line", "chief"):
                    self.assertGreaterEqual(contrast(scheme[edge], scheme[ground]), 3, (edge, ground))
            self.assertGreaterEqual(contrast(scheme["on-chief"], scheme["chief"]), 4.5)

    def test_each_key_is_there_and_used(self):
        known = set(self.words()["en"])
        text = "".join(path.read_text(encoding="utf-8") for path in WEB.iterdir() if path.suffix in (".js", ".html"))
        used = set(re.findall(r'data-t="([a-z-]+)"', text)) | set(re.findall(r'\bsay\(\s*"([a-z-]+)"', text))
        used |= set(re.findall(r'\["([a-z-]+)", (?:\(\) =>|-?[\d.]+,)', text))  # actions and sliders
        used |= set(re.findall(r'\? "([a-z-]+)" : "([a-z-]+)"', text)) and {
            key for pair in re.findall(r'\? "([a-z-]+)" : "([a-z-]+)"', text) for key in pair} & known
        used |= set(re.findall(r'\bTITLES = \{\w+: "([a-z-]+)"', text))
        used |= {key for pair in re.findall(r'"([a-z-]+)" : films\(\) \? "([a-z-]+)"', text) for key in pair}
        used |= {key for key in known if re.match(r"(state|phase)-", key)}
        self.assertEqual(used - known, set())
        self.assertEqual(known - used, set())
