// Responses with the official client, beside chats that ask the same; prints one JSON object.
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'none' });
const model = process.argv[3];
const schema = {
  type: 'object',
  properties: { kind: { enum: ['cat', 'dog'] }, legs: { type: 'integer' } },
  required: ['kind', 'legs'],
  additionalProperties: false,
};
const parameters = { type: 'object', properties: { to: { enum: ['left', 'right'] } }, required: ['to'], additionalProperties: false };
const tools = [{ type: 'function', name: 'move', description: 'Moves', strict: true, parameters }];

const ask = { model, input: 'hi', seed: 5, max_output_tokens: 300, text: { format: { type: 'json_schema', name: 'animal', strict: true, schema } } };
const response = await client.responses.create(ask);
const chat = await client.chat.completions.create({
  model, messages: [{ role: 'user', content: 'hi' }], seed: 5, max_tokens: 300,
  response_format: { type: 'json_schema', json_schema: { name: 'animal', strict: true, schema } },
});
const parsed = await client.responses.parse(ask);
const stream = client.responses.stream(ask);
let deltas = '';
stream.on('response.output_text.delta', (event) => { deltas += event.delta; });
const streamed = await stream.finalResponse();

const move = { model, input: [{ role: 'user', content: 'hi' }], seed: 5, max_output_tokens: 1500, tools, tool_choice: { type: 'function', name: 'move' }, parallel_tool_calls: false };
const called = await client.responses.create(move);
const calledStream = await client.responses.stream(move).finalResponse();
const call = called.output.find((item) => item.type === 'function_call');
const next = await client.responses.create({
  model, instructions: 'Be brief.', seed: 5, max_output_tokens: 8, tools,
  input: [...move.input, ...called.output, { type: 'function_call_output', call_id: call.call_id, output: 'done' }],
});
let refused = null;
try {
  await client.responses.create({ model, input: 'hi', previous_response_id: response.id });
} catch (error) {
  refused = { status: error.status, param: error.param };
}
console.log(JSON.stringify({
  text: response.output_text,
  status: response.status,
  usage: response.usage,
  chat: chat.choices[0].message.content,
  chatUsage: chat.usage,
  parsed: parsed.output_parsed,
  deltas,
  streamed: streamed.output_text,
  call,
  streamedCall: calledStream.output[0],
  next: next.status,
  nextTokens: next.usage.output_tokens,
  refused,
}));
