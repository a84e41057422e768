// What the page does beyond being read: it draws the bodies that are packed, filters,
// follows links into closed cases, links bars with replies, and knows a few keys.
'use strict';
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Bodies: a line of pieces each; a piece is a number, or itself behind `=`.
  let pieces, bodies;
  const draw = (box) => {
    const n = box.dataset && box.dataset.n;
    if (n === undefined) return;
    delete box.dataset.n;
    pieces = pieces || $('pieces').textContent.split('\n');
    bodies = bodies || $('bodies').textContent.split('\n');
    const html = bodies[n].split('\t').map((p) => (p[0] === '=' ? p.slice(1) : pieces[p])).join('');
    box.insertAdjacentHTML('beforeend', html);
  };
  document.addEventListener('toggle', (event) => event.target.open && draw(event.target), true);
  addEventListener('beforeprint', () => all('#failures details').forEach((box) => { draw(box); box.open = true; }));

  // Filter. A case counts as a whole, wherever it is drawn: in the list, among the
  // failures, in a grid.
  const form = $('filter'), text = $('text'), tag = $('tag'), shown = $('shown');
  const marks = all('input[name=outcome]', form);
  let items;
  const suiteOf = (at) => at.closest('.suite') && at.closest('.suite').firstElementChild;
  const index = () => items = items || all('[data-o]').map((at) => ({
    at,
    id: at.id || decodeURIComponent(at.hash.slice(1)),
    card: at.classList.contains('card'),
    tags: at.dataset.t.split(' '),
    hay: [at.querySelector('summary') || at, suiteOf(at)].map((part) => part && part.textContent)
      .concat(at.id || at.hash).join(' ').toLowerCase(),
  }));
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = marks.filter((box) => box.checked).map((box) => box.value);
    const number = tag ? tag.value : '';
    const open = words.length || wanted.length || number;
    const found = new Set();
    let n = 0, of = 0;
    for (const item of index()) {
      const ok = (!wanted.length || wanted.includes(item.at.dataset.o)) && (!number || item.tags.includes(number))
        && words.every((word) => item.hay.includes(word));
      item.at.hidden = !ok;
      if (item.card) continue;
      of += 1;
      n += ok;
      if (ok) found.add(item.id);
    }
    for (const suite of all('.suite')) suite.hidden = !suite.querySelector('[data-o]:not([hidden])');
    for (const cell of all('a.cell')) cell.classList.toggle('dim', !found.has(decodeURIComponent(cell.hash.slice(1))));
    const failures = $('failures');
    if (failures) failures.classList.toggle('filtered', Boolean(open));
    shown.textContent = open ? `${n} of ${of}` : '';
    const query = new URLSearchParams();
    if (text.value.trim()) query.set('q', text.value.trim());
    wanted.forEach((mark) => query.append('outcome', mark));
    if (number) query.set('tag', tag.selectedOptions[0].dataset.tag);
    return open ? '#?' + query : '';
  };
  const remember = (hash) => {
    // Not everywhere a page may change its address: a viewer of attachments, say.
    try { history.replaceState(null, '', hash || location.pathname + location.search); } catch { /* then not */ }
  };
  let waiting;
  const changed = () => { clearTimeout(waiting); waiting = setTimeout(() => remember(apply()), 60); };
  const set = (query) => {
    text.value = query.get('q') || '';
    marks.forEach((box) => { box.checked = query.getAll('outcome').includes(box.value); });
    const name = query.get('tag');
    if (tag) tag.value = (all('option', tag).find((option) => option.dataset.tag === name) || { value: '' }).value;
    apply();
  };
  form.addEventListener('input', changed);
  form.addEventListener('submit', (event) => event.preventDefault());

  // Deep links: `#` and a case's id opens that case; `#?q=…&outcome=…&tag=…` filters.
  const go = () => {
    const hash = location.hash.slice(1);
    if (hash[0] === '?') {
      set(new URLSearchParams(hash.slice(1)));
      $('failures') && !$('failures').querySelector('.card:not([hidden])') && $('cases').scrollIntoView();
      return;
    }
    let box = null;
    try { box = hash && $(decodeURIComponent(hash)); } catch { /* no address of ours */ }
    if (!box || box.tagName !== 'DETAILS') return;
    if (box.hidden) set(new URLSearchParams());
    box.open = true;
    draw(box);
    focus(box);
  };
  addEventListener('hashchange', go);
  // The same link once more changes no address.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) go();
  });

  // Keys.
  const focus = (box) => {
    const summary = box.querySelector('summary') || box;
    summary.focus({ preventScroll: true });
    box.scrollIntoView({ block: 'start' });
  };
  const step = (by) => {
    const list = index().map((item) => item.at).filter((at) => !at.hidden && at.offsetParent !== null);
    const here = list.findIndex((at) => at.contains(document.activeElement));
    const next = list[here < 0 ? (by > 0 ? 0 : list.length - 1) : here + by];
    if (next) focus(next);
  };
  const keys = {
    '/': () => text.focus(),
    j: () => step(1),
    k: () => step(-1),
    o: () => {
      const here = document.activeElement.closest('details, a.row');
      if (here) here.tagName === 'A' ? here.click() : here.open = !here.open;
    },
    f: () => {
      const on = !marks.some((box) => box.checked);
      marks.forEach((box) => { box.checked = on && ['failed', 'error'].includes(box.value); });
      changed();
    },
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      document.activeElement.blur();
      set(new URLSearchParams());
      remember('');
    } else if (!event.target.closest('input[type=search], select') && Object.hasOwn(keys, event.key)) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  // Bars and replies of the same step light up together.
  let lit = [];
  document.addEventListener('mouseover', (event) => {
    const item = event.target.closest('[data-s]');
    lit.forEach((other) => other.classList.remove('lit'));
    lit = item ? all(`[data-s="${item.dataset.s}"]`, item.closest('.session')) : [];
    lit.forEach((other) => other.classList.add('lit'));
  });

  form.hidden = false;
  all('.keys').forEach((keys) => { keys.hidden = false; });
  go();
})();
