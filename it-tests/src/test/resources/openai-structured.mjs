// Answers by a schema and calls of tools with the official client; prints one JSON object.
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'none' });
const model = process.argv[3];
const messages = [{ role: 'user', content: 'hi' }];
const schema = {
  type: 'object',
  properties: { kind: { enum: ['cat', 'dog'] }, legs: { type: 'integer' }, tags: { type: 'array', items: { type: 'boolean' }, maxItems: 2 } },
  required: ['kind', 'legs'],
  additionalProperties: false,
};
const tools = [
  { type: 'function', function: { name: 'move', description: 'Moves', parameters: { type: 'object', properties: { to: { enum: ['left', 'right'] } }, required: ['to'], additionalProperties: false } } },
  { type: 'function', function: { name: 'stay' } },
];

const answer = await client.chat.completions.create({
  model, messages, n: 3, seed: 5, max_tokens: 300,
  response_format: { type: 'json_schema', json_schema: { name: 'animal', strict: true, schema } },
});
const forced = await client.chat.completions.create({
  model, messages, seed: 5, max_tokens: 1500, tools, tool_choice: { type: 'function', function: { name: 'move' } },
});
const runner = client.chat.completions.stream({
  model, messages, seed: 5, max_tokens: 1500, tools, tool_choice: { type: 'function', function: { name: 'move' } },
});
const streamed = (await runner.finalChatCompletion()).choices[0];
const several = { model, messages, seed: 7, max_tokens: 1500, tools, tool_choice: 'required', n: 4 };
const required = await client.chat.completions.create(several);
const requiredStream = await client.chat.completions.stream(several).finalChatCompletion();
const single = await client.chat.completions.create({ ...several, parallel_tool_calls: false });
// By chance most answers would begin as JSON: more of the vocabulary begins with '{' than with '<', which is token 60.
const either = await client.chat.completions.create({
  ...several, tool_choice: 'auto', n: 8, logit_bias: { 60: 1.5 },
  response_format: { type: 'json_schema', json_schema: { name: 'animal', schema } },
});
let refused = null;
try {
  await client.chat.completions.create({
    model, messages,
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'array', uniqueItems: true } } },
  });
} catch (error) {
  refused = { status: error.status, message: error.message };
}
console.log(JSON.stringify({
  answers: answer.choices.map((choice) => ({ content: choice.message.content, finish: choice.finish_reason })),
  call: forced.choices[0].message.tool_calls[0],
  finish: forced.choices[0].finish_reason,
  streamedCall: streamed.message.tool_calls[0],
  streamedFinish: streamed.finish_reason,
  required: required.choices,
  requiredStream: requiredStream.choices,
  single: single.choices,
  either: either.choices,
  refused,
}));
