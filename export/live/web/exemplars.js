// SPDX-License-Identifier: Apache-2.0

import { el } from './dom.js';
import { clock, short } from './format.js';
import { traceOf } from './links.js';
import { labelNodes } from './series.js';

const most = 20;

// exemplarsCard shows the latest exemplars of a metric. It is hidden while there are none.
export function exemplarsCard(metric, template) {
  const body = el('tbody', {});
  const element = el('section', { class: 'card', hidden: true }, el('h2', {}, 'Exemplars'),
    el('p', { class: 'dim' }, template ? 'The latest first; their links lead to the traces.' : 'The latest first.'),
    el('div', { class: 'scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, el('th', {}, 'time'), el('th', { class: 'num' }, 'value'), el('th', {}, 'exemplar'), el('th', {}, 'series'))),
      body)));
  let shown = '';
  const take = (list, rows) => {
    list = list.slice(0, most);
    const now = JSON.stringify(list);
    if (now === shown) return; // a link under the pointer stays
    shown = now;
    element.hidden = list.length === 0;
    body.replaceChildren(...list.map((e) => {
      const url = traceOf(template, e.labels);
      const text = labelNodes(e.labels);
      return el('tr', {},
        el('td', {}, e.time ? clock(e.time) : '–'),
        el('td', { class: 'num' }, short(e.value, metric.unit)),
        el('td', { class: 'mono' }, url ? el('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, text) : text),
        el('td', { class: 'mono' }, rows[e.series] ? labelNodes(rows[e.series].labels) : ''));
    }));
  };
  return { element, take };
}
