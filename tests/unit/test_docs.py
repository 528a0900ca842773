#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual page and the completions that the build makes: test_docs.py PROGRAM DOCS_DIR

Each is read by the program that users read it with, and must know every option of --help. Where a
shell is not installed, its tests are skipped. The documents of the repository are held to what they
name: paths, links, options.
"""

import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Seconds after which a shell hangs.
PATIENCE = 120
# Offered for options that are not chosen from a list in the option table.
LAYERS = [f"conv{block}_{i}" for block, count in enumerate([2, 2, 4, 4, 4], 1)
          for i in range(1, count + 1)]
DEVICES = ["auto", "gpu", "igpu", "cpu", "accel"]


def help_text():
    return subprocess.run([PROGRAM, "--help"], stdout=subprocess.PIPE, text=True, check=True,
                          timeout=PATIENCE).stdout


def help_options():
    """{name: (letter or "", operand or "")}"""
    found = re.findall(r"^  (?:-(\w), |    )--([a-z0-9-]+)(?: ([^ \n]+))?", help_text(), re.M)
    return {name: (letter, operand) for letter, name, operand in found}


def every_option():
    """Also those of commands."""
    names = set(help_options())
    for command in ("train", "apply", "video", "live", "model info", "model convert", "model export", "devices", "weights fetch",
                    "weights convert", "studio"):
        page = run(PROGRAM, *command.split(), "--help").stdout
        names |= set(re.findall(r"^  (?:-\w, |    )--([a-z0-9-]+)", page, re.M))
    return names


def help_facts(title):
    """The two columns of a list below the options."""
    part = help_text().split(f"\n{title}:\n")[1].split("\n\n")[0]
    rows = re.findall(r"^  (\S.*?)  +(\S.*(?:\n {19}.*)*)", part, re.M)
    return {name: re.sub(r"\s+", " ", meaning) for name, meaning in rows}


def words_of(operand):
    """What of an operand is to be written as it stands."""
    return [word for word in operand.split("|") if word and not word[0].isupper()]


def run(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, **options)


def needs(name):
    return unittest.skipUnless(shutil.which(name), f"{name} is not installed")


class Case(unittest.TestCase):
    def setUp(self):
        self.assertGreater(len(help_options()), 30)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="impasto-docs-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "my photo.jpg").touch()
        (self.folder / "painting.jpg").touch()
        (self.folder / "pictures").mkdir()

    def environment(self):
        return {"HOME": str(self.folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                "TERM": "dumb", "XDG_CONFIG_HOME": str(self.folder / "none"),
                "XDG_DATA_HOME": str(self.folder / "none")}

    def type(self, command, setup, lines):
        """Types at a shell on a terminal, each line when it is asked for, and returns all it shows.
        The setup must make it ask by @1@, @2@ and so on: at other times, the terminal has a meaning
        for some keys."""
        try:
            pid, terminal = pty.fork()
        except OSError as error:  # a container without /dev/pts
            self.skipTest(f"no terminal can be had: {error}")
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe(command[0], command, self.environment())
        shown = b""
        try:
            os.write(terminal, setup.encode())
            for i, line in enumerate([*lines, "exit\n"]):
                while f"@{i + 1}@".encode() not in shown:
                    shown += os.read(terminal, 65536)
                os.write(terminal, line.encode())
            while chunk := os.read(terminal, 65536):
                shown += chunk
        except OSError:  # what Linux says at the end
            pass
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)
        return shown.decode(errors="replace")

    def check_options(self, offered):
        """offered(line) gives what is offered at the end of a command line."""
        self.assertEqual({word for word in offered("impasto --") if word.startswith("--")},
                         {f"--{name}" for name in help_options()})

    def check_values(self, offered):
        for name, (_, operand) in help_options().items():
            with self.subTest(name):
                if not operand:
                    continue
                words = offered(f"impasto --{name} ")
                names = {word.rstrip("/") for word in words}
                files = {"my photo.jpg", "painting.jpg"} & names
                kinds = re.split(r"[|[]", operand)
                self.assertEqual(len(files), 2 if "FILE" in kinds else 0, words)
                self.assertEqual("pictures" in names, "FILE" in kinds or "DIR" in kinds)
                expected = (DEVICES if name == "device" else LAYERS if name.endswith("-layers")
                            else words_of(operand))
                self.assertLessEqual(set(expected), set(words))
                if not expected and "pictures" not in names:
                    self.assertEqual(words, [])

    def check_pictures(self, offered):
        for line in ["impasto ", "impasto a.jpg ", "impasto --quiet ", "impasto -- "]:
            with self.subTest(line):
                self.assertIn("painting.jpg", offered(line))
        self.assertEqual(set(offered("impasto pain")), {"paint", "painting.jpg"})
        self.assertEqual(offered("impasto a.jpg pain"), ["painting.jpg"])
        self.assertEqual(offered("impasto paint pain"), ["painting.jpg"])

    def check_commands(self, offered):
        """Each command has its options and no others, and files where it takes some."""
        self.assertLessEqual({"paint", "train", "apply", "video", "live", "model", "devices", "weights", "studio", "worker"}, set(offered("impasto ")))
        self.assertNotIn("devices", offered("impasto -q "))
        self.assertEqual(set(offered("impasto weights ")), {"fetch", "convert", "check", "path"})
        self.assertEqual(set(offered("impasto model ")), {"info", "convert", "export"})
        for command in ("train", "apply", "video", "live", "model info", "model convert", "model export", "devices", "weights fetch",
                        "weights convert", "weights check", "weights path", "studio", "worker"):
            with self.subTest(command):
                page = run(PROGRAM, *command.split(), "--help").stdout
                names = set(re.findall(r"^  (?:-\w, |    )(--[a-z0-9-]+)", page, re.M)) | {"--help"}
                self.assertEqual({word for word in offered(f"impasto {command} --")
                                  if word.startswith("--")}, names)
                takes = bool(re.search(r"Usage: .*(FILE|IN|STYLE|MODEL|PICTURE|FILM)", page))
                self.assertEqual("painting.jpg" in offered(f"impasto {command} "), takes)
        self.assertEqual(set(offered("impasto weights convert --convention ")),
                         {"auto", "caffe", "torchvision"})
        self.assertIn("painting.jpg", offered("impasto weights fetch -o "))
        self.assertEqual(set(offered("impasto devices --device ")), set(DEVICES))


@needs("bash")
class Bash(Case):
    FILE = "impasto"

    def offered(self, line):
        """By the function, with the words as bash splits them; readline's default where it is left
        on and nothing is offered."""
        words = re.findall(r"[^\s=]+|=", line) + ([""] if line[-1] in " =" else [])
        if words[-2:] == ["=", ""]:
            words.pop()
        quoted = " ".join(f"'{word}'" for word in words)
        script = f"""
            source '{DOCS}/{self.FILE}'
            default=-f
            compopt() {{
                [[ $* != *'+o default'* ]] || default=
                [[ $* != *'-o dirnames'* ]] || default=-d
            }}
            COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1}
            _impasto impasto
            [[ ${{#COMPREPLY[@]}} -gt 0 || -z $default ]] ||
                mapfile -t COMPREPLY < <(compgen $default -- "${{COMP_WORDS[COMP_CWORD]}}")
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        result = run("bash", "--norc", "-c", script, cwd=self.folder, env=self.environment())
        self.assertEqual(result.returncode, 0, result.stdout)
        return [word for word in result.stdout.split("\n") if word]

    def test_parses(self):
        self.assertEqual(run("bash", "-n", DOCS / self.FILE).stdout, "")

    def test_options(self):
        self.check_options(self.offered)
        self.assertLessEqual({"-o", "-q", "-v", "-h"}, set(self.offered("impasto -")))

    def test_values(self):
        self.check_values(self.offered)

    def test_pictures(self):
        self.check_pictures(self.offered)

    def test_commands(self):
        self.check_commands(self.offered)

    def test_after_an_equals_sign(self):
        self.assertEqual(self.offered("impasto --losses="), ["relative", "gatys"])
        self.assertEqual(self.offered("impasto --losses=ga"), ["gatys"])
        self.assertEqual(self.offered("impasto --init=no"), ["noise"])

    def test_lists(self):
        self.assertEqual(self.offered("impasto --style-layers conv1_1,conv5"),
                         [f"conv1_1,conv5_{i}" for i in range(1, 5)])

    def complete(self, *lines):
        """The command lines after Tab, each shown by an echo put before it."""
        setup = f"PROMPT_COMMAND='((++turn))' PS1='@$turn@'; source '{DOCS}/{self.FILE}'\n"
        shown = self.type(["bash", "--norc", "--noprofile", "-i"], setup,
                          [f"{line}\t\x01echo SHOWN: \x05 .\n" for line in lines])
        return re.findall(r"^SHOWN: (.*) \.$", shown.replace("\r", ""), re.M)

    def test_on_a_terminal(self):
        self.assertEqual(
            self.complete("impasto --save-s", "impasto --losses ga", "impasto --losses=ga",
                          "impasto -o pain", "impasto painti", "impasto \"my", "impasto my",
                          "impasto --size pain", "impasto --init pain", "impasto --init pict",
                          "impasto --style-layers conv1_1,conv5_4"),
            ["impasto --save-settings", "impasto --losses gatys", "impasto --losses=gatys",
             "impasto -o painting.jpg", "impasto painting.jpg", "impasto my photo.jpg",
             "impasto my photo.jpg", "impasto --size pain", "impasto --init painting.jpg",
             "impasto --init pictures/", "impasto --style-layers conv1_1,conv5_4"])


@needs("zsh")
class Zsh(Case):
    FILE = "_impasto"

    def ask(self, lines):
        """What zsh would offer at the end of each line: every call of compadd writes its matches
        down."""
        setup = self.folder / "setup"
        log = self.folder / "log"
        log.mkdir()
        setup.write_text(f"""
            fpath=('{DOCS}' $fpath)
            autoload -Uz compinit && compinit -u -D
            compadd() {{
                if [[ ${{@[1,(i)(-|--)]}} != *-(O|A|D)* ]]; then
                    local -a hits
                    builtin compadd -A hits "$@"
                    print -rl -- $hits >>| '{log}'/$turn
                fi
                builtin compadd "$@"
            }}
            zstyle ':completion:*' list-prompt ''
            zstyle ':completion:*' menu no
            precmd() {{ ((++turn)); PS1="@$turn@"; }}
            LISTMAX=10000
            """)
        # Ctrl-U clears the line.
        self.type(["zsh", "-f", "-i"], f"source '{setup}'\n",
                  [f"{line}\t\x15\n" for line in lines])
        offers = []
        for i in range(1, len(lines) + 1):
            hits = (log / str(i)).read_text().split("\n") if (log / str(i)).exists() else []
            offers.append([hit.replace("\\", "") for hit in dict.fromkeys(hits) if hit])
        shutil.rmtree(log)
        return offers

    def offered(self, line):
        return self.ask([line])[0]

    def test_parses(self):
        self.assertEqual(run("zsh", "-f", "-n", DOCS / self.FILE).stdout, "")

    def test_options(self):
        self.check_options(self.offered)

    def test_values(self):
        lines = [f"impasto --{name} " for name, (_, operand) in help_options().items() if operand]
        answers = dict(zip(lines, self.ask(lines)))
        self.check_values(answers.get)

    def test_pictures(self):
        self.check_pictures(self.offered)

    def test_commands(self):
        self.check_commands(self.offered)

    def test_ways_to_write(self):
        self.assertEqual(self.offered("impasto --losses="), ["relative", "gatys"])
        self.assertIn("painting.jpg", self.offered("impasto -opain"))
        self.assertIn("conv5_4", self.offered("impasto --style-layers conv1_1,"))
        self.assertNotIn("--quiet", self.offered("impasto -q --"))
        self.assertIn("--settings", self.offered("impasto --settings a --"))


@needs("fish")
class Fish(Case):
    FILE = "impasto.fish"

    def offered(self, line):
        script = f"source '{DOCS}/{self.FILE}'; complete -C \"{line}\""
        result = run("fish", "--no-config", "-c", script, cwd=self.folder, env=self.environment())
        self.assertEqual(result.returncode, 0, result.stdout)
        return [word.split("\t")[0] for word in result.stdout.split("\n") if word]

    def test_parses(self):
        self.assertEqual(run("fish", "--no-execute", DOCS / self.FILE).stdout, "")

    def test_options(self):
        self.check_options(self.offered)

    def test_values(self):
        self.check_values(self.offered)

    def test_pictures(self):
        self.check_pictures(self.offered)

    def test_commands(self):
        self.check_commands(self.offered)

    def test_descriptions(self):
        script = f"source '{DOCS}/{self.FILE}'; complete -C 'impasto --beta'"
        result = run("fish", "--no-config", "-c", script, env=self.environment())
        self.assertIn("--beta1\tAdam's memory of the gradient", result.stdout.split("\n"))


class Manual(Case):
    FILE = "impasto.1"

    def source(self):
        return (DOCS / self.FILE).read_text()

    def test_every_option(self):
        source = self.source().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
        source = source.replace("\\fI", "")
        for name, (letter, operand) in help_options().items():
            heading = f"-{letter}, " if letter else ""
            heading += f"--{name}" + (f" {operand}" if operand else "")
            self.assertIn(f"\n.TP\n{heading}\n", source)

    def test_every_command(self):
        self.assertEqual(re.findall(r"^\.SS impasto (.*)$", self.source(), re.M),
                         ["train STYLE...", "apply MODEL PICTURE...", "video FILM [STYLE[:w]...]", "live MODEL", "model info [MODEL...]", "model convert IN OUT",
                          "model export MODEL OUT", "devices", "weights fetch", "weights convert IN [OUT]",
                          "weights check FILE...", "weights path", "studio", "worker"])

    def test_sections(self):
        self.assertEqual(re.findall(r"^\.SH (.*)$", self.source(), re.M),
                         ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "ENVIRONMENT",
                          "FILES", "EXIT STATUS", "EXAMPLES"])

    def test_plain(self):
        self.assertEqual([line for line in self.source().split("\n")
                          if len(line) > 80 or not line.isascii() or line != line.rstrip()], [])

    @needs("groff")
    def test_groff(self):
        result = run("groff", "-ww", "-man", "-Tascii", "-z", DOCS / self.FILE)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    @needs("mandoc")
    def test_mandoc(self):
        result = run("mandoc", "-T", "lint", DOCS / self.FILE)
        # Without a date, equal sources make equal pages.
        self.assertEqual([line for line in result.stdout.splitlines()
                          if "missing date" not in line], [])

    @needs("man")
    def test_man(self):
        result = run("man", "-l", DOCS / self.FILE, env=os.environ | {
            "MANWIDTH": "100", "MAN_KEEP_FORMATTING": "", "LC_ALL": "C", "PAGER": "cat"})
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("--style-weight F", re.sub(".\b", "", result.stdout))


class Agreement(Case):
    """README.md repeats a few things that the program says."""

    def test_exit_codes(self):
        readme = (ROOT / "README.md").read_text()
        section = readme.split("## Exit codes")[1].split("\n## ")[0]
        rows = dict(re.findall(r"^\| ([\d, ]+) \| (.*) \|$", section, re.M))
        self.assertEqual(rows, help_facts("Exit codes"))

    def test_environment(self):
        """Every variable that the sources read is explained."""
        variables = {name for path in (ROOT / "src").rglob("*.c")
                     for name in re.findall(r'"((?:IMPASTO|XDG)_[A-Z_]+)"', path.read_text())}
        self.assertEqual(variables, set(help_facts("Environment")))

    def test_algorithms(self):
        """Names that the option table only offers to shells are those that there are."""
        source = (DOCS / "impasto.fish").read_text()
        with tempfile.TemporaryDirectory() as folder:
            picture = ROOT / "examples" / "night.jpg"
            for option in ["conv", "gemm"]:
                words = re.search(rf" -l {option} .*-a '([^']*)'", source).group(1).split()
                result = run(PROGRAM, picture, picture, "--plan", "--size", "32", f"--{option}",
                             "nosuch", "--weights", "builtin", "-o", f"{folder}/x.png")
                known = re.search(r"choose one of (.*)", result.stdout)
                if not known:
                    self.skipTest("there is no device")
                # "first" is the kernels that conv1_1 has, whatever is chosen.
                self.assertEqual(set(known.group(1).split(", ")) - {"first"}, set(words))


def documents():
    """{path below ROOT: text} of all that people read."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "doc").glob("*.md"),
             *(ROOT / "tests").rglob("README.md"), *(ROOT / "weights").glob("*.md")]
    return {str(path.relative_to(ROOT)): path.read_text() for path in found}


def prose(text):
    """Without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def quoted_words(text):
    """The words between backquotes."""
    return [word for span in re.findall(r"`([^`\n]+)`", prose(text)) for word in span.split()]


def anchors(text):
    """What links to headings may end in, as GitHub makes it."""
    heads = re.findall(r"^#+ (.*)$", prose(text), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def missing_paths(root, name, text):
    """Paths of the repository that a document names and that are not there. NAME and ROOM stand for any."""
    top = {path.name for path in root.iterdir() if path.is_dir()} - {"build"}
    near = {path.name for path in (root / name).parent.iterdir() if path.is_dir()}
    missing = []
    for word in quoted_words(text):
        word = re.sub(r"NAME|ROOM", "*", word.rstrip(".,:;")).rstrip("/")
        first, slash, _ = word.partition("/")
        if not slash or first not in top | near or first.startswith("build"):
            continue
        if not (list(root.glob(word)) or list((root / name).parent.glob(word))):
            missing.append(word)
    return missing


def broken_links(root, name, text):
    """Relative links of a document that lead nowhere."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (root / name).parent / path if path else root / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            broken.append(link)
    return broken


class Documents(Case):
    """What people read names what is there."""

    def test_they_are_found(self):
        self.assertLessEqual({"README.md", "CHANGELOG.md", "doc/formats.md", "tests/README.md",
                              "weights/README.md"}, set(documents()))

    def test_paths(self):
        for name, text in documents().items():
            self.assertEqual(missing_paths(ROOT, name, text), [], name)

    def test_names(self):
        """Names of functions, structs and variables are such as there are."""
        sources = "".join(path.read_text() for folder in ("include", "src", "cl", "tests")
                          for path in sorted((ROOT / folder).rglob("*"))
                          if path.suffix in (".c", ".h", ".cl", ".py", ".build"))
        known = set(re.findall(r"\w+", sources))
        for name, text in documents().items():
            words = {word.strip("().,") for word in quoted_words(text)}
            names = {word for word in words if re.fullmatch(r"(imp|impasto|cli|IMP|IMPASTO)_\w+", word)
                     and "NAME" not in word and not re.search(r"_verb|_noun", word)}
            self.assertEqual(names - known, set(), name)

    def test_rooms(self):
        """The drawing of the rooms, and their table, have those that there are."""
        text = documents()["doc/architecture.md"].split("\n## Rooms\n")[1].split("\n## ")[0]
        rooms = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
        self.assertEqual(set(re.findall(r"^\| `src/(\w+)`", text, re.M)), rooms)
        drawing = re.search(r"```\n(.*?)```", text, re.S).group(1)
        drawn = re.findall(r"[\w/]+", " ".join(line[17:] for line in drawing.splitlines()))
        self.assertEqual(set(drawn) - {"and", "cl", "include/impasto"}, rooms)

    def test_links(self):
        for name, text in documents().items():
            self.assertEqual(broken_links(ROOT, name, text), [], name)

    def test_what_is_wrong_is_found(self):
        text = "# A b\n`src/nosuch.c` `src/NAME.nosuch` [x](nosuch.md) [y](#a-c) [z](#a-b) `src/cli`"
        self.assertEqual(missing_paths(ROOT, "README.md", text), ["src/nosuch.c", "src/*.nosuch"])
        (self.folder / "README.md").write_text(text)
        self.assertEqual(broken_links(self.folder, "README.md", text), ["nosuch.md", "#a-c"])

    def test_commands(self):
        """.ci/run takes the second of README's two commands; both work without sudo."""
        readme = (ROOT / "README.md").read_text()
        commands = re.findall(r"^```sh\n(.*apt-get.*)\n```$", readme, re.M)
        self.assertEqual(len(commands), 2)
        self.assertIn(f"<!-- test command -->\n```sh\n{commands[1]}\n```\n", readme)
        self.assertTrue(commands[1].endswith("meson test -C build"))
        for command in commands:
            self.assertEqual(command.count("$(command -v sudo) apt-get"), command.count("apt-get"))

    def test_length(self):
        self.assertLessEqual((ROOT / "README.md").read_text().count("\n"), 300)

    def test_options(self):
        """Users' documents name no option that the program does not have."""
        for name in ["README.md", "doc/using.md", "doc/formats.md"]:
            words = {re.sub(r"[^a-z0-9-].*", "", word[2:]) for word in quoted_words(documents()[name])
                     if re.match(r"--[a-z]", word)}
            self.assertGreater(len(words), 5)
            self.assertLessEqual(words, every_option(), name)

    def test_json(self):
        """Examples of JSON are JSON."""
        for name, text in documents().items():
            for block in re.findall(r"^```json\n(.*?)^```$", text, re.M | re.S):
                with self.subTest(name, block=block):
                    json.loads(block)

    def test_settings(self):
        """The example of settings is one."""
        section = documents()["doc/formats.md"].split("\n## Settings\n")[1].split("\n## ")[0]
        (self.folder / "mine.json").write_text(re.search(r"```json\n(.*?)```", section, re.S).group(1))
        result = run(PROGRAM, "--settings", self.folder / "mine.json", "--weights", "builtin",
                     "--save-settings", self.folder / "all.json")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(json.loads((self.folder / "all.json").read_text())["style-weight"], 3)


if __name__ == "__main__":
    PROGRAM, DOCS = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
