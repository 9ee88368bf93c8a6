// Needs: dom, theme, marks, player.
// One clip and its changes. The reader bets which change the Gram matrix of the first look notices; then the matrices
// appear, and the look can be changed: what pixels cannot tell apart, features can.

const BETS = ["same matrix", "another matrix"];
const HEAT_LOW = [24, 30, 60], HEAT_HIGH = [255, 214, 120];

const shareText = (share) => (share < 1e-4 ? "0: the same matrix" : share < 0.001 ? `${(100 * share).toFixed(2)} %` : `${(100 * share).toFixed(1)} %`);

// A matrix as a picture, from its bytes.
function drawMatrix(canvas, levels, side) {
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d"), picture = context.createImageData(side, side);
  levels.forEach((level, i) => {
    for (let k = 0; k < 3; k++) picture.data[4 * i + k] = HEAT_LOW[k] + ((HEAT_HIGH[k] - HEAT_LOW[k]) * level) / 255;
    picture.data[4 * i + 3] = 255;
  });
  context.putImageData(picture, 0, 0);
}

// Two radios that look like one row of buttons: arrow keys and touch come with them.
function betRow(name, group, onBet) {
  const radios = BETS.map((_, i) => make("input", { type: "radio", name: group, value: i, onchange: onBet }));
  const labels = radios.map((radio, i) => make("label", { class: "ssagan-bet" }, radio, make("span", {}, BETS[i])));
  const node = make("div", { class: "ssagan-bets", role: "radiogroup", "aria-label": `${name}: is its Gram matrix the same?` }, ...labels);
  return { node, bet: () => radios.findIndex((radio) => radio.checked), clear: () => { for (const radio of radios) radio.checked = false; } };
}

async function tile(data, index, group, onBet) {
  const view = await clipView({ ...data.clips[index], role: "" }, { mark: false });
  const bets = index === 0 ? null : betRow(data.names[index], group, onBet);
  const matrix = make("canvas", { class: "ssagan-matrix", role: "img", hidden: true });
  const told = make("div", { class: "ssagan-told" });
  view.node.append(...(bets ? [bets.node] : []), matrix, told);
  return { node: view.node, show: view.show, bets, matrix, told };
}

function verdict(tiles, answers) {
  const betted = tiles.map((each, i) => ({ i, bet: each.bets ? each.bets.bet() : -1 })).filter(({ bet }) => bet >= 0);
  const right = betted.filter(({ bet, i }) => bet === answers[i]).length, blind = answers.slice(1).filter((answer) => answer === 0).length;
  const card = make("div", { class: "ssagan-card", "data-verdict": right === betted.length ? "right" : "wrong" },
    make("p", {}, make("strong", {}, `${right} of ${betted.length} bets are right.`)),
    make("p", {}, `${blind} of ${answers.length - 1} changes leave the matrix as it was. Now take the matrix of something else, below.`));
  return { right, card };
}

mountAll("gram", async (stage, data, root) => {
  const commit = make("button", { type: "button", onclick: () => (root.dataset.committed ? again() : reveal()) });
  const tiles = await Promise.all(data.names.map((_, i) => tile(data, i, `${root.id}-${i}`, count)));
  const reply = make("div", { "aria-live": "polite" }), says = make("p", { class: "ssagan-note", "aria-live": "polite" });
  const radios = data.looks.map((_, i) => make("input", { type: "radio", name: `${root.id}-look`, value: i, checked: i === 0, onchange: () => look(i) }));
  const choice = make("div", { class: "ssagan-bets ssagan-looks", role: "radiogroup", "aria-label": "the Gram matrix of what" }, ...radios.map((radio, i) => make("label", { class: "ssagan-bet" }, radio, make("span", {}, data.looks[i]))));
  const after = make("div", { hidden: true }, make("div", { class: "ssagan-name" }, "Gram matrix of"), choice, says);
  let hidden = null;

  function count() {
    const bets = tiles.filter((each) => each.bets && each.bets.bet() >= 0).length;
    root.dataset.bets = bets;
    commit.disabled = bets === 0;
    commit.textContent = bets ? `Commit ${bets} of ${tiles.length - 1} bets` : "Bet on one or more";
  }

  function look(index) {
    const found = hidden.looks[data.looks[index]];
    root.dataset.look = index;
    tiles.forEach((each, i) => {
      const levels = Uint8Array.from(atob(found.levels[i]), (letter) => letter.charCodeAt(0)), share = shareText(found.shares[i]);
      drawMatrix(each.matrix, levels, found.side);
      each.matrix.hidden = false;
      each.matrix.setAttribute("aria-label", i === 0 ? "its Gram matrix" : `where its Gram matrix differs: ${share}`);
      const bet = each.bets ? each.bets.bet() : -1, ticked = index === 0 && bet >= 0 ? (bet === hidden.answers[i] ? "✓ " : "✗ ") : "";
      each.told.textContent = i === 0 ? `its matrix, ${found.rows} × ${found.rows}` : `${ticked}${share}`;
    });
    const blind = data.names.filter((_, i) => i > 0 && found.shares[i] < 1e-4);
    says.textContent = blind.length ? `It cannot tell apart from the untouched clip: ${blind.join(", ")}.` : "It tells every change from the untouched clip.";
  }

  function reveal() {
    hidden = unveil(data.hidden);
    const { right, card } = verdict(tiles, hidden.answers);
    for (const each of tiles) if (each.bets) each.bets.node.hidden = true;
    reply.replaceChildren(card);
    after.hidden = false;
    commit.textContent = "Bet again";
    Object.assign(root.dataset, { committed: "yes", right });
    radios[0].checked = true;
    look(0);
  }

  function again() {
    for (const each of tiles) {
      each.matrix.hidden = true;
      each.told.textContent = "";
      if (each.bets) { each.bets.clear(); each.bets.node.hidden = false; }
    }
    reply.replaceChildren();
    after.hidden = true;
    delete root.dataset.committed;
    count();
  }

  const controls = transport(root, { frames: data.frames, fps: data.fps, onFrame: (frame) => { for (const each of tiles) each.show(frame); } });
  stage.append(make("div", { class: "ssagan-gram" }, ...tiles.map((each) => each.node)), controls.node, make("div", { class: "ssagan-controls" }, commit), reply, after);
  count();
});
