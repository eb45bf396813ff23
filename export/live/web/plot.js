// SPDX-License-Identifier: Apache-2.0

import { color, el } from './dom.js';
import { clock } from './format.js';

const colors = ['accent', 'warm', 'good', 'bad', 'dim'];
const powersOfTwo = Array.from({ length: 60 }, (_, i) => 2 ** i);
const dashes = [[], [6, 4], [2, 3]];

export const colorNameOf = (i) => colors[i % colors.length];

// Plot shows lines over time with uPlot.
export class Plot {
  // names are those of the lines, and show formats their values. With fromZero the axis begins at
  // zero unless a value is below.
  // The steps of the axis are powers of two for bytes.
  constructor(names, show, fromZero, unit) {
    this.element = el('div', { class: 'plot', role: 'img', 'aria-label': 'Chart over time: ' + names.join(', ') });
    this.tip = el('div', { class: 'tip', hidden: true });
    this.element.append(this.tip);
    Object.assign(this, { names, show, fromZero, height: 230, steps: unit === 'bytes' ? powersOfTwo : undefined });
    this.resize = () => this.plot && this.plot.setSize(this.size());
    window.addEventListener('resize', this.resize, { passive: true });
  }

  size() { return { width: Math.max(200, this.element.clientWidth - 16), height: this.height }; }

  close() {
    window.removeEventListener('resize', this.resize);
    if (this.plot) this.plot.destroy();
    this.plot = null;
  }

  // repaint applies the colours of another theme.
  repaint() {
    if (!this.plot) return;
    const data = this.plot.data;
    this.plot.destroy();
    this.plot = null;
    this.set(data);
  }

  // set shows data: times in seconds, and the values of each line.
  set(data) {
    this.data = data;
    if (this.plot) return this.plot.setData(data);
    const axis = {
      stroke: color('dim'), font: '12px system-ui', grid: { stroke: color('line'), width: 1 },
      ticks: { stroke: color('line'), width: 1 },
    };
    this.plot = new uPlot({
      ...this.size(),
      legend: { show: false },
      padding: [10, 32, 0, 0], // room for half of the latest time
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: (_, low, high) => bounds(low, high, this.fromZero) } },
      axes: [
        { ...axis, size: 34, space: 84, values: [[3600, '{HH}:{mm}'], [60, '{HH}:{mm}'], [1, '{HH}:{mm}:{ss}'], [0.001, '{HH}:{mm}:{ss}']] },
        { ...axis, size: 74, incrs: this.steps, values: (_, values) => values.map((v) => this.show(v)) },
      ],
      series: [{}, ...this.names.map((name, i) => ({
        label: name, stroke: color(colorNameOf(i)), width: 1.7, dash: dashes[Math.floor(i / colors.length) % dashes.length],
        fill: this.names.length === 1 ? color('accent-soft') : undefined, points: { show: false }, spanGaps: false,
      }))],
      hooks: { setCursor: [(plot) => this.showTip(plot)] },
    }, data, this.element);
    this.plot.root.setAttribute('aria-hidden', 'true'); // the element around it has the name
  }

  showTip(plot) {
    const { idx, left, top } = plot.cursor;
    this.tip.hidden = idx === null || idx === undefined || left < 0;
    if (this.tip.hidden) return;
    this.tip.replaceChildren(clock(plot.data[0][idx] * 1000), ...this.names.flatMap((name, i) => {
      const value = plot.data[i + 1][idx];
      return value === null || value === undefined ? [] : [el('div', {}, `${name}: ${this.show(value)}`)];
    }));
    const width = this.element.clientWidth;
    const x = left + 90;
    this.tip.style.left = Math.min(x, width - this.tip.offsetWidth - 8) + 'px';
    this.tip.style.top = Math.max(4, top - 10) + 'px';
  }
}

// bounds leaves room around the values, and shows zero unless they are far from it.
function bounds(low, high, fromZero) {
  if (low === null || high === null) return [0, 1];
  if (low === high) return low === 0 ? [0, 1] : low > 0 ? [0, high * 1.25] : [low * 1.25, 0];
  const room = (high - low) * 0.08;
  return [low >= 0 && (fromZero || low < high * 0.5) ? 0 : low - room, high + room];
}
