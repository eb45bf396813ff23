// SPDX-License-Identifier: Apache-2.0

import { el } from './dom.js';
import { exact, number, short } from './format.js';
import { labelNodes } from './series.js';
import { watch } from './stream.js';

// What the reasons in the registry's own metrics mean, and what to do.
const parts = [
  ['Dropped updates', 'quipu_dropped_updates_total', 'Updates that would have made a metric wrong. The log names the lines, once each.'],
  ['Failed functions', 'quipu_callback_failures_total', 'Func metrics, collectors and sources that panicked, hung or returned an error.'],
  ['Lookups without room', 'quipu_overflowed_lookups_total', 'A limit was reached: these went to the overflow series of their metric.'],
  ['Changed label values', 'quipu_changed_label_values_total', 'Values that were too long or no UTF-8.'],
  ['Series of sources left out', 'quipu_source_drops_total', 'They clash with other metrics, or cannot be shown.'],
  ['Mounted metrics left out', 'quipu_mount_drops_total', 'They clash with metrics of the outer registry.'],
  ['Left out by escaping', 'quipu_escaping_drops_total', 'Their escaped names are those of others.'],
  ['Expired series', 'quipu_expired_series_total', 'Nobody updated them for the time that was set. That is no fault.', true],
  ['Series that wait for room', 'quipu_waiting_series', 'They were updated after they had left, and a limit is reached.'],
  ['Quantiles with less precision', 'quipu_capped_quantiles_total', 'Summaries that reached the bound of their memory.'],
  ['Inexact snapshots', 'quipu_inexact_snapshots_total', 'Histograms read while a writer stood still half-way. Their sum is a little late.', true],
];

// showHealth shows what the registry says about itself.
export function showHealth(main) {
  const facts = el('div', { class: 'facts' });
  const cards = el('div', { class: 'cards' });
  const calls = el('div', {});
  const verdict = el('p', { class: 'lead' });
  main.append(verdict, facts, calls, cards);
  const take = (message) => {
    const table = (name) => message.metrics[name];
    const total = (name) => table(name).values.reduce((sum, v) => sum + number(v || 0), 0);
    const scrapes = table('quipu_scrape_duration_seconds');
    const count = scrapes.values.length ? number(scrapes.values[0]) : 0;
    const bytes = total('quipu_scrape_bytes_total');
    const wrong = parts.filter(([, name, , harmless]) => !harmless && total(name) > 0);
    verdict.className = 'lead ' + (wrong.length ? 'bad' : 'good');
    verdict.textContent = wrong.length
      ? 'The registry has something to report: ' + wrong.map(([title]) => title.toLowerCase()).join(', ') + '.'
      : 'Nothing was dropped, nothing failed, no limit was reached.';
    const estimate = (i) => (scrapes.estimates[0] ? short(scrapes.estimates[0][i], 'seconds') : '–');
    facts.replaceChildren(...[
      [exact(total('quipu_series')), 'series'],
      [exact(total('quipu_scrapes_total')), 'scrapes'],
      [count ? short(number(scrapes.sums[0]) / count, 'seconds') : '–', 'mean scrape time'],
      [estimate(0), 'median time'],
      [estimate(2), '99th percentile'],
      [total('quipu_scrapes_total') ? short(bytes / total('quipu_scrapes_total'), 'bytes') : '–', 'mean page size'],
    ].map(([value, label]) => el('div', { class: 'fact' }, el('b', {}, value), el('span', {}, label))));
    calls.replaceChildren(...callbacks(message.callbacks));
    cards.replaceChildren(...parts
      .map((part) => ({ part, n: total(part[1]) }))
      .sort((a, b) => Number(b.n > 0) - Number(a.n > 0))
      .map(({ part: [title, name, note, harmless], n }) => card(title, name, note, harmless, n, table(name))));
  };
  watch({ view: 'self' }, { self: take });
  return { close: () => {} };
}

// callbacks shows the functions that a page calls.
function callbacks(list) {
  if (!list.length) return [];
  return [el('section', { class: 'card' }, el('h2', {}, 'Functions, collectors and sources'),
    el('p', { class: 'dim' }, 'The slowest first. Each is called once for a page, and all at the same time.'),
    el('div', { class: 'scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, el('th', {}, 'name'), el('th', { class: 'num' }, 'latest call'), el('th', { class: 'num' }, 'calls'),
        el('th', { class: 'num' }, 'failures'))),
      el('tbody', {}, list.slice(0, 20).map((c) => el('tr', {},
        el('td', { class: 'mono' }, c.name),
        el('td', { class: 'num' }, c.running > c.latest ? el('span', { class: 'bad' }, short(c.running, 'seconds') + ', still running') : short(c.latest, 'seconds')),
        el('td', { class: 'num' }, exact(c.calls)),
        el('td', { class: 'num' }, c.failures ? el('span', { class: 'bad' }, exact(c.failures)) : '–')))))))];
}

function card(title, name, note, harmless, n, table) {
  const rows = table.labels.map((labels, i) => ({ labels, value: table.values[i] })).filter((row) => number(row.value) > 0 && row.labels.length);
  return el('section', { class: 'card' },
    el('h2', {}, title, ' ', el('span', { class: n > 0 && !harmless ? 'chip warn' : 'chip' }, exact(n))),
    el('p', { class: 'dim' }, note),
    rows.length ? el('div', { class: 'scroll' }, el('table', {}, rows.slice(0, 50).map((row) => el('tr', {},
      el('td', { class: 'mono' }, labelNodes(row.labels)), el('td', { class: 'num' }, exact(row.value)))))) : null);
}
