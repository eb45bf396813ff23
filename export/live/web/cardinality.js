// SPDX-License-Identifier: Apache-2.0

import { breakable, el } from './dom.js';
import { duration, exact } from './format.js';
import { hrefOf } from './links.js';
import { Metrics } from './list.js';
import { watch } from './stream.js';

// showCardinality shows where the series are: the metrics with the most, and the labels of one.
export function showCardinality(main, settings, chosen) {
  const metrics = new Metrics(settings.points);
  const facts = el('div', { class: 'facts' });
  const body = el('tbody', {});
  const labels = el('div', {});
  main.append(
    el('p', { class: 'lead' }, 'Every series costs memory here and in Prometheus. This is where they are, and which labels make them.'),
    facts, labels,
    el('section', { class: 'card' }, el('h2', {}, 'Series by metric'),
      el('p', { class: 'dim' }, 'The most first. Choose a metric to see its labels.'),
      el('div', { class: 'scroll' }, el('table', {},
        el('thead', {}, el('tr', {}, el('th', {}, 'metric'), el('th', { class: 'num' }, 'series'),
          el('th', { class: 'num' }, 'limit'), el('th', { class: 'num' }, 'grown'),
          el('th', { class: 'num wide' }, 'overflowed'), el('th', { class: 'num wide' }, 'expired'))), body))));

  const take = (message) => {
    metrics.take(message);
    const list = [...metrics.list].sort((a, b) => b.series - a.series);
    const total = list.reduce((sum, m) => sum + m.series, 0);
    const grown = sum(message.grown);
    const growth = (m) => message.grown[metrics.list.indexOf(m)];
    facts.replaceChildren(
      fact(exact(total), 'series on the page'),
      ...(message.budget ? [fact(`${exact(message.used)} of ${exact(message.budget)}`, 'of the budget', message.used >= message.budget)] : []),
      fact(exact(list.length), 'metrics'),
      fact((grown > 0 ? '+' : '') + exact(grown), span(metrics.list, settings.interval)),
      fact(exact(sum(message.overflowed)), 'lookups without a series of their own', sum(message.overflowed) > 0));
    body.replaceChildren(...list.slice(0, 100).map((m) => {
      const i = metrics.list.indexOf(m);
      const limit = message.limit[i];
      return el('tr', {},
        el('td', { class: 'mono' }, el('a', { href: '#/cardinality/' + encodeURIComponent(m.name) }, breakable(m.name)), meter(m.series, total)),
        el('td', { class: 'num' }, exact(m.series)),
        el('td', { class: 'num' }, limit ? [exact(limit), meter(m.series, limit, m.series >= limit)] : '–'),
        el('td', { class: 'num' }, growth(m) ? (growth(m) > 0 ? '+' : '') + exact(growth(m)) : '–'),
        el('td', { class: 'num wide' }, message.overflowed[i] ? el('span', { class: 'bad' }, exact(message.overflowed[i])) : '–'),
        el('td', { class: 'num wide' }, message.expired[i] ? exact(message.expired[i]) : '–'));
    }));
  };
  watch({ view: 'limits' }, { metrics: take, values: take });

  const ask = async () => {
    if (!chosen) return;
    try {
      const uses = await (await fetch('labels.json?' + new URLSearchParams({ metric: chosen }))).json();
      labels.replaceChildren(labelsCard(chosen, uses));
    } catch {
      // The state of the connection is shown already.
    }
  };
  ask();
  const timer = setInterval(ask, 5000);
  return { close: () => clearInterval(timer) };
}

const sum = (list) => list.reduce((total, n) => total + n, 0);

// span says how far back the growth looks.
function span(list, interval) {
  const samples = Math.max(1, ...list.map((m) => m.past.length)) - 1;
  return `series gained in ${duration(samples * interval / 1000)}`;
}

function fact(value, label, warn) {
  return el('div', { class: 'fact' + (warn ? ' warn' : '') }, el('b', {}, value), el('span', {}, label));
}

function meter(value, most, full) {
  const bar = el('i', {});
  bar.style.width = Math.min(100, 100 * value / (most || 1)) + '%';
  return el('div', { class: 'meter' + (full ? ' full' : '') }, bar);
}

function labelsCard(name, uses) {
  return el('section', { class: 'card' },
    el('h2', { class: 'mono' }, name),
    el('p', { class: 'dim' }, uses.length ? 'Its labels: how many values each has, and those with the most series. ' : 'It has no labels. ',
      el('a', { href: hrefOf(name) }, 'Show the metric'), ' · ', el('a', { href: '#/cardinality' }, 'Close')),
    uses.length ? el('div', { class: 'scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, el('th', {}, 'label'), el('th', { class: 'num' }, 'values'), el('th', {}, 'most series'))),
      el('tbody', {}, [...uses].sort((a, b) => b.values - a.values).map((use) => el('tr', {},
        el('td', { class: 'mono' }, use.name),
        el('td', { class: 'num' }, exact(use.values)),
        el('td', { class: 'mono' }, use.top.map((v, i) => el('span', {}, i ? ', ' : '', v.value === '' ? '""' : el('bdi', {}, v.value),
          el('span', { class: 'dim' }, ` ${exact(v.series)}`))))))))) : null);
}
