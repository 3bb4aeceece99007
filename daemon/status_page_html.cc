#include "daemon/status_page_html.h"

namespace trifecta::daemon {

// Without JavaScript it is a table of the node's state and a form that shows a search as JSON.
const std::string_view kStatusPageHtml = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{cluster}} - Trifecta</title>
<link rel="icon" href="data:,">
<style nonce="{{nonce}}">{{style}}</style>
</head>
<body>
<header>
  <h1>{{cluster}}</h1>
  <p id="health" class="badge {{health}}" role="status">{{health}}</p>
</header>
<main>
  <p id="sentence">{{sentence}}</p>
  <form id="token-form" hidden>
    <label for="token">Access token</label>
    <input id="token" type="password" autocomplete="off">
    <button type="submit">Use</button>
  </form>
  <section aria-labelledby="search-title">
    <h2 id="search-title">Search</h2>
    <form id="search-form" action="/search" method="get" role="search">
      <label for="search">Words that begin with</label>
      <div class="combobox">
        <input id="search" name="q" type="text" role="combobox" autocomplete="off"
               autocapitalize="none" spellcheck="false" aria-autocomplete="list"
               aria-expanded="false" aria-controls="words" placeholder="tria">
        <ul id="words" role="listbox" aria-label="Words" hidden></ul>
      </div>
    </form>
    <p id="found" role="status"></p>
  </section>
  <section aria-labelledby="node-title">
    <h2 id="node-title">This node</h2>
    <dl class="card">
      <div><dt>Words</dt><dd id="words-total">{{words}}</dd></div>
      <div><dt>On disk</dt><dd id="bytes">{{bytes}}</dd></div>
      <div><dt>Address</dt><dd>{{address}}</dd></div>
      <div><dt>Zone</dt><dd>{{zone}}</dd></div>
      <div><dt>Up for</dt><dd id="uptime">{{uptime}}</dd></div>
      <div><dt>Version</dt><dd>{{version}}</dd></div>
      <div class="wide"><dt>Id</dt><dd>{{id}}</dd></div>
    </dl>
  </section>
</main>
<footer><a href="/metrics">metrics</a> <a href="/ready">ready</a>
<a href="/api/v1/cluster">cluster as JSON</a></footer>
<script nonce="{{nonce}}">{{script}}</script>
</body>
</html>
)html";

const std::string_view kStatusPageStyle = R"css(
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --good: #1a7f37; --bad: #b35900;
  --accent: #0a58ca; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #f0883e; --accent: #79b8ff; } }
* { box-sizing: border-box; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 1rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
.badge { margin: 0; padding: .1rem .7rem; border: 1px solid; border-radius: 1rem; color: var(--bad); }
.badge.healthy { color: var(--good); }
label { display: block; margin-bottom: .25rem; }
input { font: inherit; width: 100%; padding: .6rem .7rem; border: 1px solid var(--line);
  border-radius: .4rem; }
button { font: inherit; margin-top: .5rem; padding: .4rem 1rem; }
input:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.combobox { position: relative; }
[role=listbox] { position: absolute; z-index: 1; inset-inline: 0; margin: .2rem 0 0; padding: .25rem;
  list-style: none; background: Canvas; border: 1px solid var(--line); border-radius: .4rem; }
[role=option] { padding: .4rem .5rem; border-radius: .3rem; overflow-wrap: anywhere; cursor: pointer; }
[role=option][aria-selected=true] { background: var(--accent); color: Canvas; }
#found { min-height: 1.5em; margin: .4rem 0 0; opacity: .8; }
.card { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem;
  margin: 0; padding: 1rem; background: var(--soft); border-radius: .5rem; }
.card .wide { grid-column: 1 / -1; }
dt { font-size: .85rem; opacity: .75; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
footer { margin-top: 2rem; font-size: .9rem; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
a { color: var(--accent); }
[hidden] { display: none !important; }
)css";

// The search box follows the combobox pattern with list autocomplete of the ARIA Authoring
// Practices: focus stays in the input, arrows move aria-activedescendant.
const std::string_view kStatusPageScript = R"js(
'use strict';
const $ = id => document.getElementById(id);
const input = $('search'), list = $('words'), found = $('found');
let token = sessionStorage.getItem('token') || '';
let active = -1, timer = 0, running = null;

async function ask(path, signal) {
  const headers = token ? { Authorization: 'Bearer ' + token } : {};
  const answer = await fetch(path, { headers, signal });
  $('token-form').hidden = answer.status !== 401;
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || answer.statusText);
  return body;
}

function close() {
  list.hidden = true;
  active = -1;
  input.setAttribute('aria-expanded', 'false');
  input.removeAttribute('aria-activedescendant');
}

function mark(index) {
  const options = list.children;
  if (!options.length) return;
  if (active >= 0) options[active].setAttribute('aria-selected', 'false');
  active = (index + options.length) % options.length;
  options[active].setAttribute('aria-selected', 'true');
  options[active].scrollIntoView({ block: 'nearest' });
  input.setAttribute('aria-activedescendant', options[active].id);
}

function choose(word) {
  input.value = word;
  close();
  input.focus();
}

function show(words) {
  list.replaceChildren(...words.map((word, i) => {
    const option = document.createElement('li');
    option.id = 'word-' + i;
    option.setAttribute('role', 'option');
    option.setAttribute('aria-selected', 'false');
    option.textContent = word;
    option.addEventListener('mousedown', event => { event.preventDefault(); choose(word); });
    return option;
  }));
  active = -1;
  input.removeAttribute('aria-activedescendant');
  list.hidden = !words.length;
  input.setAttribute('aria-expanded', String(words.length > 0));
}

async function search() {
  if (running) running.abort();
  const mine = running = new AbortController();
  const query = encodeURIComponent(input.value);
  const begun = performance.now();
  try {
    const [page, all] = await Promise.all([
      ask('/api/v1/search?q=' + query, mine.signal), ask('/api/v1/count?q=' + query, mine.signal)]);
    const time = performance.now() - begun;
    show(page.results);
    found.textContent = all.count.toLocaleString() + (all.count === 1 ? ' word, ' : ' words, ') +
      time.toFixed(time < 10 ? 1 : 0) + ' ms';
  } catch (error) {
    if (error.name === 'AbortError') return;
    close();
    found.textContent = error.message;
  }
}

function searchSoon() {
  clearTimeout(timer);
  if (input.value) { timer = setTimeout(search, 80); return; }
  if (running) running.abort();
  close();
  found.textContent = '';
}

input.addEventListener('input', searchSoon);
input.addEventListener('blur', close);
input.addEventListener('keydown', event => {
  if (event.isComposing) return;
  const open = !list.hidden;
  if (event.key === 'ArrowDown') { if (open) mark(active + 1); else if (input.value) search(); }
  else if (event.key === 'ArrowUp') { if (open) mark(active < 0 ? -1 : active - 1); }
  else if (event.key === 'Escape') { if (open) close(); else { input.value = ''; searchSoon(); } }
  else return;
  event.preventDefault();
});
$('search-form').addEventListener('submit', event => {
  event.preventDefault();
  if (active >= 0) choose(list.children[active].textContent); else search();
});
$('token-form').addEventListener('submit', event => {
  event.preventDefault();
  token = $('token').value;
  sessionStorage.setItem('token', token);
  refresh();
});

function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; ++unit) bytes /= 1024;
  return bytes.toFixed(unit && bytes < 100 ? 1 : 0) + ' ' + units[unit];
}

function span(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  if (hours >= 48) return Math.floor(hours / 24) + ' days';
  return hours ? hours + ' h ' + minutes % 60 + ' min' : minutes ? minutes + ' min' : seconds + ' s';
}

async function refresh() {
  let health = 'unreachable', sentence;
  try {
    const cluster = await ask('/api/v1/cluster');
    const node = cluster.nodes.find(one => one.self);
    health = cluster.health;
    sentence = cluster.notes.join(' ');
    $('words-total').textContent = node.words.toLocaleString();
    $('bytes').textContent = size(node.bytes);
    $('uptime').textContent = span(node.uptime_seconds);
  } catch (error) {
    sentence = error.message;
    if (!$('token-form').hidden) health = 'locked';
  }
  $('health').textContent = health;
  $('health').className = 'badge ' + health;
  $('sentence').textContent = sentence;
}

refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 5000);
)js";

}  // namespace trifecta::daemon
