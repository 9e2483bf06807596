"""The pages of `plan --html` in a real browser: what is seen, clicked, typed and searched; and what cannot happen."""

import http.server
import os
import pathlib
import threading
import unittest

from webdriver import DESKTOP, PHONE, Browser

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or pathlib.Path(__file__).parents[2] / "target")
PAGES = TARGET.resolve() / "tmp" / "pages"
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

    def node(self, address):
        """A selector for the box of an address."""
        place = self.browser.run(
            "return JSON.parse(document.getElementById('plan').textContent)"
            ".findIndex((one) => one.address === arguments[0])", address)
        self.assertGreaterEqual(place, 0, address)
        return f".node[data-index='{place}']"

    def row(self, address):
        return self.node(address).replace(".node", ".rows li") + " button"

    def chosen(self):
        """The address of what is chosen, as the panel shows it."""
        parts = self.texts("#chosen .head .kind, #chosen .head h2")
        return ".".join(parts)

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
                        self.assertEqual(self.count(f".rows li.{action}"), count)
                        bars = self.browser.run(
                            "return Array.from(document.querySelectorAll(arguments[0]), (bar) => getComputedStyle(bar).fill)",
                            f".node.{action} .bar")
                        self.assertEqual(len(set(bars)), 1)
                        colours[action] = bars[0]
            self.assertEqual(colours.pop("forget"), colours["watch"], "the cluster's own is one colour")
            self.assertEqual(len(set(colours.values())), len(colours), colours)

    def test_what_depends_stands_to_the_right_and_nothing_overlaps(self):
        for page in ("first", "replace"):
            self.open(page)
            boxes = self.browser.run("""
              const data = JSON.parse(document.getElementById("plan").textContent);
              return Array.from(document.querySelectorAll(".node"), (node) => {
                const { left, right, top, bottom } = node.querySelector(".box").getBoundingClientRect();
                return { left, right, top, bottom, needs: data[Number(node.dataset.index)].needs };
              });""")
            self.assertEqual(self.count(".edge"), sum(len(box["needs"]) for box in boxes))
            for n, box in enumerate(boxes):
                for need in box["needs"]:
                    self.assertGreater(box["left"], boxes[need]["right"])
                for other in boxes[n + 1:]:
                    apart = (box["right"] <= other["left"] or other["right"] <= box["left"]
                             or box["bottom"] <= other["top"] or other["bottom"] <= box["top"])
                    self.assertTrue(apart, (box, other))

    def test_a_click_shows_the_fields_before_and_after_and_what_they_cost(self):
        self.open("update")
        self.assertIn("Choose a resource", self.text("#inspector"))
        self.browser.click(self.node(DATABASE))
        self.assertEqual(self.chosen(), DATABASE)
        fields = self.texts("#chosen .field")
        self.assertIn("engine_version" + "reboots" + "-16.3" + "+16.8", fields)
        self.assertIn("the window of Sun 2026-11-22 04:30 UTC", self.text("#chosen .effects"))
        self.assertEqual(self.texts("#chosen .ways button"),
                         ["aws_db_subnet_group.gitlab-pgsql", "aws_security_group.gitlab-pgsql"])
        self.assertEqual(self.count(".node.chosen"), 1)
        self.assertEqual(self.count(".edge.near"), 2)
        self.browser.click("#chosen .ways button")
        self.assertEqual(self.chosen(), "aws_db_subnet_group.gitlab-pgsql")
        self.assertIn(DATABASE, self.texts("#chosen .ways button"))
        self.browser.click(self.row("aws_security_group.gitlab-nfs"))
        self.assertEqual(self.chosen(), "aws_security_group.gitlab-nfs")
        self.assertIn('-tcp 2049 from 0.0.0.0/0 "2049 from everybody"', self.texts("#chosen .line.before"))
        self.browser.click("#chosen .close")
        self.assertEqual(self.chosen(), "")
        self.assertEqual(self.count(".node.chosen, .node.far, .edge.near"), 0)

    def test_a_link_leads_to_a_resource(self):
        self.open("update", hash="#aws_efs_file_system.gitlab-nfs")
        self.assertEqual(self.chosen(), "aws_efs_file_system.gitlab-nfs")
        self.browser.click(self.node(DATABASE))
        self.assertEqual(self.browser.run("return location.hash"), f"#{DATABASE}")
        self.open("update", hash="#%E0%A4%A")
        self.assertEqual((self.chosen(), self.browser.logged("browser")), ("", []))

    def test_findings_and_drift_lead_to_their_resources(self):
        self.open("refused")
        self.assertIn("cannot be carried out: 1 error", self.text(".summary"))
        self.assertIn("allocated_storage must be at least 20 GiB", self.text(".findings .error"))
        self.assertIn("multi_az is false", self.text(".findings .warning"))
        self.browser.click(".findings .error button")
        self.assertEqual(self.chosen(), DATABASE)
        self.open("drifted")
        self.browser.click(".outside button")
        self.assertEqual(self.chosen(), DATABASE)
        self.assertIn("Changed outside since the last apply", self.text("#chosen h3"))
        self.open("drift-only")
        self.assertEqual(self.count(".node"), 0)
        self.browser.click(".rows li button")
        self.assertEqual(self.chosen(), DATABASE)

    def test_checks_that_passed_are_out_of_the_way(self):
        self.open("markup")
        self.assertEqual(self.texts("details > summary"), ["1 check not made", "1 check passed"])
        self.assertEqual(self.count("details .passed"), 0)
        self.browser.click("details:last-of-type > summary")
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
        self.browser.type("Enter")
        address = self.browser.run("return document.activeElement.getAttribute('aria-label')")
        self.assertEqual(self.chosen(), address.split(":")[0])
        self.assertEqual(self.browser.run("return document.activeElement.getAttribute('aria-pressed')"), "true")
        outline = self.browser.run(
            "return getComputedStyle(document.activeElement.querySelector('.box')).strokeWidth")
        self.assertEqual(outline, "2.5px", "what has the focus can be seen")
        self.browser.type("Escape")
        self.assertEqual(self.chosen(), "")
        self.browser.type("Tab")
        self.assertTrue(self.browser.run("return document.activeElement.closest('.rows, #list, .canvas') !== null"))
        self.browser.type("/")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "search")

    def test_a_filter_hides_an_action_in_drawing_and_list(self):
        self.open("update")
        self.browser.click(".chip.no-op")
        self.assertEqual((self.count(".node"), self.count(".rows li")), (4, 4))
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
                             ("no such thing", [])):
            self.browser.type(words)
            self.assertEqual(self.texts(".rows .name"), found, words)
            self.assertEqual(self.count(".node"), len(found))
            self.browser.type("Escape")
            self.assertEqual(self.count(".node"), 14, "Escape takes the search back")

    def test_by_night_the_page_is_dark_and_every_text_can_be_read_by_day_and_night(self):
        background = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
        for dark in (False, True):
            for page in ("first", "update", "replace", "destroy", "refused", "drifted"):
                self.open(page, dark=dark)
                bright = sum(self.browser.run(background)[:3]) / 3
                self.assertLess(bright, 40) if dark else self.assertGreater(bright, 230)
                if page == "update":
                    self.browser.click(self.row(DATABASE))
                    # What is far from what is chosen is faded on purpose.
                    self.browser.run("document.querySelectorAll('.far').forEach((one) => one.remove())")
                contrasts = self.browser.run(CONTRASTS)
                self.assertGreater(len(contrasts), 30)
                poor = [one for one in contrasts if one[0] < 4.5]
                self.assertEqual(poor, [], f"{page}, dark: {dark}")

    def test_on_a_phone_nothing_is_wider_than_the_screen_but_the_drawing_which_scrolls(self):
        width = "return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
        for page in ALL:
            with self.subTest(page):
                self.open(page, *PHONE, phone=True)
                self.assertLessEqual(self.browser.run(width), PHONE[0])
                self.assertEqual(self.browser.run("return window.innerWidth"), PHONE[0])
                self.browser.click(".rows li button")
                self.assertLessEqual(self.browser.run(width), PHONE[0])
                inner = "const sheet = document.getElementById('inspector'); return sheet.scrollWidth - sheet.clientWidth"
                self.assertLessEqual(self.browser.run(inner), 0)
        self.open("update", *PHONE, phone=True)
        canvas = self.browser.run("const { scrollWidth, clientWidth } = document.getElementById('canvas');"
                                  "return [scrollWidth, clientWidth]")
        self.assertGreater(canvas[0], canvas[1])
        self.browser.click(self.row(DATABASE))
        sheet = self.browser.run("const { left, right, bottom, top } = document.getElementById('inspector')"
                                 ".getBoundingClientRect(); return [left, right, bottom, top]")
        self.assertEqual(sheet[:3], [0, PHONE[0], PHONE[1]])
        self.assertGreater(sheet[3], PHONE[1] / 4, "the list can still be seen")
        self.browser.click("#chosen .close")
        self.assertEqual(self.count("#inspector"), 0)

    def test_text_from_outside_is_shown_as_text_and_does_nothing(self):
        for page in ("markup", "hostile"):
            with self.subTest(page):
                self.open(page)
                places = self.browser.run("return document.querySelectorAll('.rows li').length")
                for place in range(places):
                    self.browser.click(f".rows li[data-index='{place}'] button")
                    if self.count("#chosen .ways button"):
                        self.browser.click("#chosen .ways button")
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
        self.browser.click(".rows li.update button")
        self.assertIn("<svg onload=owned=1>", self.text("#chosen .line"))

    def test_every_control_has_a_name_for_those_who_do_not_see_it(self):
        self.open("update")
        self.browser.click(self.node(DATABASE))
        self.browser.command("Accessibility.enable")
        tree = self.browser.command("Accessibility.getFullAXTree")["nodes"]
        self.browser.command("Accessibility.disable")
        named = {}
        for one in tree:
            if not one.get("ignored"):
                named.setdefault(one["role"]["value"], []).append(one.get("name", {}).get("value", ""))
        self.assertIn(f"{DATABASE}: update", named["button"])
        self.assertIn("Close", named["button"])
        self.assertEqual(named["searchbox"], ["Search names, fields and values"])
        for role in ("button", "searchbox", "group", "region", "complementary", "heading"):
            self.assertTrue(named.get(role), role)
            self.assertNotIn("", named[role], role)
        self.assertEqual(len(named["main"]), 1)

    def test_pictures_are_taken_for_people_to_look_at(self):
        for name, window, how in (("light", DESKTOP, {}), ("dark", DESKTOP, {"dark": True}),
                                  ("phone", PHONE, {"phone": True})):
            self.open("update", *window, **how)
            if name != "phone":
                self.browser.click(self.node(DATABASE))
            path = PAGES.parent / f"page-{name}.png"
            self.browser.picture(path, whole=True)
            self.assertGreater(path.stat().st_size, 10_000)


if __name__ == "__main__":
    unittest.main()
