// SPDX-License-Identifier: Apache-2.0

// el makes an element. Children that are no nodes become text, never HTML.
export function el(tag, properties = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name === 'class') e.className = value;
    else if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (name in e && typeof value !== 'string') e[name] = value;
    else e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return e;
}

// breakable lets a long name go on in the next line after an underscore.
export const breakable = (name) => name.split(/(?<=_)/).flatMap((part) => [part, el('wbr')]);

// color reads a colour of the style sheet.
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

// fit gives a canvas as many pixels as it covers on the screen, and returns its context, whose unit
// is the pixel of the style sheet.
export function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// setText changes a text only if it differs, so that a selection stays.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
