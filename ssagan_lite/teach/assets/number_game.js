// A generator of one number against a critic of one number, or against the squared error. The data lies at -1 and +1.
const RULES = { hidden: 12, batch: 48, spread: 0.15, criticRate: 0.005, generatorRate: 0.001, narrow: 0.3, far: -3 };

const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// options: {seed, noise: on | off, teacher: critic | squares, loss: non-saturating | minimax, steps: 1 | 5, start: middle | far,
// lead: how many steps the critic trains before the generator begins}
function makeGame(options) {
  const random = seeded(options.seed * 7919), { hidden, batch, spread } = RULES, guided = options.teacher === "critic";
  const generator = makeNetwork([1, hidden, hidden, 1], random), critic = makeNetwork([1, hidden, hidden, 1], random);
  const last = generator.layers.at(-1).values;
  for (let k = 0; k < hidden; k++) last[k] *= RULES.narrow; // it begins as a narrow lump
  if (options.start === "far") last[hidden] = RULES.far;
  const game = { step: 0, critic: NaN, generator: NaN, real: NaN, fake: NaN };

  const data = () => Float64Array.from({ length: batch }, () => (random() < 0.5 ? -1 : 1) + spread * normal(random));
  const inputs = () => Float64Array.from({ length: batch }, () => (options.noise === "on" ? normal(random) : 0));

  // Which of the two is real? Cross-entropy of logits, real ones first (Eq. 4 and 6).
  function criticStep() {
    const numbers = new Float64Array(2 * batch), slopes = new Float64Array(2 * batch);
    numbers.set(data());
    numbers.set(answer(generator, inputs()), batch);
    const kept = forward(critic, numbers), logits = kept.at(-1);
    logits.forEach((logit, i) => { slopes[i] = (sigmoid(logit) - (i < batch ? 1 : 0)) / batch; });
    backward(critic, kept, slopes);
    adam(critic, RULES.criticRate);
    const real = logits.subarray(0, batch), fake = logits.subarray(batch);
    game.critic = mean(real.map((logit) => softplus(-logit))) + mean(fake.map(softplus));
    [game.real, game.fake] = [real, fake].map((part) => mean(part.map(sigmoid)));
  }

  // The slope of the generator's loss by each of its numbers, and the loss.
  function judge(numbers) {
    if (!guided) {
      const targets = data();
      return { slopes: numbers.map((x, i) => 2 * (x - targets[i % batch])), loss: mean(numbers.map((x, i) => (x - targets[i % batch]) ** 2)) };
    }
    const kept = forward(critic, numbers), logits = kept.at(-1), minimax = options.loss === "minimax";
    const slopes = backward(critic, kept, logits.map((logit) => (minimax ? -sigmoid(logit) : sigmoid(logit) - 1)), false);
    return { slopes, loss: mean(logits.map((logit) => (minimax ? -softplus(logit) : softplus(-logit)))) };
  }

  function generatorStep() {
    const kept = forward(generator, inputs()), { slopes, loss } = judge(kept.at(-1));
    backward(generator, kept, slopes.map((slope) => slope / batch));
    adam(generator, RULES.generatorRate);
    game.generator = loss;
  }

  game.advance = (count = 1) => {
    for (let i = 0; i < count; i++, game.step++) {
      if (guided) for (let k = 0; k < options.steps; k++) criticStep();
      generatorStep();
    }
  };
  if (guided) for (let i = 0; i < options.lead; i++) criticStep();
  game.make = (noise) => answer(generator, options.noise === "on" ? noise : noise.map(() => 0));
  game.logits = (numbers) => answer(critic, numbers);
  // How a number is pushed: against the slope; for squares that of the mean over all data, which is exact.
  game.push = (numbers) => (guided ? judge(numbers).slopes.map((slope) => -slope) : numbers.map((x) => -2 * x));
  return game;
}

// Where a set of numbers lies: on both sides, on one, in the middle, or elsewhere.
function sideOf(numbers) {
  const near = (place) => numbers.filter((x) => Math.abs(x - place) < 0.5).length / numbers.length;
  const [left, middle, right] = [-1, 0, 1].map(near);
  if (left >= 0.25 && right >= 0.25) return "both";
  return left >= 0.9 ? "left" : right >= 0.9 ? "right" : middle >= 0.9 ? "middle" : "elsewhere";
}
