// SPDX-License-Identifier: Apache-2.0

import { el, setText } from './dom.js';
import { exact, number, plural, rate, short } from './format.js';
import { hrefOf } from './links.js';
import { Rows } from './rows.js';

// SeriesTable is the table of the series of a metric.
export class SeriesTable {
  constructor(metric, chosen, quantiles, errors) {
    Object.assign(this, { metric, quantiles, rows: [], times: [], search: '', sort: 'value', order: null, errors });
    this.isRate = ['counter', 'histogram', 'summary'].includes(metric.type);
    this.isDistribution = metric.type === 'histogram' || metric.type === 'summary';
    this.chosenText = textOf(chosen);
    this.list = new Rows(34, (row) => this.make(row), (element, row) => this.update(element, row));
    this.count = el('span', { class: 'dim', role: 'status' });
    const box = el('input', { type: 'search', placeholder: 'Search label values', 'aria-label': 'Search series', autocomplete: 'off', spellcheck: 'false' });
    box.addEventListener('input', () => { this.search = box.value.toLowerCase(); this.order = null; this.show(); });
    this.columns = [['value', this.isDistribution ? 'observations' : 'value']];
    if (this.isRate) this.columns.push(['rate', 'per second']);
    if (this.isDistribution) {
      this.columns.push(['mean', 'mean']);
      quantiles.forEach((q, i) => {
        const error = errors[i] === null ? '' : ` ± ${errors[i]}`;
        this.columns.push(['q' + i, (metric.type === 'summary' ? q + error : 'p' + q * 100)]);
      });
    }
    this.layout = `minmax(0, 1fr) repeat(${this.columns.length}, ${this.columns.length > 4 ? 96 : 118}px)`;
    const head = el('div', { class: 'row series head' }, el('span', {}, 'labels'), this.columns.map(([key, name], i) =>
      el('button', { type: 'button', class: 'sort num' + (i > 1 ? ' wide' : ''), onclick: () => this.sortBy(key) }, name)));
    this.head = head;
    this.fitColumns = () => {
      const narrow = window.innerWidth <= 760;
      const shown = narrow ? Math.min(2, this.columns.length) : this.columns.length;
      this.layout = `minmax(0, 1fr) repeat(${shown}, ${shown > 4 ? 96 : narrow ? 92 : 118}px)`;
      head.style.gridTemplateColumns = this.layout;
      this.list.setHeight(narrow ? 54 : 34);
    };
    window.addEventListener('resize', this.fitColumns, { passive: true });
    this.element = el('section', { class: 'card' }, el('h2', {}, 'Series'),
      el('div', { class: 'bar series-bar' }, box, this.count), head, this.list.element);
    this.fitColumns();
  }

  close() {
    this.list.close();
    window.removeEventListener('resize', this.fitColumns);
  }

  // take applies a message.
  take(message, times) {
    if (message.known === 0) [this.rows, this.times] = [[], []];
    for (const labels of message.labels) {
      this.rows.push({ labels, text: textOf(labels), lower: labels.map((l) => l[1]).join('\n').toLowerCase(), past: [], value: null });
      this.order = null;
    }
    this.times.push(message.time);
    const keep = this.rows.length <= 8 ? times.length : 2;
    const seconds = this.times.length > 1 ? (message.time - this.times[this.times.length - 2]) / 1000 : 0;
    this.rows.forEach((row, i) => {
      const before = row.value;
      row.value = message.values[i];
      row.sum = message.sums ? message.sums[i] : null;
      row.estimates = message.estimates ? message.estimates[i] : [];
      row.mean = number(row.value) ? number(row.sum) / number(row.value) : null;
      const grown = number(row.value) - number(before);
      row.rate = before === null || row.value === null || !seconds || grown < 0 ? null : grown / seconds;
      row.past.push(this.isRate ? row.rate : typeof row.value === 'number' ? row.value : null);
      if (row.past.length > keep) row.past.splice(0, row.past.length - keep);
    });
    if (this.times.length > times.length) this.times.shift();
    this.hidden = message.hidden;
    this.show();
  }

  chosen() { return this.rows.find((row) => row.text === this.chosenText); }

  sortBy(key) {
    this.sort = key;
    this.order = null;
    this.show();
  }

  // show keeps the order of the rows until somebody asks for another, or series come.
  show() {
    if (!this.order) {
      const value = (row) => {
        if (row.value === null) return -Infinity;
        const v = this.sort.startsWith('q') ? row.estimates[this.sort.slice(1)] : row[this.sort];
        return v === null || v === undefined || Number.isNaN(number(v)) ? -Number.MAX_VALUE : number(v);
      };
      this.order = this.rows.filter((row) => row.lower.includes(this.search)).sort((a, b) => value(b) - value(a));
    }
    setText(this.count, (this.search ? `${this.order.length} of ` : '') + plural(this.rows.length, 'series', 'series') +
      (this.hidden ? `; ${this.hidden.toLocaleString('en-US')} more are not shown` : ''));
    this.list.set(this.order);
  }

  make(row) {
    const labels = row.labels.length
      ? row.labels.map(([name, value]) => [el('bdi', {}, el('b', {}, name + '='), value), ' '])
      : el('span', { class: 'dim' }, 'no labels');
    const content = [
      el('span', { class: 'labels cut', title: row.text }, labels),
      this.columns.map(([key], i) => el('span', { class: 'num' + (i > 1 ? ' wide' : ''), 'data-column': key })),
    ];
    return row.labels.length
      ? el('a', { class: 'row series', href: hrefOf(this.metric.name, row.labels) }, content)
      : el('div', { class: 'row series' }, content);
  }

  update(element, row) {
    element.style.gridTemplateColumns = this.layout;
    element.classList.toggle('gone', row.value === null);
    const unit = this.metric.unit;
    for (const cell of element.querySelectorAll('[data-column]')) {
      const key = cell.dataset.column;
      let text;
      if (key === 'value') text = row.value === null ? 'gone' : exact(row.value);
      else if (key === 'rate') text = rate(row.rate, this.isDistribution ? '' : unit);
      else if (key === 'mean') text = short(row.mean, unit);
      else text = short(row.estimates[key.slice(1)], unit);
      setText(cell, text);
    }
  }
}

// labelNodes shows labels as queries do. Each is by itself, so that a text that runs from right to
// left does not turn others around.
export function labelNodes(labels) {
  return labels.map((label, i) => [i ? ' ' : '', el('bdi', {}, textOf([label]))]);
}

// textOf is the text of labels as queries have it.
export function textOf(labels) {
  return labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ');
}
