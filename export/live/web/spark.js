// SPDX-License-Identifier: Apache-2.0

import { color, fit } from './dom.js';

// spark draws a line without axes through values, the latest at the right. It begins at zero if no
// value is below.
export function spark(canvas, values, points) {
  values = values.slice(-120);
  points = Math.min(points, Math.max(30, values.length));
  const { context, width, height } = fit(canvas);
  const known = values.filter((v) => typeof v === 'number');
  if (known.length === 0) return;
  const high = Math.max(0, ...known), low = Math.min(0, ...known);
  const span = high - low || 1;
  const x = (i) => width - 2 - (values.length - 1 - i) * (width - 4) / (points - 1);
  const y = (v) => height - 3 - (v - low) / span * (height - 6);
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.strokeStyle = color('accent');
  context.fillStyle = color('accent-soft');
  let run = [];
  const end = () => {
    if (run.length === 0) return;
    context.beginPath();
    run.forEach(([px, py], i) => (i ? context.lineTo(px, py) : context.moveTo(px, py)));
    if (run.length === 1) context.lineTo(run[0][0] + 1.5, run[0][1]);
    context.stroke();
    context.lineTo(run[run.length - 1][0], y(0));
    context.lineTo(run[0][0], y(0));
    context.fill();
    run = [];
  };
  values.forEach((v, i) => (typeof v === 'number' ? run.push([x(i), y(v)]) : end()));
  end();
}
