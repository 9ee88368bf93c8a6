// Needs: dom, theme.
// Rows of an audit, closed: what paper and code say is told at once; measurement, verdict and consequence after a guess.

const VERDICT_SIGN = { "holds": "✓", "does not hold": "✗", "cannot be tested here": "?" };
const WHOSE = { paper: "the paper’s claims", ours: "claims in our words" }; // ours: where the paper is silent
const KINDS = { paper: "as the paper says", code: "as released", beside: "for comparison" };

function chip(verdict) {
  const sign = make("span", { "aria-hidden": "true" }, VERDICT_SIGN[verdict]);
  return make("span", { class: "ssagan-audit-chip", "data-verdict": verdict }, sign, verdict);
}

// One bar from share `from` to share `to` of the width; a thin line marks zero.
function barRow(bar) {
  const fill = make("span", { class: "ssagan-audit-fill", "data-kind": bar.kind, style: `left: ${100 * bar.from}%; width: ${100 * (bar.to - bar.from)}%` });
  const zero = make("span", { class: "ssagan-audit-zero", style: `left: ${100 * bar.zero}%` });
  const track = make("span", { class: "ssagan-audit-track", "aria-hidden": "true" }, fill, zero);
  return make("li", {}, make("span", { class: "ssagan-audit-label" }, bar.label), track, make("span", { class: "ssagan-audit-value" }, bar.text));
}

function bars(hidden) {
  const used = Object.keys(KINDS).filter((kind) => hidden.bars.some((bar) => bar.kind === kind));
  const legend = used.map((kind) => make("span", {}, make("span", { class: "ssagan-audit-key ssagan-audit-fill", "data-kind": kind, "aria-hidden": "true" }), KINDS[kind]));
  return make("div", { class: "ssagan-audit-measured" },
    make("p", { class: "ssagan-audit-unit" }, hidden.unit),
    make("ul", { class: "ssagan-audit-bars" }, ...hidden.bars.map(barRow)),
    make("div", { class: "ssagan-audit-legend" }, ...legend));
}

function told(term, text, extra = []) {
  return make("p", {}, make("strong", {}, `${term}: `), text, ...extra);
}

mountAll("audit_list", (stage, data, root) => {
  const opened = new Map(); // number of a row -> { hidden, right }; right is null where the reader asked for the answer
  const count = make("p", { class: "ssagan-audit-count", "aria-live": "polite" });
  const unopened = make("p", { class: "ssagan-note" });
  const items = data.rows.map(build);
  const filters = { verdict: null, effect: null, whose: null };
  const buttons = [
    ...Object.keys(VERDICT_SIGN).map((verdict) => filterButton("verdict", verdict, verdict)),
    ...Object.entries(data.effects).map(([effect, text]) => filterButton("effect", effect, effect === "nothing" ? "changes neither" : `changes ${text}`)),
    ...Object.entries(WHOSE).map(([whose, text]) => filterButton("whose", whose, text)),
  ];
  const all = make("button", { type: "button", onclick: openAll }, "Show all verdicts");

  function build(row, place) {
    const state = make("span", { class: "ssagan-audit-state" }, "your guess?");
    const head = make("button", { type: "button", class: "ssagan-audit-head", "aria-expanded": false, onclick: () => toggle(place), onkeydown: (event) => walk(event, place) },
      make("span", { class: "ssagan-audit-number" }, String(row.number)), make("span", { class: "ssagan-audit-title" }, row.title), state);
    const where = row.places.length ? [make("span", { class: "ssagan-audit-places" }, ` ${row.places.join(", ")}`)] : [];
    const answer = make("div", { "aria-live": "polite" });
    const body = make("div", { class: "ssagan-audit-body", hidden: true },
      told("Paper", `${row.paper} `, [make("span", { class: "ssagan-audit-places" }, row.section)]), told("Code", row.code, where), guessForm(place), answer);
    return { row, state, head, body, answer, node: make("li", { class: "ssagan-audit-row", "data-row": row.name }, head, body) };
  }

  function guessForm(place) {
    const choices = Object.entries(data.effects).map(([effect, text]) => make("button", { type: "button", "data-guess": effect, onclick: () => answer(place, effect) }, text));
    const label = `What does row ${data.rows[place].number} change?`;
    return make("div", { class: "ssagan-audit-guess", role: "group", "aria-label": label }, make("strong", {}, "What does it change?"), make("div", { class: "ssagan-controls" }, ...choices));
  }

  // A first guess counts; guess is null where the reader only wants to see.
  function answer(place, guess) {
    if (opened.has(place)) return;
    const item = items[place], hidden = unveil(item.row.hidden);
    hidden.whose = hidden.assumed ? "ours" : "paper";
    const right = guess && guess === hidden.effect;
    opened.set(place, { hidden, right: guess ? right : null });
    const change = hidden.effect === "nothing" ? "neither a number nor what is learnt." : `${data.effects[hidden.effect]}.`;
    const reply = `${guess ? (right ? "Yes: " : "No: ") : "It changes "}${change}`;
    const card = make("div", { class: "ssagan-card", "data-verdict": guess ? (right ? "right" : "wrong") : "" }, make("p", {}, make("strong", {}, reply), ` ${hidden.so}`));
    const ours = hidden.assumed ? [make("span", { class: "ssagan-audit-places" }, "our words; the paper is silent "), " "] : [];
    const judged = make("p", {}, `“${hidden.claim}” `, ...ours, chip(hidden.verdict));
    item.answer.replaceChildren(card, bars(hidden), make("p", {}, hidden.measured), judged);
    item.body.querySelector(".ssagan-audit-guess").remove();
    item.state.replaceWith((item.state = chip(hidden.verdict)));
    root.dataset.committed = guess ? (right ? "right" : "wrong") : "shown";
    tell();
  }

  function toggle(place, open = items[place].body.hidden) {
    items[place].body.hidden = !open;
    items[place].head.setAttribute("aria-expanded", String(open));
    root.dataset.open = items.filter((item) => !item.body.hidden).length;
  }

  // Arrow keys go from row to row.
  function walk(event, place) {
    const shown = items.filter((item) => !item.node.hidden), at = shown.indexOf(items[place]);
    const next = { ArrowDown: shown[at + 1], ArrowUp: shown[at - 1], Home: shown[0], End: shown.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    next.head.focus();
  }

  function openAll() {
    items.forEach((_, place) => answer(place, null));
  }

  function filterButton(kind, value, text) {
    const number = make("span", { class: "ssagan-audit-tally" });
    const node = make("button", { type: "button", "aria-pressed": false, "data-filter": value, onclick: () => filter(kind, value) }, text, " ", number);
    return { kind, value, node, number };
  }

  // Pressing a filter again takes it off. Rows that are still closed pass no filter: it would tell their answer.
  function filter(kind, value) {
    filters[kind] = filters[kind] === value ? null : value;
    tell();
  }

  function passes(place) {
    if (Object.values(filters).every((value) => !value)) return true;
    const found = opened.get(place);
    return Boolean(found) && Object.keys(filters).every((kind) => !filters[kind] || found.hidden[kind] === filters[kind]);
  }

  // A verdict on a claim of ours is none on the paper: counted apart.
  function tally(found, kind) {
    const ours = found.filter((one) => one.hidden.assumed).length;
    return kind === "verdict" && ours ? `${found.length - ours} + ${ours} in our words` : String(found.length);
  }

  function tell() {
    items.forEach((item, place) => { item.node.hidden = !passes(place); });
    const seen = [...opened.values()];
    for (const { kind, value, node, number } of buttons) {
      node.setAttribute("aria-pressed", String(filters[kind] === value));
      number.textContent = tally(seen.filter((one) => one.hidden[kind] === value), kind);
    }
    const guessed = seen.filter((one) => one.right !== null), shown = items.filter((item) => !item.node.hidden).length;
    count.textContent = `${seen.length} of ${items.length} rows opened` + (guessed.length ? `, ${guessed.filter((one) => one.right).length} of ${guessed.length} guesses right.` : ".");
    unopened.textContent = shown < items.length ? `${shown} of the opened rows are shown. Press the filter again for all.` : "";
    all.disabled = seen.length === items.length;
    Object.assign(root.dataset, { opened: seen.length, shown, right: guessed.filter((one) => one.right).length });
  }

  const bar = make("div", { class: "ssagan-controls", role: "group", "aria-label": "show only opened rows that" }, ...buttons.map(({ node }) => node));
  stage.append(make("div", { class: "ssagan-controls" }, all, count), bar, unopened, make("ol", { class: "ssagan-audit-list" }, ...items.map(({ node }) => node)));
  toggle(0, true);
  tell();
});
