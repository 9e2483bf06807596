// The page's behaviour: marking, filtering, searching. Everything is there, and can be reached, without it.
"use strict";
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const cards = all(".resource");
  const nodes = all(".node");
  const edges = all(".edge");
  const folds = all(".fold");
  const chips = all(".chip");
  const search = document.getElementById("search");
  const place = (element) => Number(element.dataset.index);
  const ends = (edge) => [Number(edge.dataset.from), Number(edge.dataset.to)];
  document.documentElement.classList.add("scripted");
  document.getElementById("tools").hidden = false;

  // What is shown, on the screen alone: on paper is everything.

  const words = new Map(cards.map((card) => [card, `${card.id} ${card.textContent}`.toLowerCase()]));
  const unfolded = new Set();
  const show = () => {
    const off = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "false")
      .map((chip) => chip.dataset.action));
    const wanted = search.value.toLowerCase().split(/\s+/);
    const hidden = new Set();
    cards.forEach((card) => {
      const isOff = off.has(card.dataset.action) || !wanted.every((word) => words.get(card).includes(word));
      card.classList.toggle("off", isOff);
      if (isOff) hidden.add(place(card));
    });
    folds.forEach((fold) => {
      const isFound = fold.querySelector(".resource:not(.off)") !== null;
      fold.classList.toggle("off", !isFound);
      if (search.value && isFound && !fold.open) unfolded.add(fold);
      if (unfolded.has(fold)) fold.open = search.value !== "";
      if (!search.value) unfolded.delete(fold);
    });
    nodes.forEach((node) => node.classList.toggle("off", hidden.has(place(node))));
    edges.forEach((edge) => edge.classList.toggle("off", ends(edge).some((end) => hidden.has(end))));
    document.getElementById("shown").textContent =
      hidden.size === 0 ? "" : `${cards.length - hidden.size} of ${cards.length} shown`;
    rove();
  };

  // What is chosen: what the address of the page names.

  const named = () => {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return null; }
    return cards.find((card) => card.id === id) ?? null;
  };
  const choose = (card) => {
    if (card && card.classList.contains("off")) {
      search.value = "";
      chips.forEach((chip) => chip.setAttribute("aria-pressed", "true"));
      show();
    }
    const to = card ? place(card) : -1;
    const near = new Set([to]);
    edges.forEach((edge) => {
      const touches = ends(edge).includes(to);
      if (touches) ends(edge).forEach((end) => near.add(end));
      edge.classList.toggle("near", touches);
      edge.classList.toggle("far", card !== null && !touches);
    });
    cards.forEach((one) => one.classList.toggle("chosen", one === card));
    nodes.forEach((node) => {
      node.classList.toggle("chosen", place(node) === to);
      node.classList.toggle("far", card !== null && !near.has(place(node)));
      if (place(node) === to) node.setAttribute("aria-current", "true"); else node.removeAttribute("aria-current");
    });
    if (!card) return;
    const fold = card.closest(".fold");
    if (fold) fold.open = true;
    card.scrollIntoView();
  };
  const letGo = () => {
    choose(null);
    // Where a page has no address of its own, in a preview, there is nothing to forget.
    try { history.replaceState(null, "", location.pathname + location.search); } catch { return; }
  };

  // Moving in a drawing: one stop for the tab key, arrows from there.

  const seen = (drawing) =>
    nodes.filter((node) => node.ownerSVGElement === drawing && !node.classList.contains("off"));
  const rove = (to) => all("svg").forEach((drawing) => {
    const here = seen(drawing);
    const current = here.includes(to) ? to : here.find((node) => node.tabIndex === 0) ?? here[0];
    nodes.forEach((node) => {
      if (node.ownerSVGElement === drawing) node.setAttribute("tabindex", node === current ? "0" : "-1");
    });
  });
  const AHEAD = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const beside = (node, [right, down]) => {
    const middle = (one) => {
      const box = one.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    };
    const [x, y] = middle(node);
    const ways = seen(node.ownerSVGElement).filter((one) => one !== node).map((one) => {
      const [dx, dy] = [middle(one)[0] - x, middle(one)[1] - y];
      const [ahead, aside] = right ? [dx * right, Math.abs(dy)] : [dy * down, Math.abs(dx)];
      return { one, ahead, far: ahead + 3 * aside };
    });
    return ways.filter((way) => way.ahead > 8).sort((a, b) => a.far - b.far).map((way) => way.one)[0];
  };
  nodes.forEach((node) => {
    node.addEventListener("focus", () => rove(node));
    node.addEventListener("keydown", (event) => {
      if (!AHEAD[event.key]) return;
      beside(node, AHEAD[event.key])?.focus();
      event.preventDefault();
    });
  });

  chips.forEach((chip) => chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") === "false"));
    show();
  }));
  search.addEventListener("input", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (search.value) { search.value = ""; show(); } else { letGo(); }
    } else if (event.key === "/" && document.activeElement !== search && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
    }
  });
  window.addEventListener("hashchange", () => choose(named()));
  show();
  choose(named());
})();
