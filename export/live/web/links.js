// SPDX-License-Identifier: Apache-2.0

// hrefOf returns the address of a metric on this page, or of one of its series.
export function hrefOf(metric, labels = []) {
  const query = new URLSearchParams();
  for (const [name, value] of labels) {
    query.append('label', name);
    query.append('label', value);
  }
  return '#/metric/' + encodeURIComponent(metric) + (labels.length ? '?' + query : '');
}

// parse reads the address after the #.
export function parse(hash) {
  const [path, query = ''] = hash.replace(/^#/, '').split('?');
  const [, view = '', name = ''] = path.split('/');
  const flat = new URLSearchParams(query).getAll('label');
  const labels = [];
  for (let i = 0; i + 1 < flat.length; i += 2) labels.push([flat[i], flat[i + 1]]);
  let metric = name;
  try {
    metric = decodeURIComponent(name);
  } catch {
    // A broken address shows no metric of that name.
  }
  return { view: view || 'list', metric, labels };
}

// traceOf fills the template of a trace's address with the labels of an exemplar. It returns an
// empty text if there is no template, or if a label is missing.
export function traceOf(template, labels) {
  if (!template) return '';
  let missing = false;
  const values = new Map(labels);
  const url = template.replace(/\{([^}]*)\}/g, (_, name) => {
    if (!values.has(name)) missing = true;
    return encodeURIComponent(values.get(name));
  });
  return missing ? '' : url;
}
