// Networks small enough to train in a page: one number in, one number out, tanh between. Numbers lie in flat arrays, a
// batch example by example. Nothing here knows what the network is for.

// About normal numbers from even ones (Box and Muller).
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// sizes: units of each layer, the input first. Weights are normal with variance 1 / inputs, biases 0.
function makeNetwork(sizes, random) {
  const layers = sizes.slice(1).map((to, l) => {
    const from = sizes[l], values = new Float64Array(to * from + to), blank = () => new Float64Array(values.length);
    for (let i = 0; i < to * from; i++) values[i] = normal(random) / Math.sqrt(from);
    return { from, to, values, slope: blank(), mean: blank(), square: blank() }; // weights row by row, then biases
  });
  return { layers, steps: 0 };
}

// What each layer gives for a batch, the input first; the last entry is the network's answer.
function forward(network, batch) {
  const kept = [batch];
  network.layers.forEach(({ from, to, values }, l) => {
    const count = kept[l].length / from, out = new Float64Array(count * to), last = l === network.layers.length - 1;
    for (let i = 0; i < count; i++) for (let o = 0; o < to; o++) {
      let sum = values[to * from + o];
      for (let k = 0; k < from; k++) sum += values[o * from + k] * kept[l][i * from + k];
      out[i * to + o] = last ? sum : Math.tanh(sum);
    }
    kept.push(out);
  });
  return kept;
}

const answer = (network, batch) => forward(network, batch).at(-1);

// From the slope of a loss by the answers back to its slope by the input; `learn` adds up the slopes by the weights.
function backward(network, kept, above, learn = true) {
  for (let l = network.layers.length - 1; l >= 0; l--) {
    const { from, to, values, slope } = network.layers[l], x = kept[l], below = new Float64Array(x.length);
    for (let i = 0; i < x.length / from; i++) for (let o = 0; o < to; o++) {
      const up = above[i * to + o];
      if (learn) slope[to * from + o] += up;
      for (let k = 0; k < from; k++) {
        if (learn) slope[o * from + k] += up * x[i * from + k];
        below[i * from + k] += up * values[o * from + k];
      }
    }
    if (l > 0) for (let i = 0; i < x.length; i++) below[i] *= 1 - x[i] * x[i]; // through the tanh
    above = below;
  }
  return above;
}

// One step of Adam on the slopes added up so far, with the paper's decay rates.
function adam(network, rate, decay = [0.5, 0.9]) {
  const steps = (network.steps += 1), [first, second] = decay.map((d) => 1 - d ** steps);
  for (const { values, slope, mean, square } of network.layers) for (let i = 0; i < values.length; i++) {
    mean[i] += (1 - decay[0]) * (slope[i] - mean[i]);
    square[i] += (1 - decay[1]) * (slope[i] * slope[i] - square[i]);
    values[i] -= (rate * mean[i]) / first / (Math.sqrt(square[i] / second) + 1e-8);
    slope[i] = 0;
  }
}
