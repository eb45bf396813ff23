// SPDX-License-Identifier: Apache-2.0

import { setText } from './dom.js';

// The connection to the server. There is one at most: a page that shows another view closes it and
// opens another one.
let source = null;
let query = '';
let listeners = {};
let paused = false;

const state = () => document.getElementById('state');

function show(text, className = '') {
  setText(state(), text);
  state().className = 'state ' + className;
}

// watch receives the messages of a view: an object of functions by event.
export function watch(parameters, events) {
  query = new URLSearchParams(parameters).toString();
  listeners = events;
  open();
}

export function stop() {
  if (source) source.close();
  source = null;
}

function open() {
  stop();
  if (paused) return show('paused');
  show('connecting');
  source = new EventSource('events?' + query);
  const opened = source;
  let answered = false;
  for (const [event, listener] of Object.entries(listeners)) {
    source.addEventListener(event, (message) => {
      if (source !== opened) return;
      if (!answered) pages.postMessage('');
      answered = true;
      show('live', 'live');
      listener(JSON.parse(message.data));
    });
  }
  source.onerror = () => {
    if (source !== opened) return;
    show(source.readyState === EventSource.CLOSED ? 'refused' : 'no answer', 'lost');
    // A browser goes on by itself unless the server has refused: then the page asks again.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (source === opened) open(); }, 3000);
  };
}

// A browser has six connections to a server at most, and every page holds one. So a page that nobody
// sees gives its own up when another page has got one, and opens it again when somebody sees it.
const pages = new BroadcastChannel('quipu-live');
pages.onmessage = () => {
  if (!document.hidden || !source) return;
  stop();
  show('in the background');
};
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !source && query) open();
});

// pause stops and starts the messages.
export function pause() {
  paused = !paused;
  const button = document.getElementById('pause');
  button.textContent = paused ? 'Go on' : 'Pause';
  button.setAttribute('aria-pressed', String(paused));
  if (paused) {
    stop();
    show('paused');
  } else {
    open();
  }
}
