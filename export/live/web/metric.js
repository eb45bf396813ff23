// SPDX-License-Identifier: Apache-2.0

import { el, setText } from './dom.js';
import { exact, number, plural, rate, short, unitOf } from './format.js';
import { Heat } from './heat.js';
import { hrefOf } from './links.js';
import { colorNameOf, Plot } from './plot.js';
import { exemplarsCard } from './exemplars.js';
import { labelNodes, SeriesTable } from './series.js';
import { watch } from './stream.js';

const maxLines = 8;
const quantileNames = ['p50', 'p90', 'p99'];

// showMetric shows one metric, or one of its series if labels say which.
export function showMetric(main, settings, name, labels) {
  const view = new MetricView(main, settings, name, labels);
  const query = [['view', 'metric'], ['metric', name], ...labels.flat().map((text) => ['label', text])];
  watch(query, {
    metric: (message) => view.begin(message),
    series: (message) => view.add(message),
  });
  return view;
}

class MetricView {
  constructor(main, settings, name, labels) {
    Object.assign(this, { main, settings, name, labels, parts: [] });
    this.note = el('p', { class: 'lead' }, 'Waiting for the first sample.');
    main.append(el('div', { class: 'title' }, el('h2', {}, name)), this.note);
  }

  close() { this.parts.forEach((part) => part.close && part.close()); }

  repaint() {
    this.parts.forEach((part) => {
      if (part.repaint) part.repaint();
      else if (part.draw) part.draw();
    });
  }

  // begin shows a metric with its past.
  begin(message) {
    this.close();
    this.parts = [];
    const metric = { ...message.metric, unit: unitOf(message.metric) };
    this.metric = metric;
    this.isRate = ['counter', 'histogram', 'summary'].includes(metric.type);
    this.isDistribution = metric.type === 'histogram' || metric.type === 'summary';
    this.quantiles = message.quantiles || [];
    this.errors = message.errors || [];
    // A series that was just chosen has a shorter past than the page.
    this.times = this.labels.length ? message.times.slice(-(message.trend || []).length) : message.times;
    this.past = { trend: align(message.trend, this.times), heat: align(message.heat, this.times) };
    for (const q of quantileNames) this.past[q] = align(message[q], this.times);
    this.buckets = message;
    this.lines = [];
    this.build();
    this.take(message);
  }

  // add appends a sample.
  add(message) {
    if (!this.metric) return;
    const push = (list, value) => {
      list.push(value);
      if (list.length > this.settings.points) list.shift();
    };
    push(this.times, message.time);
    for (const key of ['trend', 'heat', ...quantileNames]) {
      push(this.past[key], message[key] === undefined ? null : message[key]);
    }
    if (message.bounds || message.schema !== undefined) this.buckets = message;
    this.take(message);
  }

  build() {
    const { metric, main } = this;
    const valueUnit = this.isDistribution ? '' : metric.unit;
    const show = (v) => (this.isRate ? rate(v, valueUnit) : short(v, valueUnit));
    this.show = show;
    this.facts = el('div', { class: 'facts' });
    this.warning = el('p', { class: 'lead bad', hidden: true });
    this.table = new SeriesTable(metric, this.labels, this.quantiles, this.errors);
    this.exemplars = exemplarsCard(metric, this.settings.traces);
    this.plot = new Plot([this.isRate ? 'rate' : 'value'], show, this.isRate, valueUnit);
    this.parts.push(this.table, this.plot);
    const flag = metric.type === 'info' || metric.type === 'stateset';
    const cards = [];
    if (this.buckets.heat) {
      this.heat = new Heat(metric.unit);
      this.quantilePlot = new Plot(quantileNames, (v) => short(v, metric.unit), true, metric.unit);
      this.parts.push(this.heat, this.quantilePlot);
      this.mixed = el('p', { class: 'dim', hidden: true }, 'Some series have other buckets, and are not in these two pictures.');
      cards.push(
        card('Observations over time', 'The stronger the colour of a cell, the more observations fell into its bucket between two samples.',
          this.mixed, this.heat.element),
        card('Quantiles', 'Estimates over the ten latest samples, as far as the buckets allow.', this.quantilePlot.element,
          legend(quantileNames)));
    }
    if (!flag) cards.push(card(this.isRate ? 'Rate' : 'Value', this.trendNote(), this.plot.element));
    this.linesPlace = el('div', {});
    const all = [
      el('p', { class: 'bar' }, el('a', { href: '#/' }, '← All metrics'),
        el('a', { href: '#/cardinality/' + encodeURIComponent(metric.name) }, 'Labels of this metric')),
      el('div', { class: 'title' }, el('h2', {}, metric.name), el('span', { class: 'chip' }, metric.type || 'unknown'),
        metric.unit && el('span', { class: 'chip' }, metric.unit)),
      el('p', { class: 'lead' }, metric.help || 'It has no help text.'),
      this.chosenNote(), this.warning, this.facts, ...cards, this.linesPlace, this.table.element, this.exemplars.element,
    ];
    main.replaceChildren(...all.filter(Boolean));
    this.parts.push({ repaint: () => this.linePlot && this.linePlot.repaint(), close: () => this.linePlot && this.linePlot.close() });
    this.linePlot = null;
  }

  trendNote() {
    if (this.labels.length) return 'Of the chosen series, since it was chosen.';
    if (this.isDistribution) return 'Observations per second, of all series together.';
    return this.isRate ? 'Growth per second, of all series together.' : 'Of several series, the sum.';
  }

  chosenNote() {
    if (!this.labels.length) return null;
    return el('p', { class: 'bar' }, el('span', { class: 'chip mono' }, labelNodes(this.labels)), el('a', { href: hrefOf(this.name) }, 'Show all series'));
  }

  // take shows the values of a message.
  take(message) {
    const seconds = this.times.map((t) => t / 1000);
    this.table.take(message, this.times);
    const exemplars = message.exemplars || [];
    const chosen = this.labels.length ? this.table.chosen() : null;
    this.exemplars.take(chosen ? exemplars.filter((e) => this.table.rows[e.series] === chosen) : exemplars, this.table.rows);
    this.plot.set([seconds, numbers(this.past.trend)]);
    if (this.heat) {
      this.heat.set(this.times, this.past.heat, this.buckets, this.settings.points);
      this.quantilePlot.set([seconds, ...quantileNames.map((q) => numbers(this.past[q]))]);
      this.mixed.hidden = !this.buckets.mixed;
    }
    this.warning.hidden = message.present;
    setText(this.warning, 'The registry does not show this metric at the moment.');
    this.showFacts(message);
    this.showLines();
  }

  showFacts(message) {
    const alive = this.table.rows.filter((row) => row.value !== null);
    const { metric } = this;
    const chosen = this.labels.length ? this.table.chosen() : null;
    const rows = this.labels.length ? (chosen ? [chosen] : []) : alive;
    // The total is rounded, and the value of a series is not.
    const total = rows.length === 1 ? rows[0].value : this.labels.length || !rows.length ? null : message.total;
    const facts = [];
    const fact = (value, label, data) => facts.push(el('div', { class: 'fact', ...data }, el('b', {}, value), el('span', {}, label)));
    const last = (list) => list[list.length - 1];
    if (this.isRate) fact(this.show(last(this.past.trend)), this.isDistribution ? 'observations now' : 'now');
    if (this.isDistribution) {
      fact(exact(total), 'observations', { 'data-fact': 'count' });
      const sum = rows.reduce((s, row) => s + number(row.sum), 0);
      fact(number(total) ? short(sum / number(total), metric.unit) : '–', 'overall mean');
      if (this.heat) for (const q of quantileNames) fact(short(last(this.past[q]), metric.unit), q + ' now');
      else if (rows.length === 1) this.addEstimates(fact, rows[0]);
    } else if (metric.type !== 'info' && metric.type !== 'stateset') {
      const one = rows.length === 1;
      fact(one || metric.type === 'counter' ? exact(total) : short(total, metric.unit), this.isRate ? 'in all' : one ? 'value' : 'sum',
        { 'data-fact': 'value' });
      if (one && metric.unit && !this.isRate) fact(short(total, metric.unit), 'rounded');
      if (!one && !this.isRate && rows.length) {
        const values = rows.map((row) => number(row.value));
        fact(short(Math.min(...values), metric.unit), 'lowest');
        fact(short(Math.max(...values), metric.unit), 'highest');
      }
    }
    if (!this.labels.length) fact(alive.length.toLocaleString('en-US') + (message.hidden ? '+' : ''), 'series');
    this.facts.replaceChildren(...facts);
  }

  // addEstimates shows the quantiles of a summary, with the error that their objectives allow.
  addEstimates(fact, row) {
    this.quantiles.forEach((q, i) => {
      const error = this.errors[i];
      fact(short(row.estimates[i], this.metric.unit), `quantile ${q}` + (error === null ? '' : ` ± ${error} in rank`));
    });
  }

  // showLines draws the series one by one if there are few.
  showLines() {
    const rows = this.table.rows;
    if (this.labels.length || rows.length < 2 || rows.length > maxLines || this.isDistribution) return this.linesPlace.replaceChildren();
    if (!this.linePlot || this.linePlot.names.length !== rows.length) {
      if (this.linePlot) this.linePlot.close();
      const names = rows.map((row) => row.text);
      this.linePlot = new Plot(names, this.show, this.isRate, this.metric.unit);
      this.linesPlace.replaceChildren(card('By series', 'Since this page was opened.', this.linePlot.element, legend(names)));
    }
    const times = this.table.times.map((t) => t / 1000);
    this.linePlot.set([times, ...rows.map((row) => align(row.past, times))]);
  }
}

const numbers = (list) => list.map((v) => (typeof v === 'number' ? v : null));

// align fills a list of late values up to the length of the times.
function align(list, times) {
  list = list || [];
  return [...Array(Math.max(0, times.length - list.length)).fill(null), ...list];
}

function card(title, note, ...children) {
  return el('section', { class: 'card' }, el('h2', {}, title), el('p', { class: 'dim' }, note), ...children);
}

function legend(names) {
  return el('div', { class: 'legend' }, names.map((name, i) => {
    const line = el('i', {});
    line.style.color = `var(--${colorNameOf(i)})`;
    return el('span', { class: 'key' }, line, el('span', { class: 'cut' }, name));
  }));
}
