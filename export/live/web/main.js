// SPDX-License-Identifier: Apache-2.0

import { showCardinality } from './cardinality.js';
import { showHealth } from './health.js';
import { parse } from './links.js';
import { showList } from './list.js';
import { showMetric } from './metric.js';
import { pause, stop } from './stream.js';

const main = document.getElementById('main');
let settings = null; // until the server has answered
let view = null;

// show shows the view that the address names.
function show() {
  if (view) view.close();
  stop();
  main.replaceChildren();
  window.scrollTo(0, 0);
  const address = parse(location.hash);
  document.querySelectorAll('nav a').forEach((a) => {
    const current = a.dataset.view === (address.view === 'metric' ? 'list' : address.view);
    if (current) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  });
  document.title = (address.metric || 'Live metrics') + (address.metric ? ' · Live metrics' : '');
  if (address.view === 'metric') view = showMetric(main, settings, address.metric, address.labels);
  else if (address.view === 'cardinality') view = showCardinality(main, settings, address.metric);
  else if (address.view === 'health') view = showHealth(main);
  else view = showList(main, settings);
}

// Themes: that of the system until somebody chooses. A browser may be set to remember nothing.
let chosen = remember('quipu-theme');
function remember(key, value) {
  try {
    if (value) localStorage.setItem(key, value);
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
const system = window.matchMedia('(prefers-color-scheme: dark)');
function paint() {
  document.documentElement.dataset.theme = chosen || (system.matches ? 'dark' : 'light');
  if (view && view.repaint) view.repaint();
}
function switchTheme() {
  chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  remember('quipu-theme', chosen);
  paint();
}

function move(step) {
  const rows = [...main.querySelectorAll('a.row')];
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  if (next < 0 || next >= rows.length) return false;
  rows[next].focus();
  return true;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement;
  const box = main.querySelector('input[type="search"]');
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    if (move(event.key === 'ArrowDown' ? 1 : -1)) event.preventDefault();
  } else if (event.key === 'Escape') {
    if (typing && event.target.value) {
      event.target.value = '';
      event.target.dispatchEvent(new Event('input'));
    } else if (typing) {
      event.target.blur();
    } else if (location.hash.length > 2) {
      location.hash = '#/';
    }
  } else if (!typing && event.key === '/' && box) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (!typing && event.key === 'p') {
    pause();
  } else if (!typing && event.key === 't') {
    switchTheme();
  }
});

document.getElementById('pause').addEventListener('click', pause);
document.getElementById('theme').addEventListener('click', switchTheme);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
system.addEventListener('change', paint);
window.addEventListener('hashchange', () => { if (settings) show(); });
window.addEventListener('pagehide', stop);
window.addEventListener('pageshow', (event) => { if (event.persisted) show(); });
paint();
settings = await (await fetch('settings.json')).json();
show();
