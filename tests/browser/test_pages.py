"""The pages of `plan --html` in a real browser: what is seen, on screens and on paper, clicked, typed and searched; and what cannot happen."""

import base64
import http.server
import os
import pathlib
import threading
import unittest

import comment
from webdriver import DESKTOP, PHONE, Browser

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or pathlib.Path(__file__).parents[2] / "target")
PAGES = TARGET.resolve() / "tmp" / "pages"
# Where the pictures of the documents are; they are taken anew where the variable is set.
PICTURES = pathlib.Path(__file__).parents[2] / "docs" / "pictures"
WRITES_DOCS = os.environ.get("PROVISION_WRITE_DOCS") == "1"
DATABASE = "aws_db_instance.gitlab-pgsql"
ALL = sorted(path.stem for path in PAGES.glob("*.html"))

# The contrast of every text that is seen with what lies behind it, as WCAG 2 reckons it.
CONTRASTS = """
  const parse = (color) => {
    const numbers = color.match(/[\\d.]+(e-?\\d+)?/g).map(Number);
    const scale = color.startsWith("color(") ? 255 : 1;
    return [numbers[0] * scale, numbers[1] * scale, numbers[2] * scale, numbers[3] ?? 1];
  };
  const over = (top, below) => top.slice(0, 3).map((value, n) => value * top[3] + below[n] * (1 - top[3]));
  const behind = (element) => {
    const box = element.closest(".node")?.querySelector(".box");
    const layers = box ? [parse(getComputedStyle(box).fill)] : [];
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") layers.push(parse(color));
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const light = (color) => color.slice(0, 3)
    .map((value) => value / 255).map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, n) => sum + value * [0.2126, 0.7152, 0.0722][n], 0);
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.getClientRects().length === 0 || element.closest("script, noscript, title")) continue;
    const style = getComputedStyle(element);
    const below = behind(element);
    const [a, b] = [light(over(parse(element.closest("svg") ? style.fill : style.color), below)), light(below)];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.className.baseVal ?? element.className,
      element.textContent.trim().slice(0, 30)]);
  }
  return found;
"""


class Pages(unittest.TestCase):
    """One browser for all of them; each test opens its page afresh."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def open(self, page, *window, hash="", **how):
        self.browser.look(*(window or DESKTOP), **how)
        url = (PAGES / f"{page}.html").as_uri()
        self.browser.open(url + hash)
        return url

    def texts(self, selector):
        """The texts of all elements that are seen."""
        return self.browser.run(
            "return Array.from(document.querySelectorAll(arguments[0]))"
            # Chromium's checkVisibility says yes to whatever is drawn in SVG; what is folded away has a size.
            ".filter((one) => one.checkVisibility() && one.getBoundingClientRect().height > 0)"
            ".map((one) => one.textContent.trim())", selector)

    def text(self, selector):
        return " ".join(self.texts(selector))

    def count(self, selector):
        return len(self.texts(selector))

    def card(self, address):
        """A selector for the card of an address."""
        return f".resource[id='{address}']"

    def node(self, address):
        """A selector for the box of an address in the drawing that is seen."""
        place = self.browser.run("return document.getElementById(arguments[0])?.dataset.index ?? null", address)
        self.assertIsNotNone(place, address)
        return f".{self.drawing()} .node[data-index='{place}']"

    def drawing(self):
        """The drawing that is seen."""
        return "rails" if self.count(".rails") else "columns"

    def chosen(self):
        """The address of the card that is marked."""
        return self.browser.run("return document.querySelector('.resource.chosen')?.id ?? ''")

    def choose(self, selector, address):
        """Clicks, and waits until that card is marked."""
        self.browser.click(selector)
        self.browser.until("return document.querySelector('.resource.chosen')?.id === arguments[0]", address)

    def is_in_sight(self, address):
        """True if the card begins within the window."""
        return self.browser.run("const { top } = document.getElementById(arguments[0]).getBoundingClientRect();"
                                "return top >= 0 && top < window.innerHeight - 40", address)

    def test_there_are_pages(self):
        self.assertGreaterEqual(len(ALL), 10)

    def test_every_page_loads_without_a_word_in_the_console_and_asks_for_nothing_else(self):
        for page in ALL:
            with self.subTest(page):
                url = self.open(page)
                self.assertEqual(self.browser.logged("browser"), [])
                self.assertEqual(self.browser.requested(), [url])
                self.assertEqual(self.browser.run("return performance.getEntriesByType('resource').length"), 0)
                self.assertEqual(self.browser.run("return document.readyState"), "complete")

    def test_the_policy_lets_nothing_in_or_out(self):
        hits = []

        class Server(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                hits.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            self.open("first")
            there = f"http://127.0.0.1:{server.server_port}"
            refused = self.browser.wait(f"""
              const done = arguments[arguments.length - 1];
              const refused = [];
              const attempt = (what, action) => {{ try {{ action(); }} catch (error) {{ refused.push(what); }} }};
              const script = document.createElement("script");
              attempt("script", () => {{ script.text = "window.owned = 1"; document.body.append(script); }});
              attempt("markup", () => {{ document.body.innerHTML = "<img src='{there}/markup'>"; }});
              attempt("eval", () => {{ window.setTimeout("window.owned = 1"); }});
              const image = new Image();
              image.src = "{there}/image";
              document.body.append(image);
              const style = document.createElement("style");
              style.textContent = "body {{ display: none }}";
              document.head.append(style);
              if (getComputedStyle(document.body).display !== "none") refused.push("style");
              fetch("{there}/fetch", {{ mode: "no-cors" }}).catch(() => refused.push("fetch"))
                .finally(() => setTimeout(() => done(refused), 300));
            """)
        finally:
            server.shutdown()
            server.server_close()
        self.assertEqual(hits, [])
        self.assertEqual(set(refused), {"script", "markup", "eval", "style", "fetch"})
        self.assertIsNone(self.browser.run("return window.owned ?? null"))

    def test_every_resource_is_drawn_and_listed_in_the_colour_of_its_action(self):
        expected = {
            "first": {"create": 8, "watch": 6}, "update": {"update": 4, "no-op": 10},
            "replace": {"replace": 2, "update": 3, "no-op": 9}, "destroy": {"delete": 8, "forget": 6},
        }
        for dark in (False, True):
            colours = {}
            for page, counts in expected.items():
                self.open(page, dark=dark)
                for action, count in counts.items():
                    with self.subTest(page=page, action=action, dark=dark):
                        self.assertEqual(self.count(f".node.{action}"), count)
                        self.assertEqual(self.browser.run("return document.querySelectorAll(arguments[0]).length",
                                                          f".resource.{action}"), count)
                        bars = self.browser.run(
                            "return Array.from(document.querySelectorAll(arguments[0]), (bar) => getComputedStyle(bar).fill)",
                            f".node.{action} .bar")
                        self.assertEqual(len(set(bars)), 1)
                        colours[action] = bars[0]
            self.assertEqual(colours.pop("forget"), colours["watch"], "the cluster's own is one colour")
            self.assertEqual(len(set(colours.values())), len(colours), colours)

    def test_what_depends_stands_behind_what_it_depends_on_and_nothing_overlaps(self):
        for page in ("first", "replace", "large"):
            for window, ahead in ((DESKTOP, ("left", "right")), (PHONE, ("top", "bottom"))):
                self.open(page, *window)
                boxes = self.browser.run("""
                  return Object.fromEntries(Array.from(document.querySelectorAll(arguments[0]), (node) => {
                    const { left, right, top, bottom } = node.querySelector(".box").getBoundingClientRect();
                    return [node.dataset.index, { left, right, top, bottom }];
                  }));""", f".{self.drawing()} .node")
                edges = self.browser.run(
                    "return Array.from(document.querySelectorAll(arguments[0]), (edge) => [edge.dataset.from, edge.dataset.to])",
                    f".{self.drawing()} .edge")
                self.assertGreater(len(edges), 10)
                for start, end in edges:
                    self.assertGreater(boxes[start][ahead[0]], boxes[end][ahead[1]])
                placed = list(boxes.values())
                for n, box in enumerate(placed):
                    for other in placed[n + 1:]:
                        apart = (box["right"] <= other["left"] or other["right"] <= box["left"]
                                 or box["bottom"] <= other["top"] or other["bottom"] <= box["top"])
                        self.assertTrue(apart, (box, other))

    def differences(self):
        """All fields that are seen, each with its values."""
        return self.texts(".resource .field")

    def test_every_difference_is_seen_without_a_click_with_and_without_a_script_and_on_paper(self):
        ways = {"": {}, "without a script": {"scripts": False}, "on paper": {"paper": True},
                "on paper without a script": {"paper": True, "scripts": False}, "on a phone": {"phone": True}}
        for way, how in ways.items():
            with self.subTest(way):
                self.open("update", *(PHONE if "phone" in how else DESKTOP), **how)
                fields = self.differences()
                for field in ("backup_retention_period- 7+ 30", "engine_version reboots- 16.3+ 16.8",
                              "multi_az fails over- false+ true", "storage_type pauses briefly- gp2+ gp3",
                              "subnet_ids pauses briefly- [subnet-0a]+ [subnet-0a, subnet-0b]",
                              'ingress- tcp 2049 from 0.0.0.0/0 "2049 from everybody"'
                              '+ tcp 2049 from sg-0aa00000000000001 "2049 from masters"(1 unchanged)'):
                    self.assertIn(field, fields)
                self.assertIn("fails over the window of Sun 2026-11-22 04:30 UTC", self.texts(".costs li"))
                self.open("first", **how)
                self.assertIn("allocated_storage50", self.differences())
                is_folded = "paper" not in how
                self.assertEqual(self.texts("summary"), ["6 to watch: AWS is not changed"])
                self.assertEqual(self.count(".resource.watch"), 0 if is_folded else 6)
                self.open("destroy", **how)
                self.assertIn("data- 50 GiB are lost- last snapshot: gitlab-pgsql-final-1a2b3c4d"
                              "- its automated backups of 30 days are deleted with it", self.differences())

    def test_without_a_script_no_control_is_seen_that_needs_one_and_a_box_leads_to_its_card(self):
        self.open("update", scripts=False)
        self.assertEqual(self.count("#tools, #search, .chip, button, input"), 0)
        self.assertEqual(self.count(".columns .node"), 14)
        self.browser.click(self.node("aws_security_group.gitlab-nfs"))
        self.browser.until("return document.querySelector(':target') !== null")
        self.assertTrue(self.is_in_sight("aws_security_group.gitlab-nfs"))
        outline = "return getComputedStyle(document.querySelector(':target')).outlineStyle"
        self.assertEqual(self.browser.run(outline), "solid")
        self.browser.click(self.node("aws_vpc.network"))
        self.browser.until("return document.getElementById('aws_vpc.network').checkVisibility()")
        self.assertTrue(self.is_in_sight("aws_vpc.network"), "the fold opens")

    def test_on_paper_there_are_no_tools_and_the_drawing_is_no_wider_than_a_page(self):
        # A4 in the pixels of CSS, less a centimetre on each side.
        for page in ("first", "update", "large", "destroy"):
            self.open(page, 718, 1047, paper=True, dark=True)
            self.assertEqual(self.count("#tools, .rails, .skip"), 0)
            self.assertEqual(self.count(".columns"), 1)
            sides = self.browser.run("const { left, right, height } = document.querySelector('.columns').getBoundingClientRect();"
                                     "return [left, right, height]")
            self.assertGreaterEqual(sides[0], 0)
            self.assertLessEqual(sides[1], 718)
            self.assertLessEqual(sides[2], 1047 * 0.86)
            self.assertEqual(self.browser.run("return getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
            paper = base64.b64decode(self.browser.command("Page.printToPDF")["data"])
            self.assertTrue(paper.startswith(b"%PDF"))

    def test_on_paper_is_also_what_is_filtered_or_faded_on_the_screen(self):
        self.open("update")
        self.choose(self.node(DATABASE), DATABASE)
        self.browser.click(".chip.update")
        self.assertEqual(self.count(".resource.update"), 0)
        self.browser.look(*DESKTOP, paper=True)
        self.assertEqual(self.count(".resource.update"), 4)
        self.assertEqual(self.count(".columns .node"), 14)
        self.assertEqual(self.browser.run("return getComputedStyle(document.querySelector('.node.far')).opacity"), "1")

    def test_a_page_says_when_and_by_whom_the_plan_was_made_and_from_which_file(self):
        self.open("update")
        facts = self.texts("header dl > div")
        for fact in ("Stack fileprovision.yaml", "Made2026-11-20 12:00 UTC", "Withprovision 0.1.0",
                     "Byarn:aws:sts::123456789012:assumed-role/plan/GitHubActions"):
            self.assertIn(fact, facts)

    def test_a_box_leads_to_its_card_and_marks_it(self):
        self.open("update")
        group = "aws_security_group.gitlab-nfs"
        self.assertFalse(self.is_in_sight(group))
        self.choose(self.node(group), group)
        self.assertTrue(self.is_in_sight(group))
        self.assertEqual(self.count(".node.chosen"), 1)
        self.assertEqual(self.browser.run(
            "return document.querySelector('.columns .node[aria-current]').getAttribute('aria-label')"), f"{group}: update")
        self.assertEqual(self.count(".edge.near"), 6)
        outline = "return getComputedStyle(document.querySelector('.resource.chosen')).outlineStyle"
        self.assertEqual(self.browser.run(outline), "solid")
        self.assertEqual(self.texts(f"{self.card(DATABASE)} .ways"),
                         ["Depends on aws_db_subnet_group.gitlab-pgsql, aws_security_group.gitlab-pgsql"])
        self.choose(f"{self.card(group)} .ways a", "aws_security_group.masters")
        self.assertTrue(self.is_in_sight("aws_security_group.masters"), "what is folded opens")
        self.browser.type("Escape")
        self.assertEqual(self.chosen(), "")
        self.assertEqual(self.count(".node.chosen, .node.far, .edge.near"), 0)
        self.assertEqual(self.browser.run("return location.hash"), "")

    def test_a_link_leads_to_a_resource(self):
        self.open("update", hash="#aws_efs_file_system.gitlab-nfs")
        self.assertEqual(self.chosen(), "aws_efs_file_system.gitlab-nfs")
        self.choose(self.node(DATABASE), DATABASE)
        self.assertEqual(self.browser.run("return location.hash"), f"#{DATABASE}")
        self.open("update", hash="#aws_vpc.network")
        self.assertTrue(self.is_in_sight("aws_vpc.network"), "what is folded opens")
        self.open("update", hash="#%E0%A4%A")
        self.assertEqual((self.chosen(), self.browser.logged("browser")), ("", []))

    def test_findings_and_drift_lead_to_their_resources(self):
        self.open("refused")
        self.assertIn("cannot be carried out: 1 error", self.text(".summary"))
        self.assertIn("allocated_storage must be at least 20 GiB", self.text(".findings .error"))
        self.assertIn("multi_az is false", self.text(".findings .warning"))
        self.choose(".findings .error a", DATABASE)
        self.open("drifted")
        self.choose(".outside a", DATABASE)
        self.assertIn("Changed outside since the last apply", self.texts(f"{self.card(DATABASE)} h4"))
        self.open("drift-only")
        self.assertEqual(self.count(".node"), 0)
        self.assertIn("backup_retention_period- 30+ 7", self.differences())

    def test_checks_that_passed_are_out_of_the_way(self):
        self.open("markup")
        self.assertEqual(self.texts("details > summary")[:2], ["1 check not made", "1 check passed"])
        self.assertEqual(self.count("details .passed"), 0)
        self.browser.click("details:has(.passed) > summary")
        self.assertEqual(self.count("details .passed"), 1)

    def test_everything_can_be_reached_by_the_keyboard(self):
        self.open("first")
        focused = "return document.activeElement.closest('.node')?.dataset.index ?? null"
        for _ in range(12):
            self.browser.type("Tab")
            if self.browser.run(focused) is not None:
                break
        first = self.browser.run(focused)
        self.assertIsNotNone(first, "the drawing has one stop for the tab key")
        left = "return document.activeElement.getBoundingClientRect().left"
        before = self.browser.run(left)
        self.browser.type("ArrowLeft")
        self.assertLess(self.browser.run(left), before)
        self.browser.type("ArrowRight")
        self.assertEqual(self.browser.run(left), before)
        self.browser.type("ArrowUp")
        self.assertNotEqual(self.browser.run(focused), first)
        outline = self.browser.run(
            "return getComputedStyle(document.activeElement.querySelector('.box')).strokeWidth")
        self.assertEqual(outline, "2.5px", "what has the focus can be seen")
        address = self.browser.run("return document.activeElement.getAttribute('aria-label')").split(":")[0]
        self.browser.type("Tab")
        self.assertTrue(self.browser.run("return document.activeElement.closest('#list') !== null"), "the list comes next")
        self.browser.run("document.querySelector('.columns .node[tabindex=\"0\"]').focus()")
        self.browser.type("Enter")
        self.browser.until("return document.activeElement.id === arguments[0]", address)
        self.assertEqual(self.chosen(), address)
        self.browser.type("Tab")
        self.assertEqual(self.browser.run("return document.activeElement.closest('.resource')?.id"), address,
                         "reading goes on in the card")
        self.browser.type("Escape")
        self.assertEqual(self.chosen(), "")
        self.browser.type("/")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "search")

    def test_a_filter_hides_an_action_in_drawing_and_list(self):
        self.open("update")
        self.browser.click(".chip.no-op")
        self.assertEqual((self.count(".node"), self.count(".resource"), self.count(".fold")), (4, 4, 0))
        self.assertEqual(self.count(".edge"), 1, "only between what is shown")
        self.assertEqual(self.text("#shown"), "4 of 14 shown")
        self.assertEqual(self.browser.run("return document.querySelector('.chip.no-op').getAttribute('aria-pressed')"),
                         "false")
        self.browser.click(".chip.no-op")
        self.assertEqual((self.count(".node"), self.text("#shown")), (14, ""))

    def test_a_search_finds_names_fields_and_values(self):
        self.open("update")
        self.browser.click("#search")
        for words, found in (("cost-centre", ["gitlab-nfs"]), ("ENGINE_version 16.8", ["gitlab-pgsql"]), ("[", ["gitlab-pgsql"]),
                             ("subnet-0b1b2c3d", ["eu-west-1b"]), ("no such thing", [])):
            self.browser.type(words)
            self.assertEqual(self.texts(".resource .name"), found, words)
            self.assertEqual(self.count(".node"), len(found))
            self.browser.type("Escape")
            self.assertEqual(self.count(".node"), 14, "Escape takes the search back")
            self.assertEqual(self.count(".resource.no-op"), 0, "what a search has unfolded is folded again")
        self.browser.type("engine_version")
        self.choose(f"{self.card(DATABASE)} .ways a", "aws_db_subnet_group.gitlab-pgsql")
        self.assertEqual(self.browser.run("return document.getElementById('search').value"), "",
                         "what a link leads to is shown")

    def test_by_night_the_page_is_dark_and_every_text_can_be_read_by_day_and_night(self):
        background = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
        for dark in (False, True):
            for page in ("first", "update", "replace", "destroy", "refused", "drifted"):
                self.open(page, dark=dark)
                bright = sum(self.browser.run(background)[:3]) / 3
                self.assertLess(bright, 40) if dark else self.assertGreater(bright, 230)
                if page == "update":
                    self.choose(self.node(DATABASE), DATABASE)
                    # What is far from what is chosen is faded on purpose.
                    self.browser.run("document.querySelectorAll('.far').forEach((one) => one.remove())")
                self.browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                contrasts = self.browser.run(CONTRASTS)
                self.assertGreater(len(contrasts), 30)
                poor = [one for one in contrasts if one[0] < 4.5]
                self.assertEqual(poor, [], f"{page}, dark: {dark}")

    def test_on_no_screen_is_anything_wider_than_the_screen_or_too_small_to_read(self):
        width = "return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
        sizes = """
          return Array.from(document.querySelectorAll(".canvas svg")).filter((one) => one.checkVisibility()).map((drawing) => {
            const { left, right, width } = drawing.getBoundingClientRect();
            return [left, right, 13 * width / drawing.viewBox.baseVal.width];
          });"""
        for wide in (PHONE[0], 480, 768, 1024, 1280, 1920):
            for page in ALL if wide == PHONE[0] else ("first", "update", "large"):
                with self.subTest(page=page, width=wide):
                    self.open(page, wide, 740, phone=wide < 768)
                    self.browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                    self.assertLessEqual(self.browser.run(width), wide)
                    self.assertEqual(self.browser.run("return window.innerWidth"), wide)
                    drawings = self.browser.run(sizes)
                    self.assertEqual(len(drawings), 0 if page == "drift-only" else 1)
                    for left, right, size in drawings:
                        self.assertGreaterEqual(left, 0)
                        self.assertLessEqual(right, wide)
                        self.assertGreaterEqual(size, 9)

    def test_on_a_phone_a_box_leads_to_its_card_too(self):
        self.open("update", *PHONE, phone=True)
        self.assertEqual((self.count(".rails"), self.count(".columns")), (1, 0))
        self.choose(self.node(DATABASE), DATABASE)
        self.assertTrue(self.is_in_sight(DATABASE))
        self.assertEqual(self.count(".rails .node.chosen"), 1)

    def test_text_from_outside_is_shown_as_text_and_does_nothing(self):
        for page in ("markup", "hostile"):
            with self.subTest(page):
                self.open(page)
                self.browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                places = self.browser.run("return document.querySelectorAll('.resource').length")
                for place in range(places):
                    card = f".resource[data-index='{place}']"
                    self.browser.click(f"{card} .what")
                    self.browser.until("return document.querySelector(arguments[0]).classList.contains('chosen')", card)
                    if self.count(f"{card} .ways a"):
                        self.browser.click(f"{card} .ways a")
                self.assertIsNone(self.browser.run("return window.owned ?? null"))
                self.assertEqual(self.browser.logged("browser"), [])
                self.assertEqual(len(self.browser.requested()), 1)
                strange = "return document.querySelectorAll('img, iframe, object, [onclick], [onload], [onerror]').length"
                self.assertEqual(self.browser.run(strange), 0)
                seen = self.browser.run("return document.body.innerText")
                self.assertNotRegex(seen, "[\u202a-\u202e\u2066-\u2069\u200b\u2028]")
        self.open("markup")
        self.assertIn("</script><script>owned=1</script><img src=x onerror=owned=1>", self.text("h1"))
        self.assertIn("{{script}}&lt;b&gt;\\u{2028}<!--\\u{202e}", self.text("h1"))
        self.assertIn("<svg onload=owned=1>", self.text(".resource.update .line"))
        self.assertIn("<img src=x onerror=owned=1>", self.text("header dd"))

    def test_every_control_has_a_name_for_those_who_do_not_see_it(self):
        self.open("update")
        self.browser.command("Accessibility.enable")
        tree = self.browser.command("Accessibility.getFullAXTree")["nodes"]
        self.browser.command("Accessibility.disable")
        named = {}
        for one in tree:
            if not one.get("ignored"):
                named.setdefault(one["role"]["value"], []).append(one.get("name", {}).get("value", ""))
        self.assertIn(f"{DATABASE}: update", named["link"])
        self.assertIn(f"{DATABASE}: update", named["article"])
        self.assertIn("10 unchanged", named["DisclosureTriangle"])
        self.assertEqual(named["searchbox"], ["Search names, fields and values"])
        for role in ("button", "link", "article", "searchbox", "group", "region", "heading"):
            self.assertTrue(named.get(role), role)
            self.assertNotIn("", named[role], role)
        self.assertEqual(len(named["main"]), 1)

    def comment(self, page):
        """The comment of a plan, opened as a page of its own."""
        text = comment.page((PAGES / f"{page}.md").read_text())
        if text is None:
            self.skipTest("there is no reader of Markdown: localstack/test installs one")
        path = PAGES.parent / "comments" / f"{page}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.browser.open(path.as_uri())

    def test_a_comment_shows_every_difference_without_a_click(self):
        self.browser.look(900, 900)
        self.comment("update")
        seen = self.browser.run("return document.body.innerText")
        for line in ("! engine_version (reboots)\n-   16.3\n+   16.8", "! multi_az (fails over)\n-   false\n+   true",
                     "-   owner: ops\n+   cost-centre: 4711", "Made 2026-11-20 12:00 UTC by provision 0.1.0", "(provision.yaml)"):
            self.assertIn(line, seen)
        self.assertEqual(self.count("details > summary"), 4)
        self.comment("first")
        self.assertIn("6 to watch: AWS is not changed", self.texts("summary"))
        seen = self.browser.run("return document.body.innerText")
        self.assertIn("+ allocated_storage: 50", seen)
        self.assertNotIn("vpc-0a1b2c3d4e5f60718 (the cluster's own", seen)

    def taken(self, name, window, **how):
        """A picture, for people to look at; into the documents where they are written."""
        self.browser.look(*window, **how)
        path = (PICTURES if WRITES_DOCS else PAGES.parent) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.browser.picture(path)
        self.assertGreater(path.stat().st_size, 10_000)
        self.assertLess(path.stat().st_size, 200_000, "pictures in the repository are small")

    def test_pictures_are_taken_for_people_to_look_at(self):
        self.open("update", 1100, 1180)
        self.taken("page", (1100, 1180))
        self.taken("page-dark", (1100, 1180), dark=True)
        self.taken("page-phone", (360, 1180), phone=True)
        self.browser.look(900, 1200)
        self.comment("update")
        self.taken("comment", (900, 1200))


if __name__ == "__main__":
    unittest.main()
