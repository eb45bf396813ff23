// SPDX-License-Identifier: Apache-2.0

// unitOf returns the unit of a metric: the one it states, or the one in its name.
export function unitOf(metric) {
  if (metric.unit) return metric.unit;
  const match = /_(seconds|bytes|ratio|celsius|meters|volts|amperes|joules|grams)(_total)?$/.exec(metric.name);
  return match ? match[1] : '';
}

const scaled = (value, steps) => {
  const size = Math.abs(value);
  let [factor, name] = steps[steps.length - 1];
  for (const [f, n] of steps) if (size >= f) { [factor, name] = [f, n]; break; }
  return digits(value / factor) + name;
};

// digits shows three significant digits, and whole numbers below a million as they are.
function digits(v) {
  const size = Math.abs(v);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return v.toExponential(2).replace('e+', 'e');
  if (Number.isInteger(v)) return v.toLocaleString('en-US');
  return size >= 100 ? Math.round(v).toLocaleString('en-US') : size >= 10 ? v.toFixed(1) : size >= 1 ? v.toFixed(2) : String(+v.toPrecision(3));
}

const times = [[86400, ' d'], [3600, ' h'], [60, ' min'], [1, ' s'], [1e-3, ' ms'], [1e-6, ' µs'], [1e-9, ' ns']];
const sizes = [[2 ** 40, ' TiB'], [2 ** 30, ' GiB'], [2 ** 20, ' MiB'], [2 ** 10, ' KiB'], [1, ' B']];

// number returns the number of a value. Those that JSON cannot express come as texts.
export function number(value) {
  return value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value);
}

// short shows a value for reading at a glance.
export function short(value, unit = '') {
  if (value === null || value === undefined) return '–';
  const v = number(value);
  if (!Number.isFinite(v)) return Number.isNaN(v) ? 'NaN' : v > 0 ? '+Inf' : '−Inf';
  if (v === 0) return unit === 'seconds' ? '0 s' : unit === 'bytes' ? '0 B' : '0';
  if (unit === 'seconds') return scaled(v, times);
  if (unit === 'bytes') return scaled(v, sizes);
  if (unit === 'ratio') return digits(v * 100) + ' %';
  const size = Math.abs(v);
  if (size >= 1e4 && size < 1e15) {
    const [factor, name] = size >= 1e12 ? [1e12, ' T'] : size >= 1e9 ? [1e9, ' G'] : size >= 1e6 ? [1e6, ' M'] : [1e3, ' k'];
    return digits(v / factor) + name;
  }
  return digits(v);
}

// rate shows a value per second.
export function rate(value, unit = '') {
  if (value === null || value === undefined) return '–';
  // Seconds per second are a share of the time.
  return unit === 'seconds' ? short(value) + ' s/s' : short(value, unit) + '/s';
}

// exact shows all digits of a value. Integers too large for a number of JavaScript come as texts.
export function exact(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return /^\d+$/.test(value) ? value.replace(/\B(?=(\d{3})+$)/g, ',') : value.replace('-', '−');
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-US');
  return String(value).replace('-', '−');
}

export const clock = (ms) => new Date(ms).toLocaleTimeString('en-GB');

export function plural(n, word, many = word + 's') {
  return n.toLocaleString('en-US') + ' ' + (n === 1 ? word : many);
}

// duration shows a time in whole seconds or minutes.
export function duration(seconds) {
  return seconds < 120 ? plural(Math.round(seconds), 'second') : plural(Math.round(seconds / 60), 'minute');
}
