// Lists models and streams a chat with the official client; prints one JSON object.
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'none' });
const models = [];
for await (const model of await client.models.list()) models.push(model.id);

const stream = await client.chat.completions.create({
  model: models[0],
  messages: [{ role: 'user', content: 'define heterotroph' }],
  max_tokens: 20,
  temperature: 0,
  stream: true,
  stream_options: { include_usage: true },
});
let text = '';
let chunks = 0;
let finish = null;
let usage = null;
for await (const chunk of stream) {
  chunks++;
  text += chunk.choices[0]?.delta?.content ?? '';
  finish = chunk.choices[0]?.finish_reason ?? finish;
  usage = chunk.usage ?? usage;
}
const whole = await client.chat.completions.create({
  model: models[0],
  messages: [{ role: 'user', content: 'define heterotroph' }],
  max_tokens: 20,
  temperature: 0,
});
const structured = await client.chat.completions.create({
  model: models[0],
  messages: [{ role: 'user', content: 'define heterotroph' }],
  max_tokens: 200,
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'kind', schema: { type: 'object', properties: { kind: { enum: ['noun', 'verb'] } }, required: ['kind'] } },
  },
});
// The client asks for base64 unless it is told otherwise, and decodes it.
const embedded = await client.embeddings.create({ model: models[0], input: ['define heterotroph', 'define river'] });
const norms = embedded.data.map((item) => Math.sqrt(item.embedding.reduce((sum, x) => sum + x * x, 0)));
let tools = null;
try {
  await client.chat.completions.create({
    model: models[0],
    messages: [{ role: 'user', content: 'define heterotroph' }],
    tools: [{ type: 'function', function: { name: 'look_up' } }],
  });
} catch (error) {
  tools = { status: error.status, message: error.message };
}
let unknown = null;
try {
  await client.completions.create({ model: 'no-such-model', prompt: 'x' });
} catch (error) {
  unknown = { status: error.status, message: error.message };
}
console.log(JSON.stringify({ models, text, chunks, finish, usage, whole: whole.choices[0].message.content, structured: structured.choices[0].message.content, norms, tools, unknown }));
