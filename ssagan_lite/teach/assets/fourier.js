// A square texture held by its waves. Each wave has a size and a phase; turning the phases moves the texture.

// The sum of all waves at each place: an inverse fast Fourier transform of `re + i im`, in place, over one line of `n`
// numbers (a power of two) that starts at `start` and goes on by `step`.
function sumWaves(re, im, n, start, step) {
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) for (const part of [re, im]) {
      const a = start + i * step, b = start + j * step, kept = part[a];
      part[a] = part[b];
      part[b] = kept;
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const turn = (2 * Math.PI) / size, half = size >> 1;
    for (let k = 0; k < half; k++) {
      const cos = Math.cos(turn * k), sin = Math.sin(turn * k);
      for (let i = k; i < n; i += size) {
        const a = start + i * step, b = a + half * step;
        const x = re[b] * cos - im[b] * sin, y = re[b] * sin + im[b] * cos;
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

// (n, n) waves -> (n, n) heights; the imaginary part of the sum is dropped.
function synthesise(re, im, n) {
  for (let row = 0; row < n; row++) sumWaves(re, im, n, row * n, 1);
  for (let column = 0; column < n; column++) sumWaves(re, im, n, column, n);
  return re;
}
