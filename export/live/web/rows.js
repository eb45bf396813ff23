// SPDX-License-Identifier: Apache-2.0

import { el } from './dom.js';

// Rows is a long list of which only the rows in sight exist. make returns the element of a row, and
// update fills it with an item.
export class Rows {
  constructor(height, make, update) {
    Object.assign(this, { height, make, update, items: [], shown: new Map(), spare: [] });
    this.element = el('div', { class: 'rows', role: 'list' });
    this.draw = this.draw.bind(this);
    window.addEventListener('scroll', this.draw, { passive: true });
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
    for (const [item, row] of this.shown) {
      // A row with the focus stays, or the focus would be lost.
      if (inSight.has(item) || row.contains(document.activeElement) && this.items.includes(item)) continue;
      row.remove();
      this.shown.delete(item);
    }
    let before = null;
    for (let i = first; i < last; i++) {
      const item = this.items[i];
      let row = this.shown.get(item);
      if (!row) {
        row = this.make(item);
        row.setAttribute('role', row.tagName === 'DIV' ? 'listitem' : row.getAttribute('role') || '');
        if (!row.getAttribute('role')) row.removeAttribute('role');
        this.shown.set(item, row);
        this.element.append(row);
      }
      row.style.top = i * this.height + 'px';
      row.classList.toggle('first', i === 0);
      // The order of the elements is that of the tab key.
      if (before ? before.nextSibling !== row : this.element.firstChild !== row) {
        if (before) before.after(row); else this.element.prepend(row);
      }
      before = row;
      this.update(row, item);
    }
  }
}
