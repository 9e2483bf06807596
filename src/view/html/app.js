// The page's behaviour: choosing, filtering, searching. Text only ever becomes text; the page's policy forbids more.
"use strict";
(() => {
  const resources = JSON.parse(document.getElementById("plan").textContent);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const nodes = all(".node");
  const edges = all(".edge");
  const rows = all(".rows > li");
  const chips = all(".chip");
  const search = document.getElementById("search");
  const inspector = document.getElementById("inspector");
  const panel = document.getElementById("chosen");
  let chosen = null;

  const make = (tag, name, ...content) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...content.filter((one) => one !== null));
    return element;
  };
  const index = (element) => Number(element.dataset.index);

  // What is shown.

  const words = resources.map((one) => [one.address, one.action, one.reason, one.word,
    one.groups.map((group) => group.fields.map((field) =>
      [field.path, field.note, field.lines.map((line) => line.text)])),
  ].flat(Infinity).join("\n").toLowerCase());
  const show = () => {
    const off = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "false")
      .map((chip) => chip.dataset.action));
    const wanted = search.value.toLowerCase().split(/\s+/);
    const hidden = resources.map((one, n) =>
      off.has(one.action) || !wanted.every((word) => words[n].includes(word)));
    rows.forEach((row) => { row.hidden = hidden[index(row)]; });
    nodes.forEach((node) => node.classList.toggle("off", hidden[index(node)]));
    edges.forEach((edge) =>
      edge.classList.toggle("off", hidden[Number(edge.dataset.from)] || hidden[Number(edge.dataset.to)]));
    const count = hidden.filter((one) => !one).length;
    document.getElementById("shown").textContent =
      count === resources.length ? "" : `${count} of ${resources.length} shown`;
    rove();
  };

  // What is chosen.

  const way = (to) => {
    const button = make("button", `to ${resources[to].action}`, resources[to].address);
    button.type = "button";
    button.addEventListener("click", () => choose(to));
    return button;
  };
  const ways = (title, places) => places.length === 0 ? null :
    make("section", "ways", make("h3", "", title), make("ul", "", ...places.map((to) => make("li", "", way(to)))));
  const MARKS = { "-": "before", "+": "after", "~": "changed", "": "plain" };
  const line = ({ mark, text }) => make("div", `line ${MARKS[mark]}`, make("span", "mark", mark), make("code", "", text));
  const field = ({ path, note, calls, lines }) => make("div", "field",
    make("div", "path", make("span", "", path), note ? make("span", "note", note) : null),
    ...lines.map(line),
    calls.length ? make("p", "calls", `by ${calls.join(", ")}`) : null);
  const group = ({ title, fields }) =>
    make("section", "", make("h3", "", title), make("div", "fields", ...fields.map(field)));
  const cost = ({ effect, when, felt }) =>
    felt ? make("li", "felt", effect, make("span", "when", `, ${when}`)) : make("li", "", "No effect on the service");

  const choose = (to) => {
    chosen = to;
    const one = to === null ? null : resources[to];
    panel.replaceChildren();
    inspector.classList.toggle("open", one !== null);
    if (one) {
      const close = make("button", "close", "×");
      close.type = "button";
      close.setAttribute("aria-label", "Close");
      close.addEventListener("click", () => choose(null));
      panel.append(
        make("div", `head ${one.action}`, make("span", "kind", one.kind), close, make("h2", "", one.name),
          make("p", "", make("span", "badge", `${one.sign} ${one.word}`.trim()),
            one.reason ? make("span", "reason", one.reason) : null)),
        ...[one.costs.length ? make("ul", "effects", ...one.costs.map(cost)) : null,
          ...one.groups.map(group),
          ways("Depends on", one.needs),
          ways("Needed by", one.needed_by)].filter((part) => part !== null));
      inspector.scrollTop = 0;
    }
    const near = new Set(one ? [to, ...one.needs, ...one.needed_by] : []);
    const mark = (element) => {
      const here = index(element) === to;
      element.classList.toggle("chosen", here);
      element.classList.toggle("far", one !== null && !near.has(index(element)));
      return here;
    };
    nodes.forEach((node) => node.setAttribute("aria-pressed", String(mark(node))));
    rows.forEach((row) => row.firstElementChild.setAttribute("aria-pressed", String(mark(row))));
    edges.forEach((edge) => {
      const touches = [edge.dataset.from, edge.dataset.to].map(Number).includes(to);
      edge.classList.toggle("near", touches);
      edge.classList.toggle("far", one !== null && !touches);
    });
    const place = one ? `#${encodeURIComponent(one.address)}` : location.pathname + location.search;
    // Where a page has no address of its own, in a preview, there is nothing to remember.
    try { history.replaceState(null, "", place); } catch { return; }
  };

  // Moving in the drawing: one stop for the tab key, arrows from there.

  const seen = () => nodes.filter((node) => !node.classList.contains("off"));
  const rove = (to) => {
    const visible = seen();
    const current = to || visible.find((node) => node.tabIndex === 0) || visible[0];
    nodes.forEach((node) => { node.tabIndex = node === current ? 0 : -1; });
  };
  const AHEAD = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const beside = (node, [right, down]) => {
    const middle = (one) => {
      const box = one.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    };
    const [x, y] = middle(node);
    const ways = seen().filter((one) => one !== node).map((one) => {
      const [dx, dy] = [middle(one)[0] - x, middle(one)[1] - y];
      const [ahead, aside] = right ? [dx * right, Math.abs(dy)] : [dy * down, Math.abs(dx)];
      return { one, ahead, far: ahead + 3 * aside };
    });
    return ways.filter((way) => way.ahead > 8).sort((a, b) => a.far - b.far).map((way) => way.one)[0];
  };

  nodes.forEach((node) => {
    node.addEventListener("click", () => { rove(node); choose(index(node)); });
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        choose(index(node));
      } else if (AHEAD[event.key]) {
        const next = beside(node, AHEAD[event.key]);
        if (next) { rove(next); next.focus(); }
      } else {
        return;
      }
      event.preventDefault();
    });
  });
  const canvas = document.getElementById("canvas");
  if (canvas) canvas.addEventListener("click", (event) => { if (!event.target.closest(".node")) choose(null); });
  rows.forEach((row) => row.firstElementChild.addEventListener("click", () => choose(index(row))));
  all("[data-to-index]").forEach((button) =>
    button.addEventListener("click", () => choose(Number(button.dataset.toIndex))));
  chips.forEach((chip) => chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") === "false"));
    show();
  }));
  search.addEventListener("input", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (search.value) { search.value = ""; show(); } else { choose(null); }
    } else if (event.key === "/" && document.activeElement !== search && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
    }
  });

  const named = () => {
    let address = "";
    try { address = decodeURIComponent(location.hash.slice(1)); } catch { return null; }
    const place = resources.findIndex((one) => one.address === address);
    return place < 0 ? null : place;
  };
  window.addEventListener("hashchange", () => choose(named()));
  if (named() !== null) choose(named());
  show();
})();
