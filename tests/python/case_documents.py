# SPDX-License-Identifier: MIT
"""Examples in documents and scripts do what they say."""

import pathlib
import re

import impasto
from common import ROOT, Case, photo


def cheap(text):
    """With settings that are as cheap as can be."""
    text = re.sub(r"\bsize=\d+", "size=32, iterations=1, style_layers='1_1', content_layers='2_1'", text)
    return re.sub(r"\bsteps=\d+", "steps=1, batch=1, crop=32, late_batch=1, late_crop=32, judge_size=32, style_size=32",
                  text)


class Documents(Case):
    def setUp(self):
        super().setUp()
        for seed, name in enumerate(["photo", "painting", "other"], 1):
            impasto.Image(photo(48, 64, seed)).save(self.folder / f"{name}.jpg")

    def run_blocks(self, document, after="# "):
        text = (ROOT / document).read_text().split(after, 1)[1]
        blocks = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
        self.assertTrue(blocks)
        code, shown = self.run_python("-c", cheap("\n".join(blocks)), cwd=self.folder)
        self.assertEqual(code, 0, shown)

    def test_files(self):
        """None of the package's files is left out of what is built and installed."""
        built = {path.name for path in pathlib.Path(impasto.__file__).parent.iterdir() if path.is_file()}
        sources = {path.name for path in (ROOT / "python/impasto").iterdir() if path.is_file()}
        self.assertEqual(sources - built, {"meson.build"})

    def test_page(self):
        self.run_blocks("doc/python.md")
        self.assertTrue((self.folder / "dark.jpg").exists())
        for name in ["run.ckpt", "painted-other.jpg", "painting.model", "film.state"]:
            self.assertTrue((self.folder / name).exists(), name)

    def test_readme(self):
        self.run_blocks("README.md", "### Python")
        self.assertTrue((self.folder / "painted.png").exists())

    def test_script(self):
        script = self.folder / "stylize.py"
        script.write_text(cheap((ROOT / "examples/stylize.py").read_text()))
        code, shown = self.run_python(script, "photo.jpg", "painting.jpg", "out.png", cwd=self.folder)
        self.assertEqual(code, 0, shown)
        self.assertEqual(impasto.Image(self.folder / "out.png").width, 32)
        code, shown = self.run_python(script, "nosuch.jpg", "painting.jpg", "x.png", cwd=self.folder)
        self.assertEqual(code, 1)
        self.assertRegex(shown, r"^stylize.py: nosuch.jpg: [^\n]*\n$")
