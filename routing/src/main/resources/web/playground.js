// A chat over the same public API that any client uses: POST /v1/chat/completions with stream=true.
'use strict';

const $ = id => document.getElementById(id);
const messages = [];
let models = [];
let running = null;

// The settings stand open beside the conversation where there is room, and folded above it on a phone.
const wide = matchMedia('(min-width: 48.01rem)');
const unfold = () => { $('settings').open = wide.matches; };
wide.addEventListener('change', unfold);
unfold();

const examples = {
  dictionary: ['heterotroph', 'define lighthouse', 'What does “meander” mean?'],
  plain: ['Once upon a time'],
};

// A server with API keys is asked with one, which stays in this tab.
async function call(path, options = {}) {
  const key = sessionStorage.getItem('api-key');
  const headers = { ...options.headers, ...(key ? { authorization: 'Bearer ' + key } : {}) };
  const answer = await fetch(path, { ...options, headers });
  if (answer.status !== 401) return answer;
  const given = prompt('This server wants an API key:');
  if (!given) return answer;
  sessionStorage.setItem('api-key', given.trim());
  return call(path, options);
}

async function loadModels() {
  try {
    const answer = await call('/v1/models');
    if (!answer.ok) throw new Error(await problem(answer));
    models = (await answer.json()).data;
  } catch (error) {
    $('model-info').textContent = 'The server does not answer: ' + error.message;
    setTimeout(loadModels, 3000);
    return;
  }
  const chosen = $('model').value;
  $('model').replaceChildren(...models.map(m => new Option(m.id, m.id, false, m.id === chosen)));
  $('model').disabled = models.length === 0;
  if (models.length === 0) {
    $('model').replaceChildren(new Option('none yet'));
    $('model-info').textContent = 'No model is ready yet; looking again…';
    setTimeout(loadModels, 2000);
  } else {
    showModel();
  }
}

function showModel() {
  const model = models.find(m => m.id === $('model').value);
  if (!model) return;
  $('model-info').textContent =
    `version ${model.version} · context ${model.context_length} tokens · vocabulary ${model.vocab_size}`;
  $('hint').textContent = model.chat_template === 'dictionary'
    ? 'This model was trained on a dictionary: give it a word.' : '';
  $('examples').replaceChildren(...(examples[model.chat_template] || []).map(text => {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = text;
    button.addEventListener('click', () => ask(text));
    item.append(button);
    return item;
  }));
}

function add(role) {
  $('empty').hidden = true;
  const view = document.createElement('article');
  view.className = 'message ' + role;
  view.setAttribute('aria-label', role === 'user' ? 'You' : 'Model');
  const part = name => {
    const node = document.createElement('div');
    node.className = name;
    return node;
  };
  const message = { view, body: part('body'), facts: part('facts') };
  view.append(message.body);
  $('log').append(view);
  return message;
}

function fail(message, text) {
  const node = document.createElement('div');
  node.className = 'error';
  node.setAttribute('role', 'alert');
  node.textContent = text;
  message.view.append(node);
  scroll();
}

// Follows the answer, unless the reader has scrolled up to read.
const atEnd = () => $('log').scrollHeight - $('log').scrollTop - $('log').clientHeight < 40;
const scroll = () => { $('log').scrollTop = $('log').scrollHeight; };

async function problem(answer) {
  try {
    return (await answer.json()).error.message;
  } catch {
    return `status ${answer.status}`;
  }
}

// Events of the stream, as their JSON; a chunk of bytes may hold several events or a part of one.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      for (const line of block.split('\n')) {
        if (line === 'data: [DONE]') return;
        if (line.startsWith('data: ')) yield JSON.parse(line.slice(6));
      }
    }
  }
}

function facts(state, now) {
  const list = [];
  if (state.first) {
    const seconds = (now - state.first) / 1000;
    list.push(`first token ${Math.round(state.first - state.start)} ms`);
    // The first token came with the prompt's work; the rate is that of those after it.
    if (state.tokens > 1 && seconds > 0) list.push(`${((state.tokens - 1) / seconds).toFixed(1)} tokens/s`);
    list.push(`${state.tokens} tokens`);
  }
  if (state.reason) list.push(`ended: ${state.reason}`);
  if (state.version) list.push(`version ${state.version}`);
  return list.join(' · ');
}

function body() {
  const request = {
    model: $('model').value,
    messages,
    temperature: Number($('temperature').value),
    top_p: Number($('top-p').value),
    max_tokens: Number($('max-tokens').value),
    stream: true,
    stream_options: { include_usage: true },
  };
  if ($('seed').value !== '') request.seed = Number($('seed').value);
  return JSON.stringify(request);
}

async function ask(text) {
  if (running || !text.trim() || $('model').disabled) return;
  messages.push({ role: 'user', content: text });
  add('user').body.textContent = text;
  const message = add('assistant');
  message.view.classList.add('busy');
  message.view.append(message.facts);
  scroll();
  const state = { start: performance.now(), first: 0, tokens: 0, reason: '', version: '', text: '' };
  running = new AbortController();
  setBusy(true);
  try {
    const answer = await call('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body(),
      signal: running.signal,
    });
    if (!answer.ok) throw new Error(await problem(answer));
    for await (const event of events(answer.body)) {
      if (event.error) throw new Error(event.error.message);
      take(event, state, message);
    }
  } catch (error) {
    if (error.name === 'AbortError') state.reason = 'stopped by you';
    else fail(message, error.message);
  } finally {
    message.facts.textContent = facts(state, state.last || performance.now());
    message.view.classList.remove('busy');
    if (state.text) messages.push({ role: 'assistant', content: state.text });
    else messages.pop();
    running = null;
    setBusy(false);
  }
}

function take(event, state, message) {
  const now = performance.now();
  state.version = event.system_fingerprint;
  const choice = event.choices[0];
  if (event.usage) state.tokens = event.usage.completion_tokens;
  if (!choice) return;
  if (choice.finish_reason) state.reason = choice.finish_reason;
  const piece = choice.delta.content;
  if (piece) {
    if (!state.first) state.first = now;
    state.last = now;
    state.tokens++;
    state.text += piece;
    const follow = atEnd();
    message.body.textContent = state.text;
    message.facts.textContent = facts(state, now);
    if (follow) scroll();
  }
}

function setBusy(busy) {
  $('send').hidden = busy;
  $('stop').hidden = !busy;
  if (!busy) $('text').focus({ preventScroll: true });
}

$('ask').addEventListener('submit', event => {
  event.preventDefault();
  const text = $('text').value;
  if (running || !text.trim()) return;
  $('text').value = '';
  resize();
  ask(text);
});
$('text').addEventListener('keydown', event => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $('ask').requestSubmit();
  }
});
const resize = () => {
  $('text').style.height = 'auto';
  $('text').style.height = $('text').scrollHeight + 2 + 'px';
};
$('text').addEventListener('input', resize);
$('stop').addEventListener('click', () => running?.abort());
$('clear').addEventListener('click', () => {
  running?.abort();
  messages.length = 0;
  document.querySelectorAll('.message').forEach(node => node.remove());
  $('empty').hidden = false;
});
$('model').addEventListener('change', showModel);
for (const id of ['temperature', 'top-p']) {
  $(id).addEventListener('input', () => { $(id + '-value').textContent = $(id).value; });
}
loadModels();
