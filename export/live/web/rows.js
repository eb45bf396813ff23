// SPDX-License-Identifier: Apache-2.0

import { el } from './dom.js';

// Rows is a long list of which only the rows in sight exist. make returns the element of a row, and
// update fills it with an item.
export class Rows {
  constructor(height, make, update) {
    Object.assign(this, { height, make, update, items: [], shown: new Map() });
    this.element = el('div', { class: 'rows', role: 'list' });
    this.draw = this.draw.bind(this);
    window.addEventListener('scroll', this.draw, { passive: true });
    // A key that is held down moves faster than the page reports that it has scrolled.
    this.element.addEventListener('focusin', () => queueMicrotask(this.draw));
    window.addEventListener('resize', this.draw, { passive: true });
  }

  close() {
    window.removeEventListener('scroll', this.draw);
    window.removeEventListener('resize', this.draw);
  }

  // setHeight sets the height of all rows. The style sheet must agree.
  setHeight(height) {
    this.height = height;
    this.set(this.items);
  }

  // set shows items: each keeps its element while it is in sight.
  set(items) {
    this.items = items;
    this.element.style.height = items.length * this.height + 'px';
    this.draw();
  }

  draw() {
    const top = this.element.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / this.height) - 4);
    const last = Math.min(this.items.length, Math.ceil((window.innerHeight - top) / this.height) + 4);
    const inSight = new Set(this.items.slice(first, last));
    for (const [item, { place }] of this.shown) {
      // A row with the focus stays, or the focus would be lost.
      if (inSight.has(item) || place.contains(document.activeElement) && this.items.includes(item)) continue;
      place.remove();
      this.shown.delete(item);
    }
    let before = null;
    for (let i = first; i < last; i++) {
      const item = this.items[i];
      let shown = this.shown.get(item);
      if (!shown) {
        const row = this.make(item);
        shown = { row, place: el('div', { class: 'item', role: 'listitem' }, row) };
        this.shown.set(item, shown);
        this.element.append(shown.place);
      }
      const { row, place } = shown;
      row.style.top = i * this.height + 'px';
      row.classList.toggle('first', i === 0);
      // Readers of the list must know of the rows that are not there.
      place.setAttribute('aria-posinset', i + 1);
      place.setAttribute('aria-setsize', this.items.length);
      // The order of the elements is that of the tab key.
      if (before ? before.nextSibling !== place : this.element.firstChild !== place) {
        if (before) before.after(place); else this.element.prepend(place);
      }
      before = place;
      this.update(row, item);
    }
  }
}
