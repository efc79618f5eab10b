/**
 * The page at `/inspect`: it hands frames to Stately's hosted inspector, which is the only one that there is.
 *
 * It needs the internet, because that inspector is a page of stately.ai in a frame. What heddle's WebSocket sends goes
 * to that frame by `postMessage`, and to nobody else: names of agents, ids of runs, whole charts,
 * states, types of events; and, where the host has opened it and the address asks for it, what runs hold. So nothing is
 * loaded or sent until somebody has read that and says so. heddle's own pages show the same without the internet.
 *
 * 1. Frames go to a window of stately.ai alone, by its origin.
 * 2. heddle's own words (`@heddle.…`) are shown here, and are not handed over.
 * 3. Nothing is kept: the WebSocket is opened when the inspector is there, and begins with the newest snapshots.
 * 4. Its policy lets in this script and this style by their hashes, that one frame, and a WebSocket to this server.
 */
import { createHash } from 'node:crypto';

const style = `body{font:14px/20px system-ui,sans-serif;color:#16181d;background:#fff;margin:0;height:100vh;display:flex;flex-direction:column}
main{max-width:640px;padding:24px 16px}h1{font-size:20px;margin:0 0 12px}p,ul{margin:0 0 12px}label{display:block;margin:0 0 8px}
input{font:inherit;display:block;width:100%;box-sizing:border-box;padding:6px 8px;color:inherit;background:inherit;border:1px solid #8a8f98;border-radius:5px}
button{font:inherit;padding:6px 12px;border:1px solid #3c45dc;border-radius:5px;color:#fff;background:#3c45dc}
header{display:flex;gap:16px;align-items:center;flex-wrap:wrap;padding:8px 16px;border-bottom:1px solid #d5d8dd}header b{font-weight:600}
iframe{flex:1;border:0;width:100%}a{color:#3c45dc}:focus-visible{outline:2px solid #3c45dc;outline-offset:2px}[hidden]{display:none}
@media(prefers-color-scheme:dark){body{color:#eceef1;background:#111317}a{color:#8694fd}header{border-color:#33373f}}`;

const script = `'use strict';
const at = (id) => document.getElementById(id);
const base = document.querySelector('meta[name="heddle-base"]').content;
const asked = new URLSearchParams(location.search);
const isStately = (origin) => /^https:\\/\\/([a-z0-9-]+\\.)*stately\\.ai$/.test(origin);
const frame = at('frame');
let inspector = null, socket = null, again = null, waitMs = 1000, actors = new Set(), dropped = 0, more = '';

const names = ['run', 'agent', 'user', 'tenant'];
for (const name of names) at(name).value = asked.get(name) ?? '';
at('holds').hidden = asked.get('context') !== 'true';
const run = asked.get('run');
const tenant = asked.get('tenant');
at('own').href = base + (run ? '/ui/runs/' + encodeURIComponent(run) : '/ui/runs') + (tenant ? '?tenant=' + encodeURIComponent(tenant) : '');

at('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  for (const name of names) {
    const value = at(name).value.trim();
    if (value === '') asked.delete(name); else asked.set(name, value);
  }
  history.replaceState(null, '', '?' + asked);
  at('before').hidden = true;
  at('after').hidden = frame.hidden = false;
  say('Waiting for stately.ai …');
  frame.src = 'https://stately.ai/inspect';
  setTimeout(() => {
    if (inspector === null) say('stately.ai does not answer. It needs the internet; heddle\\u2019s own pages show the same without it.');
  }, 15000);
});

// The inspector says when it listens; a reload of its frame says so again.
addEventListener('message', (event) => {
  if (event.source !== frame.contentWindow || !isStately(event.origin)) return;
  if (event.data?.type !== '@statelyai.connected') return;
  inspector = event.origin;
  connect();
});

// One connection at a time: neither the one before nor a try that was to come sends its frames beside this one's.
function connect() {
  clearTimeout(again);
  if (socket !== null) { socket.onclose = null; socket.close(); }
  const url = new URL(location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = asked;
  url.hash = '';
  const token = sessionStorage.getItem('heddle-token');
  const proofs = token === null ? [] : ['heddle.token.' + inBase64(token)];
  let isOpen = false;
  actors = new Set();
  socket = new WebSocket(url, ['heddle.inspect', ...proofs]);
  socket.onopen = () => { isOpen = true; waitMs = 1000; };
  socket.onmessage = ({ data }) => {
    const told = JSON.parse(data);
    if (told.type.startsWith('@heddle.')) hear(told);
    else {
      if (told.type === '@xstate.actor') actors.add(told.sessionId);
      frame.contentWindow.postMessage(told, inspector);
    }
    sayCounts();
  };
  socket.onclose = ({ code, reason }) => {
    if (code === 1008) return say('heddle refuses: ' + reason);
    if (!isOpen) void sayRefused();
    else say('Not connected' + (reason === '' ? '' : ' (' + reason + ')') + '; connecting again …');
    again = setTimeout(connect, waitMs);
    waitMs = Math.min(waitMs * 2, 10000);
  };
}

// A browser does not say why a handshake was refused; the API does.
async function sayRefused() {
  const token = sessionStorage.getItem('heddle-token');
  const headers = token === null ? {} : { authorization: 'Bearer ' + token };
  try {
    const reply = await fetch(base + '/v1/access', { headers });
    const { detail, scopes = [] } = await reply.json();
    const may = scopes.includes('inspect') || scopes.includes('admin');
    if (!reply.ok) say('heddle refuses: ' + detail + ' Give it to heddle\\u2019s own pages in this tab first.');
    else say(may ? 'heddle refuses the connection; trying again …' : 'heddle refuses: the token needs the scope inspect.');
  } catch {
    say('heddle is not there; trying again …');
  }
}

function hear(told) {
  if (told.type === '@heddle.dropped') dropped += told.events;
  if (told.type === '@heddle.more') more = told.openNotShown + ' more open runs fit and are not shown: name fewer.';
}

function sayCounts() {
  const left = dropped === 0 ? '' : dropped + ' events came too fast to be sent.';
  say([actors.size + (actors.size === 1 ? ' run' : ' runs') + ' sent to stately.ai.', more, left].join(' '));
}

function say(text) { at('said').textContent = text; }

function inBase64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}`;

const body = `<main id="before"><h1>Stately inspector</h1>
<p>The inspector is a page of <b>stately.ai</b>. It needs the internet, and what it shows is sent to it:</p>
<ul><li>names of agents and their whole charts, with the names of guards and actions</li><li>of each run its id and that of the run that has started it, its states, and the types of its events</li></ul>
<p id="holds" hidden><b>With <code>context=true</code> also what runs hold: contexts, inputs, fields of events, outputs and errors.</b></p>
<p><a id="own" href="ui/runs">heddle’s own pages</a> show the same without the internet.</p>
<form id="ask"><p>One run with those below it, or runs of an agent, of a user, or of both:</p>
<label>Run <input id="run" autocomplete="off" spellcheck="false"></label>
<label>Agent <input id="agent" autocomplete="off" spellcheck="false"></label>
<label>User <input id="user" autocomplete="off" spellcheck="false"></label>
<label>Tenant, if it is another than yours <input id="tenant" autocomplete="off" spellcheck="false"></label>
<button>Send it to stately.ai</button></form></main>
<header id="after" hidden><b>Stately inspector</b><span id="said" role="status"></span></header>
<iframe id="frame" title="Stately inspector" hidden referrerpolicy="no-referrer" sandbox="allow-scripts allow-same-origin allow-forms allow-popups"></iframe>`;

const hashed = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** `host`: as the browser has named this server, so that a WebSocket to it is let through. */
export function bridgePolicy(host: string | undefined): string {
  const named = /^[A-Za-z0-9.:[\]-]{1,255}$/.test(host ?? '') ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    `script-src ${hashed(script)}`,
    `style-src ${hashed(style)}`,
    `connect-src 'self'${named}`,
    'frame-src https://stately.ai https://*.stately.ai',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** `prefix`: under which an application serves heddle. */
export function bridgePage(prefix: string): string {
  const base = prefix.replaceAll('"', '&quot;');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>heddle: Stately inspector</title>
<meta name="viewport" content="width=device-width"><meta name="heddle-base" content="${base}">
<style>${style}</style>
${body}
<script>${script}</script></html>`;
}
