// Keeps the page up to date, applies the filter as one types, and copies commands. The page works without it.
'use strict';
{
  const POLL = 2000;
  // A check older than this says nothing about now.
  const STALE = 5 * 60_000;
  const root = document.documentElement;
  const main = document.getElementById('main');
  const trouble = document.getElementById('trouble');
  const said = document.getElementById('said');
  const texts = document.body.dataset;
  root.classList.add('js');

  // --- Times ---------------------------------------------------------------------------------------------------

  // The server's clock counts, not the visitor's.
  let ahead = 0;
  const now = () => Date.now() + ahead;

  const span = (milliseconds) => {
    const seconds = Math.floor(Math.abs(milliseconds) / 1000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(seconds / 3600);
    const days = Math.floor(seconds / 86400);
    if (days >= 365000) return 'over 1000 years';
    if (days >= 3) return `${days} days`;
    if (hours >= 10) return `${hours} h`;
    if (hours >= 1) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
    return minutes >= 1 ? `${minutes} min` : `${seconds} s`;
  };

  const date = (at) => {
    const two = (number) => String(number).padStart(2, '0');
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
  };

  const words = (time) => {
    const at = Number(time.dataset.ms);
    if (!Number.isFinite(at)) return time.textContent;
    switch (time.dataset.as) {
      case 'left': return span(Math.max(0, at - now()));
      case 'ago': return span(Math.max(0, now() - at));
      default: return time.dateTime ? date(new Date(at)) : time.textContent;
    }
  };

  const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  let unreachable = false;
  const tick = () => {
    for (const time of document.querySelectorAll('time[data-ms]')) say(time, words(time));
    const checked = Number(document.querySelector('#checked time')?.dataset.ms);
    const from = Number.isFinite(checked) ? ` ${texts.from.replace('{at}', date(new Date(checked)))}` : '';
    const old = now() - checked > STALE;
    if (unreachable) say(trouble, texts.lost + from);
    else if (old) say(trouble, texts.old + from);
    else say(trouble, '');
    // Colors would say that it is so now.
    root.classList.toggle('stale', unreachable || old);
    title();
  };

  // --- Live updates --------------------------------------------------------------------------------------------

  // What the visitor opened, typed or focused is theirs: an update changes what differs and leaves the rest alone.
  const THEIRS = new Set(['open', 'checked', 'selected']);
  const key = (node) => node.nodeType === 1 ? node.id || node.dataset?.key || null : null;
  const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName && key(one) === key(other);

  const update = (from, to) => {
    if (from.nodeType !== 1) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && !THEIRS.has(name)) from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (!THEIRS.has(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    // Texts of times are this script's own.
    if (from.nodeName === 'TIME' && from.dataset.ms) { say(from, words(from)); return; }
    if (from.nodeName === 'BUTTON') return;
    children(from, to);
  };

  const children = (from, to) => {
    let here = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      let match = here;
      // Search for the same thing further down, so that what was inserted or removed moves nothing else.
      while (match && !alike(match, wanted)) match = key(wanted) ? match.nextSibling : null;
      if (!match) {
        from.insertBefore(document.importNode(wanted, true), here);
        continue;
      }
      while (here !== match) {
        const gone = here;
        here = here.nextSibling;
        gone.remove();
      }
      update(match, wanted);
      here = match.nextSibling;
    }
    while (here) {
      const gone = here;
      here = here.nextSibling;
      gone.remove();
    }
  };

  const title = () => {
    const known = main.querySelector('[data-title]')?.dataset.title ?? 'authwatch';
    say(document.querySelector('title'), root.classList.contains('stale') ? '(?) authwatch' : known);
  };

  let tag = null;
  let timer = 0;
  let asking = null;
  const poll = async () => {
    clearTimeout(timer);
    asking?.abort();
    const mine = asking = new AbortController();
    const late = setTimeout(() => mine.abort(), 10_000);
    try {
      const answer = await fetch(`fragment${location.search}`, {
        cache: 'no-store', headers: tag ? { 'If-None-Match': tag } : {}, signal: mine.signal,
      });
      const at = Date.parse(answer.headers.get('Date') ?? '');
      if (Number.isFinite(at) && Math.abs(at - Date.now()) > 2000) ahead = at - Date.now();
      if (answer.status === 200) {
        const text = await answer.text();
        if (mine !== asking) return;
        tag = answer.headers.get('ETag');
        const fresh = new DOMParser().parseFromString(`<!DOCTYPE html><main>${text}</main>`, 'text/html');
        children(main, fresh.querySelector('main'));
        title();
        const checked = main.querySelector('#checked time');
        const follower = document.querySelector('.follows time');
        if (checked && follower) follower.dataset.ms = checked.dataset.ms;
      }
      unreachable = answer.status !== 200 && answer.status !== 304;
    } catch {
      // Aborted by the next question: that one knows better.
      if (mine !== asking) return;
      unreachable = true;
    } finally {
      clearTimeout(late);
      if (mine === asking) {
        asking = null;
        timer = setTimeout(poll, POLL);
      }
    }
    tick();
  };

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer); else poll();
  });

  // --- The filter ----------------------------------------------------------------------------------------------

  let typing = 0;
  const apply = () => {
    clearTimeout(typing);
    const form = main.querySelector('form.filter');
    if (!form) return;
    const query = new URLSearchParams(new FormData(form));
    if (!query.get('q')) query.delete('q');
    history.replaceState(null, '', `?${query}${location.hash}`);
    tag = null;
    poll();
  };
  main.addEventListener('input', (event) => {
    if (!event.target.closest('form.filter')) return;
    clearTimeout(typing);
    typing = setTimeout(apply, event.target.type === 'search' ? 150 : 0);
  });
  main.addEventListener('submit', (event) => {
    if (!event.target.matches('form.filter')) return;
    event.preventDefault();
    apply();
  });

  // --- Copying -------------------------------------------------------------------------------------------------

  const copy = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      // Without TLS there is no clipboard; the selection is what is left.
      getSelection().selectAllChildren(code);
      return document.execCommand('copy');
    }
  };
  main.addEventListener('click', async (event) => {
    const button = event.target.closest('button.copy');
    if (!button) return;
    const done = await copy(button.parentElement.querySelector('code'));
    button.textContent = done ? texts.copied : texts.selected;
    say(said, '');
    say(said, done ? texts.copiedSaid : texts.selectedSaid);
    setTimeout(() => { button.textContent = texts.copy; }, 2000);
  });

  title();
  tick();
  setInterval(tick, 1000);
  timer = setTimeout(poll, POLL);
}
