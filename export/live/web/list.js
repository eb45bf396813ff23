// SPDX-License-Identifier: Apache-2.0

import { el, setText } from './dom.js';
import { plural, rate, short, unitOf } from './format.js';
import { Rows } from './rows.js';
import { labelNodes } from './series.js';
import { spark } from './spark.js';
import { watch } from './stream.js';
import { hrefOf } from './links.js';

// What the search box holds, and where in the list somebody was, stays while the page shows other
// views.
let search = '';
let left = null;

const isRate = (m) => m.type === 'counter' || m.type === 'histogram' || m.type === 'summary';
const isFlag = (m) => m.type === 'info' || m.type === 'stateset';

// Metrics keeps what the server says about all metrics.
export class Metrics {
  constructor(points) {
    this.points = points;
    this.list = [];
  }

  // take applies a message.
  take(message) {
    if (message.metrics) {
      // A metric that was there before stays the same object, whose row on the page stays too.
      const known = new Map(this.list.map((m) => [m.name, m]));
      this.list = message.metrics.map((m) => {
        const before = known.get(m.name);
        const same = before && before.help === m.help && before.type === m.type;
        return Object.assign(same ? before : {}, { past: [] }, m, { unit: unitOf(m) });
      });
    }
    this.time = message.time;
    this.list.forEach((m, i) => {
      m.value = message.value[i];
      m.trend = message.trend[i];
      m.series = message.series[i];
      if (message.metrics) return;
      m.past.push(m.trend);
      if (m.past.length > this.points) m.past.shift();
    });
  }
}

// showList shows all metrics, with a search box.
export function showList(main, settings) {
  const metrics = new Metrics(settings.points);
  const count = el('span', { class: 'dim', role: 'status' });
  const box = el('input', {
    type: 'search', placeholder: 'Search names, help, labels and label values  ( / )', 'aria-label': 'Search metrics',
    autocomplete: 'off', spellcheck: 'false', value: search,
  });
  box.value = search;
  const rows = new Rows(58, makeRow, (row, m) => updateRow(row, m, settings.points));
  const empty = el('div', { class: 'empty', hidden: true });
  const hits = el('div', {});
  main.append(
    el('div', { class: 'bar' }, box, count),
    el('div', { class: 'card' }, rows.element, empty),
    hits,
    el('footer', {}, el('kbd', {}, '/'), ' search  ', el('kbd', {}, '↑'), ' ', el('kbd', {}, '↓'), ' move  ',
      el('kbd', {}, 'Enter'), ' open  ', el('kbd', {}, 'Esc'), ' back  ', el('kbd', {}, 'p'), ' pause'),
  );

  const filter = () => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = metrics.list.filter((m) => {
      const text = [m.name, m.help, m.type, m.unit, ...(m.labels || [])].join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const series = metrics.list.reduce((sum, m) => sum + m.series, 0);
    setText(count, words.length
      ? `${shown.length} of ${plural(metrics.list.length, 'metric')}`
      : `${plural(metrics.list.length, 'metric')}, ${plural(series, 'series', 'series')}`);
    empty.hidden = shown.length > 0;
    setText(empty, metrics.list.length ? 'No metric matches.' : 'There are no metrics yet.');
    rows.set(shown);
  };

  let asking = 0;
  const find = async () => {
    const asked = ++asking;
    if (search.trim().length < 2) return hits.replaceChildren();
    try {
      const answer = await (await fetch('find.json?' + new URLSearchParams({ text: search.trim() }))).json();
      if (asked === asking) showHits(hits, answer);
    } catch {
      hits.replaceChildren(); // the state of the connection is shown already
    }
  };
  let timer = 0;
  box.addEventListener('input', () => {
    search = box.value;
    filter();
    clearTimeout(timer);
    timer = setTimeout(find, 150);
  });
  if (search) find();

  const take = (message) => {
    metrics.take(message);
    filter();
    if (left) {
      window.scrollTo(0, left.scroll);
      rows.draw();
      const row = [...rows.element.querySelectorAll('a')].find((a) => a.dataset.metric === left.metric);
      if (row) row.focus({ preventScroll: true });
      left = null;
    }
  };
  watch({ view: 'list' }, { metrics: take, values: take });
  const close = () => {
    left = { scroll: window.scrollY, metric: document.activeElement.dataset.metric };
    rows.close();
    clearTimeout(timer);
  };
  return { close };
}

function makeRow(m) {
  return el('a', { class: 'row metric', href: hrefOf(m.name), 'data-metric': m.name },
    el('div', { class: 'cut' },
      el('div', { class: 'name cut' }, m.name),
      el('div', { class: 'help cut' }, m.help || 'no help text')),
    el('span', { class: 'chip type' }, m.type),
    el('div', { class: 'num' }, el('div', { class: 'value' }), el('div', { class: 'under' })),
    el('canvas', { class: 'spark', 'aria-hidden': 'true' }));
}

function updateRow(row, m, points) {
  const unit = m.unit;
  if (isFlag(m)) {
    setText(row.querySelector('.value'), '');
  } else if (isRate(m)) {
    setText(row.querySelector('.value'), rate(m.trend, m.type === 'counter' ? unit : ''));
  } else {
    setText(row.querySelector('.value'), short(m.value, unit));
  }
  setText(row.querySelector('.under'), under(m));
  spark(row.querySelector('canvas'), isFlag(m) ? [] : m.past, points);
}

// under says what the value does not.
function under(m) {
  const series = m.series === 1 ? '' : plural(m.series, 'series', 'series');
  if (isFlag(m)) return plural(m.series, 'series', 'series');
  if (m.type === 'counter') return [short(m.value, m.unit) + ' in all', series].filter(Boolean).join(' · ');
  if (isRate(m)) return [short(m.value) + ' observed', series].filter(Boolean).join(' · ');
  return m.series === 1 ? '' : 'sum of ' + series;
}

function showHits(place, answer) {
  if (!answer.hits.length) return place.replaceChildren();
  const shown = answer.hits.slice(0, 50);
  place.replaceChildren(el('div', { class: 'card hits' },
    el('h2', {}, 'Series with this text in a label value'),
    el('p', { class: 'dim' }, answer.more || answer.hits.length > shown.length
      ? `the first ${shown.length}` : plural(shown.length, 'series', 'series')),
    el('div', { class: 'scroll' }, el('table', {}, shown.map((hit) => el('tr', {},
      el('td', { class: 'mono' }, el('a', { href: hrefOf(hit.metric, hit.labels) }, hit.metric)),
      el('td', { class: 'mono' }, labelNodes(hit.labels))))))));
}
