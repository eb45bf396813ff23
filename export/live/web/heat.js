// SPDX-License-Identifier: Apache-2.0

import { color, el, fit } from './dom.js';
import { clock, plural, short } from './format.js';

const left = 76, bottom = 24, top = 6, right = 4;

// Heat is a heat map: time runs to the right, values up, and the colour of a cell is the
// stronger, the more observations fell into its bucket between two samples.
export class Heat {
  constructor(unit) {
    this.unit = unit;
    this.canvas = el('canvas', { role: 'img', 'aria-label': 'Heat map of the observations over time' });
    this.tip = el('div', { class: 'tip', hidden: true });
    this.element = el('div', { class: 'heat plot' }, this.canvas, this.tip);
    this.draw = this.draw.bind(this);
    window.addEventListener('resize', this.draw, { passive: true });
    this.canvas.addEventListener('mousemove', (e) => this.point(e));
    this.canvas.addEventListener('mouseleave', () => { this.tip.hidden = true; });
  }

  close() { window.removeEventListener('resize', this.draw); }

  // set shows columns, each a list of buckets and counts in turns. buckets has either bounds or a
  // schema. points is the most columns.
  set(times, columns, buckets, points) {
    Object.assign(this, { times, buckets, points });
    this.columns = columns.map((column) => {
      const cells = new Map();
      for (let i = 0; column && i < column.length; i += 2) cells.set(column[i], column[i + 1]);
      return cells;
    });
    this.rows = rowsOf(this.columns, buckets);
    this.draw();
  }

  // place returns where a cell is on the canvas.
  place(column, row) {
    const width = (this.canvas.clientWidth - left - right) / this.room();
    const height = (this.canvas.clientHeight - top - bottom) / this.rows.length;
    const x = this.canvas.clientWidth - right - (this.columns.length - column) * width;
    return { x, y: this.canvas.clientHeight - bottom - (row + 1) * height, width, height };
  }

  // room is how many columns the canvas has room for: it is not all there is while the past is short.
  room() { return Math.min(this.points, Math.max(60, this.columns.length)); }

  draw() {
    if (!this.columns || !this.canvas.clientWidth) return;
    const { context } = fit(this.canvas);
    if (!this.rows.length) return;
    let most = 0;
    for (const column of this.columns) for (const n of column.values()) most = Math.max(most, Number(n));
    context.fillStyle = color('accent');
    this.columns.forEach((column, i) => this.rows.forEach((row, j) => {
      const n = Number(column.get(row.bucket) || 0);
      if (!n) return;
      const { x, y, width, height } = this.place(i, j);
      context.globalAlpha = 0.12 + 0.88 * Math.sqrt(n / most);
      // Whole pixels: cells that overlap a little would show lines between them.
      const from = Math.round(x), low = Math.round(y);
      context.fillRect(from, low, Math.max(1, Math.round(x + width) - from), Math.max(1, Math.round(y + height) - low));
    }));
    context.globalAlpha = 1;
    this.drawAxes(context);
  }

  drawAxes(context) {
    context.fillStyle = color('dim');
    context.strokeStyle = color('line');
    context.font = '12px system-ui';
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    const width = this.canvas.clientWidth;
    let free = Infinity;
    this.rows.forEach((row, j) => {
      const { y } = this.place(0, j);
      if (free - y < 15 || y < top - 1) return;
      free = y;
      context.fillText(row.upper === Infinity ? '+Inf' : short(row.upper, this.unit), left - 8, Math.max(y, 8));
      context.beginPath();
      context.moveTo(left - 4, y);
      context.lineTo(left, y);
      context.stroke();
    });
    context.strokeRect(left, top, width - left - right, this.canvas.clientHeight - top - bottom);
    context.textBaseline = 'alphabetic';
    const steps = Math.max(2, Math.floor((width - left) / 150));
    for (let k = 0; k <= steps; k++) {
      const i = this.columns.length - 1 - Math.round((steps - k) * (this.room() - 1) / steps);
      if (i < 0 || !this.times[i]) continue;
      context.textAlign = k === steps ? 'right' : 'center';
      const { x, width: w } = this.place(i, 0);
      context.fillText(clock(this.times[i]), k === steps ? width - right : x + w / 2, this.canvas.clientHeight - 6);
    }
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const i = this.columns.findIndex((_, c) => { const p = this.place(c, 0); return x >= p.x && x < p.x + p.width; });
    const j = this.rows.findIndex((_, r) => { const p = this.place(0, r); return y >= p.y && y < p.y + p.height; });
    this.tip.hidden = i < 0 || j < 0 || x < left;
    if (this.tip.hidden) return;
    const row = this.rows[j];
    const n = Number(this.columns[i].get(row.bucket) || 0);
    this.tip.replaceChildren(clock(this.times[i]),
      el('div', {}, `${row.lower === -Infinity ? 'up to' : 'above ' + short(row.lower, this.unit) + ', up to'} ` +
        (row.upper === Infinity ? '+Inf' : short(row.upper, this.unit))),
      el('div', {}, plural(n, 'observation')));
    this.tip.style.left = Math.min(x + 14, box.width - this.tip.offsetWidth - 4) + 'px';
    this.tip.style.top = Math.max(0, y - 62) + 'px';
  }
}

// rowsOf returns the rows of a heat map, the lowest first: all classic buckets between the first and
// the last that hold something, with one more on each side, or all native ones between.
function rowsOf(columns, buckets) {
  let low = Infinity, high = -Infinity, zero = false;
  for (const column of columns) {
    for (const bucket of column.keys()) {
      if (bucket === null) zero = true;
      else [low, high] = [Math.min(low, bucket), Math.max(high, bucket)];
    }
  }
  const rows = [];
  if (buckets.bounds) {
    if (low > high) return rows;
    const all = [...buckets.bounds, Infinity];
    low = Math.max(0, low - 1);
    high = Math.min(all.length - 1, high + 1);
    for (let i = low; i <= high; i++) rows.push({ bucket: i, lower: i ? all[i - 1] : -Infinity, upper: Number(all[i]) });
    return rows;
  }
  const upper = (i) => 2 ** (i * 2 ** -buckets.schema);
  if (zero) rows.push({ bucket: null, lower: -Infinity, upper: 0 });
  for (let i = low; i <= high; i++) rows.push({ bucket: i, lower: upper(i - 1), upper: upper(i) });
  return rows;
}
